"""Who sees which teams and members."""

from datetime import UTC, datetime

import pytest

from tests.factories import COMMUNITY, a_member, a_team

GOLMUD, GOLMUD_COMMUNITY = "632801000000", "632801001001"
TOWNSHIP = "632802001000"


def test_an_officer_sees_the_teams_of_the_area(signed_in):
    here, _ = a_team(), a_team(area=GOLMUD_COMMUNITY)
    items = signed_in(role="officer").get("/api/v1/teams").json["items"]
    assert [each["id"] for each in items] == [str(here.id)]


def test_a_team_tells_its_area_its_size_and_its_leaders(signed_in):
    leader = a_member("leader", name="乌兰")
    team = a_team(a_member(), a_member(), leader=leader)
    shown = signed_in(role="officer").get(f"/api/v1/teams/{team.id}").json
    assert shown["members"] == 3
    assert shown["leaders"] == [{"id": str(leader.id), "name": "乌兰"}]
    assert shown["area"]["code"] == COMMUNITY


def test_a_member_sees_only_the_own_team(signed_in):
    member = a_member()
    own, other = a_team(member), a_team()
    client = signed_in(member)
    assert [each["id"] for each in client.get("/api/v1/teams").json["items"]] == [str(own.id)]
    assert client.get(f"/api/v1/teams/{other.id}").status_code == 404


def test_a_leader_sees_the_members_of_the_team_that_one_leads(signed_in):
    leader, member, stranger = a_member("leader"), a_member(), a_member()
    team, other = a_team(member, leader=leader), a_team(stranger)
    client = signed_in(leader)
    seen = {each["id"] for each in client.get("/api/v1/members").json["items"]}
    assert seen == {str(leader.id), str(member.id)}
    assert client.get(f"/api/v1/teams/{team.id}/members").status_code == 200
    assert client.get(f"/api/v1/teams/{other.id}/members").status_code == 404


def test_a_member_sees_only_oneself_among_the_members(signed_in):
    member = a_member()
    team = a_team(member, a_member())
    client = signed_in(member)
    for url in ("/api/v1/members", f"/api/v1/teams/{team.id}/members"):
        assert [each["id"] for each in client.get(url).json["items"]] == [str(member.id)]


def test_phone_numbers_are_masked(signed_in):
    a_member(code="P", phone="10012345678")
    items = signed_in(role="officer").get("/api/v1/members?role=member").json["items"]
    assert [each["phone"] for each in items if each["code"] == "P"] == ["100****5678"]


@pytest.mark.parametrize("query", [f"area={TOWNSHIP}", "kind=shop_watch"])
def test_teams_are_filtered(signed_in, query):
    wanted = a_team(kind="shop_watch")
    a_team(area="632802002001")
    items = signed_in(role="officer").get(f"/api/v1/teams?{query}").json["items"]
    assert [each["id"] for each in items] == [str(wanted.id)]


def test_members_are_filtered_by_team_and_role(signed_in):
    leader, member = a_member("leader"), a_member()
    team = a_team(member, leader=leader)
    items = signed_in(role="officer").get(f"/api/v1/members?team={team.id}&role=leader").json["items"]
    assert [each["id"] for each in items] == [str(leader.id)]
    assert [(each["id"], each["is_leader"]) for each in items[0]["teams"]] == [(str(team.id), True)]


def test_a_team_of_another_county_is_not_told(signed_in):
    member = a_member()
    far = a_team(member, area=GOLMUD_COMMUNITY)
    client = signed_in(role="officer")
    assert client.get(f"/api/v1/members?team={far.id}").json["items"] == []
    shown = client.get("/api/v1/members?role=member").json["items"]
    assert [each["teams"] for each in shown if each["id"] == str(member.id)] == [[]]


def test_lists_go_on_with_the_cursor(signed_in):
    for code in ("T-a", "T-b", "T-c"):
        a_team(code=code)
    client = signed_in(role="officer")
    first = client.get("/api/v1/teams?limit=2")
    assert 'rel="next"' in first.headers["Link"]
    second = client.get(f"/api/v1/teams?limit=2&cursor={first.json['next_cursor']}")
    assert [each["code"] for each in first.json["items"] + second.json["items"]] == ["T-a", "T-b", "T-c"]
    assert second.json["next_cursor"] is None


@pytest.mark.parametrize(("role", "status"), [("auditor", 403), ("centre", 403), ("admin", 200)])
def test_roles_without_a_need_do_not_list_members(signed_in, role, status):
    assert signed_in(role=role).get("/api/v1/members").status_code == status


def test_who_has_left_is_not_listed(signed_in):
    gone = a_member(left_at=datetime.now(UTC))
    team = a_team(gone)
    client = signed_in(role="officer")
    assert client.get(f"/api/v1/teams/{team.id}").json["members"] == 0
    assert client.get(f"/api/v1/teams/{team.id}/members").json["items"] == []


def test_a_role_that_reads_no_members_is_named_no_leaders(signed_in):
    team = a_team(leader=a_member("leader"))
    assert signed_in(role="centre").get(f"/api/v1/teams/{team.id}").json["leaders"] == []
