"""Hostile and careless sign-ins and tokens: 401 or 422 as problem documents, never a failure of ours."""

import json

import pytest

from service.members import passwords
from tests.conftest import SHARED
from tests.factories import a_member, a_session

GOOD = "wind over the salt lake"
DEVICE = {"device": {"id": "d1", "name": "a phone"}}
TOKENS = {
    "five parts": "a.b.c.d.e",
    "unsigned": "eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.",
    "64 KB": "A" * 65536,
    "empty": "",
    "spaces": "a b c",
    "percent": "%00%ff",
    "path": "../../dev/null",
}


def sign_ins():
    file = SHARED / "cases" / "bad_inputs.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return [
        case
        for case in known
        if case["name"].startswith("login_") and ("raw" in case or "py:" in case["generator"])
    ]


def body_of(case):
    given = json.loads(case["raw"]) if "raw" in case else eval(case["generator"][3:])
    return {name: GOOD if value == "$good" else value for name, value in given.items()} | DEVICE


@pytest.mark.parametrize("case", sign_ins(), ids=lambda case: case["name"])
def test_a_bad_sign_in_is_answered_as_it_deserves(client, case):
    a_member(username="admin", password_hash=passwords.hash(GOOD))
    answer = client.post("/api/v1/sessions", json=body_of(case))
    wanted = {each.removeprefix("reject_") for each in (case["expect"], *case.get("also_ok", []))}
    assert str(answer.status_code) in wanted | ({"201"} if "accept_clamped" in wanted else set())


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_token_that_is_none_of_ours_is_refused(client, token):
    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json["type"]) == (401, "/problems/sign-in-needed")


def test_a_token_with_one_other_letter_is_refused(client, database):
    token = a_session()
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {other}"}).status_code == 401


def test_a_token_in_the_query_is_no_token(client, database):
    assert client.get(f"/api/v1/me?token={a_session()}").status_code == 401
