"""The command centre's map in a real browser."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from service.db import uuid7
from tests.browser.axe import serious
from tests.servers import PASSWORD, Server, send
from tests.service.phone import a_track, an_hour_ago

WALK = [(97.3802 + 0.0004 * i, 37.3715) for i in range(6)]  # across the second grid
SOON = 60_000  # ms, the page asks every minute, or every 15 s while it hears nothing
HEARD = 20_000  # ms from an upload to the page, through the queue of jobs and the stream of events


@pytest.fixture
def requests(page: Page) -> list[str]:
    """Every address that the page asks."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


@pytest.fixture
def centre(page: Page, server: Server, requests: list[str]) -> Page:
    """The page, signed in."""
    page.goto(server.base)
    page.fill("input[name=username]", "batu")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    expect(page.locator(".legend .count").first).to_be_visible(timeout=SOON)
    return page


def counts(page: Page) -> int:
    return sum(int(text) for text in page.locator(".legend .count").all_inner_texts())


def test_a_wrong_password_is_said_so(page, server):
    page.goto(server.base)
    page.fill("input[name=username]", "batu")
    page.fill("input[name=password]", "another one entirely")
    page.click("button[type=submit]")
    expect(page.get_by_role("alert")).to_be_visible()


def test_the_legend_counts_every_grid(centre):
    assert counts(centre) == 2


def test_the_map_is_drawn(centre):
    expect(centre.locator("canvas").first).to_be_visible()


def test_a_walk_colours_its_grid_without_reloading(centre, server, token):
    unseen = centre.locator(".legend li", has_text="未巡").locator(".count")
    before = int(unseen.inner_text())
    assert send(server, token, [a_track(str(uuid7()), an_hour_ago(), WALK)]) == ["stored"]
    expect(unseen).to_have_text(str(before - 1), timeout=SOON)


def test_the_page_speaks_english_as_well(centre):
    centre.get_by_text("English").click()
    expect(centre.locator(".legend")).to_contain_text(re.compile("unseen", re.IGNORECASE))


def test_nothing_is_asked_of_anybody_else(centre, requests, server):
    foreign = [url for url in requests if not url.startswith((server.base, "data:", "blob:"))]
    assert (foreign, len(requests) > 3) == ([], True)


def test_the_documentation_is_served_from_here(page, server, requests):
    page.goto(f"{server.base}/docs#/uploads")  # of so many routes only those in sight are drawn
    expect(page.get_by_text("/api/v1/uploads").first).to_be_visible(timeout=SOON)
    assert all(url.startswith((server.base, "data:")) for url in requests)


def test_an_event_reaches_the_page_in_seconds(centre, server, token):
    """The page asks by itself only every minute while it listens."""
    expect(centre.locator(".fresh.listening")).to_be_visible(timeout=SOON)
    visits = centre.locator(".tiles li", has_text="网格到访").locator("b")
    before = visits.inner_text()
    assert send(server, token, [a_track(str(uuid7()), an_hour_ago(), WALK)]) == ["stored"]
    expect(visits).not_to_have_text(before, timeout=HEARD)


def test_the_answer_to_a_figure_is_its_list(centre):
    tile = centre.locator(".tiles button", has_text="未巡网格")
    unseen = tile.locator("b").inner_text()
    tile.click()
    expect(centre.locator(".figures .length")).to_have_text(unseen)


def test_the_window_slides_back_in_time(centre):
    with centre.expect_request(lambda request: "/coverage?" in request.url and "to=" in request.url) as asked:
        centre.get_by_label("时段的结束时间").press("PageDown")
    back = parse_qs(urlsplit(centre.url).fragment)["back"]
    end = datetime.fromisoformat(parse_qs(urlsplit(asked.value.url).query)["to"][0])
    assert datetime.now(UTC) - end > timedelta(hours=int(back[0]) - 1)


def test_an_area_below_narrows_the_figures(centre):
    with centre.expect_request(lambda request: "by=grid" in request.url) as asked:
        centre.locator(".list .row").first.click()
    below = parse_qs(urlsplit(centre.url).fragment)["area"]
    assert parse_qs(urlsplit(asked.value.url).query)["area"] == below


def test_the_wall_shows_no_list_and_no_grid(centre):
    centre.get_by_role("button", name="大屏模式").click()
    expect(centre.locator(".wall .lead strong")).to_be_visible()
    assert centre.locator(".panel, .card, .figures, .slider").count() == 0


def test_a_wall_comes_back_as_a_wall(centre, server):
    centre.goto("about:blank")
    centre.goto(f"{server.base}/centre#wall")
    expect(centre.locator(".wall .lead strong")).to_be_visible(timeout=SOON)


def test_the_map_is_kept_as_a_picture(centre):
    with centre.expect_download() as kept:
        centre.get_by_role("button", name="保存地图图片").click()
    picture = Image.open(kept.value.path())
    assert len(picture.convert("RGB").getcolors(1 << 24)) > 20


@pytest.mark.parametrize("looks_at", ["", "wall"])
def test_axe_finds_nothing_serious(centre, server, looks_at):
    centre.goto("about:blank")
    centre.goto(f"{server.base}/#{looks_at}")
    expect(centre.locator(".legend .count").first).to_be_visible(timeout=SOON)
    if not looks_at:
        centre.locator(".tiles button").first.click()
        expect(centre.locator(".chart.course svg")).to_be_visible(timeout=SOON)
    assert serious(centre) == []
