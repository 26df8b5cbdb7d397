"""Passwords that may be set, and second factors."""

import time
from dataclasses import replace
from xml.etree import ElementTree

import pyotp
import pytest

from service.settings import Settings
from tests.factories import SECRET, a_session
from tests.service.sessions import CREDENTIALS, an_account, bearer, sign_in

NEEDED = "/problems/second-factor-needed"


@pytest.fixture
def production(app, monkeypatch, tmp_path):
    """An installation without demonstration accounts."""
    monkeypatch.setattr(
        app, "settings", replace(app.settings, require_totp=True, demo_accounts=tmp_path / "none")
    )


def code_at(seconds=0, secret=SECRET):
    return pyotp.TOTP(secret).at(int(time.time()) + seconds)


def enrol(client, token):
    """Enrol a second factor; gives its secret and the code that confirmed it."""
    secret = client.post("/api/v1/me/totp", **bearer(token)).json["secret"]
    code = code_at(secret=secret)
    client.post("/api/v1/me/totp/confirm", json={"code": code}, **bearer(token))
    return secret, code


def change(client, token, current, new):
    return client.put("/api/v1/me/password", json={"current": current, "new": new}, **bearer(token))


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "eleven char",
        "x" * 129,
        "Password123456",
        "PASSWORD-password",
        "gridpatrol2026",
        "woaini1314520",
        "1qaz2wsx3edc4rfv",
        "13897012345678",
        "aaaaaaaaaaaa",
        "abababababab",
        "德令哈网格员巡逻平安海西州",
        "with\x00control chars",
        ["a list of twelve"],
    ],
)
def test_a_password_that_is_easy_to_guess_cannot_be_set(client, database, password):
    an_account()
    token = sign_in(client).json["token"]
    answer = change(client, token, CREDENTIALS["password"], password)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["new"])


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "正确的马电池钉" * 9,
        "8#kQ2!9$7@4^5&1*",
        "x7Gqv" * 25,
        "骑马走过盐湖边上的十二月",
    ],
)
def test_a_password_of_ones_own_can_be_set(client, database, password):
    an_account()
    token = sign_in(client).json["token"]
    change(client, token, CREDENTIALS["password"], password)
    assert sign_in(client, password=password).status_code == 201


def test_a_new_password_signs_out_everywhere_else(client, database):
    an_account()
    here, elsewhere = sign_in(client).json["token"], sign_in(client).json["token"]
    change(client, here, CREDENTIALS["password"], "over the hills and far")
    statuses = [client.get("/api/v1/me", **bearer(each)).status_code for each in (here, elsewhere)]
    assert statuses == [200, 401]


def test_a_wrong_current_password_changes_nothing(client, database):
    an_account()
    token = sign_in(client).json["token"]
    answer = change(client, token, "not the one", "over the hills and far")
    assert (answer.status_code, sign_in(client).status_code) == (422, 201)


def test_guessing_the_current_password_is_delayed(client, database):
    an_account()
    token = sign_in(client).json["token"]
    tried = [change(client, token, "not the one", "over the hills and far").status_code for _ in range(6)]
    assert tried == [422] * 5 + [429]


def test_an_enrolled_officer_needs_a_code(client, database):
    an_account(role="officer")
    answer = sign_in(client)
    assert (answer.status_code, answer.json["type"]) == (401, NEEDED)


def test_an_enrolled_officer_signs_in_with_a_code(client, database):
    an_account(role="officer")
    assert sign_in(client, code=code_at()).status_code == 201


@pytest.mark.parametrize("code", ["000000", "abcdef", "١٢٣٤٥٦", "1", "1234567"])
def test_a_wrong_code_looks_like_a_missing_one(client, database, code):
    an_account(role="officer")
    missing, wrong = (sign_in(client, **more).json | {"trace_id": ""} for more in ({}, {"code": code}))
    assert missing == wrong


def test_without_the_password_nothing_is_said_about_a_code(client, database):
    an_account(role="officer")
    answer = sign_in(client, password="not the one", code=code_at())
    assert answer.json["type"] == "/problems/wrong-credentials"


def test_a_code_is_good_for_one_time_only(client, database):
    an_account(role="officer")
    code = code_at()
    statuses = [sign_in(client, code=code).status_code for _ in range(2)]
    assert statuses == [201, 401]


def test_an_older_code_is_refused_after_a_newer_one(client, database):
    an_account(role="officer")
    sign_in(client, code=code_at(30))
    assert sign_in(client, code=code_at()).status_code == 401


def test_a_clock_may_be_half_a_minute_wrong_but_no_more(client, database):
    an_account(role="officer")
    assert [sign_in(client, code=code_at(s)).status_code for s in (-90, 90, -29)] == [401, 401, 201]


def test_guessed_codes_are_delayed_whatever_the_device(client, database):
    an_account(role="officer")
    statuses = [
        sign_in(client, code="000000", device={"id": f"d{n}", "name": "x"}).status_code for n in range(6)
    ]
    assert statuses == [401] * 5 + [429]


def test_who_must_have_a_second_factor_can_only_enrol_one(client, database, production):
    token = a_session(role="officer", enrolled=False)
    answers = [client.get(f"/api/v1/{path}", **bearer(token)) for path in ("me", "areas", "me/devices")]
    assert [each.status_code for each in answers] == [200, 403, 403]
    assert answers[1].json["type"] == "/problems/second-factor-due"


def test_a_sign_in_tells_that_a_second_factor_is_due(client, database, production):
    an_account(role="admin", enrolled=False)
    assert sign_in(client).json["must_enrol"] is True


def test_a_member_needs_no_second_factor(client, database, production):
    an_account()
    assert sign_in(client).json["must_enrol"] is False


def test_once_enrolled_everything_is_open(client, database, production):
    token = a_session(role="officer", enrolled=False)
    enrol(client, token)
    assert client.get("/api/v1/areas", **bearer(token)).status_code == 200


@pytest.mark.parametrize(("text", "needed"), [("true", True), ("False", False), ("0", False)])
def test_an_installation_can_do_without_second_factors(text, needed):
    environ = {"GRIDPATROL_DATABASE_URL": "postgresql+psycopg:///x", "GRIDPATROL_REQUIRE_TOTP": text}
    assert Settings.from_env(environ).require_totp is needed


def test_a_knob_that_is_neither_yes_nor_no_stops_the_start():
    environ = {"GRIDPATROL_DATABASE_URL": "postgresql+psycopg:///x", "GRIDPATROL_REQUIRE_TOTP": "maybe"}
    with pytest.raises(ValueError, match="GRIDPATROL_REQUIRE_TOTP is not a bool"):
        Settings.from_env(environ)


def test_a_demonstration_does_without_second_factors(app, client, database, monkeypatch, tmp_path):
    accounts = tmp_path / "demo_accounts.json"
    accounts.touch()
    monkeypatch.setattr(app, "settings", replace(app.settings, demo_accounts=accounts))
    token = a_session(role="officer", enrolled=False)
    assert client.get("/api/v1/areas", **bearer(token)).status_code == 200


def test_a_second_factor_counts_only_once_it_is_confirmed(client, database):
    an_account()
    token = sign_in(client).json["token"]
    client.post("/api/v1/me/totp", **bearer(token))
    assert sign_in(client).status_code == 201


def test_a_wrong_code_does_not_confirm(client, database):
    token = a_session()
    client.post("/api/v1/me/totp", **bearer(token))
    answer = client.post("/api/v1/me/totp/confirm", json={"code": "000000"}, **bearer(token))
    assert answer.status_code == 422


def test_the_code_that_confirmed_does_not_sign_in(client, database):
    an_account()
    secret, code = enrol(client, sign_in(client).json["token"])
    assert sign_in(client, code=code).status_code == 401
    assert sign_in(client, code=code_at(30, secret)).status_code == 201


def test_sessions_from_before_the_second_factor_end(client, database):
    an_account()
    old, here = sign_in(client).json["token"], sign_in(client).json["token"]
    enrol(client, here)
    assert client.get("/api/v1/me", **bearer(old)).status_code == 401


def test_a_confirmed_second_factor_cannot_be_replaced_by_who_holds_a_session(client, database):
    token = a_session(role="officer")
    assert client.post("/api/v1/me/totp", **bearer(token)).status_code == 409


def test_an_enrolment_comes_as_link_and_qr_code(client, database):
    begun = client.post("/api/v1/me/totp", **bearer(a_session())).json
    drawn = ElementTree.fromstring(begun["qr_svg"])
    assert (begun["uri"][:15], drawn.tag) == ("otpauth://totp/", "{http://www.w3.org/2000/svg}svg")
