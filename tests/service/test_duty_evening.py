"""A leader's evening: grids given in bulk, a hole closed, a shift walked, and what was fulfilled."""

from datetime import datetime, timedelta

from service.coverage.actions import rebuild_marked
from service.db import uuid7
from service.duty.pattern import LOCAL
from service.suggestions.actions import answer_waiting
from service.suggestions.proposals import DAYS
from tests.factories import COMMUNITY, a_grid, a_member, a_square, a_team
from tests.service.phone import a_start, a_track, an_end, send

ASSIGNMENTS, DUTY = "/api/v1/assignments", "/api/v1/duty"


def test_a_leaders_evening(signed_in, monkeypatch):
    monkeypatch.setenv("GRIDPATROL_SUGGEST_SECONDS", "2")
    leader, walker = a_member(role="leader", area=COMMUNITY), a_member(area=COMMUNITY)
    team = a_team(walker, leader=leader)
    near, far = a_grid(), a_grid(COMMUNITY + "002", a_square(97.373))
    desk, office, phone = signed_in(leader), signed_in(role="officer"), signed_in(walker)
    begins = datetime.now(LOCAL).replace(second=0, microsecond=0) + timedelta(minutes=40)
    window = {"from": begins.isoformat(), "to": (begins + timedelta(hours=1)).isoformat()}
    pattern = {"rrule": "FREQ=DAILY;COUNT=1", "starts_at": f"{begins:%H:%M}", "minutes": 60}
    evening = {"query_string": window | {"area": COMMUNITY}}

    row = window | pattern | {"team": team.code, "grids": [near.code]}
    assert desk.post(f"{ASSIGNMENTS}/bulk", json={"rows": [row]}).json["creates"] == 1
    hole = desk.get(f"{DUTY}/uncovered", **evening).json["items"]
    assert [each["code"] for each in hole] == [far.code]

    week = {"from": datetime.now(LOCAL).isoformat(), "to": (begins + timedelta(days=6)).isoformat()}
    limits = {"days": [DAYS[begins.weekday()]], "starts_at": pattern["starts_at"], "shift_minutes": 60}
    place = office.post(f"{ASSIGNMENTS}/suggest", json=week | {"area": COMMUNITY, "limits": limits}).headers[
        "Location"
    ]
    answer_waiting()
    suggested = office.get(place).json["answer"]
    changes = {
        name: [each["grid"] for each in suggested["diff"][name]] for name in ("added", "removed", "kept")
    }
    assert changes == {"added": [far.code], "removed": [], "kept": [near.code]}
    assert office.post(f"{place}/apply").status_code == 200
    assert desk.get(f"{DUTY}/uncovered", **evening).json["items"] == []

    shifts = phone.get("/api/v1/shifts", query_string={"on": str(begins.date())}).json["items"]
    (planned,) = [each for each in shifts if each["state"] == "planned"]
    assert phone.post(f"/api/v1/shifts/{planned['id']}/accept").json["accepted"] == 1

    patrol, at = str(uuid7()), begins + timedelta(minutes=5)
    rows = [37.3703 + 0.0005 * n for n in range(6)]
    way = [(lon, lat) for lat in rows for lon in (97.3702, 97.3712, 97.3722, 97.3728)]
    items = [a_start(patrol, at), a_track(patrol, at, way), an_end(patrol, at + timedelta(minutes=20))]
    assert {each["status"] for each in send(phone, items).json["results"]} == {"stored"}
    rebuild_marked()
    found = desk.get(f"{DUTY}/fulfilment", **evening).json["items"]
    assert [(each["code"], each["walked"], each["ahead"]) for each in found] == [
        (near.code, 1, 0),
        (far.code, 0, 1),
    ]
