"""Figures: each is what somebody finds who counts the rows again."""

from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from sqlalchemy import select, update

from service.db import session
from service.matters.models import Matter, MatterStep
from service.teams.models import Membership
from tests.factories import COMMUNITY, a_member, a_team
from tests.service.matter_steps import URL, report, steps

pytestmark = pytest.mark.usefixtures("grid")


@pytest.fixture
def given(clerk, worker, team):
    """A matter that the worker has accepted, with a photo."""
    matter = report(clerk)
    steps(clerk, matter, ("dispatch", {"team_id": str(team.id)}))
    return steps(worker, matter, ("accept", {"photos": ["a" * 64]}))


@pytest.fixture
def walked(clerk, worker, team):
    """Matters that went different ways: closed as solved, as unfounded, late; open, overdue, merged."""
    ways = [("resolved", 0), ("mediated", 0), ("unfounded", 0), ("resolved", 5), (None, 5), (None, 0)]
    made = [report(clerk, title=f"第 {n} 件") for n in range(len(ways))]
    for matter, (outcome, hours) in zip(made, ways, strict=True):
        then = datetime.now(UTC) - timedelta(hours=hours)
        earlier = {"entered_at": then, "due_at": then + timedelta(hours=1)}
        session.execute(update(Matter).where(Matter.id == matter["id"]).values(earlier))
        if outcome:
            steps(clerk, matter, ("dispatch", {"team_id": str(team.id)}))
            steps(worker, matter, "accept", "handle", "feed_back")
            steps(clerk, matter, "verify", ("close", {"reason": outcome}))
    steps(clerk, report(clerk), ("merge", {"into_id": made[-1]["id"]}))


def test_rates_are_those_of_the_matters_counted_one_by_one(walked, clerk):
    matters = [each for each in clerk.get(URL).json["items"] if each["stage"] != "merged"]
    closed = [each for each in matters if each["closed_at"]]
    solved = [each for each in closed if each["outcome"] in ("resolved", "mediated")]
    (row,) = clerk.get(f"{URL}/counts").json["items"]
    assert (row["reported"], row["closed"], row["open"]) == (len(matters), len(closed), 2) == (6, 4, 2)
    assert row["closing_rate"] == len(closed) / len(matters)
    assert row["resolution_rate"] == len(solved) / len(matters) == 0.5
    assert row["on_time_rate"] == sum(not each["late"] for each in closed) / len(closed) == 0.75
    assert row["overdue"] == 1


def test_the_time_of_a_stage_is_the_median_of_what_the_steps_say(walked, clerk):
    told = {each["stage"]: each for each in clerk.get(f"{URL}/stage-times").json["items"]}
    lasted: dict[str, list[float]] = {}
    for each in session.scalars(select(MatterStep).where(MatterStep.stage_left.is_not(None))):
        lasted.setdefault(each.stage_left, []).append(each.lasted_s)
    assert {stage: (len(each), pytest.approx(median(each))) for stage, each in lasted.items()} == {
        stage: (each["ended"], each["median_s"]) for stage, each in told.items()
    }


def burden(client):
    rows = client.get(f"{URL}/burden").json["items"]
    return {each["code"]: (each["matters"], each["reports"], each["photos"]) for each in rows}


def test_what_went_on_to_another_team_stays_the_burden_of_the_first(given, clerk, member, team):
    other = a_team(a_member("member", COMMUNITY))
    steps(clerk, given, ("dispatch", {"team_id": str(other.id)}))
    assert burden(clerk) == {team.code: (1, 1, 1), other.code: (1, 0, 0)}


def test_what_somebody_did_is_no_burden_of_a_team_that_they_join_later(given, clerk, member, team, worker):
    steps(worker, given, "handle")
    later = a_team(member)
    joined = update(Membership).where(Membership.team_id == later.id).values(since=datetime.now(UTC))
    session.execute(joined)
    assert burden(clerk) == {team.code: (1, 2, 1)}


def test_what_somebody_did_who_has_left_stays_the_burden_of_the_team(given, clerk, member, team):
    left = update(Membership).where(Membership.team_id == team.id, Membership.member_id == member.id)
    session.execute(left.values(until=datetime.now(UTC)))
    assert burden(clerk) == {team.code: (1, 1, 1)}


def test_a_window_that_ends_before_it_begins_is_refused(clerk):
    window = "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z"
    for path in ("", "/export", "/counts", "/stage-times", "/burden", "/bulletin"):
        assert clerk.get(f"{URL}{path}?{window}").status_code == 422
