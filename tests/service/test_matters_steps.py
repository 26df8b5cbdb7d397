"""The closed loop: which step follows which, who may take it, and what it changes."""

from datetime import datetime

import pytest
from sqlalchemy import func, select, update

from service.db import session, uuid7
from service.matters.models import Matter, MatterStep
from tests.factories import COMMUNITY, COUNTY, a_grid, a_member, a_square, a_team
from tests.service.matter_steps import TOWNSHIP, URL, report, step, steps
from tests.service.phone import an_hour_ago, rfc3339

pytestmark = pytest.mark.usefixtures("grid")

OTHER = "632801001001"  # in another county


def test_the_whole_loop_ends_evaluated(clerk, worker, given):
    assert steps(worker, given, "handle", "feed_back")["stage"] == "fed_back"
    end = steps(
        clerk, given, "verify", ("close", {"reason": "resolved"}), ("evaluate", {"reason": "satisfied"})
    )
    assert (end["stage"], end["outcome"], end["due_at"]) == ("evaluated", "resolved", None)


def test_an_illegal_step_is_refused_with_what_is_allowed(clerk):
    matter = report(clerk)
    answer = step(clerk, matter, "accept")
    assert answer.status_code == 409 and "accept" not in answer.json["errors"]["allowed"]
    answer = clerk.post(
        f"{URL}/{matter['id']}/steps", json={"step": "close", "version": 2, "reason": "resolved"}
    )
    assert answer.status_code == 409 and "dispatch" in answer.json["errors"]["allowed"]


def test_a_step_on_an_older_state_is_refused_with_the_present_one(clerk):
    matter = report(clerk)
    steps(clerk, matter, ("note", {"note": "看过"}))
    answer = clerk.post(f"{URL}/{matter['id']}/steps", json={"step": "note", "version": 2, "note": "再看"})
    assert answer.status_code == 409 and answer.json["errors"]["version"] == 3


def test_a_page_is_told_what_to_offer(clerk):
    told = clerk.get(f"{URL}/{report(clerk)['id']}/steps/allowed").json
    assert told["allowed"]["dispatch"] == "dispatched"
    assert told["takes"]["suspend"]["reasons"] and "accept" not in told["allowed"]


def test_the_handler_does_not_verify(signed_in, clerk):
    chief = signed_in(boss := a_member("officer", COMMUNITY))
    matter = report(clerk)
    steps(clerk, matter, ("dispatch", {"assignee_id": str(boss.id)}))
    steps(chief, matter, "accept", "handle", "feed_back")
    assert step(chief, matter, "verify").status_code == 403
    assert steps(clerk, matter, "verify")["stage"] == "verified"


def test_who_handled_it_once_does_not_verify_what_went_on_to_others(signed_in, team, clerk, worker):
    chief = signed_in(boss := a_member("officer", COMMUNITY))
    matter = report(clerk)
    steps(clerk, matter, ("dispatch", {"assignee_id": str(boss.id)}))
    steps(chief, matter, "accept", "handle", "feed_back")
    steps(clerk, matter, ("return", {"reason": "not_solved"}), ("dispatch", {"team_id": str(team.id)}))
    steps(worker, matter, "accept", "handle", "feed_back")
    assert step(chief, matter, "verify").status_code == 403


def test_what_was_fed_back_badly_returns_to_its_handler(clerk, worker, given, member):
    steps(worker, given, "handle", "feed_back")
    again = steps(clerk, given, ("return", {"reason": "not_solved"}))
    assert (again["stage"], again["handler_id"]) == ("accepted", str(member.id))


def test_a_return_is_arbitrated_one_level_up(signed_in, clerk, worker, given):
    returned = steps(worker, given, ("return", {"reason": "not_ours"}))
    assert (returned["stage"], returned["level"]) == ("returned", "community")
    steps(clerk, given, "overrule")
    assert worker.get(f"{URL}/{given['id']}").json["stage"] == "accepted"


def test_an_unfounded_return_gains_no_time(clerk, worker, given):
    due = worker.get(f"{URL}/{given['id']}").json["due_at"]
    steps(worker, given, ("return", {"reason": "not_ours"}))
    after = steps(clerk, given, "overrule")["due_at"]
    assert abs(_seconds(after) - _seconds(due)) < 5


def _seconds(text):
    return datetime.fromisoformat(text).timestamp()


NEXT = "632802001002"  # in the same township


@pytest.fixture
def misplaced(clerk, worker, given, signed_in):
    """A matter that its handler returned, and who arbitrates: the officer of the township."""
    steps(clerk, given, "escalate")
    steps(worker, given, ("return", {"reason": "wrong_place"}))
    return given, signed_in(role="officer", area=TOWNSHIP)


@pytest.mark.parametrize("place", [NEXT, f"{NEXT}001"])
def test_an_upheld_return_moves_the_matter_to_where_it_belongs(misplaced, clerk, signed_in, place):
    matter, arbiter = misplaced
    a_grid(f"{NEXT}001", a_square(97.38, 37.38))
    moved = steps(arbiter, matter, ("uphold", {"place": place}))
    assert (moved["stage"], moved["area"], moved["grid"], moved["team_id"]) == (
        "filed", NEXT, place if len(place) == 15 else None, None,
    )  # fmt: skip
    assert clerk.get(f"{URL}/{matter['id']}").status_code == 404
    assert signed_in(role="officer", area=NEXT).get(f"{URL}/{matter['id']}").status_code == 200
    assert arbiter.get(f"{URL}/{matter['id']}/steps").json["verified"]


@pytest.mark.parametrize("place", [OTHER, f"{NEXT}999", "632802001999"])
def test_a_matter_is_not_moved_where_the_arbiter_does_not_answer(misplaced, place):
    matter, arbiter = misplaced
    assert step(arbiter, matter, "uphold", place=place).status_code == 422


def test_only_an_upheld_return_moves_a_matter(clerk, given):
    assert step(clerk, given, "note", note="移交", place=NEXT).status_code == 422


def test_a_return_needs_a_typed_reason(worker, given):
    assert step(worker, given, "return", reason="because").status_code == 422
    assert step(worker, given, "return", reason="not_solved").status_code == 422


def test_a_suspended_matter_has_a_review_date_and_no_deadline(clerk, given):
    review = rfc3339(an_hour_ago().replace(year=2027, month=1))
    paused = steps(clerk, given, ("suspend", {"reason": "season", "review_at": review}))
    assert (paused["stage"], paused["due_at"], paused["review_at"]) == ("suspended", None, review)
    assert steps(clerk, given, "resume")["stage"] == "accepted"


@pytest.mark.parametrize("review", ["2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"])
def test_a_review_lies_ahead_and_not_too_far(clerk, given, review):
    assert step(clerk, given, "suspend", reason="season", review_at=review).status_code == 422


def test_joint_parties_finish_before_the_feedback(clerk, worker, given):
    steps(clerk, given, ("add_party", {"party": "住建局"}))
    steps(worker, given, "handle")
    assert step(worker, given, "feed_back").status_code == 409
    steps(clerk, given, ("party_done", {"party": "住建局"}))
    assert steps(worker, given, "feed_back")["stage"] == "fed_back"


def test_a_matter_cannot_be_given_to_an_outsider(clerk):
    matter = report(clerk)
    for stranger in (a_member("member", OTHER), a_member("admin", COMMUNITY)):
        assert step(clerk, matter, "dispatch", assignee_id=str(stranger.id)).status_code == 422
    assert step(clerk, matter, "dispatch", team_id=str(a_team(area=OTHER).id)).status_code == 422


def test_a_matter_climbs_one_level_at_a_time(clerk, signed_in):
    matter = report(clerk)
    assert steps(clerk, matter, "escalate")["level"] == "community"
    assert (
        clerk.post(
            f"{URL}/{matter['id']}/steps", json={"step": "escalate", "version": 3, "level": "county"}
        ).status_code
        == 422
    )
    steps(clerk, matter, "escalate")
    assert step(clerk, matter, "escalate").status_code == 403  # it is the township's now
    assert steps(signed_in(role="officer", area=TOWNSHIP), matter, "escalate")["level"] == "county"


def test_who_may_see_a_matter_of_a_higher_level_may_only_note(clerk):
    matter = report(clerk)
    steps(clerk, matter, "escalate", "escalate")
    assert clerk.get(f"{URL}/{matter['id']}/steps/allowed").json["allowed"].keys() == {"note", "urge"}


def test_only_who_stands_above_supervises(clerk, signed_in):
    matter = report(clerk)
    steps(clerk, matter, "escalate")
    assert step(clerk, matter, "supervise").status_code == 403
    steps(signed_in(role="officer", area=COUNTY), matter, "supervise")


def test_a_closed_matter_is_reopened_within_a_month_and_not_later(clerk, worker, given):
    steps(worker, given, "handle", "feed_back")
    steps(clerk, given, "verify", ("close", {"reason": "resolved"}))
    assert steps(clerk, given, ("reopen", {"reason": "not_solved"}))["stage"] == "filed"


def test_a_matter_closed_a_year_ago_stays_closed(clerk, worker, given):
    steps(worker, given, "handle", "feed_back")
    steps(clerk, given, "verify", ("close", {"reason": "resolved"}))
    long_ago = Matter.closed_at - session.scalar(_days(400))
    session.execute(update(Matter).where(Matter.id == given["id"]).values(closed_at=long_ago))
    assert step(clerk, given, "reopen", reason="not_solved").status_code == 409


def _days(count):
    return select(func.make_interval(0, 0, 0, count))


def test_a_step_takes_only_its_own_fields(clerk):
    matter = report(clerk)
    assert step(clerk, matter, "note", note="看", team_id=str(uuid7())).status_code == 422
    assert step(clerk, matter, "note").status_code == 422


def test_a_history_that_was_changed_is_seen(clerk):
    matter = report(clerk)
    steps(clerk, matter, ("note", {"note": "原话"}))
    assert clerk.get(f"{URL}/{matter['id']}/steps").json["verified"]
    session.execute(update(MatterStep).where(MatterStep.version == 3).values(note="改过"))
    assert not clerk.get(f"{URL}/{matter['id']}/steps").json["verified"]
