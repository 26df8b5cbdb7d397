"""Assignments that make no sense, or go to whom or where they cannot: refused clearly."""

import json
from datetime import UTC, datetime

import pytest

from tests.conftest import SHARED
from tests.factories import COMMUNITY, a_grid, a_member
from tests.service.duty import URL, an_assignment, grids

SIBLING = "632802001002"


def test_whoever_is_not_in_the_team_gets_no_assignment_in_it(officer, team, grid):
    stranger = a_member(area=COMMUNITY)
    assert officer.post(URL, json=an_assignment(team, grid, member_id=str(stranger.id))).status_code == 422


def test_who_has_left_gets_no_assignment(officer, team, member, grid):
    member.left_at = datetime.now(UTC)
    assert officer.post(URL, json=an_assignment(team, grid, member_id=str(member.id))).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rrule", "FREQ=SECONDLY"),
        ("rrule", "FREQ=SECONDLY;COUNT=1000000"),
        ("rrule", "FREQ=HOURLY"),
        ("rrule", "FREQ=DAILY;BYHOUR=1,2,3"),
        ("rrule", "FREQ=DAILY;BYMINUTE=1"),
        ("rrule", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        ("rrule", "FREQ=DAILY;COUNT=5;UNTIL=20261231"),
        ("rrule", "FREQ=DAILY;INTERVAL=0"),
        ("rrule", "FREQ=DAILY;UNTIL=20269999"),
        ("rrule", "FREQ=DAILY;UNTIL=20200101"),
        ("rrule", "FREQ=WEEKLY;BYDAY=XX"),
        ("rrule", "DTSTART:20260101T000000\nRRULE:FREQ=DAILY"),
        ("rrule", "BYDAY=MO"),
        ("rrule", "FREQ=MONTHLY;BYMONTHDAY=99"),
        ("rrule", ""),
        ("rrule", None),
        ("rrule", 7),
        ("starts_at", "24:00"),
        ("starts_at", "20:00\n"),
        ("minutes", 0),
        ("minutes", 1441),
        ("minutes", True),
        ("minutes", 12.5),
        ("grids", []),
        ("grids", ["1"]),
        ("grids", "632802001001001"),
        ("to", "2020-01-01T00:00:00Z"),
        ("from", "2020-01-01T00:00:00Z"),
        ("to", "2099-01-01T00:00:00Z"),
        ("to", "2026-12-01"),
        ("reason", ""),
        ("reason", "x" * 201),
        ("team_id", "7"),
        ("status", "closed"),
    ],
)
def test_what_makes_no_sense_is_refused(officer, team, grid, field, value):
    answer = officer.post(URL, json=an_assignment(team, grid) | {field: value})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def careless():
    """The cases of the shared file about assignments, in the fields of the contract: name, fields."""
    file = SHARED / "cases" / "bad_inputs.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    names = {"starts_at": "from", "ends_at": "to", "recurrence": "rrule"}
    for case in known:
        if case["target"] == "assignment" and "payload" in case:
            yield pytest.param(
                {names[name]: value for name, value in case["payload"].items()}, id=case["name"]
            )


@pytest.mark.parametrize("fields", [*careless()])
def test_a_careless_assignment_is_refused(officer, team, grid, fields):
    later = {
        name: value.replace("2026", "2027") if name != "rrule" else value for name, value in fields.items()
    }
    assert officer.post(URL, json=an_assignment(team, grid) | later).status_code == 422


def test_an_end_that_is_the_beginning_is_refused(officer, team, grid):
    assert officer.post(URL, json=an_assignment(team, grid, days=(1, 1))).status_code == 422


def test_an_end_before_the_beginning_is_refused(officer, team, grid):
    assert officer.post(URL, json=an_assignment(team, grid, days=(2, 1))).status_code == 422


def test_a_pattern_may_occur_four_hundred_times_at_most(officer, team, grid):
    rule = "FREQ=DAILY;COUNT=1000000"
    answer = officer.post(URL, json=an_assignment(team, grid, days=(1, 500), rrule=rule))
    assert (answer.status_code, "more than 400" in answer.json["errors"]["rrule"][0]) == (422, True)


def test_a_retired_grid_cannot_be_given_away(officer, team):
    old = a_grid(retired_at=datetime.now(UTC))
    assert officer.post(URL, json=an_assignment(team, old)).status_code == 422


def test_a_grid_of_another_community_does_not_exist_for_an_officer_of_one(signed_in, team):
    officer = signed_in(role="officer", area=COMMUNITY)
    (sibling,) = grids(1, SIBLING)
    assert officer.post(URL, json=an_assignment(team, sibling)).status_code == 404
