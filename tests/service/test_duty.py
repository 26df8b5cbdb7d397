"""Assignments: who is responsible for which grids, and nobody in two places."""

from datetime import UTC, timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from service.db import session
from service.duty.models import AssignmentGrid, Shift, ShiftMember
from service.duty.pattern import LOCAL
from tests.factories import COMMUNITY, a_team
from tests.service.duty import URL, an_assignment, grids, made, midnight, shifts_on

SIBLING = "632802001002"  # a community beside


def test_a_leader_gives_a_grid_to_the_team(signed_in, leader, team, grid):
    kept = made(signed_in(leader), team, grid)
    assert (kept["team"]["id"], [each["code"] for each in kept["grids"]]) == (str(team.id), [grid.code])


def test_each_occurrence_is_a_shift(officer, team, grid):
    made(officer, team, grid)
    assert [len(shifts_on(officer, midnight(n))) for n in (0, 1, 7, 8)] == [0, 1, 1, 0]


def test_a_shift_past_midnight_is_one_shift_that_both_days_show(officer, team, grid):
    made(officer, team, grid, days=(1, 2), starts_at="22:00", minutes=480)
    first, second = shifts_on(officer, midnight(1)), shifts_on(officer, midnight(2))
    assert first == second and len(first) == 1


def test_the_pattern_is_in_local_time(officer, team, grid):
    made(officer, team, grid, days=(1, 2), starts_at="06:30")
    (shift,) = shifts_on(officer, midnight(1))
    at = (midnight(1) + timedelta(hours=6, minutes=30)).astimezone(UTC)
    assert shift["starts_at"] == at.isoformat().replace("+00:00", "Z")


def test_a_weekly_pattern_has_its_days_only(officer, team, grid):
    made(officer, team, grid, days=(1, 15), rrule="FREQ=WEEKLY;BYDAY=MO,FR")
    days = {each.starts_at.astimezone(LOCAL).weekday() for each in session.query(Shift)}
    assert days == {0, 4} and session.query(Shift).count() == 4


def test_another_team_needs_a_reason_for_the_same_grid_and_time(officer, team, grid):
    made(officer, team, grid)
    answer = officer.post(URL, json=an_assignment(a_team(), grid))
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/grids-taken")


def test_the_refusal_says_who_has_the_grid_and_when(officer, team, grid):
    made(officer, team, grid, days=(1, 2))
    (taken,) = officer.post(URL, json=an_assignment(a_team(), grid)).json["errors"]["grids"]
    start = (midnight(1) + timedelta(hours=20)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert (taken["code"], taken["team"]["id"]) == (grid.code, str(team.id))
    assert [span["from"] for span in taken["spans"]] == [start]


def test_a_team_that_the_leader_does_not_see_is_not_named_in_a_refusal(
    officer, signed_in, leader, team, grid
):
    made(officer, a_team(), grid)
    (taken,) = signed_in(leader).post(URL, json=an_assignment(team, grid)).json["errors"]["grids"]
    assert taken["team"] is None


def test_with_a_reason_two_teams_share_a_grid(officer, team, grid):
    made(officer, team, grid)
    assert made(officer, a_team(), grid, reason="庙会")["reason"] == "庙会"


def test_a_third_team_needs_a_reason_as_well(officer, team, grid):
    made(officer, team, grid)
    made(officer, a_team(), grid, reason="庙会")
    assert officer.post(URL, json=an_assignment(a_team(), grid)).status_code == 409


def test_teams_take_turns_on_a_grid(officer, team, grid):
    made(officer, team, grid, starts_at="18:00")
    assert made(officer, a_team(), grid, starts_at="20:00")


def test_a_member_is_in_one_shift_at_a_time(officer, team, member):
    one, other = grids(2)
    made(officer, team, one, member_id=str(member.id))
    answer = officer.post(URL, json=an_assignment(team, other, member_id=str(member.id), starts_at="21:00"))
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/person-busy")


def test_shifts_of_a_member_may_touch(officer, team, member):
    one, other = grids(2)
    made(officer, team, one, member_id=str(member.id))
    assert made(officer, team, other, member_id=str(member.id), starts_at="22:00")


def test_a_member_does_not_see_a_colleagues_own_assignment(officer, signed_in, leader, team, grid, member):
    kept = made(officer, team, grid, member_id=str(leader.id))
    assert signed_in(member).get(f"{URL}/{kept['id']}").status_code == 404


def test_the_centre_sees_no_names(officer, signed_in, team, grid, member):
    kept = made(officer, team, grid, member_id=str(member.id))
    assert signed_in(role="centre").get(f"{URL}/{kept['id']}").json["member"] is None


def test_a_list_is_narrowed_by_area_team_member_and_time(officer, team, member, grid):
    kept = made(officer, team, grid, member_id=str(member.id))
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


def test_the_database_itself_keeps_two_teams_apart(officer, team, grid):
    kept, other = made(officer, team, grid), made(officer, a_team(), grid, starts_at="10:00")
    rows = {row.assignment_id: row for row in session.query(AssignmentGrid)}
    rows[UUID(other["id"])].during = rows[UUID(kept["id"])].during
    with pytest.raises(IntegrityError, match="assignment_grids_team_during_excl"):
        session.flush()


def test_the_database_itself_keeps_a_person_out_of_two_shifts(officer, team, member, grid):
    made(officer, team, grid, member_id=str(member.id))
    one, other = session.query(ShiftMember).limit(2)
    one.during = other.during
    with pytest.raises(IntegrityError, match="shift_members_member_during_excl"):
        session.flush()
