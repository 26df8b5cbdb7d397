"""The people and the ground of most tests: a team with a leader and a member, an officer above, one grid."""

import pytest

from tests.factories import COMMUNITY, a_grid, a_member, a_team


@pytest.fixture
def officer(signed_in):
    return signed_in(role="officer")


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
def ground(database):
    return a_grid()
