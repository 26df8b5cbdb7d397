"""A leader's evening: give grids away in bulk, find the hole, close it, walk, and see what was fulfilled."""

from datetime import datetime, timedelta

from service.coverage.actions import rebuild_marked
from service.db import uuid7
from service.duty.pattern import LOCAL
from tests.factories import COMMUNITY, a_grid, a_member, a_square, a_team
from tests.service.phone import a_start, a_track, an_end, send

DAY = "/api/v1/duty"


def test_a_leaders_evening(signed_in):
    leader, walker = a_member(role="leader", area=COMMUNITY), a_member(area=COMMUNITY)
    team = a_team(walker, leader=leader)
    near, far = a_grid(), a_grid(COMMUNITY + "002", a_square(97.38, 37.37))
    desk, phone = signed_in(leader), signed_in(walker)
    begun = datetime.now(LOCAL).replace(second=0, microsecond=0) - timedelta(hours=2)
    window = {"from": begun.isoformat(), "to": (begun + timedelta(minutes=150)).isoformat()}
    row = window | {"team": team.code, "grids": [near.code], "rrule": "FREQ=DAILY;COUNT=1",
                    "starts_at": f"{begun:%H:%M}", "minutes": 150}  # fmt: skip

    assert desk.post("/api/v1/assignments/bulk", json={"rows": [row]}).json["creates"] == 1
    hole = desk.get(f"{DAY}/uncovered", query_string=window | {"area": COMMUNITY}).json["items"]
    assert [each["code"] for each in hole] == [far.code]

    closing = {"team_id": str(team.id), "grids": [far.code]} | {
        name: row[name] for name in ("from", "to", "rrule", "starts_at", "minutes")
    }
    assert desk.post("/api/v1/assignments", json=closing).status_code == 201
    assert desk.get(f"{DAY}/uncovered", query_string=window | {"area": COMMUNITY}).json["items"] == []

    shifts = phone.get("/api/v1/shifts", query_string={"on": str(begun.date())}).json["items"]
    accepted = phone.post(f"/api/v1/shifts/{shifts[0]['id']}/accept").json
    assert (len(shifts), accepted["accepted"]) == (2, 1)

    patrol, at = str(uuid7()), begun + timedelta(minutes=5)
    rows = [37.3703 + 0.0005 * n for n in range(6)]
    way = [(lon, lat) for lat in rows for lon in (97.3702, 97.3712, 97.3722, 97.3728)]
    send(phone, [a_start(patrol, at), a_track(patrol, at, way), an_end(patrol, at + timedelta(minutes=20))])
    rebuild_marked()
    found = desk.get(f"{DAY}/fulfilment").json["items"]
    assert [(each["code"], each["walked"], each["ahead"]) for each in found] == [
        (near.code, 1, 0),
        (far.code, 0, 1),
    ]
