"""What a phone would send."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient

from service.db import uuid7

WALK = ((97.3702, 37.3712), (97.3712, 37.3712), (97.3722, 37.3712))  # through the square of `a_grid`


def an_hour_ago() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def rfc3339(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def a_start(patrol: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "type": "patrol_start", "id": str(uuid7()), "patrol_id": patrol, "at": rfc3339(at), "mode": "foot"
    } | fields  # fmt: skip


def an_end(patrol: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {"type": "patrol_end", "id": str(uuid7()), "patrol_id": patrol, "at": rfc3339(at)} | fields


def a_track(
    patrol: str, at: datetime, places: Any = WALK, every: float = 30, **fields: Any
) -> dict[str, Any]:
    points = [[ms(at) + round(i * every * 1000), lon, lat, 6.0] for i, (lon, lat) in enumerate(places)]
    return {"type": "track", "id": str(uuid7()), "patrol_id": patrol, "points": points} | fields


def a_check_in(patrol: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "type": "check_in",
        "id": str(uuid7()),
        "patrol_id": patrol,
        "at": rfc3339(at),
        "lon": 97.3712,
        "lat": 37.3712,
        "accuracy_m": 9,
        "method": "position",
    } | fields


def a_patrol(at: datetime | None = None) -> list[dict[str, Any]]:
    """A short walk: start, track, check-in, end."""
    at, patrol = at or an_hour_ago(), str(uuid7())
    later = at + timedelta(minutes=2)
    return [a_start(patrol, at), a_track(patrol, at), a_check_in(patrol, at), an_end(patrol, later)]


def send(client: FlaskClient, items: list[Any], **envelope: Any) -> Any:
    """The verdicts on these items."""
    batch = {"batch_id": str(uuid7()), "crs": "wgs84", "items": items} | envelope
    return client.post("/api/v1/uploads", json=batch)


def verdicts(client: FlaskClient, items: list[Any], **envelope: Any) -> list[str]:
    return [each["status"] for each in send(client, items, **envelope).json["results"]]
