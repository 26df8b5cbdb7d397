"""What the command centre watches: gaps, overdue grids, tonight's holes, matters, and calls for help."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from service.db import uuid7
from tests.browser.axe import serious
from tests.factories import COMMUNITY
from tests.servers import Server

SOON = 60_000  # ms
HEARD = 20_000  # ms from something that happens to the page, through the stream of events
HERE = {"lon": 97.3712, "lat": 37.3712}
TITLE = "井盖缺失"


@pytest.fixture(scope="module")
def matter(tokens, server) -> str:
    """Somebody has reported a matter."""
    report = {"id": str(uuid7()), "class": "utility_damage", "title": TITLE, "text": "巡逻时发现", **HERE}
    status, answer = server.ask("/api/v1/matters", report, tokens["altan"])
    assert status == 201, answer
    return str(answer["id"])


@pytest.fixture
def call(server, token, tokens) -> Iterator[str]:
    """Somebody calls for help, and is helped in the end."""
    call = {"id": str(uuid7()), "accuracy_m": 9, **HERE}
    status, _ = server.ask("/api/v1/alarms", call, token)
    assert status == 201
    yield call["id"]
    server.ask(f"/api/v1/alarms/{call['id']}/steps", {"step": "resolve"}, tokens["altan"])


@pytest.fixture
def foreign(page: Page, server: Server) -> Iterator[None]:
    """Nothing is asked of anybody else, whatever the test does."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield
    assert [url for url in asked if not url.startswith((server.base, "data:", "blob:"))] == []


@pytest.fixture
def watch(page: Page, server: Server, doors, matter, foreign):
    """The page of one of those who watch, with its figures."""

    def open_page(username: str, looks_at: str = "") -> Page:
        page.context.add_cookies(doors[username])
        page.goto(f"{server.base}/centre#{looks_at}")
        expect(page.locator(".legend .count").first).to_be_visible(timeout=SOON)
        return page

    return open_page


def figure(page: Page, name: str) -> Any:
    return page.locator(".tiles button", has_text=name)


def test_every_figure_opens_the_list_behind_it(watch, server, tokens):
    page = watch("altan")
    _, late = server.ask("/api/v1/coverage/overdue", token=tokens["altan"])  # others may have walked
    for name, length in {"超期未巡": len(late["items"]), "今晚无人": 2, "未结事项": 1}.items():
        figure(page, name).click(timeout=SOON)
        expect(page.locator(".figures .length")).to_have_text(str(length), timeout=SOON)
        expect(page.locator(".figures .row")).to_have_count(length, timeout=SOON)


def test_a_matter_opens_its_file_with_its_steps(watch, matter):
    page = watch("altan")
    figure(page, "未结事项").click(timeout=SOON)
    page.locator(".figures .row", has_text=TITLE).click()
    file = page.get_by_label("事项案卷")
    expect(file.locator("h2")).to_have_text(TITLE, timeout=SOON)
    expect(file.locator(".past li").first).to_contain_text("信息采集")
    expect(file.get_by_text("记录链完整")).to_be_visible()
    assert (matter in page.url, serious(page)) == (True, [])


def test_layers_are_laid_by_the_keyboard_alone(watch):
    page = watch("altan", f"area={COMMUNITY}")
    for layer, tiles in {
        "gaps": "gaps",
        "matters": "matters",
        "holes": "uncovered",
        "density": "density",
    }.items():
        switch = page.locator(f"[data-layer={layer}]")
        expect(switch).to_be_visible(timeout=SOON)
        switch.focus()
        with page.expect_response(lambda answer, tiles=tiles: f"/tiles/{tiles}/" in answer.url) as drawn:
            page.keyboard.press("Space")
        assert (drawn.value.status, switch.get_attribute("aria-pressed")) == (200, "true")
    page.locator("[data-layer=overdue]").press("Enter")
    assert "layers=gaps%2Coverdue%2Choles%2Cmatters%2Cdensity" in page.url
    assert serious(page) == []


def test_the_course_of_days_is_one_question(watch):
    page = watch("altan")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(lambda answer: "/coverage/trend" in answer.url) as told:
        figure(page, "网格到访").click()
    expect(page.locator(".chart.course svg")).to_be_visible(timeout=SOON)
    days = told.value.json()["items"]
    assert (len(days), len([url for url in asked if "/coverage" in url])) == (14, 1)


def test_another_county_sees_nothing_of_it(watch):
    page = watch("far")
    expect(page.locator(".scope .empty")).to_be_visible(timeout=SOON)
    assert page.locator(".tiles, .strip").count() == 0


def test_the_wall_shows_what_is_watched(watch):
    page = watch("saran", "wall")
    wall = page.locator(".wall dl")
    for name in ("超期未巡", "今晚无人", "未结事项", "进行中的巡逻"):
        expect(wall).to_contain_text(name, timeout=SOON)
    assert serious(page) == []


def test_a_call_appears_and_is_answered(watch, server, token, tokens):
    page = watch("altan", f"area={COMMUNITY}")
    expect(page.locator(".fresh.listening")).to_be_visible(timeout=SOON)
    status, alarm = server.ask("/api/v1/alarms", {"id": str(uuid7()), "accuracy_m": 9, **HERE}, token)
    page.locator(".strip .call", has_text="无人应答").click(timeout=HEARD)
    file = page.locator(".alarms .file")
    expect(file.locator("fieldset")).to_be_visible(timeout=SOON)
    assert (status, serious(page)) == (201, [])
    file.get_by_role("button", name="接警赶往").click()
    expect(page.locator(".strip .call")).to_contain_text("正在赶往", timeout=HEARD)
    file.get_by_role("button", name="处置完毕").click()
    expect(page.locator(".strip")).to_be_hidden(timeout=HEARD)
    taken = server.ask(f"/api/v1/alarms/{alarm['id']}", None, tokens["altan"])[1]["steps"]
    assert [each["kind"] for each in taken if each["kind"] != "climb"] == ["raise", "accept", "resolve"]


def test_a_wall_tells_of_a_call_but_not_whose(watch, call):
    page = watch("saran", "wall")
    expect(page.locator(".strip .call")).to_contain_text("无人应答", timeout=HEARD)
    assert page.locator(".alarms button").count() == 0


def test_reinforcements_are_called_out_of_a_circle_or_a_polygon(watch, call):
    page = watch("altan", f"area={COMMUNITY}")
    page.locator(".strip .call").click(timeout=HEARD)
    page.get_by_role("button", name="500 m").click()
    assert corners_of_the_called(page) == 65
    page.get_by_role("button", name="在地图上画").click()
    box = page.locator(".map").bounding_box()
    for x, y in ((0.2, 0.3), (0.5, 0.3), (0.5, 0.7), (0.2, 0.7)):
        page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    page.keyboard.press("Enter")
    assert corners_of_the_called(page) == 5


def corners_of_the_called(page: Page) -> int:
    """Call out who is in the shape that is shown; how many corners it has."""
    with page.expect_response(lambda answer: answer.url.endswith("/reinforce")) as called:
        page.get_by_role("button", name="通知圈内队员").click()
    assert called.value.status == 200, called.value.text()
    return len(called.value.request.post_data_json["polygon"]["coordinates"][0])
