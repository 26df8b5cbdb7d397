"""Send a recorded track through the public API, as a phone would: safe to break off and to repeat."""

import csv
import gzip
import hashlib
import http.client
import io
import json
import os
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import gpxpy
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from geo.plane import Plane
from service.settings import Settings

PACE = 1.2  # m/s, where no times were recorded
PAUSE_MS = 5 * 60 * 1000  # between two tracks of one file
MOST_POINTS = 1000  # in a track item
MOST_ITEMS = 500  # in a batch
MOST_BYTES = 900_000  # of a batch, before compression
TRIES = 6
PATIENCE = 20  # s, until the server has coloured the grids
TIMES = ("t", "time", "t_utc", "timestamp")
COLUMNS = {
    "lon": ("lon", "lng", "longitude"),
    "lat": ("lat", "latitude"),
    "accuracy": ("accuracy", "accuracy_m"),
}

Floats = NDArray[np.float64]


class Track(NamedTuple):
    """N positions in the order of recording; NaN where a time (unix ms) or an accuracy is unknown."""

    at: Floats
    lon: Floats
    lat: Floats
    accuracy_m: Floats


@dataclass
class Summary:
    """What became of a replay."""

    verdicts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    grids: list[dict[str, Any]] = field(default_factory=list)

    def __str__(self) -> str:
        counts = [*sorted(self.verdicts.items()), *sorted(self.problems.items())]
        lines = [f"{count:6} {what}" for what, count in counts]
        lines += [f"{len(self.grids):6} grids along the way"]
        lines += [f"{g['code']}  {g['share_seen']:6.1%}  {g['state']:11}  {g['name']}" for g in self.grids]
        return "\n".join(lines)


def replay(
    path: Path, url: str, username: str, password: str | None, mode: str = "foot", now: datetime | None = None
) -> Summary:
    """Send the tracks of a file so that the last ends `now`, or as they were recorded if that is None.

    A second replay on the same day sends the very same items, and all of them are duplicates.
    """
    tracks = read(path)
    names = Names(path.read_bytes() + f"{username} {mode} {now and now.astimezone(UTC).date()}".encode())
    phone = Phone(url, username, password or _password_of(username))
    if now is None:
        tracks = as_recorded(tracks)
    else:
        tracks = ending(tracks, now.timestamp() * 1000)
        tracks = [_as_before(track, phone.start_of(names.patrol(n))) for n, track in enumerate(tracks)]
    summary, codes = Summary(), phone.grids_along(tracks)
    before = phone.coverage(tracks, codes)
    for batch_id, items in batches(tracks, mode, names):
        for verdict in phone.send(batch_id, items):
            summary.verdicts[verdict["status"]] += 1
            summary.problems.update([verdict["problem"]["title"]] if verdict.get("problem") else [])
    summary.grids = _settled(
        lambda: phone.coverage(tracks, codes), before if summary.verdicts["stored"] else []
    )
    return summary


def _settled(ask: Callable[[], list[Any]], before: list[Any]) -> list[Any]:
    """The answer once it is another than before and changes no more, or when patience ends."""
    deadline, last, found = time.monotonic() + PATIENCE, before, ask()
    while before and (found == before or found != last) and time.monotonic() < deadline:
        time.sleep(1)
        last, found = found, ask()
    return found


def demo_member() -> str:
    """The username of the demonstration's first member; raises ValueError where there is no demonstration."""
    for account in _accounts():
        if account["role"] == "member":
            return account["username"]
    raise ValueError("name a member: there is no demonstration here")


def _password_of(username: str) -> str:
    for account in _accounts():
        if account["username"] == username:
            return account["password"]
    raise ValueError(f"{username} is not among the accounts of the demonstration; give a password")


def _accounts() -> list[dict[str, str]]:
    file = Path(os.environ.get("GRIDPATROL_DEMO_ACCOUNTS", Settings.demo_accounts))
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else []


def read(path: Path) -> list[Track]:
    """The tracks in a .gpx, .csv or .geojson file; raises ValueError if there are none."""
    readers = {".gpx": _read_gpx, ".csv": _read_csv, ".geojson": _read_geojson, ".json": _read_geojson}
    if path.suffix.lower() not in readers:
        raise ValueError(f"{path.name} is none of {', '.join(readers)}")
    tracks = [
        _track(rows) for rows in readers[path.suffix.lower()](path.read_text(encoding="utf-8-sig")) if rows
    ]
    if not tracks:
        raise ValueError(f"{path.name} has no track")
    return tracks


Position = tuple[float, float, float, float]  # unix ms, lon, lat, accuracy in m; NaN where unknown


def _track(rows: list[Position]) -> Track:
    return Track(*np.array(rows, float).T)


def _read_gpx(text: str) -> Iterator[list[Position]]:
    for track in gpxpy.parse(text).tracks:
        points = [point for segment in track.segments for point in segment.points]
        yield [(_ms(p.time), p.longitude, p.latitude, np.nan) for p in points]


def _read_csv(text: str) -> Iterator[list[Position]]:
    rows = list(csv.DictReader(io.StringIO(text)))
    known = {name.strip().lower(): name for name in rows[0]} if rows else {}
    at, lon, lat, accuracy = (
        next((known[name] for name in names if name in known), None) for names in (TIMES, *COLUMNS.values())
    )
    if rows and (lon is None or lat is None):
        raise ValueError("a CSV track has the columns lon and lat, and t or time")
    yield [
        (_ms(row.get(at)), float(row[lon]), float(row[lat]), _number(row.get(accuracy)))  # type: ignore[index]
        for row in rows
    ]


def _read_geojson(text: str) -> Iterator[list[Position]]:
    document = json.loads(text)
    for feature in document.get("features", [document]):
        geometry, about = feature.get("geometry") or feature, feature.get("properties") or {}
        lines = {"LineString": lambda at: at, "MultiLineString": lambda at: [p for line in at for p in line]}
        if geometry.get("type") in lines:
            flatten = lines[geometry["type"]]
            places = flatten(geometry["coordinates"])
            times = about.get("coordTimes") or about.get("coordinateProperties", {}).get("times")
            times = flatten(times) if times else [None] * len(places)
            accuracy = about.get("accuracy_m") or [None] * len(places)
            yield [
                (_ms(t), place[0], place[1], _number(a))
                for t, place, a in zip(times, places, accuracy, strict=True)
            ]


def _ms(value: Any) -> float:
    """Unix milliseconds of a time, an RFC 3339 text, or (milli)seconds since 1970; NaN for nothing."""
    if value is None or value == "":
        return np.nan
    if isinstance(value, datetime):
        return value.timestamp() * 1000
    try:
        number = float(value)
    except ValueError:
        time = datetime.fromisoformat(str(value).strip())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000
    return number if number > 1e11 else number * 1000


def _number(value: Any) -> float:
    return np.nan if value in (None, "") else float(value)


def timed(track: Track) -> Track:
    """The track in order of time, at PACE where no times were recorded."""
    known = ~np.isnan(track.at)
    x, y = Plane(float(track.lon[0]), float(track.lat[0])).to_metres(track.lon, track.lat)
    walked: Floats = np.r_[0, np.hypot(np.diff(x), np.diff(y)).cumsum()]
    if not _has_times(track):
        return track._replace(at=walked / PACE * 1000)
    first, last = np.flatnonzero(known)[[0, -1]]
    at: Floats = np.asarray(np.interp(walked, walked[known], track.at[known]))
    at[:first] = track.at[first] - (walked[first] - walked[:first]) / PACE * 1000
    at[last + 1 :] = track.at[last] + (walked[last + 1 :] - walked[last]) / PACE * 1000
    at[known] = track.at[known]
    order = np.argsort(at, kind="stable")
    return Track(at[order].round(), *(column[order] for column in track[1:]))


def _has_times(track: Track) -> bool:
    """Whether some times were recorded, and the clock did not stand still."""
    known = track.at[~np.isnan(track.at)]
    return len(known) > 0 and (len(track.at) == 1 or bool(np.ptp(known) > 0))


def as_recorded(tracks: Sequence[Track]) -> list[Track]:
    """The tracks at their own times; raises ValueError if one has none."""
    if not all(map(_has_times, tracks)):
        raise ValueError("there are no recorded times to keep")
    return list(map(timed, tracks))


def ending(tracks: Sequence[Track], end_ms: float) -> list[Track]:
    """The tracks one after the other, with their own intervals, so that the last one ends at that time."""
    shifted = []
    for track in map(timed, reversed(tracks)):
        shifted.append(track._replace(at=(track.at - track.at[-1] + end_ms).round()))
        end_ms = float(shifted[-1].at[0]) - PAUSE_MS
    return shifted[::-1]


def _as_before(track: Track, started_ms: float | None) -> Track:
    """The track as it was sent before, if it was."""
    return track if started_ms is None else track._replace(at=track.at - track.at[0] + started_ms)


class Names:
    """Ids that follow from what is sent: the same file by the same member has the same ids."""

    def __init__(self, key: bytes) -> None:
        self.key = hashlib.sha256(key).digest()

    def of(self, at_ms: float, *what: object) -> str:
        """An id in the form of a UUIDv7 of that time."""
        digest = hashlib.sha256(self.key + repr(what).encode()).digest()
        bits = int.from_bytes(digest[:10]) & ~(0xF << 76 | 0b11 << 62)
        return str(UUID(int=int(at_ms) << 80 | bits | 0x7 << 76 | 0b10 << 62))

    def patrol(self, number: int) -> str:
        """The patrol of a track of the file, whenever it may be."""
        return self.of(1_600_000_000_000, "patrol", number)


def batches(tracks: Sequence[Track], mode: str, names: Names) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Uploads of these tracks, a patrol each, within the limits of one request."""
    items = [item for number, track in enumerate(tracks) for item in _items(track, number, mode, names)]
    sizes = np.cumsum([len(json.dumps(item)) for item in items])
    start = 0
    while start < len(items):
        full = int(np.searchsorted(sizes, (sizes[start - 1] if start else 0) + MOST_BYTES, "right"))
        end = min(start + MOST_ITEMS, max(full, start + 1))
        yield names.of(1_600_000_000_000, "batch", start), items[start:end]
        start = end


def _items(track: Track, number: int, mode: str, names: Names) -> Iterator[dict[str, Any]]:
    first, last, patrol = float(track.at[0]), float(track.at[-1]), {"patrol_id": names.patrol(number)}
    start = {"id": names.of(first, number, "start"), "at": _iso(first), "mode": mode}
    yield {"type": "patrol_start"} | start | patrol
    for place in range(0, len(track.at), MOST_POINTS):
        piece = [column[place : place + MOST_POINTS].tolist() for column in track]
        points = [
            [int(at), *at_place, _known(accuracy)] for at, *at_place, accuracy in zip(*piece, strict=True)
        ]
        yield {"type": "track", "id": names.of(first, number, place), "points": points} | patrol
    yield {"type": "patrol_end", "id": names.of(last, number, "end"), "at": _iso(last)} | patrol


def _known(accuracy_m: float) -> float | None:
    return None if np.isnan(accuracy_m) else accuracy_m


def _iso(unix_ms: float) -> str:
    return f"{np.datetime64(int(unix_ms), 'ms')}Z"


class Phone:
    """A signed-in phone; what is not answered is sent again, unchanged."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url, self.token = url.rstrip("/") + "/api/v1", ""
        device = {"id": "replay", "name": "gridpatrol replay"}
        credentials = {"username": username, "password": password, "device": device}
        self.token = self.ask("/sessions", credentials)["token"]

    def send(self, batch_id: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The verdicts on these items."""
        clock = {"sent_at": datetime.now(UTC).isoformat()}
        upload = {"batch_id": batch_id, "crs": "wgs84", "clock": clock, "items": items}
        return self.ask("/uploads", upload)["results"]

    def start_of(self, patrol_id: str) -> float | None:
        """When the patrol began (unix ms), if the server knows it."""
        known = self.ask(f"/patrols/{patrol_id}", missing={})
        return _ms(known["first_at"]) if known.get("first_at") else None

    def coverage(self, tracks: Sequence[Track], codes: Sequence[str]) -> list[dict[str, Any]]:
        """What was seen of these grids while the tracks were walked."""
        window = {"from": _iso(min(t.at[0] for t in tracks)), "to": _iso(max(t.at[-1] for t in tracks) + 1)}
        answers = [self.ask(f"/coverage?{urlencode(window | {'area': code})}") for code in codes]
        return [item for answer in answers for item in answer["items"]]

    def grids_along(self, tracks: Sequence[Track]) -> list[str]:
        """The codes of the grids that the tracks touch."""
        codes = set()
        for track in tracks:
            way = shapely.MultiPoint(np.column_stack([track.lon, track.lat]))
            box = ",".join(f"{edge:.6f}" for edge in way.buffer(1e-5).bounds)
            grids = self.ask(f"/grids?{urlencode({'bbox': box, 'limit': 500})}")["features"]
            codes |= {grid["properties"]["code"] for grid in grids if shape(grid["geometry"]).intersects(way)}
        return sorted(codes)

    def ask(self, path: str, body: Any = None, missing: Any = None) -> Any:
        """The answer's document, or `missing`, if given, on a 404; raises ValueError if refused."""
        for attempt in range(TRIES):
            try:
                with urllib.request.urlopen(self._request(path, body), timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as refused:
                if refused.code == 404 and missing is not None:
                    return missing
                if refused.code not in (429, 503):
                    raise ValueError(f"{path} was refused: {_title(refused)}") from None
                wait = float(refused.headers.get("Retry-After") or 2**attempt)
            except (OSError, http.client.HTTPException):
                wait = 0.2 * 2**attempt
            time.sleep(min(wait, 30))
        raise ConnectionError(f"{self.url} does not answer")

    def _request(self, path: str, body: Any) -> urllib.request.Request:
        headers = {"Accept": "application/json, application/geo+json"}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is None:
            return urllib.request.Request(self.url + path, headers=headers)
        headers |= {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        data = gzip.compress(json.dumps(body).encode(), mtime=0)
        return urllib.request.Request(self.url + path, data, headers)


def _title(refused: urllib.error.HTTPError) -> str:
    try:
        return f"{refused.code} {json.load(refused)['title']}"
    except (ValueError, KeyError):
        return str(refused.code)
