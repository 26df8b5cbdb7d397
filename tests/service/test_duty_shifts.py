"""Shifts: accepted, declined, begun late, spot-checked."""

from datetime import UTC, datetime, timedelta

from service.db import session
from service.duty.models import SpotCheck
from tests.factories import a_team
from tests.service.duty import (
    SHIFTS,
    grids,
    made,
    midnight,
    shifts_on,
    tell,
    under_way,
)


def test_a_member_accepts_the_own_shift(signed_in, member, own):
    assert tell(signed_in(member), f"{own}/accept").json["people"][0]["state"] == "accepted"


def test_anybody_of_the_team_accepts_the_teams_shift(signed_in, member, colleague, whole):
    answers = [tell(signed_in(each), f"{whole}/accept").json["accepted"] for each in (member, colleague)]
    assert answers == [1, 2]


def test_a_member_sees_only_oneself_among_the_people_of_a_shift(signed_in, member, colleague, whole):
    for each in (colleague, member):
        shown = tell(signed_in(each), f"{whole}/accept").json["people"]
    assert [each["id"] for each in shown] == [str(member.id)]


def test_nobody_accepts_the_shift_of_a_colleague(signed_in, colleague, own):
    assert tell(signed_in(colleague), f"{own}/accept").status_code == 404


def test_nobody_accepts_two_shifts_at_the_same_time(officer, signed_in, member, whole):
    (other,) = grids(1, "632802001002")
    second = a_team(member)
    made(officer, second, other, days=(1, 2), starts_at="21:00")
    (shift,) = [each for each in shifts_on(officer, midnight(1)) if each["team"]["id"] == str(second.id)]
    answers = [tell(signed_in(member), f"{each}/accept").status_code for each in (whole, shift["id"])]
    assert answers == [200, 409]


def test_declining_needs_a_reason(signed_in, member, own):
    assert tell(signed_in(member), f"{own}/decline").status_code == 422


def test_one_member_does_not_decline_for_the_whole_team(signed_in, member, whole):
    assert tell(signed_in(member), f"{whole}/decline", reason="下雪", whole_team=True).status_code == 403


def test_a_leader_declines_for_the_whole_team(signed_in, leader, whole):
    assert (
        tell(signed_in(leader), f"{whole}/decline", reason="下雪", whole_team=True).json["state"]
        == "declined"
    )


def test_a_declined_shift_is_not_accepted_any_more(signed_in, member, own):
    client = signed_in(member)
    tell(client, f"{own}/decline", reason="发烧")
    assert tell(client, f"{own}/accept").status_code == 409


def test_a_late_start_is_said_beforehand(officer, signed_in, member, own):
    tell(signed_in(member), f"{own}/late", minutes=20)
    assert officer.get(f"{SHIFTS}/{own}").json["late_minutes"] == 20


def test_only_a_shift_under_way_is_spot_checked(officer, whole):
    assert tell(officer, f"{whole}/spot-checks").status_code == 409


def test_a_spot_check_is_answered_from_the_phone(officer, signed_in, team, member, grid):
    shift = under_way(officer, team, grid, member_id=str(member.id))
    check = tell(officer, f"{shift}/spot-checks", minutes=5).json["id"]
    assert signed_in(member).post(f"/api/v1/spot-checks/{check}/answer").status_code == 204


def test_a_spot_check_that_has_closed_takes_no_answer(officer, signed_in, team, member, grid):
    shift = under_way(officer, team, grid)
    check = tell(officer, f"{shift}/spot-checks", minutes=5).json["id"]
    row = session.get(SpotCheck, check)
    row.asked_at, row.closes_at = (datetime.now(UTC) - timedelta(minutes=n) for n in (9, 4))
    assert signed_in(member).post(f"/api/v1/spot-checks/{check}/answer").status_code == 409


def test_who_is_moved_to_another_team_later_keeps_the_shifts_until_then(officer, team, member, grid):
    made(officer, team, grid, days=(1, 4), member_id=str(member.id))
    move = {"team_id": str(a_team().id), "at": midnight(2).isoformat()}
    assert officer.post(f"/api/v1/members/{member.id}/transfer", json=move).status_code == 200
    found = [shifts_on(officer, midnight(day))[0]["state"] for day in (1, 2, 3)]
    assert found == ["planned", "cancelled", "cancelled"]


def test_whoever_accepted_a_shift_that_is_declined_as_a_whole_is_free_again(
    officer, signed_in, leader, member, whole
):
    tell(signed_in(member), f"{whole}/accept")
    tell(signed_in(leader), f"{whole}/decline", reason="下雪", whole_team=True)
    (other,) = grids(1, "632802001002")
    assert made(officer, a_team(member), other, days=(1, 2), member_id=str(member.id))


def test_why_a_person_declines_is_not_told_to_who_may_not_know_the_person(signed_in, member, own):
    tell(signed_in(member), f"{own}/decline", reason="发烧")
    assert "发烧" not in signed_in(role="centre").get(f"{SHIFTS}/{own}").text
