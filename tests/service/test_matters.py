"""Matters: reported, placed, walked through the closed loop, seen by those who may."""

from datetime import date, datetime

import pytest
from sqlalchemy import func, select, update

from service.db import session, uuid7
from service.matters import classes
from service.matters.models import Matter, MatterClass, MatterStep
from tests.factories import COMMUNITY, COUNTY, a_grid, a_member, a_report, a_square, a_team
from tests.service.matter_steps import (
    TOWNSHIP,
    URL,
    grid,
    history,
    officer,
    people,
    report,
    step,
    steps,
    worker,
)
from tests.service.phone import an_hour_ago, rfc3339

__all__ = ["grid", "officer", "people", "worker"]

OTHER = "632801001001"  # in another county


@pytest.fixture
def given(officer, worker, people):
    """A matter that the worker has accepted."""
    matter = report(officer)
    steps(officer, matter, ("dispatch", {"team_id": str(people[2].id)}))
    steps(worker, matter, "accept")
    return matter


def test_a_matter_lies_in_the_grid_around_it(worker, grid):
    matter = report(worker)
    assert (matter["grid"], matter["level"], matter["stage"]) == (grid.code, "grid", "reported")


def test_an_officers_own_report_is_filed_at_once(officer):
    matter = report(officer)
    assert matter["stage"] == "filed" and history(officer, matter) == ["report", "file"]


def test_a_class_that_is_not_listed_is_refused(worker):
    answer = worker.post(URL, json=a_report(**{"class": "petitioner"}))
    assert answer.status_code == 422 and "class" in answer.json["errors"]


def test_a_class_that_has_expired_is_refused(worker):
    session.execute(update(MatterClass).where(MatterClass.code == "other").values(valid_to="2026-01-02"))
    assert worker.post(URL, json=a_report(**{"class": "other"}, text="事")).status_code == 422


def test_a_class_asks_for_its_facts(worker):
    answer = worker.post(URL, json=a_report(**{"class": "wage_arrears"}, text="拖欠三个月"))
    assert set(answer.json["errors"]) == {"people", "amount_yuan"}
    facts = {"people": 12, "amount_yuan": 86000.5}
    assert report(worker, **{"class": "wage_arrears"}, text="拖欠", facts=facts)["facts"] == facts


def test_the_listed_classes_are_shown_with_their_limits(worker):
    items = worker.get("/api/v1/matter-classes").json["items"]
    assert {"fire_hazard", "wage_arrears"} < {each["code"] for each in items}
    assert all(each["limits"]["filed"] > 0 for each in items)


def test_listing_the_classes_again_changes_nothing_and_keeps_those_added_here(worker):
    before = worker.get("/api/v1/matter-classes").json["items"]
    added = {
        "code": "local",
        "name_zh": "本地",
        "name_en": "Local",
        "limits": {"reported": 8},
        "required": [],
    }
    about = {"family": "other", "urgency": "routine", "listed_by": "德令哈市", "valid_from": date(2026, 1, 1)}
    session.add(MatterClass(**added, **about))
    session.execute(update(MatterClass).where(MatterClass.code == "other").values(name_zh="改过"))
    classes.load()
    after = worker.get("/api/v1/matter-classes").json["items"]
    assert [each for each in after if each["code"] != "local"] == before and len(after) == len(before) + 1


def test_who_only_looks_on_adds_no_photos(officer, signed_in):
    matter = report(signed_in(role="officer", area=COUNTY))
    steps(officer, matter, "escalate", "escalate")
    other = signed_in(role="officer", area=COMMUNITY)
    assert step(other, matter, "note", note="看", photos=["a" * 64]).status_code == 403
    assert step(other, matter, "note", note="看").status_code == 201


def test_a_report_sent_again_is_the_same_matter(worker):
    id = str(uuid7())
    assert report(worker, id=id)["received_at"] == report(worker, id=id)["received_at"]


def test_another_report_with_a_known_id_is_refused(worker):
    id = str(uuid7())
    report(worker, id=id)
    assert worker.post(URL, json=a_report(id=id, title="另一件事")).status_code == 409


def test_near_duplicates_are_offered_and_not_merged(worker, officer):
    one = report(worker)
    other = report(officer, lon=97.3716)
    far = report(officer, lon=97.3727, lat=37.3727)
    assert other["near_by"] == [one["id"]] and far["near_by"] == []
    near = officer.get(f"{URL}/{one['id']}/duplicates").json["items"]
    assert [each["id"] for each in near] == [other["id"]] and near[0]["stage"] == "filed"


def test_a_merged_matter_names_the_one_it_went_into(officer):
    one, other = report(officer), report(officer)
    merged = steps(officer, other, ("merge", {"into_id": one["id"]}))
    assert (merged["stage"], merged["merged_into_id"]) == ("merged", one["id"])


def test_nothing_is_merged_into_itself_or_into_what_is_not_seen(officer):
    matter = report(officer)
    for into in (matter["id"], str(uuid7())):
        assert step(officer, matter, "merge", into_id=into).status_code == 422


def test_the_whole_loop_ends_evaluated(officer, worker, given):
    assert steps(worker, given, "handle", "feed_back")["stage"] == "fed_back"
    end = steps(
        officer, given, "verify", ("close", {"reason": "resolved"}), ("evaluate", {"reason": "satisfied"})
    )
    assert (end["stage"], end["outcome"], end["due_at"]) == ("evaluated", "resolved", None)


def test_an_illegal_step_is_refused_with_what_is_allowed(officer):
    matter = report(officer)
    answer = step(officer, matter, "accept")
    assert answer.status_code == 409 and "accept" not in answer.json["errors"]["allowed"]
    answer = officer.post(
        f"{URL}/{matter['id']}/steps", json={"step": "close", "version": 2, "reason": "resolved"}
    )
    assert answer.status_code == 409 and "dispatch" in answer.json["errors"]["allowed"]


def test_a_step_on_an_older_state_is_refused_with_the_present_one(officer):
    matter = report(officer)
    steps(officer, matter, ("note", {"note": "看过"}))
    answer = officer.post(f"{URL}/{matter['id']}/steps", json={"step": "note", "version": 2, "note": "再看"})
    assert answer.status_code == 409 and answer.json["errors"]["version"] == 3


def test_a_page_is_told_what_to_offer(officer):
    told = officer.get(f"{URL}/{report(officer)['id']}/steps/allowed").json
    assert told["allowed"]["dispatch"] == "dispatched"
    assert told["takes"]["suspend"]["reasons"] and "accept" not in told["allowed"]


def test_the_handler_does_not_verify(signed_in, people, officer):
    chief = signed_in(boss := a_member("officer", COMMUNITY))
    matter = report(officer)
    steps(officer, matter, ("dispatch", {"assignee_id": str(boss.id)}))
    steps(chief, matter, "accept", "handle", "feed_back")
    assert step(chief, matter, "verify").status_code == 403
    assert steps(officer, matter, "verify")["stage"] == "verified"


def test_who_handled_it_once_does_not_verify_what_went_on_to_others(signed_in, people, officer, worker):
    chief = signed_in(boss := a_member("officer", COMMUNITY))
    matter = report(officer)
    steps(officer, matter, ("dispatch", {"assignee_id": str(boss.id)}))
    steps(chief, matter, "accept", "handle", "feed_back")
    steps(officer, matter, ("return", {"reason": "not_solved"}), ("dispatch", {"team_id": str(people[2].id)}))
    steps(worker, matter, "accept", "handle", "feed_back")
    assert step(chief, matter, "verify").status_code == 403


def test_what_was_fed_back_badly_returns_to_its_handler(officer, worker, given, people):
    steps(worker, given, "handle", "feed_back")
    again = steps(officer, given, ("return", {"reason": "not_solved"}))
    assert (again["stage"], again["handler_id"]) == ("accepted", str(people[1].id))


def test_a_return_is_arbitrated_one_level_up(signed_in, officer, worker, given):
    returned = steps(worker, given, ("return", {"reason": "not_ours"}))
    assert (returned["stage"], returned["level"]) == ("returned", "community")
    steps(officer, given, "overrule")
    assert worker.get(f"{URL}/{given['id']}").json["stage"] == "accepted"


def test_an_unfounded_return_gains_no_time(officer, worker, given):
    due = worker.get(f"{URL}/{given['id']}").json["due_at"]
    steps(worker, given, ("return", {"reason": "not_ours"}))
    after = steps(officer, given, "overrule")["due_at"]
    assert abs(_seconds(after) - _seconds(due)) < 5


def _seconds(text):
    return datetime.fromisoformat(text).timestamp()


NEXT = "632802001002"  # in the same township


@pytest.fixture
def misplaced(officer, worker, given, signed_in):
    """A matter that its handler returned, and who arbitrates: the officer of the township."""
    steps(officer, given, "escalate")
    steps(worker, given, ("return", {"reason": "wrong_place"}))
    return given, signed_in(role="officer", area=TOWNSHIP)


@pytest.mark.parametrize("place", [NEXT, f"{NEXT}001"])
def test_an_upheld_return_moves_the_matter_to_where_it_belongs(misplaced, officer, signed_in, place):
    matter, arbiter = misplaced
    a_grid(f"{NEXT}001", a_square(97.38, 37.38))
    moved = steps(arbiter, matter, ("uphold", {"place": place}))
    assert (moved["stage"], moved["area"], moved["grid"], moved["team_id"]) == (
        "filed", NEXT, place if len(place) == 15 else None, None,
    )  # fmt: skip
    assert officer.get(f"{URL}/{matter['id']}").status_code == 404
    assert signed_in(role="officer", area=NEXT).get(f"{URL}/{matter['id']}").status_code == 200
    assert arbiter.get(f"{URL}/{matter['id']}/steps").json["verified"]


@pytest.mark.parametrize("place", [OTHER, f"{NEXT}999", "632802001999"])
def test_a_matter_is_not_moved_where_the_arbiter_does_not_answer(misplaced, place):
    matter, arbiter = misplaced
    assert step(arbiter, matter, "uphold", place=place).status_code == 422


def test_only_an_upheld_return_moves_a_matter(officer, given):
    assert step(officer, given, "note", note="移交", place=NEXT).status_code == 422


def test_a_return_needs_a_typed_reason(worker, given):
    assert step(worker, given, "return", reason="because").status_code == 422
    assert step(worker, given, "return", reason="not_solved").status_code == 422


def test_a_suspended_matter_has_a_review_date_and_no_deadline(officer, given):
    review = rfc3339(an_hour_ago().replace(year=2027, month=1))
    paused = steps(officer, given, ("suspend", {"reason": "season", "review_at": review}))
    assert (paused["stage"], paused["due_at"], paused["review_at"]) == ("suspended", None, review)
    assert steps(officer, given, "resume")["stage"] == "accepted"


@pytest.mark.parametrize("review", ["2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"])
def test_a_review_lies_ahead_and_not_too_far(officer, given, review):
    assert step(officer, given, "suspend", reason="season", review_at=review).status_code == 422


def test_joint_parties_finish_before_the_feedback(officer, worker, given):
    steps(officer, given, ("add_party", {"party": "住建局"}))
    steps(worker, given, "handle")
    assert step(worker, given, "feed_back").status_code == 409
    steps(officer, given, ("party_done", {"party": "住建局"}))
    assert steps(worker, given, "feed_back")["stage"] == "fed_back"


def test_a_matter_cannot_be_given_to_an_outsider(officer):
    matter = report(officer)
    for stranger in (a_member("member", OTHER), a_member("admin", COMMUNITY)):
        assert step(officer, matter, "dispatch", assignee_id=str(stranger.id)).status_code == 422
    assert step(officer, matter, "dispatch", team_id=str(a_team(area=OTHER).id)).status_code == 422


def test_a_matter_climbs_one_level_at_a_time(officer, signed_in):
    matter = report(officer)
    assert steps(officer, matter, "escalate")["level"] == "community"
    assert (
        officer.post(
            f"{URL}/{matter['id']}/steps", json={"step": "escalate", "version": 3, "level": "county"}
        ).status_code
        == 422
    )
    steps(officer, matter, "escalate")
    assert step(officer, matter, "escalate").status_code == 403  # it is the township's now
    assert steps(signed_in(role="officer", area=TOWNSHIP), matter, "escalate")["level"] == "county"


def test_who_may_see_a_matter_of_a_higher_level_may_only_note(officer):
    matter = report(officer)
    steps(officer, matter, "escalate", "escalate")
    assert officer.get(f"{URL}/{matter['id']}/steps/allowed").json["allowed"].keys() == {"note", "urge"}


def test_only_who_stands_above_supervises(officer, signed_in):
    matter = report(officer)
    steps(officer, matter, "escalate")
    assert step(officer, matter, "supervise").status_code == 403
    steps(signed_in(role="officer", area=COUNTY), matter, "supervise")


def test_a_closed_matter_is_reopened_within_a_month_and_not_later(officer, worker, given):
    steps(worker, given, "handle", "feed_back")
    steps(officer, given, "verify", ("close", {"reason": "resolved"}))
    assert steps(officer, given, ("reopen", {"reason": "not_solved"}))["stage"] == "filed"


def test_a_matter_closed_a_year_ago_stays_closed(officer, worker, given):
    steps(worker, given, "handle", "feed_back")
    steps(officer, given, "verify", ("close", {"reason": "resolved"}))
    long_ago = Matter.closed_at - session.scalar(_days(400))
    session.execute(update(Matter).where(Matter.id == given["id"]).values(closed_at=long_ago))
    assert step(officer, given, "reopen", reason="not_solved").status_code == 409


def _days(count):
    return select(func.make_interval(0, 0, 0, count))


def test_a_step_takes_only_its_own_fields(officer):
    matter = report(officer)
    assert step(officer, matter, "note", note="看", team_id=str(uuid7())).status_code == 422
    assert step(officer, matter, "note").status_code == 422


def test_a_history_that_was_changed_is_seen(officer):
    matter = report(officer)
    steps(officer, matter, ("note", {"note": "原话"}))
    assert officer.get(f"{URL}/{matter['id']}/steps").json["verified"]
    session.execute(update(MatterStep).where(MatterStep.version == 3).values(note="改过"))
    assert not officer.get(f"{URL}/{matter['id']}/steps").json["verified"]


def test_a_member_sees_own_reports_and_what_the_team_was_given(signed_in, officer, people):
    stranger = signed_in(role="member", area=COMMUNITY)
    own, given = report(stranger), report(officer)
    steps(officer, given, ("dispatch", {"team_id": str(people[2].id)}))
    worker = signed_in(people[1])
    assert [each["id"] for each in worker.get(URL).json["items"]] == [given["id"]]
    assert [each["id"] for each in stranger.get(URL).json["items"]] == [own["id"]]
    assert stranger.get(f"{URL}/{given['id']}").status_code == 404


def test_a_leader_sees_the_community_but_not_who_reported(signed_in, people):
    stranger = a_member("member", COMMUNITY)
    matter = report(signed_in(stranger))
    assert signed_in(people[0]).get(f"{URL}/{matter['id']}").json["reporter_id"] is None


def test_the_command_centre_sees_matters_without_persons(signed_in, worker):
    matter = report(worker)
    shown = signed_in(role="centre").get(f"{URL}/{matter['id']}").json
    assert (shown["title"], shown["reporter_id"], shown["patrol_id"]) == (matter["title"], None, None)


def test_another_county_sees_nothing(signed_in, worker):
    matter = report(worker)
    stranger = signed_in(role="officer", area=OTHER)
    assert stranger.get(f"{URL}/{matter['id']}").status_code == 404
    assert step(signed_in(role="officer"), matter, "file").status_code == 201
    answer = stranger.post(f"{URL}/{matter['id']}/steps", json={"step": "note", "version": 2, "note": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("class=fire_hazard", 2), ("class=other", 1), ("stage=filed", 3), ("stage=closed", 0),
        ("level=grid", 3), (f"area={COMMUNITY}", 3), (f"area={OTHER}", 0), (f"grid={COMMUNITY}001", 3),
        ("text=楼道", 2), ("text=FIRE", 1), ("text=100%25", 0), ("open=true", 3), ("open=false", 0),
        ("late=true", 0), ("due_before=2020-01-02T00:00:00Z", 0), ("to=2020-01-02T00:00:00Z", 0),
    ],
)  # fmt: skip
def test_matters_are_found_by(officer, query, count):
    report(officer)
    report(officer)
    report(officer, **{"class": "other"}, title="a fire place", text="other")
    assert len(officer.get(f"{URL}?{query}").json["items"]) == count


def test_the_newest_come_first_page_by_page(officer):
    ids = [report(officer)["id"] for _ in range(3)]
    page = officer.get(f"{URL}?limit=2")
    rest = officer.get(f"{URL}?limit=2&cursor={page.json['next_cursor']}").json
    assert [each["id"] for each in page.json["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None and 'rel="next"' in page.headers["Link"]


def test_an_unknown_filter_or_sort_is_refused(officer):
    assert officer.get(f"{URL}?sort=created_at;DROP TABLE matters").status_code == 422


def test_counts_say_what_became_of_matters(officer, worker, given):
    steps(worker, given, "handle", "feed_back")
    steps(officer, given, "verify", ("close", {"reason": "mediated"}))
    report(officer)
    (row,) = officer.get(f"{URL}/counts?by=community").json["items"]
    assert (row["key"], row["reported"], row["closed"], row["resolved"]) == (COMMUNITY, 2, 1, 1)
    assert (row["closing_rate"], row["resolution_rate"], row["on_time_rate"]) == (0.5, 0.5, 1.0)


def test_stage_times_are_medians_of_stages_that_ended(officer, given):
    told = {each["stage"]: each for each in officer.get(f"{URL}/stage-times").json["items"]}
    assert told["dispatched"]["ended"] == 1 and told["dispatched"]["median_s"] >= 0


def test_burden_counts_what_teams_are_asked_and_names_no_person(officer, worker, given, people):
    steps(worker, given, ("handle", {"photos": ["a" * 64, "b" * 64]}))
    (row,) = officer.get(f"{URL}/burden").json["items"]
    assert row == {"code": people[2].code, "name": people[2].name, "matters": 1, "reports": 2, "photos": 2}
