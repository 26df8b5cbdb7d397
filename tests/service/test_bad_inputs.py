"""Hostile and careless uploads: each is answered clearly, none breaks anything."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from service.db import session, uuid7
from service.patrols.models import CheckIn, Fix
from tests.conftest import SHARED
from tests.service.phone import a_check_in, an_hour_ago, ms, rfc3339

GROUPS = ("json", "number", "time", "geometry", "unicode")
KEPT = {"accept", "accept_clamped"}
FIELDS = {"device_time": "at", "accuracy_m": "accuracy_m", "mock": "mock", "note": "note"}
OTHER_DRAFT = {"seq": "accuracy_m", "battery": "accuracy_m", "batery_pct": "batery_pct"}


def cases():
    file = SHARED / "cases" / "bad_inputs.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return [case for case in known if case["group"] in GROUPS and case["target"] in ("checkin", "track")]


def raw_point(coordinates):
    """The text of a check-in of the case file's draft at these coordinates."""
    return json.dumps(draft() | {"location": "@"}).replace(
        '"@"', f'{{"type":"Point","coordinates":{coordinates}}}'
    )


def draft():
    return {
        "client_id": str(uuid7()),
        "patrol_id": "$patrol",
        "device_time": rfc3339(an_hour_ago()),
        "location": {"type": "Point", "coordinates": [97.37, 37.37]},
    }


def payload_of(case):
    """The case as the file's own loader would build it: an object, or exact text."""
    generator = case.get("generator", "")
    if "raw" in case:
        return case["raw"]
    if generator.startswith("py:"):
        return eval(generator[3:], {"RAWPT": raw_point, "json": json})
    return None


def as_item(fields):
    """A check-in or track of the case file's draft, in the fields of the contract."""
    if "points" in fields:
        points = [[_ms(p["t"]), p["lon"], p["lat"], p.get("acc", 5)] for p in fields["points"]]
        return {"type": "track", "id": str(uuid7()), "patrol_id": str(uuid7()), "points": points}
    item = a_check_in(str(uuid7()), an_hour_ago())
    for name, value in fields.items():
        if name == "location":
            item.update(_place(value))
        elif name not in ("client_id", "patrol_id", "coord_sys", "kind"):
            item[FIELDS.get(name, OTHER_DRAFT.get(name, name))] = value
    return item


def _ms(time):
    return ms(datetime.fromisoformat(time))


def _place(location):
    coordinates = location.get("coordinates") if isinstance(location, dict) else location
    if isinstance(coordinates, list) and len(coordinates) == 2 and location.get("type") == "Point":
        return {"lon": coordinates[0], "lat": coordinates[1]}
    return {"lon": coordinates, "lat": None}


def envelope(case, item):
    crs = case.get("payload", {}).get("coord_sys", "wgs84")
    return {"batch_id": str(uuid7()), "items": [item]} | ({} if crs == "$delete" else {"crs": crs})


def body_of(case):
    """The upload that the case becomes."""
    payload = payload_of(case)
    if payload is None:
        return json.dumps(envelope(case, as_item(case.get("payload", {}))))
    if isinstance(payload, dict) and "points" in payload:
        return json.dumps(envelope(case, as_item(payload)))
    if isinstance(payload, str) and '"client_id"' in payload:
        text = payload.replace("$patrol", str(uuid7()))
        try:
            return json.dumps(envelope(case, as_item(json.loads(text)))).replace("Infinity", "1e400")
        except ValueError:
            return text
    return payload if isinstance(payload, str | bytes) else json.dumps(payload)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_a_bad_upload_is_answered_as_it_deserves(phone, case):
    answer = phone.post("/api/v1/uploads", data=body_of(case), content_type="application/json")
    allowed = {case["expect"], *case.get("also_ok", [])}
    if answer.status_code != 200:
        assert answer.status_code in {int(each.removeprefix("reject_")) for each in allowed - KEPT}
    else:
        verdicts = {each["status"] for each in answer.json["results"]}
        assert verdicts <= {"stored", "quarantined"}
        assert "stored" in verdicts or "reject_422" in allowed or case["group"] == "time"


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_nothing_that_poisons_a_list_or_a_map_is_stored(phone, case):
    phone.post("/api/v1/uploads", data=body_of(case), content_type="application/json")
    latest = datetime.now(UTC) + timedelta(hours=24)
    kept = [*session.query(Fix.recorded_at), *session.query(CheckIn.recorded_at)]
    assert all(datetime(2020, 1, 1, tzinfo=UTC) <= at <= latest for (at,) in kept)
