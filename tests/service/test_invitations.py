"""Invitations: a code that signs one member in, once."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from service import cli
from service.db import session
from service.members import invitations
from service.members.models import Invitation, Member
from tests.factories import SECRET, a_member, a_session, a_team
from tests.service.sessions import bearer

DEVICE = {"device": {"id": "d1", "name": "a phone"}}
ACCOUNT = {"username": "batu", "password": "wind over the salt lake"}


@pytest.fixture
def leader(signed_in):
    return a_member(role="leader")


def invite(client, member):
    return client.post(f"/api/v1/members/{member.id}/invitations")


def accept(client, code, **more):
    return client.post("/api/v1/sessions/invited", json={"code": code} | DEVICE | more)


def test_a_leader_invites_somebody_of_the_own_team(client, signed_in, leader):
    member = a_member()
    a_team(member, leader=leader)
    code = invite(signed_in(leader), member).json["code"]
    token = accept(client, code).json["token"]
    assert client.get("/api/v1/me", **bearer(token)).json["id"] == str(member.id)


def test_a_stranger_to_the_team_is_not_there(signed_in, leader):
    a_team(leader=leader)
    assert invite(signed_in(leader), a_member()).status_code == 404


def test_an_officer_invites_in_the_own_area_only(signed_in):
    officer = signed_in(role="officer", area="632802000000")
    statuses = [invite(officer, a_member(area=area)).status_code for area in ("632802001001", "632801000000")]
    assert statuses == [201, 404]


@pytest.mark.parametrize(
    ("inviter", "invited", "status"),
    [
        ("leader", "leader", 403),
        ("leader", "admin", 403),
        ("officer", "leader", 201),
        ("officer", "officer", 403),
        ("officer", "admin", 403),
        ("admin", "officer", 201),
        ("admin", "admin", 201),
    ],
)
def test_nobody_invites_somebody_of_higher_rank(signed_in, inviter, invited, status):
    me, other = a_member(role=inviter, area="632800000000"), a_member(role=invited)
    a_team(other, leader=me)
    assert invite(signed_in(me), other).status_code == status


def test_nobody_invites_oneself(signed_in):
    admin = a_member(role="admin", area="632800000000")
    assert invite(signed_in(admin), admin).status_code == 403


def test_a_member_invites_nobody(signed_in):
    assert invite(signed_in(role="member"), a_member()).status_code == 403


def an_invitation(member=None):
    invited = invitations.invite(member or a_member(), None, invitations.LIFETIME)
    session.flush()
    return invited.code


def test_a_code_lives_seven_days(signed_in):
    shown = invite(signed_in(role="admin", area="632800000000"), a_member()).json
    left = datetime.fromisoformat(shown["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


@pytest.mark.parametrize(
    ("role", "page"),
    [("member", "phone"), ("leader", "leader"), ("officer", "centre"), ("auditor", "centre")],
)
def test_the_link_leads_to_the_page_where_the_person_works(signed_in, role, page):
    shown = invite(signed_in(role="admin", area="632800000000"), a_member(role)).json
    assert shown["uri"] == f"http://localhost/{page}#invited={shown['code']}"


def test_the_link_keeps_the_code_out_of_server_logs(signed_in):
    shown = invite(signed_in(role="admin", area="632800000000"), a_member()).json
    assert shown["uri"].partition("#")[2] == f"invited={shown['code']}"
    assert shown["qr_svg"].startswith("<svg")


def test_a_code_is_good_once(client, database):
    code = an_invitation()
    assert [accept(client, code).status_code for _ in range(2)] == [201, 401]


def test_a_code_may_be_typed_carelessly(client, database):
    code = an_invitation().lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert accept(client, code).status_code == 201


@pytest.mark.parametrize("code", ["x", "AAAAA-AAAAA-AAAAA-AAAAA", "令牌", "' OR 1=1--"])
def test_an_unknown_code_opens_nothing(client, database, code):
    answer = accept(client, code)
    assert (answer.status_code, answer.json["type"]) == (401, "/problems/invitation-is-void")


def test_an_old_code_opens_nothing(client, database):
    code = an_invitation()
    session.execute(update(Invitation).values(expires_at=datetime.now(UTC)))
    assert accept(client, code).status_code == 401


def test_a_newer_code_voids_an_older_one(client, database):
    member = a_member()
    older, newer = an_invitation(member), an_invitation(member)
    assert [accept(client, code).status_code for code in (older, newer)] == [401, 201]


def test_who_has_left_cannot_accept(client, database):
    code = an_invitation(a_member(left_at=datetime.now(UTC)))
    assert accept(client, code).status_code == 401


def test_only_a_hash_of_the_code_is_kept(database):
    code = an_invitation()
    assert len(session.query(Invitation.code_hash).scalar()) == 32 and "-" in code


def test_guessed_codes_are_delayed(client, database):
    assert [accept(client, "x").status_code for _ in range(6)] == [401] * 5 + [429]


def test_an_invited_person_sets_name_and_password(client, database):
    accept(client, an_invitation(), **ACCOUNT)
    assert client.post("/api/v1/sessions", json=ACCOUNT | DEVICE).status_code == 201


def test_a_new_password_ends_older_sessions(client, database):
    member = a_member()
    token = a_session(member)
    accept(client, an_invitation(member), **ACCOUNT)
    assert client.get("/api/v1/me", **bearer(token)).status_code == 401


def test_another_phone_leaves_older_sessions_alone(client, database):
    member = a_member()
    token = a_session(member)
    accept(client, an_invitation(member))
    assert client.get("/api/v1/me", **bearer(token)).status_code == 200


@pytest.mark.parametrize(
    "account",
    [
        {"username": "batu"},
        {"password": "wind over the salt lake"},
        ACCOUNT | {"password": "Password123456"},
        ACCOUNT | {"username": "two words"},
        ACCOUNT | {"username": "co:lon"},
    ],
)
def test_a_refused_account_leaves_the_code_good(client, database, account):
    code = an_invitation()
    assert [accept(client, code, **more).status_code for more in (account, ACCOUNT)] == [422, 201]


def test_a_taken_username_leaves_the_code_good(client, database):
    a_member(username="BATU")
    code = an_invitation()
    statuses = [accept(client, code, **ACCOUNT).status_code, accept(client, code).status_code]
    assert statuses == [409, 201]


def test_an_invitation_is_no_way_around_a_second_factor(client, database):
    code = an_invitation(a_member(role="officer"))
    assert accept(client, code).json["type"] == "/problems/second-factor-needed"
    assert SECRET not in accept(client, code).text


def test_a_page_accepts_with_a_cookie(client, database):
    accept(client, an_invitation(), cookie=True, **ACCOUNT)
    assert client.get("/api/v1/me").status_code == 200


def test_the_operator_enters_somebody_who_can_then_enrol(client, database):
    first = invitations.enter("管理员", "admin", "632800000000")
    code = invitations.invite(first, None, invitations.BY_OPERATOR).code
    session.flush()
    assert accept(client, code, **ACCOUNT).json["must_enrol"] is True


def test_the_operator_lets_somebody_in_who_lost_the_second_factor(client, database):
    a_member(role="admin", username="batu")
    session.flush()
    code = invitations.recover("batu").code
    session.flush()
    assert accept(client, code, **ACCOUNT).status_code == 201


def test_there_is_no_account_by_default(database):
    assert session.query(Member).count() == 0


def test_the_command_prints_a_code_for_half_an_hour(settings, database, monkeypatch):
    monkeypatch.setattr(cli.db, "connect", lambda settings: None)
    printed = CliRunner().invoke(cli.main, ["admin", "invite", "--name", "管理员"]).output
    expires_at = session.query(Invitation.expires_at).scalar()
    code, link, _ = printed.splitlines()
    assert link == f"http://127.0.0.1:8080/centre#invited={code}"
    assert timedelta(minutes=29) < expires_at - datetime.now(UTC) <= timedelta(minutes=30)
