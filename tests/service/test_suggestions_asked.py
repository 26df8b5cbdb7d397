"""Questions for a suggestion: what is refused, who may ask, and what becomes of those that wait."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from service.db import session
from service.suggestions import actions
from service.suggestions.models import Suggestion
from service.suggestions.problem import Ground, Home, Limits, Problem
from tests.factories import a_grid, a_team
from tests.service.suggestions import WEEK, a_ground, asked

pytestmark = pytest.mark.usefixtures("short_of_time")

DELINGHA, GOLMUD = "632802000000", "632801000000"


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
