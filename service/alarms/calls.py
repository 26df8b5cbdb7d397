"""What is understood of a call for help. Nothing that is odd about it keeps it from being heard.

No database, no clock: an odd position, time or id is left out and marked, unknown fields are passed over.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from geo.coordinates import PLAIN, SHIFTED, to_wgs84
from service.values import EARLIEST, read_time, read_uuid

SKEW = timedelta(minutes=2)  # a clock farther off is corrected
LATE = timedelta(minutes=15)
_SYSTEMS = (*PLAIN, *SHIFTED)


class Call(NamedTuple):
    """A call for help as a phone or bell sent it."""

    id: UUID | None
    at: datetime | None  # by the sender's own clock
    position: tuple[float, float] | None  # lon, lat in WGS-84
    accuracy_m: float | None
    marks: tuple[str, ...]

    @property
    def content(self) -> bytes:
        """What two calls have in common that say the same, whichever way they came."""
        told = [str(self.at), self.position, self.accuracy_m]
        return hashlib.sha256(json.dumps(told).encode()).digest()


def read(raw: Mapping[str, Any], crs: Any) -> Call:
    """The call in a JSON object; never raises."""
    marks: list[str] = []

    def take(name: str, reader: Callable[[Any], Any]) -> Any:
        if raw.get(name) is None:
            return None
        try:
            return reader(raw[name])
        except ValueError:
            marks.append(f"bad_{name}")
            return None

    id, at = take("id", read_uuid), take("at", read_time)
    lon, lat = take("lon", _between(-180, 180)), take("lat", _between(-90, 90))
    accuracy_m = take("accuracy_m", _between(0, 1e7))
    if raw.get("mock") is True:
        marks.append("mock")
    position = _place(lon, lat, crs if crs in _SYSTEMS else "wgs84")
    if position is None:
        marks.append("no_position")
    return Call(id, at, position, accuracy_m if position else None, tuple(marks))


def when(at: datetime | None, offset: timedelta, now: datetime) -> tuple[datetime, list[str]]:
    """The true time of a call by the sender's time and how far its clock is ahead, and what is odd about it.

    What cannot be, and what lies ahead, is taken to be now.
    """
    if at is None:
        return now, []
    skewed = abs(offset) > SKEW
    marks = ["clock_skew"] if skewed else []
    try:
        true = at - offset if skewed else at
    except OverflowError:
        return now, [*marks, "bad_at"]
    if true < EARLIEST or true > now + SKEW:
        return now, [*marks, "bad_at"]
    return min(true, now), marks + ["late"] * (now - true > LATE)


def made_id(*parts: object) -> UUID:
    """The same id for the same parts (RFC 9562, version 8)."""
    bits = int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:16])
    return UUID(int=bits & ~(0xF000 << 64) & ~(0b11 << 62) | 0x8000 << 64 | 0b10 << 62)


def _between(low: float, high: float) -> Callable[[Any], float]:
    def read_number(value: Any) -> float:
        if type(value) not in (int, float) or not low <= value <= high:
            raise ValueError(f"Not a number between {low:g} and {high:g}.")
        return float(value)

    return read_number


def _place(lon: float | None, lat: float | None, crs: str) -> tuple[float, float] | None:
    if lon is None or lat is None:
        return None
    east, north = to_wgs84([lon], [lat], crs)
    return float(east[0]), float(north[0])
