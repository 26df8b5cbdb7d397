"""Shifts: accepted, declined, swapped, spot-checked; and what nobody has."""

from datetime import UTC, datetime, timedelta

import pytest

from service import db
from service.db import session, uuid7
from service.duty.models import SpotCheck
from service.duty.pattern import LOCAL
from service.duty.shifts import announce_coming
from service.patrols.models import CheckIn
from service.teams.models import Membership
from tests.factories import COMMUNITY, a_grid, a_member, a_team
from tests.service.duty import URL, a_shift, an_assignment, grids, made, midnight, shifts_on
from tests.service.phone import a_check_in, a_start, a_track, send

SHIFTS = "/api/v1/shifts"
HOLES = "/api/v1/duty/uncovered"


@pytest.fixture
def colleague(database):
    return a_member(area=COMMUNITY)


@pytest.fixture
def team(leader, member, colleague):
    return a_team(member, colleague, leader=leader)


@pytest.fixture
def own(officer, team, member, ground):
    """A shift of a member alone, tomorrow."""
    made(officer, team, ground, days=(1, 2), member_id=str(member.id))
    return shifts_on(officer, midnight(1))[0]["id"]


@pytest.fixture
def whole(officer, team, ground):
    """A shift of the whole team, tomorrow."""
    made(officer, team, ground, days=(1, 2))
    return shifts_on(officer, midnight(1))[0]["id"]


def under_way(client, team, *ground, **more):
    """The id of a shift that began an hour ago and lasts another."""
    return a_shift(client, team, *ground, hours_ago=1, minutes=120, **more)


def post(client, path, **body):
    return client.post(f"{SHIFTS}/{path}", json=body)


def uncovered(client, start, end, **query):
    window = {"from": start.isoformat(), "to": end.isoformat()}
    return client.get(HOLES, query_string=window | query)


def hours(client, start, end, **query):
    return {each["code"]: each["hours"] for each in uncovered(client, start, end, **query).json["items"]}


def test_a_member_accepts_the_own_shift(signed_in, member, own):
    assert post(signed_in(member), f"{own}/accept").json["people"][0]["state"] == "accepted"


def test_anybody_of_the_team_accepts_the_teams_shift(signed_in, member, colleague, whole):
    answers = [post(signed_in(each), f"{whole}/accept").json["accepted"] for each in (member, colleague)]
    assert answers == [1, 2]


def test_a_member_sees_only_oneself_among_the_people_of_a_shift(signed_in, member, colleague, whole):
    for each in (colleague, member):
        shown = post(signed_in(each), f"{whole}/accept").json["people"]
    assert [each["id"] for each in shown] == [str(member.id)]


def test_nobody_accepts_the_shift_of_a_colleague(signed_in, colleague, own):
    assert post(signed_in(colleague), f"{own}/accept").status_code == 404


def test_nobody_accepts_two_shifts_at_the_same_time(officer, signed_in, member, whole):
    (other,) = grids(1, "632802001002")
    second = a_team(member)
    made(officer, second, other, days=(1, 2), starts_at="21:00")
    (shift,) = [each for each in shifts_on(officer, midnight(1)) if each["team"]["id"] == str(second.id)]
    answers = [post(signed_in(member), f"{each}/accept").status_code for each in (whole, shift["id"])]
    assert answers == [200, 409]


def test_a_declined_own_shift_leaves_a_hole(officer, signed_in, member, own, ground):
    before = hours(officer, midnight(1), midnight(2))
    post(signed_in(member), f"{own}/decline", reason="发烧")
    assert (before, hours(officer, midnight(1), midnight(2))) == ({ground.code: 22.0}, {ground.code: 24.0})


def test_declining_needs_a_reason(signed_in, member, own):
    assert post(signed_in(member), f"{own}/decline").status_code == 422


def test_one_member_does_not_decline_for_the_whole_team(signed_in, member, whole):
    assert post(signed_in(member), f"{whole}/decline", reason="下雪", whole_team=True).status_code == 403


def test_a_leader_declines_for_the_whole_team(signed_in, leader, whole):
    assert (
        post(signed_in(leader), f"{whole}/decline", reason="下雪", whole_team=True).json["state"]
        == "declined"
    )


def test_a_declined_shift_is_not_accepted_any_more(signed_in, member, own):
    client = signed_in(member)
    post(client, f"{own}/decline", reason="发烧")
    assert post(client, f"{own}/accept").status_code == 409


def test_a_late_start_is_said_beforehand(officer, signed_in, member, own):
    post(signed_in(member), f"{own}/late", minutes=20)
    assert officer.get(f"{SHIFTS}/{own}").json["late_minutes"] == 20


def swap(client, shift, to):
    return post(client, f"{shift}/swaps", to_member=str(to.id), reason="家中有事")


def states(client, shift):
    return {each["id"]: each["state"] for each in client.get(f"{SHIFTS}/{shift}").json["people"]}


def test_a_swap_changes_nothing_before_the_leader_agrees(signed_in, leader, member, colleague, own):
    assert swap(signed_in(member), own, colleague).json["state"] == "asked"
    assert states(signed_in(leader), own) == {str(member.id): "asked"}


def test_an_approved_swap_puts_the_colleague_in(signed_in, leader, member, colleague, own):
    asked = swap(signed_in(member), own, colleague).json
    client = signed_in(leader)
    client.post(f"/api/v1/swaps/{asked['id']}/decision", json={"approved": True})
    assert states(client, own) == {str(member.id): "swapped", str(colleague.id): "accepted"}


def test_a_refused_swap_leaves_the_shift_as_it_was(signed_in, leader, member, colleague, own):
    asked = swap(signed_in(member), own, colleague).json
    client = signed_in(leader)
    client.post(f"/api/v1/swaps/{asked['id']}/decision", json={"approved": False})
    assert states(client, own) == {str(member.id): "asked"}


def test_a_swap_is_decided_once(signed_in, leader, member, colleague, own):
    path = f"/api/v1/swaps/{swap(signed_in(member), own, colleague).json['id']}/decision"
    client = signed_in(leader)
    assert [client.post(path, json={"approved": each}).status_code for each in (True, False)] == [200, 409]


def listed(client, **query):
    return [each["id"] for each in client.get("/api/v1/swaps", query_string=query).json["items"]]


def test_the_leader_finds_the_swaps_that_wait(signed_in, leader, member, colleague, own):
    asked = swap(signed_in(member), own, colleague).json["id"]
    client = signed_in(leader)
    assert [listed(client, state=each) for each in ("asked", "approved")] == [[asked], []]


def test_no_other_leader_finds_them(signed_in, member, colleague, own):
    swap(signed_in(member), own, colleague)
    other = a_member(role="leader", area=COMMUNITY)
    a_team(leader=other)
    assert listed(signed_in(other)) == []


def test_a_shift_has_one_open_swap(signed_in, leader, member, colleague, own):
    client = signed_in(member)
    assert [swap(client, own, each).status_code for each in (colleague, leader)] == [201, 409]


def test_a_shift_goes_to_nobody_outside_the_team(signed_in, member, own):
    assert swap(signed_in(member), own, a_member(area=COMMUNITY)).status_code == 404


def test_a_shift_goes_to_nobody_who_is_busy(officer, signed_in, team, member, colleague, own):
    (other,) = grids(1, "632802001002")
    made(officer, team, other, days=(1, 2), member_id=str(colleague.id))
    assert swap(signed_in(member), own, colleague).status_code == 409


def test_a_colleague_who_got_busy_meanwhile_is_not_put_in(
    officer, signed_in, team, member, colleague, leader, own
):
    asked = swap(signed_in(member), own, colleague).json
    (other,) = grids(1, "632802001002")
    made(officer, team, other, days=(1, 2), member_id=str(colleague.id))
    answer = signed_in(leader).post(f"/api/v1/swaps/{asked['id']}/decision", json={"approved": True})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/person-busy")


def candidates(client, shift):
    return client.get(f"{SHIFTS}/{shift}/swap-candidates")


def test_whoever_has_a_shift_is_named_the_free_colleagues_of_its_team(
    officer, signed_in, team, leader, member, colleague, own
):
    a_member(area=COMMUNITY)
    named = [each["id"] for each in candidates(signed_in(member), own).json["items"]]
    assert named == [str(leader.id), str(colleague.id)]


def test_a_colleague_who_is_busy_or_leaves_before_the_shift_is_not_named(
    officer, signed_in, team, leader, member, colleague, own
):
    (other,) = grids(1, "632802001002")
    made(officer, team, other, days=(1, 2), member_id=str(colleague.id))
    gone = session.query(Membership).filter_by(member_id=leader.id).one()
    gone.until = midnight(1)
    assert candidates(signed_in(member), own).json["items"] == []


def test_who_has_no_place_in_a_shift_is_named_nobody(signed_in, member, whole):
    answer = candidates(signed_in(member), whole)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/not-in-shift")


def test_why_somebody_swaps_is_not_told_to_who_may_not_know_the_person(signed_in, member, colleague, own):
    swap(signed_in(member), own, colleague)
    (shown,) = signed_in(role="centre").get("/api/v1/swaps").json["items"]
    assert (shown["reason"], shown["from_member"]) == (None, None)


def test_only_a_shift_under_way_is_spot_checked(officer, whole):
    assert post(officer, f"{whole}/spot-checks").status_code == 409


def test_a_spot_check_is_answered_from_the_phone(officer, signed_in, team, member, ground):
    shift = under_way(officer, team, ground, member_id=str(member.id))
    check = post(officer, f"{shift}/spot-checks", minutes=5).json["id"]
    assert signed_in(member).post(f"/api/v1/spot-checks/{check}/answer").status_code == 204


def test_a_spot_check_that_has_closed_takes_no_answer(officer, signed_in, team, member, ground):
    shift = under_way(officer, team, ground)
    check = post(officer, f"{shift}/spot-checks", minutes=5).json["id"]
    row = session.get(SpotCheck, check)
    row.asked_at, row.closes_at = (datetime.now(UTC) - timedelta(minutes=n) for n in (9, 4))
    assert signed_in(member).post(f"/api/v1/spot-checks/{check}/answer").status_code == 409


def test_a_grid_that_nobody_has_is_uncovered_all_the_time(officer, ground):
    assert hours(officer, midnight(1), midnight(3)) == {ground.code: 48.0}


def test_a_grid_that_somebody_always_has_is_no_hole(officer, team, ground):
    made(officer, team, ground, days=(0, 5), starts_at="00:00", minutes=1440)
    assert hours(officer, midnight(1), midnight(3)) == {}


def reasons(client, start, end):
    return {each["code"]: each["why"] for each in uncovered(client, start, end).json["items"]}


def test_a_hole_says_why_it_is_open(officer, signed_in, leader, team, ground):
    never, other = grids(2, "632802001002")
    made(officer, team, ground, days=(1, 2))
    made(officer, team, other, days=(3, 4))
    post(
        signed_in(leader), f"{shifts_on(officer, midnight(1))[0]['id']}/decline", reason="雪", whole_team=True
    )
    assert reasons(officer, midnight(1), midnight(2)) == {
        ground.code: "declined",
        never.code: "nobody",
        other.code: "other_times",
    }


def test_the_spans_between_shifts_are_holes(officer, team, ground):
    made(officer, team, ground, days=(1, 3))
    (hole,) = uncovered(officer, midnight(1), midnight(2)).json["items"]
    at = [
        (midnight(1) + timedelta(hours=n)).astimezone(UTC).isoformat().replace("+00:00", "Z")
        for n in (0, 20, 22, 24)
    ]
    assert hole["spans"] == [{"from": at[0], "to": at[1]}, {"from": at[2], "to": at[3]}]


def test_a_shared_grid_is_covered_by_both_teams(officer, team, ground):
    made(officer, team, ground, days=(1, 2))
    made(officer, a_team(), ground, days=(1, 2), starts_at="21:00", reason="庙会")
    assert hours(officer, midnight(1), midnight(2)) == {ground.code: 21.0}


def test_holes_of_one_area_only(officer, ground):
    grids(1, "632802001002")
    assert hours(officer, midnight(1), midnight(2), area=COMMUNITY) == {ground.code: 24.0}


def test_holes_as_csv(officer, ground):
    window = {"from": midnight(1).isoformat(), "to": midnight(2).isoformat()}
    lines = officer.get(HOLES, query_string=window, headers={"Accept": "text/csv"}).text.splitlines()
    assert lines[0] == "code,name,from,to" and lines[1].startswith(f"{ground.code},{ground.name},")


def test_holes_come_in_pages(officer):
    codes = [grid.code for grid in grids(3)]
    first = uncovered(officer, midnight(1), midnight(2), limit=2).json
    second = uncovered(officer, midnight(1), midnight(2), limit=2, cursor=first["next_cursor"]).json
    assert [each["code"] for page in (first, second) for each in page["items"]] == codes


def test_a_window_of_holes_has_at_most_31_days(officer, ground):
    assert uncovered(officer, midnight(1), midnight(40)).status_code == 422


@pytest.fixture
def heard(app):
    """Whatever is announced about duty while the test runs."""
    kept = []
    for kind in ("shifts begin", "holes open", "duty changed"):
        db._listeners[kind].append(lambda kind=kind, **facts: kept.append((kind, facts)))
    yield kept
    for kind in ("shifts begin", "holes open", "duty changed"):
        db._listeners[kind].pop()


def soon(client, team, ground, minutes, length):
    at = datetime.now(LOCAL) + timedelta(minutes=minutes)
    times = {"from": (at - timedelta(minutes=2)).isoformat(), "to": (at + timedelta(minutes=2)).isoformat()}
    body = an_assignment(team, ground) | times | {"starts_at": f"{at:%H:%M}", "minutes": length}
    assert client.post(URL, json=body).status_code == 201


def test_a_shift_is_announced_once_before_it_begins(officer, team, ground, heard):
    soon(officer, team, ground, 20, 60)
    announce_coming()
    announce_coming()
    assert [facts["teams"] for kind, facts in heard if kind == "shifts begin"] == [[team.id]]


def test_a_hole_is_announced_once_before_it_opens(officer, team, ground, heard):
    soon(officer, team, ground, 5, 10)
    announce_coming()
    announce_coming()
    assert [facts["grids"] for kind, facts in heard if kind == "holes open"] == [[ground.id]]


def test_whoever_takes_over_without_a_gap_leaves_no_hole(officer, team, ground, heard):
    soon(officer, team, ground, 5, 10)
    soon(officer, a_team(), ground, 15, 60)
    announce_coming()
    assert [facts["grids"] for kind, facts in heard if kind == "holes open"] == []


def test_a_change_of_duty_is_announced_with_its_grids_and_teams(officer, team, ground, heard):
    made(officer, team, ground)
    assert ("duty changed", {"grids": [ground.id], "teams": [team.id]}) in heard


def marks_of(client, patrol):
    track = client.get(f"/api/v1/patrols/{patrol}/track", query_string={"purpose": "核对"})
    return {mark for each in track.json["properties"]["marks"] for mark in each}


def walked(client):
    at, patrol = datetime.now(UTC) - timedelta(minutes=30), str(uuid7())
    send(client, [a_start(patrol, at), a_track(patrol, at)])
    return patrol


def test_a_walk_outside_the_grids_of_the_shift_is_marked(officer, signed_in, team, member):
    (elsewhere,) = grids(1)
    under_way(officer, team, elsewhere, member_id=str(member.id))
    assert marks_of(officer, walked(signed_in(member))) == {"outside_assignment"}


def test_the_phone_is_told_at_once_what_lies_outside_the_grids_of_the_shift(officer, signed_in, team, member):
    a_grid()
    under_way(officer, team, *grids(1, "632802001002"), member_id=str(member.id))
    at, patrol = datetime.now(UTC) - timedelta(minutes=30), str(uuid7())
    there = {"lon": 97.3112, "lat": 37.3712}
    items = [
        a_start(patrol, at),
        a_track(patrol, at),
        a_check_in(patrol, at),
        a_check_in(patrol, at, **there),
    ]
    marks = [each["marks"] for each in send(signed_in(member), items).json["results"]]
    assert marks == [[], ["outside_assignment"], ["outside_assignment"], []]


def test_what_the_phone_is_told_of_the_shift_is_not_kept_with_the_check_in(officer, signed_in, team, member):
    a_grid()
    under_way(officer, team, *grids(1, "632802001002"), member_id=str(member.id))
    at, patrol = datetime.now(UTC) - timedelta(minutes=30), str(uuid7())
    send(signed_in(member), [a_start(patrol, at), a_check_in(patrol, at)])
    assert session.query(CheckIn.marks).scalar() == []


def test_a_walk_in_the_grids_of_the_shift_is_not_marked(officer, signed_in, team, member, ground):
    under_way(officer, team, ground)
    assert marks_of(officer, walked(signed_in(member))) == set()


def test_who_has_no_shift_walks_anywhere(officer, signed_in, member, ground):
    assert marks_of(officer, walked(signed_in(member))) == set()


def test_the_mark_does_not_depend_on_what_came_first(officer, signed_in, team, member):
    patrol = walked(signed_in(member))
    under_way(officer, team, *grids(1), member_id=str(member.id))
    assert marks_of(officer, patrol) == {"outside_assignment"}


def test_who_leaves_the_team_is_expected_in_its_shifts_no_more(officer, team, member, own, ground):
    officer.delete(f"/api/v1/teams/{team.id}/members/{member.id}")
    shown = officer.get(f"{SHIFTS}/{own}").json
    assert (shown["state"], hours(officer, midnight(1), midnight(2))) == ("cancelled", {ground.code: 24.0})


def test_who_is_moved_to_another_team_later_keeps_the_shifts_until_then(officer, team, member, ground):
    made(officer, team, ground, days=(1, 4), member_id=str(member.id))
    move = {"team_id": str(a_team().id), "at": midnight(2).isoformat()}
    assert officer.post(f"/api/v1/members/{member.id}/transfer", json=move).status_code == 200
    found = [shifts_on(officer, midnight(day))[0]["state"] for day in (1, 2, 3)]
    assert found == ["planned", "cancelled", "cancelled"]


def test_whoever_accepted_a_shift_that_is_declined_as_a_whole_is_free_again(
    officer, signed_in, leader, member, whole
):
    post(signed_in(member), f"{whole}/accept")
    post(signed_in(leader), f"{whole}/decline", reason="下雪", whole_team=True)
    (other,) = grids(1, "632802001002")
    assert made(officer, a_team(member), other, days=(1, 2), member_id=str(member.id))


def test_why_a_person_declines_is_not_told_to_who_may_not_know_the_person(signed_in, member, own):
    post(signed_in(member), f"{own}/decline", reason="发烧")
    assert "发烧" not in signed_in(role="centre").get(f"{SHIFTS}/{own}").text
