"""What an officer does at the centre's page beside watching: drills, and bulletins of matters."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from service.alarms.models import Alarm
from service.db import session
from service.live.actions import tell_drill_due
from service.matters import monthly
from tests.browser.axe import serious
from tests.factories import COUNTY
from tests.servers import Server, inside

SOON = 60_000  # ms
HEARD = 20_000  # ms from something that happens to the page, through the stream of events
LONG_AGO = timedelta(days=40)


@pytest.fixture
def elsewhere(app, live_url) -> Callable[[], AbstractContextManager[None]]:
    """Does something in the database of the page."""
    return partial(inside, app, live_url)


@pytest.fixture
def desk(page: Page, server: Server, doors) -> Callable[[str], Page]:
    """The page of one of those who sit at it."""

    def open_page(username: str) -> Page:
        page.context.add_cookies(doors[username])
        page.goto(f"{server.base}/centre")
        expect(page.locator(".tiles button", has_text="进行中的巡逻")).to_be_visible(timeout=SOON)
        return page

    return open_page


def test_a_drill_is_held_when_it_is_due(desk, elsewhere):
    page = desk("altan")
    page.get_by_role("button", name="演练到期 1").click(timeout=SOON)
    card = page.get_by_label("警铃演练", exact=True).and_(page.locator("aside"))
    card.get_by_role("button", name="开始演练").click()
    flaws = serious(page)
    card.get_by_role("button", name="发出演练警铃").click()
    expect(page.locator(".strip.practice .call")).to_contain_text("演练", timeout=HEARD)
    expect(page.get_by_role("button", name="演练到期")).to_be_hidden(timeout=SOON)
    page.locator(".strip .call").click()
    expect(page.get_by_text("这是演练")).to_be_visible(timeout=SOON)
    flaws += serious(page)
    page.get_by_role("button", name="处置完毕").click()
    expect(page.locator(".strip")).to_be_hidden(timeout=HEARD)
    with elsewhere():
        session.execute(
            update(Alarm).where(Alarm.way == "drill").values(received_at=datetime.now(UTC) - LONG_AGO)
        )
        tell_drill_due(COUNTY)
    expect(page.get_by_role("button", name="演练到期 1")).to_be_visible(timeout=HEARD)
    assert flaws == []


def test_bulletins_are_listed_as_they_are_made_and_downloaded(desk, elsewhere):
    page = desk("altan")
    page.get_by_role("button", name="办理情况通报").click()
    card = page.get_by_label("办理情况通报", exact=True).and_(page.locator("aside"))
    expect(card).to_contain_text("还没有", timeout=SOON)
    with elsewhere():
        monthly.make(datetime.now(UTC))
    with page.expect_download() as kept:
        card.get_by_role("link", name="农民工欠薪").click(timeout=HEARD)
    with page.expect_download() as now:
        card.get_by_role("link", name="下载 PDF").click()
    first_bytes = [each.value.path().read_bytes()[:4] for each in (kept, now)]
    assert (first_bytes, serious(page)) == ([b"%PDF"] * 2, [])


def test_nobody_is_offered_or_asks_what_their_role_may_not(desk, page):
    refused: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    desk("saran")
    assert (refused, page.locator(".drills").count()) == ([], 0)
