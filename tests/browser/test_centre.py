"""The command centre's map in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from service.db import uuid7
from tests.servers import PASSWORD, Server, send
from tests.service.phone import a_track, an_hour_ago

WALK = [(97.3802 + 0.0004 * i, 37.3715) for i in range(6)]  # across the second grid
SOON = 60_000  # ms, the page asks every 15 s


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
    page.goto(f"{server.base}/docs")
    expect(page.get_by_text("/api/v1/uploads").first).to_be_visible(timeout=SOON)
    assert all(url.startswith((server.base, "data:")) for url in requests)
