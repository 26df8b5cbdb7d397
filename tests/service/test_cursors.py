"""A cursor is taken as it was given, or not at all."""

from base64 import urlsafe_b64encode

import pytest

from tests.factories import a_grid, a_member, a_square

LISTS = (
    "/grids",
    "/areas",
    "/teams",
    "/members",
    "/coverage",
    "/coverage/gaps",
    "/coverage/overdue",
    "/patrols",
)


@pytest.fixture
def cursor(officer):
    for number in (1, 2):
        a_grid(f"63280200100100{number}", a_square(97.37 + number / 10))
    return officer.get("/api/v1/grids?limit=1").json["next_cursor"]


def ask(client, cursor, path="/grids"):
    return client.get(f"/api/v1{path}", query_string={"cursor": cursor})


def test_a_cursor_goes_on(officer, cursor):
    [only] = ask(officer, cursor).json["features"]
    assert only["id"] == "632802001001002"


@pytest.mark.parametrize(
    "change", [lambda c: c + "A", lambda c: c[:-1], lambda c: "A" + c[1:], lambda c: c + "!"]
)
def test_a_changed_cursor_is_refused(officer, cursor, change):
    answer = ask(officer, change(cursor))
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["cursor"])


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("text", ["x", '"\\ud800"', '"\\u0000"', "-nan a 1", "键"])
def test_a_made_up_cursor_is_refused(signed_in, path, text):
    officer = signed_in(a_member(role="officer"))
    for made_up in (text, urlsafe_b64encode(text.encode()).decode()):
        assert ask(officer, made_up, path).status_code == 422


@pytest.mark.parametrize("path", ["/sessions", "/me/devices"])
def test_ones_own_sign_ins_and_devices_come_in_pages(officer, path):
    for kind in ("overland", "traccar", "gpslogger"):
        officer.post("/api/v1/me/devices", json={"kind": kind, "name": kind})
    first = officer.get(f"/api/v1{path}?limit=1")
    assert len(first.json["items"]) == 1
    assert ("next" in first.headers.get("Link", "")) == (first.json["next_cursor"] is not None)


def test_the_second_page_of_devices_goes_on_behind_the_first(officer):
    for kind in ("overland", "traccar"):
        officer.post("/api/v1/me/devices", json={"kind": kind, "name": kind})
    first = officer.get("/api/v1/me/devices?limit=1").json
    second = ask(officer, first["next_cursor"], "/me/devices").json
    assert [each["kind"] for each in first["items"] + second["items"]] == ["overland", "traccar"]
