"""A phone that lost the answers can ask what has arrived."""

from service.db import uuid7
from tests.factories import a_member
from tests.service.phone import a_check_in, a_patrol, an_hour_ago, send


def missing(client, ids):
    return client.post("/api/v1/uploads/receipts", json={"ids": ids}).json["missing"]


def test_what_was_stored_is_not_missing(phone):
    items = a_patrol()
    send(phone, items)
    assert missing(phone, [item["id"] for item in items]) == []


def test_what_never_arrived_is_missing_once(phone):
    id = str(uuid7())
    assert missing(phone, [id, id]) == [id]


def test_what_is_in_quarantine_has_arrived(phone):
    item = a_check_in(str(uuid7()), an_hour_ago(), lat=95)
    item["id"] = item["id"].upper()
    send(phone, [item])
    assert missing(phone, [item["id"]]) == []


def test_what_was_rejected_is_missing(signed_in):
    phone, track = signed_in(a_member(consents=False)), a_patrol()[1]
    send(phone, [track])
    assert missing(phone, [track["id"]]) == [track["id"]]


def test_what_another_member_sent_is_missing(phone, signed_in):
    items = a_patrol()
    send(phone, items)
    assert missing(signed_in(a_member()), [items[0]["id"]]) == [items[0]["id"]]


def test_at_most_500_are_asked_for(phone):
    body = {"ids": [str(uuid7())] * 501}
    assert phone.post("/api/v1/uploads/receipts", json=body).status_code == 422
