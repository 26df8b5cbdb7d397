"""Making teams, and members who join, lead, leave and move."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from service.db import session, uuid7
from service.members.models import Member
from service.teams.models import Membership
from tests.factories import COMMUNITY, a_member, a_team
from tests.service.phone import a_patrol, send

GOLMUD_COMMUNITY = "632801001001"
SISTER = "632802001002"  # a community in the same township
NEW = {"code": "T-new", "name": "平安警铃一队", "kind": "alarm_bell", "area": COMMUNITY}


def patch(client, team, changes, etag=None):
    url = f"/api/v1/teams/{team.id}"
    return client.patch(url, json=changes, headers={"If-Match": etag or client.get(url).headers["ETag"]})


def join(client, team, member, **more):
    return client.post(f"/api/v1/teams/{team.id}/members", json={"member_id": str(member.id), **more})


def at(team, member):
    return f"/api/v1/teams/{team.id}/members/{member.id}"


def transfer(client, member, team, **more):
    return client.post(f"/api/v1/members/{member.id}/transfer", json={"team_id": str(team.id), **more})


def move(person, **columns):
    session.execute(update(Member).where(Member.id == person.id).values(columns))


def named(row):
    """A row by its id alone, which outlives a request that is rolled back."""
    return SimpleNamespace(id=row.id)


def teams_of(client, member):
    items = client.get("/api/v1/members?limit=500").json["items"]
    return next({team["id"] for team in each["teams"]} for each in items if each["id"] == str(member.id))


def test_an_officer_makes_a_team(officer):
    made = officer.post("/api/v1/teams", json=NEW)
    assert (made.status_code, made.json["members"], made.json["area"]["code"]) == (201, 0, COMMUNITY)
    assert officer.get(f"/api/v1/teams/{made.json['id']}").headers["ETag"] == made.headers["ETag"]


def test_a_team_has_a_code_of_its_own(officer):
    a_team(code="T-new")
    assert officer.post("/api/v1/teams", json=NEW).json["type"] == "/problems/team-code-taken"


@pytest.mark.parametrize("area", [GOLMUD_COMMUNITY, "632802999999"])
def test_no_team_is_made_where_one_does_not_see(officer, area):
    assert officer.post("/api/v1/teams", json=NEW | {"area": area}).status_code == 404


@pytest.mark.parametrize("wrong", [{"code": "a b"}, {"kind": "guards"}, {"name": ""}, {"area": "1"}])
def test_a_team_that_makes_no_sense_is_refused(officer, wrong):
    assert officer.post("/api/v1/teams", json=NEW | wrong).status_code == 422


@pytest.mark.parametrize("role", ["member", "leader", "centre", "auditor"])
def test_other_roles_make_no_teams(signed_in, role):
    assert signed_in(role=role).post("/api/v1/teams", json=NEW).status_code == 403


def test_a_team_gets_another_name(officer):
    assert patch(officer, a_team(), {"name": "新名"}).json["name"] == "新名"


def test_a_change_must_say_of_what(officer):
    answer = officer.patch(f"/api/v1/teams/{a_team().id}", json={"name": "新名"})
    assert (answer.status_code, answer.json["status"]) == (428, 428)


def test_a_change_of_what_is_no_longer_so_is_refused(officer):
    team = a_team()
    before = officer.get(f"/api/v1/teams/{team.id}").headers["ETag"]
    patch(officer, team, {"name": "新名"})
    assert patch(officer, team, {"name": "旧名"}, before).status_code == 412


def test_a_team_that_is_known_is_not_sent_again(officer):
    url = f"/api/v1/teams/{a_team().id}"
    answer = officer.get(url, headers={"If-None-Match": officer.get(url).headers["ETag"]})
    assert (answer.status_code, answer.data) == (304, b"")


def test_a_team_does_not_move_out_of_sight(officer):
    assert patch(officer, a_team(), {"area": GOLMUD_COMMUNITY}).status_code == 404


def test_a_team_of_another_county_cannot_be_changed(officer):
    assert patch(officer, a_team(area=GOLMUD_COMMUNITY), {"name": "新名"}, '"any"').status_code == 404


def test_a_member_is_in_many_teams(officer):
    member = a_member()
    teams = a_team(), a_team()
    assert [join(officer, team, member).status_code for team in teams] == [201, 201]
    assert teams_of(officer, member) == {str(team.id) for team in teams}


def test_a_member_joins_a_team_once(officer):
    member = a_member()
    team = a_team(member)
    assert join(officer, team, member).json["type"] == "/problems/already-in-team"


def test_a_membership_tells_its_dates(officer):
    member = a_member()
    shown = join(officer, a_team(), member, since="2026-01-02T00:00:00Z").json["teams"]
    assert (datetime.fromisoformat(shown[0]["since"]), shown[0]["until"]) == (
        datetime(2026, 1, 2, tzinfo=UTC),
        None,
    )


def test_who_joins_later_is_not_in_it_yet(officer):
    member, later = a_member(), datetime.now(UTC) + timedelta(days=1)
    assert join(officer, a_team(), member, since=later.isoformat()).json["teams"] == []


def test_whoever_leads_a_team_has_the_role_of_a_leader(officer):
    assert join(officer, a_team(), a_member(), is_leader=True).json["role"] == "leader"


def test_whoever_leads_no_team_any_more_is_a_member_again(officer):
    leader = a_member("leader")
    team = a_team(leader=leader)
    assert officer.patch(at(team, leader), json={"is_leader": False}).json["role"] == "member"


def test_leading_a_team_does_not_change_an_officers_role(officer):
    person = a_member("officer")
    assert join(officer, a_team(), person, is_leader=True).json["role"] == "officer"


def test_who_leaves_is_not_in_the_team_but_was(officer):
    member = a_member()
    team = a_team(member)
    assert officer.delete(at(team, member)).status_code == 204
    assert teams_of(officer, member) == set()
    assert session.query(Membership).filter_by(member_id=member.id).one().until is not None


def test_nobody_leaves_twice(officer):
    member = a_member()
    team = a_team(member)
    assert [officer.delete(at(team, member)).status_code for _ in range(2)] == [204, 404]


def test_a_plan_to_join_can_be_dropped(officer):
    member, later = a_member(), datetime.now(UTC) + timedelta(days=1)
    team = a_team()
    join(officer, team, member, since=later.isoformat())
    assert officer.delete(at(team, member)).status_code == 204
    assert session.query(Membership).filter_by(member_id=member.id).count() == 0


def test_a_transfer_leaves_the_old_team_and_joins_the_new(officer):
    member, new = a_member(), a_team()
    a_team(member)
    assert [team["id"] for team in transfer(officer, member, new).json["teams"]] == [str(new.id)]


def test_a_transfer_ends_what_one_led(officer):
    leader, new = a_member("leader"), a_team()
    a_team(leader=leader)
    assert transfer(officer, leader, new).json["role"] == "member"


def test_a_transfer_into_the_own_team_is_refused(officer):
    member = a_member()
    assert transfer(officer, member, a_team(member)).json["type"] == "/problems/already-in-team"


def test_a_transfer_leaves_teams_out_of_sight_alone(officer):
    member, new = a_member(), a_team()
    far = a_team(member, area=GOLMUD_COMMUNITY)
    transfer(officer, member, new)
    assert session.query(Membership).filter_by(team_id=far.id).one().until is None


def test_ids_out_of_sight_are_as_good_as_unknown(officer):
    near = named(a_member()), named(a_team())
    far = named(a_member(area=GOLMUD_COMMUNITY)), named(a_team(area=GOLMUD_COMMUNITY))
    unknown = SimpleNamespace(id=uuid7())
    answers = [join(officer, near[1], far[0]), join(officer, near[1], unknown)]
    answers += [join(officer, far[1], near[0]), join(officer, unknown, near[0])]
    answers += [transfer(officer, near[0], far[1]), transfer(officer, near[0], unknown)]
    told = [{k: v for k, v in answer.json.items() if k != "trace_id"} for answer in answers]
    assert all(each == told[0] and each["status"] == 404 for each in told)


def test_a_leader_of_another_county_is_not_named(officer):
    far = a_member("leader", GOLMUD_COMMUNITY, name="远方")
    team = a_team(leader=far)
    assert officer.get(f"/api/v1/teams/{team.id}").json["leaders"] == []


def test_the_own_phone_number_is_whole(signed_in):
    member = a_member(phone="10012345678")
    assert signed_in(member).get("/api/v1/members").json["items"][0]["phone"] == "10012345678"


def test_a_move_to_another_area_counts_from_the_next_request(signed_in):
    person = a_member("officer", SISTER)
    team, client, person = named(a_team()), signed_in(person), named(person)
    before = client.get(f"/api/v1/teams/{team.id}").status_code
    move(person, area_code=COMMUNITY)
    assert (before, client.get(f"/api/v1/teams/{team.id}").status_code) == (404, 200)


def test_a_move_to_another_team_counts_from_the_next_request(signed_in, officer):
    member, leader = a_member(), a_member("leader")
    client, new = signed_in(leader), a_team(leader=leader)
    seen = [client.get("/api/v1/members").json["items"]]
    transfer(officer, member, new)
    seen.append(client.get("/api/v1/members").json["items"])
    assert [str(member.id) in {each["id"] for each in items} for items in seen] == [False, True]


def test_another_role_counts_from_the_next_request(signed_in):
    person = a_member("officer")
    client = signed_in(person)
    before = client.post("/api/v1/teams", json=NEW).status_code
    move(person, role="member")
    assert (before, client.post("/api/v1/teams", json=NEW | {"code": "T-2"}).status_code) == (201, 403)


def test_an_import_does_not_tell_who_has_left_elsewhere(officer):
    gone = a_member(area=GOLMUD_COMMUNITY, code="M-far", left_at=datetime.now(UTC))
    table = f"code,name,phone,area\n{gone.code},某人,13900000000,{COMMUNITY}"
    answer = officer.post("/api/v1/members/import", data=table.encode(), content_type="text/csv")
    assert [each["problem"] for each in answer.json["errors"]["rows"]] == [
        "Belongs to something that you cannot change."
    ]


def test_a_leader_without_a_team_still_sees_the_own_patrols(signed_in):
    leader = a_member("leader")
    client = signed_in(leader)
    send(client, a_patrol())
    assert len(client.get("/api/v1/patrols").json["items"]) == 1


@pytest.mark.parametrize("cursor", ["ImFiYyI=", "IiI=", "bm8="])
def test_a_cursor_that_is_none_is_refused(officer, cursor):
    assert officer.get(f"/api/v1/patrols?cursor={cursor}").status_code == 422
