"""Reading what other phone apps say of one position. No database, no clock: `now` is given."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

KNOT = 1852 / 3600  # m/s
KMH = 1 / 3.6  # m/s
_MILLISECONDS = 1e11  # a unix time from here on is in milliseconds: as seconds it were the year 5138
_NAMES: Mapping[str, Sequence[str]] = {
    "lat": ("lat", "latitude"),
    "lon": ("lon", "longitude"),
    "at": ("time", "timestamp", "tst", "timestamp_ms"),
    "accuracy_m": ("acc", "accuracy", "horizontal_accuracy"),
    "speed": ("spd", "speed", "vel"),
    "heading_deg": ("dir", "direction", "bearing", "heading", "course", "cog"),
    "battery_pct": ("batt", "battery"),
    "mock": ("mock",),
}


class Position(NamedTuple):
    """Where a phone was, in WGS-84; None is unknown."""

    at: datetime
    lon: float
    lat: float
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None
    is_mock: bool = False


def read(raw: Mapping[str, Any], now: datetime | None, speed: float = 1.0) -> Position | None:
    """The position in flat fields of any app, or None if it cannot be used.

    `speed` is what one unit of it is in m/s; a position without a time is of `now`, if there is one. A bad
    value beside the position is as good as none.
    """
    given = {name: _first(raw, names) for name, names in _NAMES.items()}
    lat, lon = number(given["lat"], -90, 90), number(given["lon"], -180, 180)
    at = now if given["at"] is None else time(given["at"])
    if lat is None or lon is None or at is None:
        return None
    fast = number(given["speed"], 0, 1e4)
    return Position(
        at,
        lon,
        lat,
        number(given["accuracy_m"], 0, 1e7) or None,  # apps send 0 for unknown
        None if fast is None else fast * speed,
        number(given["heading_deg"], 0, 360),
        number(given["battery_pct"], 0, 100),
        str(given["mock"]).lower() in ("true", "1"),
    )


def _first(raw: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((raw[name] for name in names if raw.get(name) not in (None, "")), None)


def number(value: Any, low: float, high: float) -> float | None:
    """The number that a value is or spells, if it is within these limits."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if low <= found <= high else None  # NaN is neither


def time(value: Any) -> datetime | None:
    """The time that unix seconds, unix milliseconds or an ISO 8601 text says; UTC where it names no zone."""
    unix = number(value, -math.inf, math.inf)
    try:
        if unix is not None:
            return datetime.fromtimestamp(unix / 1000 if unix >= _MILLISECONDS else unix, UTC)
        said = datetime.fromisoformat(value)
        return said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None
