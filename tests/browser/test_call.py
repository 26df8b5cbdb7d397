"""A call for help, from the phone of who needs it to the desk of who answers it and back."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.phone import SOON, browser_context_args, press
from tests.servers import Server, until

__all__ = ["browser_context_args"]

HEARD = 20_000  # ms from what happens on one page to the other, through the stream of events
PLACE = (255, 77, 94)  # as the map rings the place of a call
AROUND = 60  # pixels of the map's middle


@pytest.fixture
def desk(browser: Browser, server: Server, doors) -> Iterator[Page]:
    """The centre's page of the county's officer, which listens."""
    with browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 720}) as context:
        context.add_cookies(doors["altan"])
        page = context.new_page()
        page.goto(f"{server.base}/centre")
        expect(page.locator(".fresh.listening")).to_be_visible(timeout=SOON)
        yield page


def test_a_call_goes_from_a_phone_to_the_centre_and_its_answer_back(phone, desk):
    press(phone)
    expect(phone.locator(".state")).to_contain_text("等待应答", timeout=SOON)
    phone.mouse.up()
    desk.locator(".strip .call", has_text="无人应答").click(timeout=HEARD)
    desk.get_by_role("button", name="在地图上查看").click()
    until(lambda: PLACE in colours_of_the_middle(desk))
    desk.get_by_role("button", name="知悉", exact=True).click()
    expect(phone.locator(".state")).to_contain_text("有人已看到", timeout=HEARD)
    desk.get_by_role("button", name="处置完毕").click()
    expect(phone.locator(".state")).to_contain_text("已解除", timeout=HEARD)
    expect(desk.locator(".strip")).to_be_hidden(timeout=HEARD)


def colours_of_the_middle(page: Page) -> set[tuple[int, ...]]:
    """What is drawn where the map has flown to."""
    box = page.locator(".map").bounding_box()
    x, y = box["x"] + (box["width"] - AROUND) / 2, box["y"] + (box["height"] - AROUND) / 2
    shot = page.screenshot(clip={"x": x, "y": y, "width": AROUND, "height": AROUND})
    return {colour for _, colour in Image.open(BytesIO(shot)).convert("RGB").getcolors(AROUND**2)}
