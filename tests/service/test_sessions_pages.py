"""Pages: a cookie instead of a token, and what other sites cannot do with it."""

from datetime import UTC, datetime, timedelta

import pytest

from service.db import session
from service.members.models import Session
from tests.factories import a_session
from tests.service.sessions import CREDENTIALS, bearer, the_session

pytestmark = pytest.mark.usefixtures("batu")

AFAR = "https://patrol.example"


def sign_in(client, **more):
    return client.post("/api/v1/sessions", json=CREDENTIALS | {"cookie": True}, **more)


def start_totp(client, csrf=None, **headers):
    """A request that changes something."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/api/v1/me/totp", headers=headers | ({"X-CSRF-Token": csrf} if csrf else {}))


def test_a_page_is_recognised_by_its_cookie(client, batu):
    sign_in(client)
    assert client.get("/api/v1/me").json["id"] == str(batu.id)


def test_a_page_never_sees_its_token(client):
    answer = sign_in(client)
    assert "token" not in answer.json
    assert client.get_cookie("gridpatrol").value not in answer.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client):
    words = sign_in(client, base_url=AFAR).headers["Set-Cookie"].split("; ")
    assert words[0].startswith("__Host-gridpatrol=")
    assert set(words[1:]) == {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"}


def test_on_this_machine_the_cookie_works_without_tls(client):
    words = sign_in(client).headers["Set-Cookie"].split("; ")
    assert words[0].startswith("gridpatrol=")
    assert set(words[1:]) == {"HttpOnly", "Path=/", "SameSite=Strict"}


def test_elsewhere_a_cookie_without_the_prefix_is_not_looked_at(client):
    sign_in(client)
    token = client.get_cookie("gridpatrol").value
    client.set_cookie("gridpatrol", token, domain="patrol.example", secure=True)
    assert client.get("/api/v1/me", base_url=AFAR).status_code == 401


def test_a_change_needs_the_csrf_value_of_the_sign_in(client):
    csrf = sign_in(client).json["csrf_token"]
    assert [start_totp(client, each).status_code for each in (csrf, None, "0" * 64)] == [200, 403, 403]


def test_a_page_that_was_loaded_anew_learns_its_csrf_value(client):
    assert sign_in(client).json["csrf_token"] == client.get("/api/v1/me").json["csrf_token"]


def test_the_csrf_value_of_another_session_is_worth_nothing(client):
    old = sign_in(client).json["csrf_token"]
    sign_in(client)
    assert start_totp(client, old).json["type"] == "/problems/forged"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9999"])
def test_a_change_from_another_origin_is_refused(client, origin):
    csrf = sign_in(client).json["csrf_token"]
    assert start_totp(client, csrf, Origin=origin).status_code == 403


def test_a_change_from_our_own_origin_is_accepted(client):
    csrf = sign_in(client).json["csrf_token"]
    assert start_totp(client, csrf, Origin="http://localhost").status_code == 200


def test_another_site_cannot_sign_a_visitor_in(client):
    assert sign_in(client, headers={"Origin": "https://evil.example"}).status_code == 403


def test_a_bearer_token_needs_no_csrf_value(client):
    assert client.post("/api/v1/me/totp", **bearer(a_session())).status_code == 200


def test_a_pages_token_opens_nothing_as_a_bearer_token(client):
    sign_in(client)
    token = client.get_cookie("gridpatrol").value
    client.delete_cookie("gridpatrol")
    assert client.get("/api/v1/me", **bearer(token)).status_code == 401


def test_a_phones_token_opens_nothing_as_a_cookie(client):
    client.set_cookie("gridpatrol", a_session())
    assert client.get("/api/v1/me").status_code == 401


def test_a_wrong_header_is_not_healed_by_a_cookie(client):
    sign_in(client)
    assert client.get("/api/v1/me", headers={"Authorization": "Basic x"}).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x" * 10_000, "nul%00", "caf\xe9", "a.b.c"])
def test_what_is_no_token_is_refused_in_a_cookie_too(client, cookie):
    answer = client.get("/api/v1/me", environ_overrides={"HTTP_COOKIE": f"gridpatrol={cookie}"})
    assert answer.status_code == 401


def test_every_sign_in_has_a_new_token_and_ends_the_old_one(client):
    sign_in(client)
    old = client.get_cookie("gridpatrol").value
    sign_in(client)
    new = client.get_cookie("gridpatrol").value
    client.set_cookie("gridpatrol", old)
    assert (old != new, client.get("/api/v1/me").status_code) == (True, 401)


def test_signing_out_takes_the_cookie_away(client):
    csrf = sign_in(client).json["csrf_token"]
    client.delete("/api/v1/sessions/current", headers={"X-CSRF-Token": csrf})
    assert client.get_cookie("gridpatrol") is None


def test_a_page_is_forgotten_after_thirty_idle_minutes(client):
    sign_in(client)
    assert the_session().expires_at - the_session().created_at == timedelta(minutes=30)


def test_no_page_stays_signed_in_longer_than_twelve_hours(client):
    sign_in(client)
    now = datetime.now(UTC)
    the_session(created_at=now - timedelta(hours=11, minutes=50), last_used_at=now - timedelta(minutes=5))
    client.get("/api/v1/me")
    assert the_session().expires_at == the_session().created_at + timedelta(hours=12)


def test_a_cookie_reads_tiles(client):
    sign_in(client)
    assert client.get("/api/v1/tiles/coverage/5/24/12.mvt").status_code in (200, 204)


def test_the_list_of_sign_ins_tells_pages_from_phones(client):
    sign_in(client)
    client.post("/api/v1/sessions", json=CREDENTIALS)
    assert {each["kind"] for each in client.get("/api/v1/sessions").json["items"]} == {"page", "phone"}
    assert session.query(Session).count() == 2
