"""Pictures of the pages, as a browser shows the demonstration."""

import json
import os
import sys
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ACCOUNTS = Path(os.environ.get("GRIDPATROL_DEMO_ACCOUNTS", "var/demo_accounts.json"))
COMMUNITY = "632802002002"  # of the demonstration, with many grids walked
TOWNSHIP, COUNTY = f"{COMMUNITY[:9]}000", f"{COMMUNITY[:6]}000000"
PLACE = (97.3734, 37.3752)  # of a call for help
DESK, WALL, PHONE, MAP = (1600, 900), (1920, 1080), (390, 844), (1280, 720)
COLOURS = 256  # of a picture: a page has few, and what is drawn in them is small
SOFTWARE = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PATIENCE = 60_000  # ms
FLIGHT = 4_000  # ms; a map that is the same for so long has flown to its area and has drawn it
LOOKS = 20


class Picture(NamedTuple):
    """Who looks at which page, what of it, and what they do there before the picture is taken."""

    role: str
    page: str = "centre"
    looks_at: str = ""
    size: tuple[int, int] = DESK
    does: Callable[[Page], None] | None = None
    shown: str = ".legend .count"  # what is there once the page has loaded


def open_figure(page: Page) -> None:
    """The list behind the grids that nobody has seen, with its charts."""
    page.click(".tiles button >> nth=1")
    page.wait_for_selector(".chart.course svg", timeout=PATIENCE)


def open_matter(page: Page) -> None:
    """The file of an open matter."""
    page.locator(".tiles button", has_text="未结事项").click(timeout=PATIENCE)
    page.locator(".figures .row").nth(2).click(timeout=PATIENCE)
    page.wait_for_selector(".matter-card .past li", timeout=PATIENCE)


def open_call(page: Page) -> None:
    """A call for help, with a circle around it."""
    page.locator(".strip .call").first.click(timeout=PATIENCE)
    page.get_by_role("button", name="在地图上查看").click(timeout=PATIENCE)
    page.get_by_role("button", name="500 m").click()


PICTURES = {
    "centre": Picture("centre"),
    "centre_figures": Picture("officer", looks_at=f"area={TOWNSHIP}", does=open_figure),
    "centre_layers": Picture("officer", looks_at=f"area={TOWNSHIP}&layers=overdue,holes,matters"),
    "centre_gaps": Picture("officer", looks_at=f"area={COMMUNITY}&layers=gaps,checkpoints"),
    "centre_matter": Picture("officer", looks_at=f"area={COUNTY}&layers=matters", does=open_matter),
    "centre_call": Picture("officer", looks_at=f"area={COMMUNITY}", does=open_call),
    "centre_wall": Picture("centre", looks_at="wall=1", size=WALL),
    "centre_phone": Picture("officer", looks_at=f"area={COMMUNITY}", size=PHONE),
    "map_hour": Picture("officer", looks_at=f"area={TOWNSHIP}&window=1h", size=MAP),
    "map_today": Picture("officer", looks_at=f"area={TOWNSHIP}&window=today", size=MAP),
    "map_week": Picture("officer", looks_at=f"area={TOWNSHIP}&window=7d", size=MAP),
    "leader": Picture("leader", "leader", shown=".week"),
    "phone": Picture("member", "phone", size=PHONE, shown="text=开始巡逻"),
}
WITH_A_CALL = ("centre_call",)


def account(role: str) -> dict[str, str]:
    """The first of the demonstration's accounts with this role."""
    known: list[dict[str, str]] = json.loads(ACCOUNTS.read_text())
    return next(each for each in known if each["role"] == role)


def ask(base: str, path: str, body: Any, token: str = "") -> Any:
    """The answer to a change."""
    request = urllib.request.Request(f"{base}/api/v1{path}", json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def token_of(base: str, role: str) -> str:
    """A token for somebody with a role."""
    who = account(role)
    credentials = {"username": who["username"], "password": who["password"]}
    device = {"id": "pictures", "name": "pictures"}
    return str(ask(base, "/sessions", credentials | {"device": device})["token"])


def call(base: str) -> str:
    """A member calls for help; the id of the alarm."""
    lon, lat = PLACE
    body = {"lon": lon, "lat": lat, "accuracy_m": 9, "at": datetime.now(UTC).isoformat()}
    return str(ask(base, "/alarms", body, token_of(base, "member"))["id"])


def end(base: str, alarm: str) -> None:
    """It was a false alarm."""
    ask(base, f"/alarms/{alarm}/steps", {"step": "false_alarm"}, token_of(base, "officer"))


def enter(browser: Browser, base: str, picture: Picture) -> Page:
    """The page of somebody with a role, signed in through the form."""
    who = account(picture.role)
    width, height = picture.size
    page = browser.new_page(locale="zh-CN", viewport={"width": width, "height": height})
    page.goto(f"{base}/{picture.page}")
    page.fill("input[name=username]", who["username"])
    page.fill("input[name=password]", who["password"])
    page.click("button[type=submit]")
    page.wait_for_selector(picture.shown, timeout=PATIENCE)
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
    picture = PICTURES[name]
    alarm = call(base) if name in WITH_A_CALL else None
    page = enter(browser, base, picture)
    page.goto("about:blank")
    page.goto(f"{base}/{picture.page}#{picture.looks_at}")
    page.wait_for_selector(picture.shown, timeout=PATIENCE)
    if picture.does:
        picture.does(page)
    if page.locator(".maplibregl-canvas").count():
        await_map(page)
    shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
    few = shot.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(folder / f"{name}.png", optimize=True)
    page.close()
    if alarm:
        end(base, alarm)


def main(base: str, folder: str, *names: str) -> None:
    """Take every picture, or those that are named."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=SOFTWARE)
        for name in names or PICTURES:
            take(browser, base, name, Path(folder))
            print(name, flush=True)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
