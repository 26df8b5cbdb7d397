"""Signing in and out."""

import pytest

from service.members.actions import passwords
from tests.factories import a_member

CREDENTIALS = {
    "username": "batu",
    "password": "wind over the salt lake",
    "device": {"id": "d1", "name": "a phone"},
}


@pytest.fixture
def batu(database):
    return a_member(username="batu", password_hash=passwords.hash(CREDENTIALS["password"]))


def test_a_sign_in_gives_a_token_that_is_recognised(client, batu):
    token = client.post("/api/v1/sessions", json=CREDENTIALS).json["token"]
    me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json["id"] == str(batu.id)


def test_a_wrong_password_looks_like_an_unknown_name(client, batu):
    wrong = client.post("/api/v1/sessions", json=CREDENTIALS | {"password": "another one"})
    unknown = client.post("/api/v1/sessions", json=CREDENTIALS | {"username": "nobody"})
    assert (wrong.status_code, wrong.json["type"]) == (unknown.status_code, unknown.json["type"])


def test_a_token_is_worth_nothing_after_signing_out(client, batu):
    token = client.post("/api/v1/sessions", json=CREDENTIALS).json["token"]
    header = {"Authorization": f"Bearer {token}"}
    client.delete("/api/v1/sessions/current", headers=header)
    assert client.get("/api/v1/me", headers=header).status_code == 401
