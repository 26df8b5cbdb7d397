"""What is announced: shifts before they begin, holes before they open, changes of duty."""

from datetime import datetime, timedelta

import pytest

from service import db
from service.duty.pattern import LOCAL
from service.duty.shifts import announce_coming
from tests.factories import a_team
from tests.service.duty import URL, an_assignment, made


@pytest.fixture
def heard(app):
    """Whatever is announced about duty while the test runs."""
    kept = []
    for kind in ("shifts begin", "holes open", "duty changed"):
        db._listeners[kind].append(lambda kind=kind, **facts: kept.append((kind, facts)))
    yield kept
    for kind in ("shifts begin", "holes open", "duty changed"):
        db._listeners[kind].pop()


def soon(client, team, grid, minutes, length):
    at = datetime.now(LOCAL) + timedelta(minutes=minutes)
    times = {"from": (at - timedelta(minutes=2)).isoformat(), "to": (at + timedelta(minutes=2)).isoformat()}
    body = an_assignment(team, grid) | times | {"starts_at": f"{at:%H:%M}", "minutes": length}
    assert client.post(URL, json=body).status_code == 201


def test_a_shift_is_announced_once_before_it_begins(officer, team, grid, heard):
    soon(officer, team, grid, 20, 60)
    announce_coming()
    announce_coming()
    assert [facts["teams"] for kind, facts in heard if kind == "shifts begin"] == [[team.id]]


def test_a_hole_is_announced_once_before_it_opens(officer, team, grid, heard):
    soon(officer, team, grid, 5, 10)
    announce_coming()
    announce_coming()
    assert [facts["grids"] for kind, facts in heard if kind == "holes open"] == [[grid.id]]


def test_whoever_takes_over_without_a_gap_leaves_no_hole(officer, team, grid, heard):
    soon(officer, team, grid, 5, 10)
    soon(officer, a_team(), grid, 15, 60)
    announce_coming()
    assert [facts["grids"] for kind, facts in heard if kind == "holes open"] == []


def test_a_change_of_duty_is_announced_with_its_grids_and_teams(officer, team, grid, heard):
    made(officer, team, grid)
    assert ("duty changed", {"grids": [grid.id], "teams": [team.id]}) in heard
