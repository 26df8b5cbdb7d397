"""What each app sends, as positions; None stands for a message that should have been one and cannot be used.

Whatever else an app sends (heartbeats, geofences, farewells) is no position and leaves nothing.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from service.clients.positions import KMH, KNOT, Position, number, read
from service.values import EARLIEST

Read = list[Position | None]
_APPLE = timedelta(seconds=978_307_200)  # from 1970 to 2001, where Apple begins to count
_CSV = ("lat", "lon")  # the columns that tell a file of positions


def owntracks(message: Any) -> Read:
    """OwnTracks: one message, or some."""
    messages = message if isinstance(message, list) else [message]
    return [
        read(each, None, KMH)
        for each in messages
        if isinstance(each, dict) and each.get("_type") in ("location", "transition")
    ]


def traccar(message: Any, now: datetime) -> Read:
    """Traccar Client in JSON: a location of version 9, or flat fields, or some of either."""
    messages = message if isinstance(message, list) else [message]
    found: Read = []
    for each in messages:
        if isinstance(each, dict) and "location" in each:
            found += _nested(each["location"], now)
        else:
            found += traccar_fields(each, now) if isinstance(each, dict) else []
    return found


def _nested(location: Any, now: datetime) -> Read:
    if isinstance(location, str):
        return traccar_fields({"location": location}, now)
    coords = location.get("coords") if isinstance(location, dict) else None
    if not isinstance(coords, dict):
        return [None]
    flat = coords | {"timestamp": location.get("timestamp"), "mock": location.get("mock")}
    battery = location.get("battery")
    return [read(flat | {"batt": _percent(battery.get("level") if isinstance(battery, dict) else None)}, now)]


def traccar_fields(fields: Mapping[str, Any], now: datetime) -> Read:
    """Traccar Client and OsmAnd in a query or a form; without a place it is a heartbeat."""
    flat = dict(fields)
    if isinstance(flat.get("location"), str):
        flat["lat"], _, flat["lon"] = flat["location"].partition(",")
    has_place = any(flat.get(name) not in (None, "") for name in ("lat", "lon", "latitude", "longitude"))
    return [read(flat, now, KNOT)] if has_place else []


def overland(message: Any, now: datetime) -> Read:
    """Overland: a batch of GeoJSON features, or a message in the words of OwnTracks.

    `current` and `trip` are left: what they hold comes again in a batch.
    """
    if not isinstance(message, dict):
        return []
    if "_type" in message:
        return [_from_2001(each, now) for each in owntracks(message)]
    features = message.get("locations")
    return [_feature(each) for each in features if _has_place(each)] if isinstance(features, list) else []


def _has_place(feature: Any) -> bool:
    return not isinstance(feature, dict) or bool(feature.get("geometry"))


def _feature(feature: Any) -> Position | None:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    place = geometry.get("coordinates") if isinstance(geometry, dict) else None
    facts = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(place, list) or len(place) < 2 or not isinstance(facts, dict):
        return None
    flat = facts | {"lon": place[0], "lat": place[1], "batt": _percent(facts.get("battery_level"))}
    return read(flat, None)


def _from_2001(position: Position | None, now: datetime) -> Position | None:
    """Overland counts its seconds from 2001 when it speaks as OwnTracks does."""
    if position is None or position.at >= EARLIEST or position.at + _APPLE > now + timedelta(days=1):
        return position
    return position._replace(at=position.at + _APPLE)


def _percent(share: Any) -> float | None:
    of_one = number(share, 0, 1)
    return None if of_one is None else of_one * 100


def gpslogger(fields: Mapping[str, Any], now: datetime) -> Read:
    """GPSLogger with the fields of its own names, or those that its manual proposes."""
    return [read(fields, now)] if fields else []


def gpslogger_file(text: str) -> Read:
    """GPSLogger's CSV, which it sends as a whole again and again."""
    return [read({k: v for k, v in row.items() if k}, None) for row in _rows(text)]


def is_file(text: str) -> bool:
    """Whether a text is such a CSV."""
    heading = text.partition("\n")[0].strip("\ufeff\r ").split(",")
    return set(_CSV) <= set(heading)


def _rows(text: str) -> Iterator[dict[str, Any]]:
    try:
        yield from csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    except csv.Error:
        return
