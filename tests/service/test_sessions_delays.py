"""Failed sign-ins: longer and longer delays, never a lock."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from service.db import session
from service.members import tries
from service.members.actions import passwords
from service.members.models import Tries
from tests.service.sessions import CREDENTIALS

pytestmark = pytest.mark.usefixtures("batu")

WRONG = {"password": "not the one"}
OFFICE = {"REMOTE_ADDR": "203.0.113.7"}


@pytest.fixture
def cheap(monkeypatch):
    """Password checks that cost nothing, where many are needed."""
    monkeypatch.setattr(passwords, "matches", lambda kept, password: password == CREDENTIALS["password"])


def sign_in(client, environ=None, **changes):
    return client.post("/api/v1/sessions", json=CREDENTIALS | changes, environ_overrides=environ or {})


def fail(client, times, **changes):
    return [sign_in(client, **(WRONG | changes)).status_code for _ in range(times)]


def pass_by(**time):
    """Let the last failures lie further back."""
    session.execute(update(Tries).values(last_at=Tries.last_at - timedelta(**time)))


def test_the_first_five_failures_are_answered_at_once(client):
    assert fail(client, 6) == [401] * 5 + [429]


def test_a_delay_says_how_long_it_is(client):
    fail(client, 5)
    answer = sign_in(client)
    assert (answer.json["type"], answer.headers["Retry-After"]) == ("/problems/too-many-tries", "1")


def test_delays_double_up_to_a_quarter_of_an_hour():
    seconds = [tries.delay_after(n, tries.FREE).total_seconds() for n in range(4, 18)]
    assert seconds == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_after_the_delay_the_right_password_opens(client):
    fail(client, 5)
    pass_by(seconds=2)
    assert sign_in(client).status_code == 201


def test_even_after_a_thousand_failures_one_waits_a_quarter_of_an_hour_only(client):
    fail(client, 1)
    session.execute(update(Tries).values(failures=1000))
    assert sign_in(client).status_code == 429
    pass_by(seconds=901)
    assert sign_in(client).status_code == 201


def test_a_try_during_the_delay_does_not_lengthen_it(client):
    fail(client, 8)
    assert session.query(Tries.failures).scalar() == 5


def test_an_unknown_name_is_delayed_like_a_known_one(client):
    assert fail(client, 6, username="nobody") == [401] * 5 + [429]


def test_a_strangers_failures_do_not_delay_the_owner_on_the_own_phone(client):
    fail(client, 6, device={"id": "elsewhere", "name": "x"})
    assert sign_in(client).status_code == 201


def test_another_spelling_of_the_name_is_the_same_account(client):
    fail(client, 5)
    assert sign_in(client, username=" BATU").status_code == 429


def test_a_success_forgives_the_failures_before_it(client):
    fail(client, 4)
    sign_in(client)
    assert fail(client, 5) == [401] * 5


def test_an_address_that_tries_many_accounts_is_delayed(client, cheap):
    statuses = [sign_in(client, OFFICE, username=f"u{n}", **WRONG).status_code for n in range(21)]
    assert statuses == [401] * 20 + [429]


def test_a_success_does_not_forgive_an_address(client, cheap):
    for n in range(19):
        sign_in(client, OFFICE, username=f"u{n}", **WRONG)
    sign_in(client, OFFICE)
    sign_in(client, OFFICE, username="u20", **WRONG)
    assert sign_in(client, OFFICE).status_code == 429


def test_failures_are_forgotten_after_a_quiet_day(client):
    fail(client, 5)
    pass_by(days=1, seconds=1)
    assert fail(client, 5) == [401] * 5


def test_what_was_typed_is_not_kept(client):
    fail(client, 1, username="my password by mistake")
    assert all(len(key) == 32 and b"mistake" not in key for (key,) in session.query(Tries.key))


def test_old_failures_are_erased(client):
    fail(client, 1)
    pass_by(days=2)
    session.commit()
    assert (tries.forget_old(), session.query(Tries).count()) == (1, 0)
