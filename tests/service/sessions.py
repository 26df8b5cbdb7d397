"""Somebody who signs in: with what, how, and the session that comes of it."""

from service.db import session
from service.members.actions import passwords
from service.members.models import Session
from tests.factories import a_member

CREDENTIALS = {
    "username": "batu",
    "password": "wind over the salt lake",
    "device": {"id": "d1", "name": "a phone"},
}


def an_account(**columns):
    return a_member(username="batu", password_hash=passwords.hash(CREDENTIALS["password"]), **columns)


def sign_in(client, **changes):
    return client.post("/api/v1/sessions", json=CREDENTIALS | changes)


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def the_session(**changes):
    """The only session there is, with some columns changed."""
    only = session.query(Session).one()
    for name, value in changes.items():
        setattr(only, name, value)
    return only
