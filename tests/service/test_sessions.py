"""Signing in and out, and what a token is worth."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from service.db import session
from service.members.actions import passwords
from service.members.models import Member, Session
from tests.factories import a_session
from tests.service.sessions import CREDENTIALS, bearer, sign_in, the_session


def test_a_sign_in_gives_a_token_that_is_recognised(client, batu):
    token = sign_in(client).json["token"]
    assert client.get("/api/v1/me", **bearer(token)).json["id"] == str(batu.id)


def test_a_token_has_256_bits_and_is_kept_as_a_hash(client, batu):
    token = sign_in(client).json["token"]
    kept = session.query(Session.token_hash).scalar()
    assert (len(token), len(kept), token.encode() in kept) == (43, 32, False)


def test_case_and_spaces_around_a_username_do_not_matter(client, batu):
    assert sign_in(client, username=" BaTu ").status_code == 201


def test_a_wrong_password_looks_like_an_unknown_name(client, batu):
    wrong, unknown = sign_in(client, password="another one"), sign_in(client, username="nobody")
    told = [answer.json | {"trace_id": None} for answer in (wrong, unknown)]
    assert (told[0], told[0]["status"]) == (told[1], 401)


def test_an_unknown_name_costs_a_hash_like_a_known_one(client, batu, monkeypatch):
    checked = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda *args: checked.append(1) or verify(*args))
    sign_in(client, username="nobody")
    assert checked == [1]


def test_who_has_left_cannot_sign_in(client, batu):
    batu.left_at = datetime.now(UTC)
    assert sign_in(client).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"password": ["x"]},
        {"password": ""},
        {"password": "x" * 129},
        {"password": "\ud800"},
        {"username": ""},
        {"username": "a\x00b"},
        {"cookie": "yes"},
        {"device": {"id": "d1"}},
    ],
)
def test_credentials_that_cannot_be_are_invalid(client, batu, changes):
    assert sign_in(client, **changes).status_code == 422


def test_a_username_is_text_for_the_database(client, batu):
    assert sign_in(client, username="batu'--").status_code == 401


def test_a_password_hashed_with_other_parameters_is_hashed_anew(client, batu):
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(CREDENTIALS["password"])
    batu.password_hash = old
    sign_in(client)
    kept = session.query(Member.password_hash).filter_by(id=batu.id).scalar()
    assert (kept != old, passwords.is_outdated(kept)) == (True, False)


def test_a_process_that_hashes_enough_asks_to_come_back(client, batu, monkeypatch):
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    turns = [passwords._turn() for _ in range(passwords.AT_ONCE)]
    for turn in turns:
        turn.__enter__()
    answer = sign_in(client)
    for turn in turns:
        turn.__exit__(None, None, None)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


BAD_TOKENS = [
    "",
    "x",
    "A" * 10_000,
    "a.b.c",
    "令牌",
    "caf\xe9",
    "nul\x00nul",
    "two words",
    "../../etc/passwd",
    "' OR 1=1--",
]


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_what_is_no_token_is_refused_as_any_stranger_is(app, client, token):
    environ = {"HTTP_AUTHORIZATION": f"Bearer {token}".encode().decode("latin-1")}
    answer = client.get("/api/v1/me", environ_overrides=environ)
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


def test_a_token_cut_short_is_refused(client, database):
    assert client.get("/api/v1/me", **bearer(a_session()[:-1])).status_code == 401


def test_another_scheme_is_refused(client, database):
    token = a_session()
    headers = [{"Authorization": text} for text in (f"Basic {token}", f"Token {token}", token)]
    assert [client.get("/api/v1/me", headers=each).status_code for each in headers] == [401] * 3


def test_two_authorization_headers_are_refused(client, database):
    token = a_session()
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_a_token_in_the_address_opens_nothing(client, database):
    assert client.get(f"/api/v1/me?token={a_session()}").status_code == 401


def test_a_token_is_worth_nothing_after_signing_out(client, batu):
    token = sign_in(client).json["token"]
    client.delete("/api/v1/sessions/current", **bearer(token))
    assert client.get("/api/v1/me", **bearer(token)).status_code == 401


def test_one_sees_where_one_is_signed_in(client, batu):
    tokens = [sign_in(client, device={"id": each, "name": each}).json["token"] for each in ("d1", "d2")]
    items = client.get("/api/v1/sessions", **bearer(tokens[1])).json["items"]
    assert {each["device_name"]: each["is_current"] for each in items} == {"d1": False, "d2": True}


def test_a_lost_phone_is_signed_out_from_another(client, batu):
    lost, other = sign_in(client).json["token"], sign_in(client).json["token"]
    items = client.get("/api/v1/sessions", **bearer(lost)).json["items"]
    lost_id = next(each["id"] for each in items if each["is_current"])
    client.delete(f"/api/v1/sessions/{lost_id}", **bearer(other))
    statuses = [client.get("/api/v1/me", **bearer(token)).status_code for token in (lost, other)]
    assert statuses == [401, 200]


def test_another_persons_session_is_not_there(client, batu):
    sign_in(client)
    answer = client.delete(f"/api/v1/sessions/{the_session().id}", **bearer(a_session()))
    assert answer.status_code == 404


def test_a_session_that_is_over_is_not_listed(client, batu):
    sign_in(client)
    the_session(expires_at=datetime.now(UTC))
    token = sign_in(client).json["token"]
    assert len(client.get("/api/v1/sessions", **bearer(token)).json["items"]) == 1


def test_a_phone_is_forgotten_after_thirty_idle_days(client, batu):
    token = sign_in(client).json["token"]
    assert the_session().expires_at - the_session().last_used_at == timedelta(days=30)
    the_session(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert client.get("/api/v1/me", **bearer(token)).status_code == 401


def test_using_a_phone_keeps_it_signed_in(client, batu):
    token = sign_in(client).json["token"]
    a_day_ago = datetime.now(UTC) - timedelta(days=1)
    before = the_session(last_used_at=a_day_ago, expires_at=a_day_ago + timedelta(days=30)).expires_at
    client.get("/api/v1/me", **bearer(token))
    assert the_session().expires_at > before


def test_no_phone_stays_signed_in_longer_than_ninety_days(client, batu):
    token = sign_in(client).json["token"]
    now = datetime.now(UTC)
    the_session(created_at=now - timedelta(days=89), last_used_at=now - timedelta(days=1))
    client.get("/api/v1/me", **bearer(token))
    assert the_session().expires_at == the_session().created_at + timedelta(days=90)


def test_a_move_to_another_area_counts_from_the_next_request(client, batu):
    token = sign_in(client).json["token"]
    session.query(Member).update({"area_code": "632801000000"})
    assert client.get("/api/v1/me", **bearer(token)).json["area"]["code"] == "632801000000"


def test_the_lifetimes_are_knobs(app, client, batu, monkeypatch):
    monkeypatch.setattr(app, "settings", replace(app.settings, session_days=1))
    sign_in(client)
    assert the_session().expires_at - the_session().created_at == timedelta(days=1)
