"""The page of who gives grids to teams, in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pyotp
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from service.db import session, uuid7
from service.duty.models import Shift, Swap
from service.members.actions import passwords
from tests.browser.axe import serious
from tests.browser.desks import give
from tests.factories import SECRET, a_grid, a_member, a_report, a_square, a_team
from tests.servers import PASSWORD, inside, until

HERE, THERE = "632801001001", "632801001002"  # communities of another county than the other pages' tests
FIRST, SECOND = (f"{HERE}{n:03}" for n in (1, 2))
WEST, SOUTH, SIZE = 94.9, 36.4, 0.003
SOON = 30_000  # ms
SIDE = 24  # pixels of a photo


@pytest.fixture(scope="module")
def people(app, live_url) -> None:
    """A leader and an officer who can sign in; a swap that waits, and a team that stands in the way."""
    with inside(app, live_url):
        first = a_grid(FIRST, a_square(WEST, SOUTH))
        second = a_grid(SECOND, a_square(WEST + SIZE, SOUTH))
        for n in range(3):
            a_grid(f"{THERE}{n + 1:03}", a_square(WEST + n * SIZE, SOUTH + 0.1))
        signs_in = {"password_hash": passwords.hash(PASSWORD)}
        leader = a_member(role="leader", area=HERE, username="sarnai", name="萨仁", **signs_in)
        a_member(role="officer", area="632801000000", username="officer", name="值班员", **signs_in)
        one, other = (a_member(area=HERE, name=name) for name in ("其木格", "巴特"))
        team = a_team(one, other, leader=leader, area=HERE, name="昆仑路一队")
        a_team(area=THERE, name="育红巷一队")
        give(a_team(area=HERE, name="昆仑路二队"), second.id, "08:00")
        give(team, first.id, "05:00")
        give(team, first.id, "06:00", one.id)
        shift = session.scalars(
            select(Shift).where(Shift.team_id == team.id).order_by(Shift.starts_at)
        ).all()[-1]  # at 6
        swap = {"from_member": one.id, "to_member": other.id, "reason": "家中有事"}
        session.add(Swap(id=uuid7(), shift_id=shift.id, **swap))


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """Every address that the leader's page asks."""
    return []


@pytest.fixture(scope="module")
def desk(browser: Browser, server, people, asked) -> Iterator[Page]:
    """The leader's page, signed in; the tests go from one section of it to another."""
    with browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        _sign_in(page, server, "sarnai")
        yield page


def _sign_in(page: Page, server, username: str, code: str = "") -> None:
    page.goto(f"{server.base}/leader")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    if code:
        page.fill("input[name=code]", code)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
    expect(page.locator(".legend")).to_be_visible(timeout=SOON)


def _go(page: Page, section: str) -> None:
    page.get_by_role("navigation").get_by_role("button", name=section).click()


def _is_on(page: Page, x: float, y: float) -> bool:
    """Whether the map has a grid under the pointer."""
    page.mouse.move(x, y + 1)
    page.mouse.move(x, y)
    return page.locator("canvas").first.evaluate("each => each.style.cursor") == "pointer"


def _middle_of_first(page: Page) -> tuple[float, float]:
    """Where the western of the two grids is drawn, once it is."""
    box = page.locator(".map canvas").first.bounding_box()
    at = box["x"] + box["width"] / 2 - 60, box["y"] + box["height"] / 2
    until(lambda: _is_on(page, *at))
    return at


def test_a_team_that_is_dragged_onto_a_grid_is_about_to_get_it(desk):
    handle = desk.locator(".handle").first.bounding_box()
    at = _middle_of_first(desk)
    desk.mouse.move(handle["x"] + 5, handle["y"] + 5)
    desk.mouse.down()
    desk.mouse.move(*at, steps=4)
    desk.mouse.up()
    expect(desk.locator("form .chips")).to_have_text("网格001×")
    desk.get_by_role("button", name="取消").click()


def test_an_assignment_closes_the_hole(desk):
    _go(desk, "今晚空档")
    holes = desk.locator(".hole")
    expect(holes).to_have_count(2)
    desk.get_by_role("button", name="派人 网格001").click()
    desk.get_by_role("button", name="分派", exact=True).click()
    expect(holes).to_have_text(["网格002 001002有队伍负责，但不在这个时段派人"], timeout=SOON)


def test_a_team_in_the_way_is_told_and_a_reason_gets_past_it(desk):
    """All of it by the keyboard."""
    _go(desk, "任务区")
    desk.locator("summary", has_text="网格").press("Enter")
    desk.get_by_label("网格002").press("Space")
    desk.get_by_role("button", name="分派 昆仑路一队").press("Enter")
    desk.fill("input[name=begins]", "08:30")
    desk.fill("input[name=ends]", "09:30")
    desk.press("input[name=ends]", "Enter")
    expect(desk.get_by_role("alert")).to_contain_text("另一队伍")
    desk.fill("input[name=reason]", "两队共同巡逻")
    desk.press("input[name=reason]", "Enter")
    expect(desk.get_by_role("button", name="每天 08:30–09:30")).to_be_visible(timeout=SOON)


def test_an_assignment_that_ends_leaves_the_calendar(desk):
    _go(desk, "任务区")
    desk.get_by_role("button", name="每天 05:00–06:00").click()
    desk.get_by_role("button", name="提前结束").click()
    desk.locator("form").get_by_role("button", name="提前结束").click()
    expect(desk.locator(".team")).not_to_contain_text("05:00", timeout=SOON)


def _a_photo(folder: Path) -> Path:
    file = folder / "photo.png"
    Image.new("RGB", (SIDE, SIDE), "teal").save(file)
    return file


def test_a_matters_step_is_taken_with_a_photo(desk, server, tmp_path):
    person = {"username": "sarnai", "password": PASSWORD, "device": {"id": "d", "name": "a phone"}}
    token = server.ask("/api/v1/sessions", person)[1]["token"]
    found = a_report(lon=WEST + 0.001, lat=SOUTH + 0.001)
    assert server.ask("/api/v1/matters", found, token)[0] == 201
    _go(desk, "事项")
    desk.locator(".matter").first.click()
    desk.get_by_role("button", name="立案").click()
    desk.fill("textarea[name=note]", "已到现场")
    desk.set_input_files("input[name=photos]", _a_photo(tmp_path))
    desk.get_by_role("button", name="办理").click()
    taken = desk.locator(".past li").last
    expect(taken).to_contain_text("立案", timeout=SOON)
    until(lambda: taken.locator("img").evaluate("each => each.naturalWidth") == SIDE)


def test_a_swap_is_approved(desk):
    _go(desk, "班次")
    desk.locator(".swap").get_by_role("button", name="同意", exact=True).click()
    expect(desk.locator(".swap")).to_have_count(0, timeout=SOON)


def test_axe_finds_nothing_serious(desk):
    _go(desk, "任务区")
    desk.get_by_role("button", name="下一周").click()  # of which shifts are shown whatever day it is
    expect(desk.locator(".calendar .bar").first).to_be_visible(timeout=SOON)
    for section, part in (
        ("任务区", "body"),
        ("班次", "main"),
        ("落实情况", "main"),
        ("事项", "main"),
        ("通知", "main"),
    ):
        _go(desk, section)
        expect(desk.locator("main.panel")).not_to_contain_text("正在读取")
        assert serious(desk, part) == [], section


def test_nothing_is_wider_than_a_phone(desk):
    desk.set_viewport_size({"width": 360, "height": 740})
    try:
        for section in ("任务区", "班次", "事项", "通知"):
            _go(desk, section)
            assert desk.evaluate("document.documentElement.scrollWidth") <= 360, section
    finally:
        desk.set_viewport_size({"width": 1280, "height": 800})


def test_nothing_is_asked_of_anybody_else(desk, server, asked):
    foreign = [url for url in asked if not url.startswith((server.base, "data:", "blob:"))]
    assert (foreign, len(asked) > 3) == ([], True)


def test_the_page_runs_nothing_that_stands_in_it(server):
    with urlopen(f"{server.base}/leader") as page:
        policy = page.headers["Content-Security-Policy"]
    assert ("unsafe" in policy, "default-src 'none'" in policy) == (False, True)


def test_a_suggestion_is_applied(page, server, people):
    _sign_in(page, server, "officer", pyotp.TOTP(SECRET).now())
    page.goto("about:blank")
    page.goto(f"{server.base}/leader#area={THERE}&tab=suggest")
    page.get_by_role("button", name="生成建议").click()
    page.get_by_role("button", name="采用建议").click(timeout=2 * SOON)
    _go(page, "任务区")
    expect(page.locator(".team")).to_contain_text("20:00", timeout=SOON)
