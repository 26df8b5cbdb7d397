"""What could not be used is kept, and an officer of the member's area can look at it."""

import json

import pytest

from service.audit.models import AuditRow
from service.db import session, uuid7
from service.gate import read_json
from tests.factories import COMMUNITY, a_member
from tests.service.phone import a_check_in, a_patrol, an_hour_ago, send

ELSEWHERE = "632801000000"


@pytest.fixture
def walker(database):
    return a_member(area=COMMUNITY)


def a_bad_one(**fields):
    return a_check_in(str(uuid7()), an_hour_ago(), lat=95, **fields)


def quarantine(client, **query):
    return client.get("/api/v1/quarantine", query_string=query).json["items"]


def test_an_officer_sees_whose_item_it_is_and_what_is_wrong(phone, officer, walker):
    item = a_bad_one()
    send(phone, [item])
    (found,) = quarantine(officer)
    assert (found["item_id"], found["member"]["id"]) == (item["id"], str(walker.id))
    assert found["problem"]["errors"] == {"lat": ["Not a number between -90 and 90."]}


def test_the_list_does_not_show_the_items_themselves(phone, officer):
    send(phone, [a_bad_one()])
    assert "item" not in quarantine(officer)[0]


def test_an_item_with_a_number_beyond_all_others_is_shown_in_json(phone, officer):
    item = json.dumps(a_bad_one(lon="@")).replace('"@"', "1e400")
    body = f'{{"batch_id": "{uuid7()}", "crs": "wgs84", "items": [{item}]}}'
    phone.post("/api/v1/uploads", data=body, content_type="application/json")
    shown = officer.get(f"/api/v1/quarantine/{quarantine(officer)[0]['id']}")
    assert read_json(shown.data)["item"]["lon"] == "Infinity"


def test_the_item_is_shown_as_it_was_sent(phone, officer):
    item = a_bad_one(note="\ud800 and \u0000")
    send(phone, [item])
    shown = officer.get(f"/api/v1/quarantine/{quarantine(officer)[0]['id']}")
    assert shown.json["item"] == item


def test_even_what_is_no_object_is_shown(phone, officer):
    send(phone, [None])
    assert officer.get(f"/api/v1/quarantine/{quarantine(officer)[0]['id']}").json["item"] is None


def test_a_look_leaves_a_row_that_the_member_can_read(phone, officer, walker):
    send(phone, [a_bad_one()])
    officer.get(f"/api/v1/quarantine/{quarantine(officer)[0]['id']}")
    row = session.query(AuditRow).filter_by(action="quarantine.read").one()
    assert row.subject_id == walker.id


def test_an_officer_elsewhere_sees_nothing(phone, officer, signed_in):
    send(phone, [a_bad_one()])
    stranger, id = signed_in(role="officer", area=ELSEWHERE), quarantine(officer)[0]["id"]
    assert quarantine(stranger) == []
    assert stranger.get(f"/api/v1/quarantine/{id}").status_code == 404


def test_the_area_narrows_the_list(phone, officer, signed_in):
    send(phone, [a_bad_one()]), send(signed_in(a_member(area="632802002001")), [a_bad_one()])
    assert (len(quarantine(officer)), len(quarantine(officer, area=COMMUNITY))) == (2, 1)


def test_an_area_that_one_may_not_see_is_not_there(officer):
    assert officer.get("/api/v1/quarantine", query_string={"area": ELSEWHERE}).status_code == 404


def test_the_pages_hold_every_item_once(phone, officer):
    send(phone, [a_bad_one() for _ in range(3)])
    first = officer.get("/api/v1/quarantine", query_string={"limit": 2}).json
    rest = quarantine(officer, limit=2, cursor=first["next_cursor"])
    assert len({each["id"] for each in first["items"] + rest}) == 3


def test_a_conflict_is_kept_for_a_person_to_look_at(phone, officer):
    items = a_patrol()
    send(phone, items), send(phone, [items[2] | {"note": "second"}])
    assert quarantine(officer)[0]["problem"]["type"] == "/problems/id-taken"


@pytest.mark.parametrize("role", ["member", "leader", "centre", "admin", "auditor"])
def test_only_officers_look_into_quarantine(signed_in, role):
    assert signed_in(role=role).get("/api/v1/quarantine").status_code == 403
