"""Those who sit at a desk, signed in once: the code of a second factor is good for one time only."""

from typing import Any

import pytest
from pyotp import TOTP

from service.members.actions import passwords
from tests.factories import COUNTY, SECRET, a_member, a_session
from tests.servers import PASSWORD, inside

OTHER = "632801000000"
PEOPLE = {"altan": ("officer", COUNTY), "saran": ("centre", COUNTY), "far": ("officer", OTHER)}


@pytest.fixture(scope="session")
def tokens(app, live_url, server) -> dict[str, str]:
    """Those who watch: an officer and a centre of the county, an officer of another; each with a token."""
    with inside(app, live_url):
        secret = passwords.hash(PASSWORD)
        people = {
            name: a_member(*about, username=name, password_hash=secret) for name, about in PEOPLE.items()
        }
        return {name: a_session(member) for name, member in people.items()}


@pytest.fixture(scope="session")
def doors(browser, tokens, server) -> dict[str, list[Any]]:
    """The cookies of each."""
    cookies = {}
    for username in PEOPLE:
        with browser.new_context() as context:
            who = {"username": username, "password": PASSWORD, "code": TOTP(SECRET).now(), "cookie": True}
            device = {"id": "b", "name": "a browser"}
            answer = context.request.post(f"{server.base}/api/v1/sessions", data=who | {"device": device})
            assert answer.status == 201, answer.text()
            cookies[username] = context.cookies()
    return cookies
