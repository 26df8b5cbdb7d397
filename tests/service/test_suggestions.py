"""Suggestions of who patrols which grids: asked, answered by the worker, seen by whom they concern."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from service.coverage.actions import rebuild_marked
from service.db import session
from service.duty.models import Assignment
from service.suggestions import actions
from service.suggestions.models import Suggestion
from service.suggestions.problem import Ground, Home, Limits, Problem, visits_for
from service.suggestions.proposals import DAYS, week_from
from service.suggestions.reasons import Sight
from tests.factories import COMMUNITY, a_grid, a_member, a_report, a_square, a_team
from tests.service.phone import a_patrol, send
from tests.service.test_gaps import aim

DELINGHA, GOLMUD = "632802000000", "632801000000"
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


def a_week_from_now():
    now = datetime.now(UTC)
    return {"from": now.isoformat(), "to": (now + timedelta(days=7)).isoformat()}


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


def test_an_area_out_of_reach_does_not_exist(officer):
    assert asked(officer, area=GOLMUD).status_code == 404


def test_an_area_without_grids_is_refused(officer):
    a_team()
    assert "0 grids" in wrong(asked(officer))["area"][0]


def test_an_area_without_teams_is_refused(officer):
    a_grid()
    assert "teams" in wrong(asked(officer))


def test_a_team_of_another_area_is_refused_as_an_unknown_one_is(officer):
    a_ground()
    elsewhere = a_team(area="632802002001")
    teams = [str(elsewhere.id), "0197f3d0-6c1e-7d0a-9b0e-1f6f0f2f7a11"]
    errors = wrong(asked(officer, teams=teams))["teams"]
    assert errors["0"] == errors["1"]


@pytest.mark.parametrize(
    "limits",
    [
        {"visits_per_week": 0},
        {"visits_per_week": 8},
        {"visits_per_week": 2.5},
        {"visits_per_week": "2"},
        {"visits_per_week": True},
        {"visits_per_week": 3, "days": ["MO", "TU"]},
        {"days": []},
        {"days": ["MO", "MO"]},
        {"days": ["MONDAY"]},
        {"hours_per_week": -1},
        {"hours_per_week": 1e9},
        {"max_distance_m": 0},
        {"max_distance_m": -5},
        {"grids_per_team": 10**12},
        {"visit_minutes": 90, "shift_minutes": 60},
        {"min_teams_per_grid": 2},
        {"min_teams_per_grid": 3, "max_teams_per_grid": 3, "visits_per_week": 2},
        {"starts_at": "25:00"},
        {"starts_at": "20:00\n"},
        {"speed": 1},
        [],
        None,
    ],
)
def test_limits_that_make_no_sense_are_refused(officer, limits):
    a_ground()
    assert "limits" in wrong(asked(officer, limits=limits))


@pytest.mark.parametrize(
    "period",
    [
        {"from": WEEK["to"], "to": WEEK["from"]},
        {"to": WEEK["from"]},
        {"to": "2029-01-01T00:00:00+08:00"},
        {"from": "2027-01-04"},
    ],
)
def test_a_period_that_is_none_is_refused(officer, period):
    a_ground()
    assert "from" in wrong(asked(officer, **period))


def test_a_team_named_twice_is_refused(officer):
    _, (one, _) = a_ground()
    assert "teams" in wrong(asked(officer, teams=[str(one.id)] * 2))


@pytest.mark.parametrize("role", ["member", "leader", "centre", "admin", "auditor"])
def test_only_officers_ask(signed_in, role):
    a_ground()
    assert asked(signed_in(role=role, area=DELINGHA)).status_code == 403


def test_a_suggestion_of_another_county_does_not_exist(officer, signed_in):
    a_ground()
    place = asked(officer).headers["Location"]
    assert signed_in(role="officer", area=GOLMUD).get(place).status_code == 404


def test_a_question_that_has_killed_its_workers_is_given_up(officer):
    a_ground()
    place = asked(officer).headers["Location"]
    session.query(Suggestion).update({"tries": actions.TRIES})
    actions.answer_waiting()
    assert officer.get(place).json["state"] == "failed"


def test_a_question_that_a_worker_is_at_is_left_to_it(officer):
    a_ground()
    asked(officer)
    session.query(Suggestion).update({"claimed_at": datetime.now(UTC)})
    assert actions.answer_waiting() == 0


def test_a_question_whose_worker_has_died_is_taken_up_again(officer):
    a_ground()
    asked(officer)
    session.query(Suggestion).update({"claimed_at": datetime.now(UTC) - timedelta(minutes=10)})
    assert actions.answer_waiting() == 1


def test_a_suggestion_out_of_date_is_gone(officer):
    a_ground()
    place = asked(officer).headers["Location"]
    session.query(Suggestion).update({"asked_at": datetime.now(UTC) - timedelta(days=31)})
    actions.answer_waiting()
    assert officer.get(place).status_code == 404


class Deadly(Problem):
    """Kills the process of the solver when it arrives there."""

    def __reduce__(self):
        return os._exit, (1,)


def test_a_dead_solver_leaves_the_greedy_plan():
    problem = Deadly((Ground(0, 0, 1),), (Home(0, 0),), Limits())
    assert actions.solved(problem, 2).made_by == "greedy"


def an_answer(client, **more):
    """A suggestion that is ready."""
    return answered(client, **more)


def applied(client, suggestion):
    return client.post(f"{WAY}/{suggestion['id']}/apply")


def test_an_applied_suggestion_becomes_assignments(officer):
    a_ground()
    found = an_answer(officer)
    made = applied(officer, found).json["items"]
    assert len(made) == len(found["answer"]["lines"]) > 0


def test_a_suggestion_is_applied_once(officer):
    a_ground()
    found = an_answer(officer)
    assert (applied(officer, found).status_code, applied(officer, found).status_code) == (200, 409)


def test_what_changed_in_between_makes_a_suggestion_stale(officer):
    a_ground()
    first, second = an_answer(officer), an_answer(officer)
    applied(officer, first)
    answer = applied(officer, second)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/stale")


def test_a_suggestion_says_what_would_change(officer):
    a_ground()
    first = an_answer(officer)
    applied(officer, first)
    again = an_answer(officer)["answer"]["diff"]
    assert (again["added"], again["removed"], again["kept"]) == ([], [], first["answer"]["diff"]["added"])


def test_what_had_the_grids_ends_when_the_suggestion_begins(officer):
    a_ground()
    applied(officer, an_answer(officer))
    applied(officer, an_answer(officer))
    open_ones = session.query(Assignment).filter(Assignment.ended_at.is_(None)).count()
    assert open_ones == session.query(Assignment).count() // 2


def test_a_suggestion_that_is_not_ready_cannot_be_applied(officer):
    a_ground()
    assert applied(officer, asked(officer).json).status_code == 409
