"""Pictures of the pages, as a browser shows the demonstration."""

import json
import os
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ACCOUNTS = Path(os.environ.get("GRIDPATROL_DEMO_ACCOUNTS", "var/demo_accounts.json"))
COMMUNITY = "632802002002"  # of the demonstration, with many grids walked
PICTURES = {  # name → role, what the page looks at, width and height
    "centre": ("centre", "", (1600, 900)),
    "centre_figures": ("officer", f"area={COMMUNITY[:9]}000", (1600, 900)),
    "centre_wall": ("centre", "wall=1", (1920, 1080)),
    "centre_phone": ("officer", f"area={COMMUNITY}", (390, 844)),
    "map_hour": ("officer", f"area={COMMUNITY[:9]}000&window=1h", (1280, 720)),
    "map_today": ("officer", f"area={COMMUNITY[:9]}000&window=today", (1280, 720)),
    "map_week": ("officer", f"area={COMMUNITY[:9]}000&window=7d", (1280, 720)),
}
COLOURS = 256  # of a picture: a page has few, and what is drawn in them is small
SOFTWARE = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PATIENCE = 60_000  # ms
FLIGHT = 4_000  # ms; a map that is the same for so long has flown to its area and has drawn it
LOOKS = 20


def enter(browser: Browser, base: str, role: str, size: tuple[int, int]) -> Page:
    """The page of somebody with a role, signed in through the form."""
    account = next(each for each in json.loads(ACCOUNTS.read_text()) if each["role"] == role)
    width, height = size
    page = browser.new_page(locale="zh-CN", viewport={"width": width, "height": height})
    page.goto(base)
    page.fill("input[name=username]", account["username"])
    page.fill("input[name=password]", account["password"])
    page.click("button[type=submit]")
    page.wait_for_selector(".legend .count", timeout=PATIENCE)
    return page


def await_map(page: Page) -> None:
    """Until the middle of the map shows something, and the same twice."""
    canvas = page.locator(".maplibregl-canvas").first
    before = None
    for _ in range(LOOKS):
        page.wait_for_timeout(FLIGHT)
        shot = Image.open(BytesIO(canvas.screenshot(timeout=PATIENCE))).convert("RGB")
        width, height = shot.size
        middle = shot.crop((width // 4, height // 4, width * 3 // 4, height * 3 // 4))
        now = middle.tobytes() if middle.getcolors(3) is None else None
        if now is not None and now == before:
            return
        before = now


def take(browser: Browser, base: str, name: str, folder: Path) -> None:
    """One picture, once the map stands still."""
    role, looks_at, size = PICTURES[name]
    page = enter(browser, base, role, size)
    page.goto("about:blank")
    page.goto(f"{base}/#{looks_at}")
    page.wait_for_selector(".legend .count", timeout=PATIENCE)
    if name.endswith("_figures"):
        page.click(".tiles button >> nth=1")
        page.wait_for_selector(".chart.course svg", timeout=PATIENCE)
    await_map(page)
    shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(folder / f"{name}.png", optimize=True)
    page.close()


def main(base: str, folder: str, *names: str) -> None:
    """Take every picture, or those that are named."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=SOFTWARE)
        for name in names or PICTURES:
            take(browser, base, name, Path(folder))
            print(name)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
