"""What is suggested: who patrols which grids, how evenly, and why."""

from datetime import UTC, datetime, timedelta

import pytest

from service.coverage.actions import rebuild_marked
from service.suggestions import actions
from service.suggestions.problem import Limits, visits_for
from service.suggestions.proposals import DAYS, week_from
from service.suggestions.reasons import Sight
from tests.factories import COMMUNITY, a_grid, a_member, a_report, a_square, a_team
from tests.service.coverage import aim
from tests.service.phone import a_patrol, send
from tests.service.suggestions import a_ground, a_row_of_grids, answered

pytestmark = pytest.mark.usefixtures("short_of_time")


def a_week_from_now():
    now = datetime.now(UTC)
    return {"from": now.isoformat(), "to": (now + timedelta(days=7)).isoformat()}


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
    assert [each["hours_per_week"] for each in answered(officer)["answer"]["team_hours"]] == [2.0, 2.0]


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
    a_grid()
    a_team()
    send(signed_in(a_member()), a_patrol())
    rebuild_marked()
    found = answered(officer, **a_week_from_now())["answer"]
    assert "never_seen" not in {each["code"] for each in found["lines"][0]["reasons"]}


def test_a_grid_long_unseen_is_visited_before_one_that_was_seen(officer, signed_in):
    a_row_of_grids(2)
    a_team()
    send(signed_in(a_member()), a_patrol())
    rebuild_marked()
    limits = {"visits_per_week": 1, "visit_minutes": 60, "shift_minutes": 60}
    lines = answered(officer, **a_week_from_now(), limits=limits)["answer"]["lines"]
    first = week_from(datetime.now(actions.LOCAL).date(), DAYS)[0]
    on_first = [line["grids"][0]["code"] for line in lines if line["rrule"].endswith(first)]
    assert on_first == [f"{COMMUNITY}002"]


def test_an_urgent_matter_brings_its_grid_forward_and_the_line_says_so(officer, signed_in):
    a_row_of_grids(2)
    a_team()
    there = a_report(lon=97.3742)
    assert signed_in().post("/api/v1/matters", json=there).status_code == 201
    limits = {"visits_per_week": 1, "visit_minutes": 60, "shift_minutes": 60, "days": ["MO", "TU"]}
    first, second = sorted(
        answered(officer, limits=limits)["answer"]["lines"], key=lambda line: line["rrule"]
    )
    numbers = [
        {each["code"]: each["numbers"] for each in line["reasons"]}.get("open_matters")
        for line in (first, second)
    ]
    assert (first["grids"][0]["code"], numbers) == (
        f"{COMMUNITY}002",
        [{"grids": 1, "matters": 1, "urgent": 1}, None],
    )


def test_without_a_number_of_visits_each_grid_is_covered_to_its_own_target(officer):
    a_row_of_grids(3)
    a_team()
    aim(officer, COMMUNITY, 168)
    aim(officer, f"{COMMUNITY}002", 24)
    lines = answered(officer, limits={"visit_minutes": 15})["answer"]["lines"]
    visits = {grid["code"][-3:]: line["rrule"].count(",") + 1 for line in lines for grid in line["grids"]}
    assert visits == {"001": 1, "002": 7, "003": 1}


@pytest.mark.parametrize(
    ("sight", "urgency"),
    [
        (Sight(), 5),
        (Sight(6), 0),
        (Sight(21), 3),
        (Sight(700), 6),
        (Sight(0, matters=1), 1),
        (Sight(0, matters=1, urgent=1), 2),
        (Sight(0, matters=90), 3),
        (Sight(700, matters=90, urgent=1), 9),
    ],
)
def test_how_urgent_a_grid_is(sight, urgency):
    assert sight.urgency == urgency


@pytest.mark.parametrize(
    ("hours", "limits", "visits"),
    [
        (8784, Limits(), 1),
        (168, Limits(), 1),
        (84, Limits(), 2),
        (72, Limits(), 3),
        (1, Limits(), 7),
        (1, Limits(days=2), 2),
        (168, Limits(min_teams_per_grid=2, max_teams_per_grid=2), 2),
    ],
)
def test_how_often_a_target_asks_for_a_visit(hours, limits, visits):
    assert visits_for(hours, limits) == visits


def test_limits_that_collide_are_named_with_their_numbers(officer):
    a_ground(4, 1)
    found = answered(officer, limits={"hours_per_week": 1})["answer"]
    named = [(each["limits"], each["numbers"]["hours_needed"]) for each in found["collisions"]]
    assert (found["outcome"], named) == ("short", [(["hours_per_week"], 4.0)])


def test_what_is_missed_is_said_grid_by_grid(officer):
    a_ground(2, 1)
    found = answered(officer, limits={"hours_per_week": 1})["answer"]
    assert sum(each["visits"] for each in found["missed"]) == 2


def test_a_shift_is_never_longer_than_allowed(officer):
    a_ground(6, 2)
    lines = answered(officer, limits={"shift_minutes": 60})["answer"]["lines"]
    assert max(line["minutes"] for line in lines) <= 60


def test_shifts_are_only_on_the_days_that_were_given(officer):
    a_ground()
    lines = answered(officer, limits={"days": ["SA", "SU"]})["answer"]["lines"]
    assert {line["rrule"] for line in lines} == {"FREQ=WEEKLY;BYDAY=SA,SU"}


def test_only_the_chosen_teams_are_suggested(officer):
    _, (one, _) = a_ground()
    lines = answered(officer, teams=[str(one.id)])["answer"]["lines"]
    assert {line["team"]["id"] for line in lines} == {str(one.id)}


def test_a_retired_grid_is_not_suggested(officer):
    a_ground(2)
    a_grid(f"{COMMUNITY}009", a_square(97.36), retired_at=datetime(2026, 1, 1, tzinfo=UTC))
    lines = answered(officer)["answer"]["lines"]
    assert f"{COMMUNITY}009" not in {grid["code"] for line in lines for grid in line["grids"]}


def test_the_same_question_has_the_same_answer(officer):
    a_ground()
    assert answered(officer)["answer"] == answered(officer)["answer"]
