"""What phones send, item by item: from JSON to facts, or to what is wrong with it. No database, no clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from geo.coordinates import to_wgs84
from geo.tracks import Fixes
from service.alarms import calls
from service.alarms.calls import Call
from service.patrols.models import METHODS, MODES
from service.values import LATEST, read_text, read_time, read_uuid

MOST_POINTS = 1000
AHEAD = timedelta(hours=24)  # a time farther in the future is absurd
_COLUMNS = ("at", "lon", "lat", "accuracy_m", "speed_mps", "heading_deg", "battery_pct", "flags")
_RANGES = {
    "lon": (-180, 180),
    "lat": (-90, 90),
    "accuracy_m": (0, 1e7),
    "speed_mps": (0, 1e4),
    "heading_deg": (0, 360),
    "battery_pct": (0, 100),
    "flags": (0, 255),
}
_MOCK = 1  # bit 0 of the flags


Span = tuple[datetime, datetime]  # first, last


class BadItem(ValueError):
    """An item that cannot be used as it is; `errors` says why, field by field."""

    def __init__(self, **errors: str):
        super().__init__(str(errors))
        self.errors = {name: [text] for name, text in errors.items()}


class Moment(NamedTuple):
    """A patrol begins or ends."""

    id: UUID
    patrol_id: UUID
    at: datetime
    kind: str
    mode: str | None = None


class Track(NamedTuple):
    """Some fixes of a patrol."""

    id: UUID
    patrol_id: UUID
    fixes: Fixes
    speed_mps: NDArray[np.float64]
    heading_deg: NDArray[np.float64]
    battery_pct: NDArray[np.float64]


class CheckIn(NamedTuple):
    """A deliberate "I am here"."""

    id: UUID
    patrol_id: UUID
    at: datetime
    position: tuple[float, float] | None
    accuracy_m: float | None
    is_mock: bool
    method: str
    proof: str | None
    note: str | None
    photos: list[str]


class Found(NamedTuple):
    """A matter that was found, on a patrol or beside it."""

    id: UUID
    patrol_id: UUID | None
    at: datetime
    position: tuple[float, float]
    accuracy_m: float | None
    is_mock: bool
    class_code: str
    title: str
    text: str | None
    facts: dict[str, Any]
    photos: list[str]


Walked = Moment | Track | CheckIn | Found  # what may belong to a patrol
Item = Walked | Call


def first_and_last(item: Walked) -> Span:
    """The phone's times of the first and the last thing in an item."""
    if not isinstance(item, Track):
        return item.at, item.at
    at = item.fixes.at
    return datetime.fromtimestamp(int(at.min()) / 1000, UTC), datetime.fromtimestamp(
        int(at.max()) / 1000, UTC
    )


class Reader:
    """Takes the fields of one item, one by one, and remembers what is wrong with them."""

    def __init__(self, raw: dict[str, Any], crs: str, span: Span):
        self.raw, self.crs, self.span = raw, crs, span
        self.taken = {"type"}
        self.errors: dict[str, str] = {}

    def take(self, name: str, read: Callable[[Any], Any], default: Any = ...) -> Any:
        """The field as `read` understands it; `default`, if there is one, where it is absent or null."""
        self.taken.add(name)
        value = self.raw.get(name)
        if value is None and default is not ...:
            return default
        if value is None:
            self.errors[name] = "Missing."
            return None
        try:
            return read(value)
        except ValueError as error:
            self.errors[name] = str(error)
            return None

    def finish(self) -> None:
        """Raise BadItem if anything was wrong, unknown fields included."""
        unknown = dict.fromkeys((str(name) for name in self.raw.keys() - self.taken), "Unknown field.")
        if errors := self.errors | unknown:
            raise BadItem(
                **{name.encode("ascii", "backslashreplace").decode(): text for name, text in errors.items()}
            )

    def time(self, value: Any) -> datetime:
        """A time that is neither absurdly early nor absurdly far ahead."""
        earliest, latest = self.span
        time = read_time(value, earliest, max(LATEST, latest))
        if time > latest:
            raise ValueError("More than 24 hours ahead.")
        return time

    def words(self, name: str, longest: int, *, lines: bool = False) -> str | None:
        """A text that may be absent; the blank field of a form is as good as none."""
        value = self.raw.get(name)
        if isinstance(value, str) and not value.strip():
            self.taken.add(name)
            return None
        return self.take(name, lambda value: read_text(value, longest, lines=lines), default=None)


def read(raw: dict[str, Any], crs: str, span: Span) -> Item:
    """The facts of an item; raises BadItem. A call for help is understood as far as can be.

    `span` is between which times of the phone's clock it may lie.
    """
    if _kind(raw) == ALARM:
        return calls.read(raw, crs)
    reader, make = Reader(raw, crs, span), READERS.get(_kind(raw))
    if make is None:
        raise BadItem(type=f"Not one of {', '.join((*READERS, ALARM))}.")
    item = make(reader)
    reader.finish()
    return item


def _kind(raw: dict[str, Any]) -> str:
    kind = raw.get("type")
    return kind if isinstance(kind, str) else ""


def _start(reader: Reader) -> Moment:
    mode = reader.take("mode", _one_of(MODES), default="foot")
    return Moment(*_head(reader), reader.take("at", reader.time), "start", mode)


def _end(reader: Reader) -> Moment:
    return Moment(*_head(reader), reader.take("at", reader.time), "end")


def _head(reader: Reader) -> tuple[UUID, UUID]:
    return reader.take("id", read_uuid), reader.take("patrol_id", read_uuid)


def _track(reader: Reader) -> Track:
    head = _head(reader)
    columns = reader.take("points", lambda value: _points(value, reader.span))
    if columns is None:
        return Track(*head, *[None] * 4)  # type: ignore[arg-type]
    lon, lat = to_wgs84(columns["lon"], columns["lat"], reader.crs)
    mock = (np.nan_to_num(columns["flags"]).astype(int) & _MOCK).astype(bool)
    fixes = Fixes(columns["at"].astype(np.int64), lon, lat, columns["accuracy_m"], mock)
    return Track(*head, fixes, columns["speed_mps"], columns["heading_deg"], columns["battery_pct"])


def _points(value: Any, span: Span) -> dict[str, NDArray[np.float64]]:
    """The columns of a track's points, N values each, NaN where unknown."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_POINTS:
        raise ValueError(f"Not a list of 1 to {MOST_POINTS} points.")
    if set(map(type, value)) != {list} or not {4, 5, 6, 7, 8}.issuperset(map(len, value)):
        raise ValueError("A point is [unix_ms, lon, lat, accuracy_m], and up to four numbers more.")
    if not {int, float, type(None)}.issuperset(map(type, chain.from_iterable(value))):
        raise ValueError("A point has numbers only.")
    try:
        table = np.array([point + [None] * (8 - len(point)) for point in value], float)
    except OverflowError:
        raise ValueError("A number is out of range.") from None
    columns = dict(zip(_COLUMNS, table.T, strict=True))
    _check(columns, span)
    return columns


def _check(columns: dict[str, NDArray[np.float64]], span: Span) -> None:
    at = columns["at"]
    earliest, latest = (time.timestamp() * 1000 for time in span)
    if not (at == np.floor(at)).all():
        raise ValueError("A point's time is not in whole unix milliseconds.")
    if not ((at >= earliest) & (at <= latest)).all():
        raise ValueError("A point's time lies before 2020 or more than 24 hours ahead.")
    for name, (low, high) in _RANGES.items():
        unknown = np.isnan(columns[name]) if name not in ("lon", "lat") else False
        if not (unknown | ((columns[name] >= low) & (columns[name] <= high))).all():
            raise ValueError(f"A point's {name} is not between {low:g} and {high:g}.")


def _check_in(reader: Reader) -> CheckIn:
    head, at = _head(reader), reader.take("at", reader.time)
    method = reader.take("method", _one_of(METHODS), default="position")
    optional = {"default": None} if method in ("qr", "nfc") else {}
    lon = reader.take("lon", _between(*_RANGES["lon"]), **optional)
    lat = reader.take("lat", _between(*_RANGES["lat"]), **optional)
    if (lon is None) != (lat is None):
        reader.errors.setdefault("lat" if lat is None else "lon", "Missing.")
    return CheckIn(
        *head,
        at,
        _position(lon, lat, reader.crs),
        reader.take("accuracy_m", _between(*_RANGES["accuracy_m"]), default=None),
        reader.take("mock", _boolean, default=False),
        method,
        reader.words("proof", 500),
        reader.words("note", 2000, lines=True),
        reader.take("photos", _photos, default=[]),
    )


def _matter(reader: Reader) -> Found:
    lon = reader.take("lon", _between(*_RANGES["lon"]))
    lat = reader.take("lat", _between(*_RANGES["lat"]))
    return Found(
        reader.take("id", read_uuid),
        reader.take("patrol_id", read_uuid, default=None),
        reader.take("at", reader.time),
        _position(lon, lat, reader.crs) or (0.0, 0.0),
        reader.take("accuracy_m", _between(*_RANGES["accuracy_m"]), default=None),
        reader.take("mock", _boolean, default=False),
        reader.take("class", lambda value: read_text(value, 40)),
        reader.take("title", lambda value: read_text(value, 100)),
        reader.words("text", 4000, lines=True),
        reader.take("facts", _facts, default={}),
        reader.take("photos", _photos, default=[]),
    )


def _facts(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > 10:
        raise ValueError("Not an object of at most ten facts.")
    return {read_text(name, 40): _fact(each) for name, each in value.items()}


def _fact(value: Any) -> Any:
    return read_text(value, 200) if isinstance(value, str) else _between(-1e12, 1e12)(value)


def _position(lon: float | None, lat: float | None, crs: str) -> tuple[float, float] | None:
    if lon is None or lat is None:
        return None
    east, north = to_wgs84(np.array([lon]), np.array([lat]), crs)
    return float(east[0]), float(north[0])


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    def read_word(value: Any) -> str:
        if value not in words:
            raise ValueError(f"Not one of {', '.join(words)}.")
        return value

    return read_word


def _between(low: float, high: float) -> Callable[[Any], float]:
    def read_number(value: Any) -> float:
        if type(value) not in (int, float) or not low <= value <= high:
            raise ValueError(f"Not a number between {low:g} and {high:g}.")
        return float(value)

    return read_number


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Not true or false.")
    return value


def _photos(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > 20:
        raise ValueError("Not a list of at most 20 photos.")
    for each in value:
        if not isinstance(each, str) or len(each) != 64 or set(each) - set("0123456789abcdef"):
            raise ValueError("A photo is named by its SHA-256 in 64 small hexadecimal digits.")
    return value


ALARM = "alarm"
READERS: dict[str, Callable[[Reader], Walked]] = {
    "patrol_start": _start,
    "track": _track,
    "check_in": _check_in,
    "patrol_end": _end,
    "matter": _matter,
}
