"""The leader's page keeps up with what others do."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from service.duty.pattern import LOCAL
from tests.browser.desks import give
from tests.factories import a_grid, a_member, a_report, a_session, a_square, a_team
from tests.servers import Server, inside

HERE = "632801001003"  # a community that no other test of pages uses
WEST, SOUTH = 94.92, 36.44
SOON = 30_000  # ms
HEARD = 20_000  # ms from what somebody does elsewhere to the page, through the stream of events
DAY = 24 * 60  # minutes


@pytest.fixture
def member(app, live_url, server) -> str:
    """The token of somebody who has a grid by day and by night."""
    with inside(app, live_url):
        grid, one = a_grid(f"{HERE}001", a_square(WEST, SOUTH)), a_member(area=HERE, name="娜仁")
        give(a_team(one, area=HERE), grid.id, "00:00", one.id, DAY)
        return a_session(one)


@pytest.fixture
def page(page: Page, server: Server, doors, member) -> Iterator[Page]:
    """The page of the county's officer."""
    page.context.add_cookies(doors["far"])
    page.goto(f"{server.base}/leader#area={HERE}&tab=shifts")
    yield page


def test_what_others_do_appears_without_reloading(page, server, member, tokens):
    days = [(datetime.now(LOCAL) + timedelta(days=n)).date().isoformat() for n in range(2)]

    def said(path: str, body: Any, token: str) -> Any:
        status, answer = server.ask(f"/api/v1{path}", body, token)
        assert status in (200, 201), answer
        return answer

    page.fill("input[name=on]", days[1])
    expect(page.locator(".people")).to_have_text("娜仁 待确认", timeout=SOON)
    shifts = [said(f"/shifts?on={day}&area={HERE}", None, member)["items"][0]["id"] for day in days]
    said(f"/shifts/{shifts[1]}/accept", {}, member)
    expect(page.locator(".people")).to_have_text("娜仁 已接", timeout=HEARD)

    section(page, "今晚空档")
    expect(page.get_by_text("没有空档")).to_be_visible()
    for shift in shifts:  # late in the evening it is tomorrow's that is shown
        said(f"/shifts/{shift}/decline", {"reason": "下雪封路"}, member)
    expect(page.locator(".hole")).to_have_count(1, timeout=HEARD)

    section(page, "事项")
    expect(page.get_by_text("没有事项")).to_be_visible()
    found = said("/matters", a_report(lon=WEST + 0.001, lat=SOUTH + 0.001), member)
    expect(page.locator(".matter .tag")).to_have_text("已上报", timeout=HEARD)
    said(f"/matters/{found['id']}/steps", {"step": "file", "version": found["version"]}, tokens["far"])
    expect(page.locator(".matter .tag")).to_have_text("已立案", timeout=HEARD)


def section(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("button", name=name).click()
