"""Assignments: who is responsible for which grids, and nobody in two places."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from service.db import session
from service.duty.models import AssignmentGrid, Shift, ShiftMember
from service.duty.pattern import LOCAL
from tests.conftest import SHARED
from tests.factories import COMMUNITY, a_grid, a_member, a_square, a_team
from tests.service.duty import URL, an_assignment, grids, made, midnight, shifts_on

SIBLING = "632802001002"


def test_a_leader_gives_a_grid_to_the_team(signed_in, leader, team, ground):
    kept = made(signed_in(leader), team, ground)
    assert (kept["team"]["id"], [grid["code"] for grid in kept["grids"]]) == (str(team.id), [ground.code])


def test_each_occurrence_is_a_shift(officer, team, ground):
    made(officer, team, ground)
    assert [len(shifts_on(officer, midnight(n))) for n in (0, 1, 7, 8)] == [0, 1, 1, 0]


def test_a_shift_past_midnight_is_one_shift_that_both_days_show(officer, team, ground):
    made(officer, team, ground, days=(1, 2), starts_at="22:00", minutes=480)
    first, second = shifts_on(officer, midnight(1)), shifts_on(officer, midnight(2))
    assert first == second and len(first) == 1


def test_the_pattern_is_in_local_time(officer, team, ground):
    made(officer, team, ground, days=(1, 2), starts_at="06:30")
    (shift,) = shifts_on(officer, midnight(1))
    at = (midnight(1) + timedelta(hours=6, minutes=30)).astimezone(UTC)
    assert shift["starts_at"] == at.isoformat().replace("+00:00", "Z")


def test_a_weekly_pattern_has_its_days_only(officer, team, ground):
    made(officer, team, ground, days=(1, 15), rrule="FREQ=WEEKLY;BYDAY=MO,FR")
    days = {each.starts_at.astimezone(LOCAL).weekday() for each in session.query(Shift)}
    assert days == {0, 4} and session.query(Shift).count() == 4


def test_another_team_needs_a_reason_for_the_same_grid_and_time(officer, team, ground):
    made(officer, team, ground)
    answer = officer.post(URL, json=an_assignment(a_team(), ground))
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/grids-taken")


def test_the_refusal_says_who_has_the_grid_and_when(officer, team, ground):
    made(officer, team, ground, days=(1, 2))
    (taken,) = officer.post(URL, json=an_assignment(a_team(), ground)).json["errors"]["grids"]
    start = (midnight(1) + timedelta(hours=20)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert (taken["code"], taken["team"]["id"]) == (ground.code, str(team.id))
    assert [span["from"] for span in taken["spans"]] == [start]


def test_a_team_that_the_leader_does_not_see_is_not_named_in_a_refusal(
    officer, signed_in, leader, team, ground
):
    made(officer, a_team(), ground)
    (taken,) = signed_in(leader).post(URL, json=an_assignment(team, ground)).json["errors"]["grids"]
    assert taken["team"] is None


def test_with_a_reason_two_teams_share_a_grid(officer, team, ground):
    made(officer, team, ground)
    assert made(officer, a_team(), ground, reason="庙会")["reason"] == "庙会"


def test_a_third_team_needs_a_reason_as_well(officer, team, ground):
    made(officer, team, ground)
    made(officer, a_team(), ground, reason="庙会")
    assert officer.post(URL, json=an_assignment(a_team(), ground)).status_code == 409


def test_teams_take_turns_on_a_grid(officer, team, ground):
    made(officer, team, ground, starts_at="18:00")
    assert made(officer, a_team(), ground, starts_at="20:00")


def test_a_member_is_in_one_shift_at_a_time(officer, team, member):
    one, other = grids(2)
    made(officer, team, one, member_id=str(member.id))
    answer = officer.post(URL, json=an_assignment(team, other, member_id=str(member.id), starts_at="21:00"))
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/person-busy")


def test_shifts_of_a_member_may_touch(officer, team, member):
    one, other = grids(2)
    made(officer, team, one, member_id=str(member.id))
    assert made(officer, team, other, member_id=str(member.id), starts_at="22:00")


def test_whoever_is_not_in_the_team_gets_no_assignment_in_it(officer, team, ground):
    stranger = a_member(area=COMMUNITY)
    assert officer.post(URL, json=an_assignment(team, ground, member_id=str(stranger.id))).status_code == 422


def test_who_has_left_gets_no_assignment(officer, team, member, ground):
    member.left_at = datetime.now(UTC)
    assert officer.post(URL, json=an_assignment(team, ground, member_id=str(member.id))).status_code == 404


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
def test_what_makes_no_sense_is_refused(officer, team, ground, field, value):
    answer = officer.post(URL, json=an_assignment(team, ground) | {field: value})
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
def test_a_careless_assignment_is_refused(officer, team, ground, fields):
    later = {
        name: value.replace("2026", "2027") if name != "rrule" else value for name, value in fields.items()
    }
    assert officer.post(URL, json=an_assignment(team, ground) | later).status_code == 422


def test_an_end_that_is_the_beginning_is_refused(officer, team, ground):
    assert officer.post(URL, json=an_assignment(team, ground, days=(1, 1))).status_code == 422


def test_an_end_before_the_beginning_is_refused(officer, team, ground):
    assert officer.post(URL, json=an_assignment(team, ground, days=(2, 1))).status_code == 422


def test_a_pattern_may_occur_four_hundred_times_at_most(officer, team, ground):
    rule = "FREQ=DAILY;COUNT=1000000"
    answer = officer.post(URL, json=an_assignment(team, ground, days=(1, 500), rrule=rule))
    assert (answer.status_code, "more than 400" in answer.json["errors"]["rrule"][0]) == (422, True)


def test_a_retired_grid_cannot_be_given_away(officer, team):
    old = a_grid(retired_at=datetime.now(UTC))
    assert officer.post(URL, json=an_assignment(team, old)).status_code == 422


def test_a_grid_of_another_community_does_not_exist_for_an_officer_of_one(signed_in, team):
    officer = signed_in(role="officer", area=COMMUNITY)
    (sibling,) = grids(1, SIBLING)
    assert officer.post(URL, json=an_assignment(team, sibling)).status_code == 404


def test_a_change_needs_the_version_that_was_read(officer, team, ground):
    kept = made(officer, team, ground)
    assert officer.patch(f"{URL}/{kept['id']}", json={"minutes": 60}).status_code == 428


def test_two_leaders_cannot_undo_each_others_change(officer, team, ground):
    kept = made(officer, team, ground)
    seen = {"If-Match": officer.get(f"{URL}/{kept['id']}").headers["ETag"]}
    codes = [
        officer.patch(f"{URL}/{kept['id']}", json={"minutes": n}, headers=seen).status_code for n in (60, 90)
    ]
    assert codes == [200, 412]


def changed(client, kept, **changes):
    seen = {"If-Match": client.get(f"{URL}/{kept['id']}").headers["ETag"]}
    answer = client.patch(f"{URL}/{kept['id']}", json=changes, headers=seen)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_a_change_moves_the_shifts_to_come(officer, team, ground):
    kept = made(officer, team, ground, days=(1, 2))
    changed(officer, kept, starts_at="18:00")
    shifts = {each["starts_at"]: each["state"] for each in shifts_on(officer, midnight(1))}
    assert sorted(shifts.values()) == ["cancelled", "planned"]


def test_a_change_of_grids_frees_the_old_one(officer, team):
    one, other = grids(2)
    changed(officer, made(officer, team, one), grids=[other.code])
    assert made(officer, a_team(), one)


def test_a_change_is_refused_where_another_team_is(officer, team):
    one, other = grids(2)
    made(officer, a_team(), other)
    kept = made(officer, team, one)
    answer = officer.patch(f"{URL}/{kept['id']}", json={"grids": [other.code]}, headers={"If-Match": "*"})
    assert answer.status_code in (409, 412)


def test_a_change_keeps_what_people_have_answered(officer, signed_in, team, member, ground):
    kept = made(officer, team, ground, days=(1, 3), member_id=str(member.id))
    (shift,) = shifts_on(officer, midnight(1))
    signed_in(member).post(f"/api/v1/shifts/{shift['id']}/accept")
    changed(officer, kept, to=midnight(5).isoformat())
    assert shifts_on(officer, midnight(1))[0]["people"][0]["state"] == "accepted"


def test_the_history_says_what_was_done(officer, team, ground):
    kept = made(officer, team, ground)
    changed(officer, kept, minutes=60)
    officer.post(f"{URL}/{kept['id']}/end", json={"note": "队伍解散"})
    steps = officer.get(f"{URL}/{kept['id']}/history").json["items"]
    assert [(each["kind"], each["note"]) for each in steps] == [
        ("made", None),
        ("changed", None),
        ("ended", "队伍解散"),
    ]
    assert steps[1]["before"]["minutes"] == 120


def test_an_assignment_that_has_ended_frees_its_grids(officer, team, ground):
    kept = made(officer, team, ground)
    officer.post(f"{URL}/{kept['id']}/end", json={})
    assert made(officer, a_team(), ground)


def test_an_assignment_ends_once(officer, team, ground):
    kept = made(officer, team, ground)
    assert [officer.post(f"{URL}/{kept['id']}/end", json={}).status_code for _ in range(2)] == [200, 409]


def test_handing_over_gives_the_rest_to_another_team(officer, team, ground):
    kept, other = made(officer, team, ground), a_team()
    body = {"team_id": str(other.id), "at": midnight(3).isoformat(), "note": "换防"}
    new = officer.post(f"{URL}/{kept['id']}/hand-over", json=body).json
    per_team = [
        [shift["team"]["id"] for shift in shifts_on(officer, midnight(day)) if shift["state"] == "planned"]
        for day in (2, 3)
    ]
    assert per_team == [[str(team.id)], [str(other.id)]] and new["follows_id"] == kept["id"]


def test_a_handed_over_rhythm_of_two_weeks_keeps_its_step(officer, team, ground):
    kept = made(officer, team, ground, days=(1, 60), rrule="FREQ=DAILY;INTERVAL=14;COUNT=4")
    body = {"team_id": str(a_team().id), "at": midnight(10).isoformat(), "note": "换防"}
    new = officer.post(f"{URL}/{kept['id']}/hand-over", json=body).json
    changed(officer, new, minutes=60)
    planned = (
        session.query(Shift).filter_by(assignment_id=new["id"], state="planned").order_by(Shift.starts_at)
    )
    assert [(each.starts_at - midnight(1)).days for each in planned] == [14, 28, 42]


def test_a_member_does_not_see_a_colleagues_own_assignment(officer, signed_in, leader, team, ground, member):
    kept = made(officer, team, ground, member_id=str(leader.id))
    assert signed_in(member).get(f"{URL}/{kept['id']}").status_code == 404


def test_the_centre_sees_no_names(officer, signed_in, team, ground, member):
    kept = made(officer, team, ground, member_id=str(member.id))
    assert signed_in(role="centre").get(f"{URL}/{kept['id']}").json["member"] is None


def test_a_list_is_narrowed_by_area_team_member_and_time(officer, team, member, ground):
    kept = made(officer, team, ground, member_id=str(member.id))
    (sibling,) = grids(1, SIBLING)
    made(officer, a_team(), sibling, days=(20, 22))
    for query in (
        {"area": COMMUNITY},
        {"team": team.id},
        {"member": member.id},
        {"at": midnight(2).isoformat()},
    ):
        items = officer.get(URL, query_string=query).json["items"]
        assert [each["id"] for each in items] == [kept["id"]], query


def test_a_revision_carries_an_assignment_to_the_successors_and_says_so(officer, team, ground):
    kept = made(officer, team, ground)
    west, east = a_square(97.37, 37.37, 0.0015), a_square(97.3715, 37.37, 0.0015)
    halves = [
        {"type": "Feature", "geometry": shape.__geo_interface__,
         "properties": {"community": COMMUNITY, "replaces": [ground.code]}}
        for shape in (west, east)
    ]  # fmt: skip
    proposal = officer.post("/api/v1/grid-revisions", json={"type": "FeatureCollection", "features": halves})
    assert officer.post(f"/api/v1/grid-revisions/{proposal.json['id']}/approve").status_code == 200
    carried = officer.get(f"{URL}/{kept['id']}").json["grids"]
    assert {grid["carried_from"] for grid in carried} == {ground.code} and len(carried) == 2
    steps = officer.get(f"{URL}/{kept['id']}/history").json["items"]
    assert steps[-1]["kind"] == "carried" and ground.code in steps[-1]["note"]


def test_what_was_promised_before_a_revision_stays_with_the_old_grid(officer, team, ground):
    kept = made(officer, team, ground, days=(-3, 8))
    body = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": a_square(97.37, 37.37, 0.002).__geo_interface__,
         "properties": {"community": COMMUNITY, "replaces": [ground.code]}}]}  # fmt: skip
    proposal = officer.post("/api/v1/grid-revisions", json=body).json
    officer.post(f"/api/v1/grid-revisions/{proposal['id']}/approve")
    session.expire_all()
    old, new = (
        session.query(AssignmentGrid).filter_by(assignment_id=kept["id"]).order_by(AssignmentGrid.grid_id)
    )
    assert old.during[-1].upper <= new.during[0].lower


def test_a_grid_that_was_dropped_does_not_come_back_with_the_next_change(officer, team):
    one, other = grids(2)
    kept = made(officer, team, one, other, days=(-2, 8))
    changed(officer, kept, grids=[other.code])
    changed(officer, kept, minutes=60)
    assert [grid["code"] for grid in officer.get(f"{URL}/{kept['id']}").json["grids"]] == [other.code]


def test_a_carried_assignment_can_be_changed_afterwards(officer, team, ground):
    kept = made(officer, team, ground, days=(-3, 8))
    body = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": a_square(97.37, 37.37, 0.002).__geo_interface__,
         "properties": {"community": COMMUNITY, "replaces": [ground.code]}}]}  # fmt: skip
    proposal = officer.post("/api/v1/grid-revisions", json=body).json
    officer.post(f"/api/v1/grid-revisions/{proposal['id']}/approve")
    assert [grid["carried_from"] for grid in changed(officer, kept, minutes=60)["grids"]] == [ground.code]


def test_the_database_itself_keeps_two_teams_apart(officer, team, ground):
    kept, other = made(officer, team, ground), made(officer, a_team(), ground, starts_at="10:00")
    rows = {row.assignment_id: row for row in session.query(AssignmentGrid)}
    rows[UUID(other["id"])].during = rows[UUID(kept["id"])].during
    with pytest.raises(IntegrityError, match="assignment_grids_team_during_excl"):
        session.flush()


def test_the_database_itself_keeps_a_person_out_of_two_shifts(officer, team, member, ground):
    made(officer, team, ground, member_id=str(member.id))
    one, other = session.query(ShiftMember).limit(2)
    one.during = other.during
    with pytest.raises(IntegrityError, match="shift_members_member_during_excl"):
        session.flush()
