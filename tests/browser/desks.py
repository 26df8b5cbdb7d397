"""Those who sit at a desk, and what they give to teams.

They sign in once: the code of a second factor is good for one time only.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pyotp import TOTP
from sqlalchemy import select

from service.duty.actions import Author, Wanted, assign
from service.duty.pattern import LOCAL, Pattern
from service.members.actions import passwords
from service.teams.models import Team
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


def give(team: Team, grid: int, begins: str, member: UUID | None = None, minutes: int = 60) -> None:
    """Give a grid to a team, or to a member of it, every day of two weeks to come."""
    midnight = datetime.now(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    pattern = Pattern(midnight, midnight + timedelta(days=14), "FREQ=DAILY", begins, minutes)
    assign(Wanted(team.id, member, (grid,), pattern), Author(None, select(Team)))
