"""The people and the ground of most tests: a team with a leader and a member, an officer above, one grid."""

import pytest

from service.coverage.actions import rebuild_marked
from tests.factories import COMMUNITY, a_grid, a_member, a_membership, a_team
from tests.service.duty import made, midnight, shifts_on
from tests.service.matter_steps import report, steps
from tests.service.phone import a_patrol, send
from tests.service.sessions import an_account


@pytest.fixture
def officer(signed_in):
    return signed_in(role="officer")


@pytest.fixture
def centre(signed_in):
    return signed_in(role="centre")


@pytest.fixture
def leader(database):
    return a_member(role="leader", area=COMMUNITY)


@pytest.fixture
def member(database):
    return a_member(area=COMMUNITY)


@pytest.fixture
def team(leader, member):
    return a_team(member, leader=leader)


@pytest.fixture
def colleague(team):
    """Another member of the team."""
    person = a_member(area=COMMUNITY)
    a_membership(team, person)
    return person


@pytest.fixture
def own(officer, team, member, grid):
    """The id of a shift of the member alone, tomorrow."""
    made(officer, team, grid, days=(1, 2), member_id=str(member.id))
    return shifts_on(officer, midnight(1))[0]["id"]


@pytest.fixture
def whole(officer, team, grid):
    """The id of a shift of the whole team, tomorrow."""
    made(officer, team, grid, days=(1, 2))
    return shifts_on(officer, midnight(1))[0]["id"]


@pytest.fixture
def walker(database):
    """Somebody without a team."""
    return a_member()


@pytest.fixture
def phone(signed_in, walker):
    return signed_in(walker)


@pytest.fixture
def batu(database):
    """Whose name and password are those of `CREDENTIALS`."""
    return an_account()


@pytest.fixture
def grid(database):
    return a_grid()


@pytest.fixture
def clerk(signed_in):
    """An officer of the community."""
    return signed_in(role="officer", area=COMMUNITY)


@pytest.fixture
def worker(signed_in, member, team):
    """The member of the team."""
    return signed_in(member)


@pytest.fixture
def given(grid, clerk, worker, team):
    """A matter that the worker has accepted."""
    matter = report(clerk)
    steps(clerk, matter, ("dispatch", {"team_id": str(team.id)}))
    steps(worker, matter, "accept")
    return matter


@pytest.fixture
def walked(grid, phone):
    """A grid through which the walker has walked an hour ago."""
    send(phone, a_patrol())
    rebuild_marked()
    return grid


@pytest.fixture
def folder(app, settings, tmp_path, monkeypatch):
    """Where photos lie; new for every test."""
    monkeypatch.setenv("GRIDPATROL_MEDIA_URL", str(tmp_path))
    monkeypatch.setattr(app, "settings", type(settings).from_env())
    return tmp_path


@pytest.fixture
def short_of_time(monkeypatch):
    """Suggestions have two seconds."""
    monkeypatch.setenv("GRIDPATROL_SUGGEST_SECONDS", "2")
