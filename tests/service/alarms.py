"""Who calls for help and who answers, and what is told of it."""

from datetime import UTC, datetime, timedelta

from service.alarms.models import AlarmNotice
from service.db import session, uuid7
from tests.service.phone import a_start, a_track, verdicts

HERE = {"lon": 97.3712, "lat": 37.3712}


def call(client, **body):
    return client.post("/api/v1/alarms", json=body)


def told(alarm):
    rows = session.query(AlarmNotice.member_id, AlarmNotice.reason).filter_by(alarm_id=alarm.json["id"])
    return {row.member_id: row.reason for row in rows}


def on_patrol(client, place=(97.3712, 37.3712), ago=timedelta(minutes=5)):
    """Somebody begins to walk, and is seen at a place."""
    patrol, at = str(uuid7()), datetime.now(UTC).replace(microsecond=0) - ago
    results = verdicts(client, [a_start(patrol, at), a_track(patrol, at, [place] * 2)])
    assert results == ["stored"] * 2


PIN = "290518"


def take(client, alarm, step, **more):
    return client.post(f"/api/v1/alarms/{alarm}/steps", json={"step": step} | more)


def show(client, alarm):
    return client.get(f"/api/v1/alarms/{alarm}")


def set_pin(client, pin=PIN, **more):
    return client.put("/api/v1/me/alarm-pin", json={"pin": pin} | more)
