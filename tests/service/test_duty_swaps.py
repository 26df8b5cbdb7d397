"""Swaps: asked for, decided by the leader, and with whom."""

from service.db import session
from service.teams.models import Membership
from tests.factories import COMMUNITY, a_member, a_team
from tests.service.duty import SHIFTS, grids, made, midnight, tell


def swap(client, shift, to):
    return tell(client, f"{shift}/swaps", to_member=str(to.id), reason="家中有事")


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
