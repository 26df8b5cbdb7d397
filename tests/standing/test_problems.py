"""Whatever goes wrong, the answer is a problem document that leaks nothing."""

from io import BytesIO
from unittest.mock import Mock

import pytest
from gunicorn.http.errors import InvalidChunkSize
from sqlalchemy.exc import DataError

from service import db, web
from service.db import session
from service.errors import Conflict, Problem, Unreadable, explain
from service.gate import read_json
from tests.factories import a_member, a_session

REQUESTS = [
    ("GET", "/nowhere", {}, 404),
    ("GET", "/api/v1/nowhere", {}, 404),
    ("GET", "/api/v1/grids/%00", {}, 404),
    ("PUT", "/api/v1/sessions", {}, 405),
    ("POST", "/api/v1/sessions", {"data": "{}", "content_type": "text/plain"}, 415),
    ("POST", "/api/v1/sessions", {"data": "{}"}, 415),
    ("POST", "/api/v1/sessions", {"data": " " * 1_100_000, "content_type": "application/json"}, 413),
    ("POST", "/api/v1/sessions", {"data": "", "content_type": "application/json"}, 400),
    ("POST", "/api/v1/sessions", {"data": b"{\xff}", "content_type": "application/json"}, 400),
    ("POST", "/api/v1/sessions", {"data": '{"a":NaN}', "content_type": "application/json"}, 400),
    ("POST", "/api/v1/sessions", {"data": '{"a":1,"\\u0061":2}', "content_type": "application/json"}, 400),
    ("POST", "/api/v1/sessions", {"data": "[" * 20 + "]" * 20, "content_type": "application/json"}, 400),
    (
        "POST",
        "/api/v1/sessions",
        {"data": '{"a":' + "9" * 4301 + "}", "content_type": "application/json"},
        400,
    ),
    ("POST", "/api/v1/sessions", {"data": "[1]", "content_type": "application/json"}, 422),
    ("POST", "/api/v1/sessions", {"data": "null", "content_type": "application/json"}, 422),
    ("POST", "/api/v1/sessions", {"json": {"role": "admin"}}, 422),
    ("GET", "/api/v1/me", {}, 401),
    ("GET", "/api/v1/me", {"headers": {"Authorization": "Bearer " + "x" * 5000}}, 401),
    ("GET", "/api/v1/me", {"headers": {"Authorization": "Basic YTpi"}}, 401),
]


@pytest.mark.parametrize(("method", "path", "more", "status"), REQUESTS)
def test_every_error_is_a_problem_document(client, method, path, more, status):
    answer = client.open(path, method=method, **more)
    assert (answer.status_code, answer.content_type, answer.json["status"]) == (status, web.PROBLEM, status)


def test_a_405_names_the_methods_that_are_allowed(client):
    assert "POST" in client.put("/api/v1/sessions").headers["Allow"]


NO_CHUNK = Mock(spec=["read"], read=Mock(side_effect=InvalidChunkSize(b"zz")))


@pytest.mark.parametrize("body", [BytesIO(b"short"), NO_CHUNK], ids=["short", "no chunk"])
def test_a_body_that_breaks_off_is_unreadable(client, body):
    """gunicorn says of every body that it ends by itself."""
    environ = {"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_LENGTH": "500"}
    answer = client.post("/api/v1/sessions", content_type="application/json", environ_overrides=environ)
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/unreadable")


def test_a_text_without_end_is_looked_at_once():
    with pytest.raises(Unreadable):
        read_json(b'"' + b'\\"' * 400_000)


def test_of_thousands_of_errors_a_hundred_are_told(client):
    body = {f"k{n}": 1 for n in range(5000)}
    errors = client.post("/api/v1/sessions", json=body).json["errors"]
    assert len(errors) == 101 and "more" in errors["_more"][0]


@pytest.mark.parametrize("parent", ["0" * 32, "Z" * 32, "é" * 32, "4bf92f3577b34da6a3ce929d0e0e473"])
def test_a_trace_of_others_that_is_none_is_not_taken_on(client, parent):
    answer = client.get("/nowhere", headers={"traceparent": f"00-{parent}-00f067aa0ba902b7-01"})
    assert answer.json["trace_id"] != parent


def test_a_trace_of_others_is_taken_on(client):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = client.get("/nowhere", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.json["trace_id"] == trace


@pytest.mark.parametrize("path", ["/", "/centre", "/leader", "/phone", "/docs", "/healthz"])
def test_a_page_opens_with_what_its_link_picked_up(client, path):
    picked_up = client.get(path + "?from=singlemessage&isappinstalled=0")
    assert picked_up.status_code == client.get(path).status_code


def test_a_trace_id_leads_from_the_answer_to_the_log(client):
    answer = client.get("/nowhere")
    assert answer.json["trace_id"] == answer.headers["X-Trace-Id"]


def test_titles_follow_the_callers_language(client):
    answer = client.get("/api/v1/me", headers={"Accept-Language": "zh-CN"})
    assert answer.json["title"] == "请先登录"


def test_a_failure_of_ours_tells_no_detail(app, client, monkeypatch):
    def fail(token):
        raise RuntimeError("secret path /srv/gridpatrol")

    monkeypatch.setattr(app, "authenticate", fail)
    answer = client.get("/api/v1/me", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, "secret" in answer.text) == (500, False)


def test_a_broken_constraint_becomes_its_problem(database):
    first = a_member(username="same")
    with pytest.raises(Problem) as broken, db.transaction():
        a_member(username=first.username.upper())
    assert isinstance(broken.value, Conflict)


def test_a_shards_number_on_a_constraint_is_ignored():
    class Twice(Conflict):
        constraint = "things_twice_key"

    assert isinstance(explain("things_twice_key_102008"), Twice)


def test_a_value_that_cannot_be_stored_is_invalid(database):
    with pytest.raises(Problem) as refused, db.transaction():
        a_member(name="nul\x00")
    assert (refused.value.status, isinstance(refused.value.__cause__, DataError)) == (422, True)


def test_a_page_explains_every_type_of_problem(client):
    assert "Please sign in" in client.get("/problems/sign-in-needed").text


def test_nothing_of_a_refused_request_stays(client, database):
    token = a_session()
    session.commit()
    client.post("/api/v1/uploads", json={}, headers={"Authorization": f"Bearer {token}"})
    assert session.is_active
