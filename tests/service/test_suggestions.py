"""Suggestions of who patrols which grids: asked, answered by the worker, seen by whom they concern."""

from datetime import UTC, datetime, timedelta

import pytest

from service.suggestions import actions
from tests.factories import COMMUNITY, a_grid, a_member, a_square, a_team
from tests.service.phone import a_patrol, send

TOWNSHIP, DELINGHA, GOLMUD = "632802001000", "632802000000", "632801000000"
WAY = "/api/v1/assignments/suggest"
SIZE = 0.003  # degrees
WEEK = {"from": "2027-01-04T00:00:00+08:00", "to": "2027-01-11T00:00:00+08:00"}  # begins on a Monday


@pytest.fixture(autouse=True)
def seconds(monkeypatch):
    monkeypatch.setenv("GRIDPATROL_SUGGEST_SECONDS", "2")


@pytest.fixture
def officer(signed_in):
    return signed_in(role="officer", area=DELINGHA)


def a_row_of_grids(count, community=COMMUNITY, north=0.0):
    return [a_grid(f"{community}{n + 1:03}", a_square(97.37 + n * SIZE, 37.37 + north)) for n in range(count)]


def a_ground(count=4, teams=2):
    """A row of grids, and teams at home in their middle."""
    return a_row_of_grids(count), [a_team(name=f"{n}队") for n in range(teams)]


def asked(client, area=COMMUNITY, **more):
    return client.post(WAY, json=WEEK | {"area": area} | more)


def answered(client, **more):
    place = asked(client, **more).headers["Location"]
    actions.answer_waiting()
    return client.get(place).json


def wrong(answer):
    assert answer.status_code == 422
    return answer.json["errors"]


def test_a_question_is_accepted_and_waits(officer):
    a_ground()
    answer = asked(officer)
    assert (answer.status_code, answer.json["state"], answer.json["answer"]) == (202, "waiting", None)


def test_who_waits_is_told_when_to_look_again(officer):
    a_ground()
    assert officer.get(asked(officer).headers["Location"]).headers["Retry-After"] == "2"


def test_every_grid_is_covered_to_its_target(officer):
    a_ground()
    found = answered(officer, limits={"visits_per_week": 3})["answer"]
    visits = {}
    for line in found["lines"]:
        for grid in line["grids"]:
            days = line["rrule"].partition("BYDAY=")[2].split(",")
            visits.setdefault(grid["code"], []).extend(days)
    assert {code: len(set(days)) for code, days in visits.items()} == {
        f"{COMMUNITY}{n:03}": 3 for n in range(1, 5)
    }


def test_loads_are_even(officer):
    a_ground(4, 2)
    assert [each["hours_per_week"] for each in answered(officer)["answer"]["loads"]] == [2.0, 2.0]


def test_the_answer_says_how_far_it_is_from_the_best(officer):
    a_ground()
    found = answered(officer)["answer"]
    assert (found["made_by"], found["gap"], found["bound"]) == ("cp_sat", 0.0, found["cost"])


def test_every_line_has_its_reasons(officer):
    a_ground()
    for line in answered(officer)["answer"]["lines"]:
        assert {"near_home", "connected", "load"} <= {reason["code"] for reason in line["reasons"]}


def test_a_reason_is_told_in_both_languages(officer):
    a_ground(1, 1)
    reasons = {reason["code"]: reason for reason in answered(officer)["answer"]["lines"][0]["reasons"]}
    assert (reasons["only_team"]["zh"], reasons["only_team"]["en"]) == (
        "1 个网格只有本队可到",
        "No other team can reach 1 of the grids",
    )


def test_a_grid_that_was_seen_is_not_called_never_seen(officer, signed_in):
    grid = a_grid()
    a_team()
    walker = signed_in(a_member())
    send(walker, a_patrol())
    rebuild_marked()
    now = datetime.now(UTC)
    period = {"from": now.isoformat(), "to": (now + timedelta(days=7)).isoformat()}
    codes = {each["code"] for each in answered(officer, **period)["answer"]["lines"][0]["reasons"]}
    assert grid.code and "never_seen" not in codes
