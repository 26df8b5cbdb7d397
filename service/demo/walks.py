"""What a phone would have recorded on a way: fixes with their noise, silences, check-ins, and a few lies."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from geo.plane import Plane
from service.demo.paths import Way

EVERY = 30  # s between two fixes
SPEEDS = {"foot": 1.05, "bicycle": 3.0, "horse": 2.2, "car": 5.5}  # m/s, stops for a talk included
NOISE = 3.0  # m
MEMORY = 0.8  # how much of a fix's error the next one keeps
VAGUE = 0.03  # of the fixes
SILENT = 0.12  # of the walks fall silent for some minutes
LIARS = {"teleport": 0.012, "mock": 0.008}  # of the walks


class Walk(NamedTuple):
    """A way as somebody takes it."""

    plane: Plane
    way: Way  # metres in the plane
    mode: str
    start_ms: int
    has_track: bool = True
    proofs: Mapping[tuple[float, float], str] = MappingProxyType({})  # turning point → the code there

    @property
    def turns_ms(self) -> NDArray[np.int64]:
        """When each turning point is reached."""
        legs = np.hypot(*np.diff(self.way, axis=0).T)
        return self.start_ms + np.round(np.r_[0, legs.cumsum()] / SPEEDS[self.mode] * 1000).astype(np.int64)


def record(walk: Walk, most_ms: int, random: Generator) -> tuple[list[dict[str, Any]], int]:
    """The upload items of a walk that is broken off after so long, and when it ends."""
    turns = walk.turns_ms
    end = int(min(turns[-1], walk.start_ms + most_ms))
    patrol = str(id_at(walk.start_ms, random))
    start = {"id": _id(walk.start_ms, random), "at": iso(walk.start_ms), "mode": walk.mode}
    items: list[dict[str, Any]] = [start | {"type": "patrol_start"}]
    if walk.has_track:
        items += [{"type": "track", "id": _id(end, random), "points": _points(walk, turns, end, random)}]
    items += _check_ins(walk, turns, end, random)
    items += [{"type": "patrol_end", "id": _id(end, random), "at": iso(end)}]
    return [item | {"patrol_id": patrol} for item in items], end


def _points(walk: Walk, turns: NDArray[np.int64], end: int, random: Generator) -> list[list[Any]]:
    at = np.arange(walk.start_ms, end + 1, EVERY * 1000)
    at = at[_heard(len(at), random)]
    vague = random.random(len(at)) < VAGUE
    accuracy = np.where(vague, random.uniform(60, 140, len(at)), random.lognormal(1.75, 0.3, len(at)))
    error = _drift(len(at), random) * np.where(vague, 12, 1)[:, None]
    x, y = (np.interp(at, turns, axis) for axis in walk.way.T)
    lon, lat = walk.plane.to_degrees(x + error[:, 0], y + error[:, 1])
    lie = random.random()
    if lie < LIARS["teleport"]:
        lon = lon + np.where(np.arange(len(at)) % 7 == 3, 0.09, 0)
    flags = 1 if LIARS["teleport"] <= lie < sum(LIARS.values()) else 0
    columns = at, lon.round(6), lat.round(6), accuracy.round(1)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [[*row, None, None, None, flags] if flags else list(row) for row in rows]


def _heard(count: int, random: Generator) -> NDArray[np.bool_]:
    """Which fixes reach the phone: on some walks it is in a cellar or a tunnel for six to ten minutes."""
    heard = np.ones(count, bool)
    if count > 40 and random.random() < SILENT:
        first, length = random.integers(5, count - 25), random.integers(12, 20)
        heard[first : first + length] = False
    return heard


def _drift(count: int, random: Generator) -> NDArray[np.float64]:
    """Errors of a few metres, each much like the one before."""
    fresh = random.normal(0, NOISE * np.sqrt(1 - MEMORY**2), (count, 2))
    errors = np.empty((count, 2))
    last = random.normal(0, NOISE, 2)
    for number in range(count):
        last = errors[number] = MEMORY * last + fresh[number]
    return errors


def _check_ins(walk: Walk, turns: NDArray[np.int64], end: int, random: Generator) -> list[dict[str, Any]]:
    reached = np.flatnonzero(turns <= end)
    shown = _codes(walk, reached.tolist())
    some = min(len(reached), int(random.integers(1, 4)))
    chosen = list(shown) or random.choice(reached, some, replace=False).tolist()
    lon, lat = walk.plane.to_degrees(*walk.way.T)
    accuracy = random.uniform(5, 15) if walk.has_track else random.uniform(25, 48)
    return [
        {
            "type": "check_in",
            "id": _id(int(turns[at]), random),
            "at": iso(int(turns[at])),
            "lon": round(float(lon[at]), 6),
            "lat": round(float(lat[at]), 6),
            "accuracy_m": round(accuracy, 1),
            **({"method": "qr", "proof": shown[at]} if at in shown else {"method": "position"}),
        }
        for at in sorted(chosen)
    ]


def _codes(walk: Walk, reached: list[int]) -> dict[int, str]:
    """The codes that stand at turning points that were reached, each where it came first."""
    first: dict[str, int] = {}
    for at in reached:
        if code := walk.proofs.get(tuple(walk.way[at].tolist())):
            first.setdefault(code, at)
    return {at: code for code, at in first.items()}


def iso(unix_ms: int) -> str:
    """The time in RFC 3339."""
    return str(np.datetime64(unix_ms, "ms")) + "Z"


def _id(unix_ms: int, random: Generator) -> str:
    return str(id_at(unix_ms, random))


def id_at(unix_ms: int, random: Generator) -> UUID:
    """A UUIDv7 of that time, decided by the generator."""
    bits = int.from_bytes(random.bytes(10)) & ~(0xF << 76 | 0b11 << 62)
    return UUID(int=unix_ms << 80 | bits | 0x7 << 76 | 0b10 << 62)
