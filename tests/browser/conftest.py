"""Debian's Chromium, and the pages of a real server."""

import pytest

from tests.browser.desks import doors, tokens
from tests.browser.phone import asked, duty, phone, rows

__all__ = ["asked", "doors", "duty", "phone", "rows", "tokens"]


@pytest.fixture(scope="session")
def browser_type_launch_args():
    """Headless, quiet, and with a map drawn in software."""
    quiet = ("background-networking", "component-update", "sync", "quic")
    return {
        "executable_path": "/usr/bin/chromium",
        "args": ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        + [f"--disable-{each}" for each in quiet],
    }


@pytest.fixture(scope="session")
def browser_context_args():
    return {"locale": "zh-CN", "viewport": {"width": 1280, "height": 720}}
