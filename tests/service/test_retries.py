"""A POST that comes again with its Idempotency-Key is done once."""

from datetime import UTC, datetime, timedelta

import pytest

from service.db import session, uuid7
from service.members.models import Device
from service.privacy.retention import retain
from service.retries import Retry
from service.teams.models import Team
from tests.factories import COMMUNITY, a_member

TEAMS, DEVICES = "/api/v1/teams", "/api/v1/me/devices"
NEW = {"code": "T-1", "name": "邻里守望一队", "kind": "neighbour_watch", "area": COMMUNITY}
APP = {"kind": "overland", "name": "an old phone"}


def post(client, path=TEAMS, body=NEW, key="4f1c", **more):
    return client.post(path, json=body, headers={"Idempotency-Key": key}, **more)


def test_a_retry_is_answered_as_the_first_was(officer):
    first, again = post(officer), post(officer)
    assert (again.status_code, again.data, again.headers["ETag"]) == (201, first.data, first.headers["ETag"])


def test_a_retry_says_that_it_is_one(officer):
    assert ["Idempotent-Replayed" in post(officer).headers for _ in range(2)] == [False, True]


def test_a_retry_is_not_done_again(officer):
    tokens = [post(officer, DEVICES, APP).json["token"] for _ in range(2)]
    assert tokens[0] == tokens[1] and session.query(Device).count() == 1


def test_without_a_key_every_request_is_done(officer):
    assert [officer.post(TEAMS, json=NEW).status_code for _ in range(2)] == [201, 409]


@pytest.mark.parametrize(
    ("path", "body"), [(TEAMS, NEW | {"name": "二队"}), (DEVICES, NEW)], ids=["body", "path"]
)
def test_another_request_with_a_known_key_is_refused(officer, path, body):
    post(officer)
    refused = post(officer, path, body)
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/key-reused")


def test_a_request_that_failed_may_be_tried_again_with_its_key(officer, database):
    assert post(officer, body=NEW | {"kind": "choir"}).status_code == 422
    assert post(officer).status_code == 201


def test_a_key_belongs_to_its_sign_in(signed_in):
    member = a_member(role="officer")
    assert [post(signed_in(member)).status_code for _ in range(2)] == [201, 409]


def test_a_key_opens_nothing_to_who_is_not_allowed(officer, signed_in):
    post(officer)
    assert post(signed_in(role="member")).status_code == 403


@pytest.mark.parametrize("key", ["", "k" * 256, "键".encode().decode("latin-1")])
def test_a_key_is_printable_ascii_of_some_length(officer, key):
    assert "Idempotency-Key" in post(officer, key=key).json["errors"]


def test_what_is_kept_of_an_answer_does_not_show_its_secret(officer):
    token = post(officer, DEVICES, APP).json["token"]
    assert token.encode() not in session.query(Retry).one().answer


def test_uploads_know_their_items_by_themselves(signed_in):
    phone, batch = signed_in(), {"batch_id": str(uuid7()), "crs": "wgs84", "items": []}
    assert [post(phone, "/api/v1/uploads", batch).status_code for _ in range(2)] == [200, 200]
    assert session.query(Retry).count() == 0


def test_answers_are_kept_for_a_day(app, officer):
    post(officer)
    retain(app.settings, datetime.now(UTC) + timedelta(hours=23))
    assert session.query(Retry).count() == 1
    retain(app.settings, datetime.now(UTC) + timedelta(hours=25))
    assert session.query(Retry).count() == 0 and session.query(Team).count() == 1
