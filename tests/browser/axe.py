"""What axe-core says of a page."""

from pathlib import Path

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


def serious(page: Page, part: str = "html") -> list[str]:
    """What keeps somebody from using a part of the page; axe's source comes past the page's own policy."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(SOURCE.read_text())
    found = page.evaluate("part => axe.run(part)", part)["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html']} {each['nodes'][0].get('failureSummary')}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
