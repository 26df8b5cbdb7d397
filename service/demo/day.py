"""A made-up day: who walks which grids, how, and when."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator

from geo.plane import Plane, plane_at
from service.demo import paths, walks
from service.demo.ground import GridPlan, hash_of
from service.demo.people import People
from service.demo.walks import Walk

LOCAL = ZoneInfo("Asia/Shanghai")
DAY = timedelta(hours=24)
BUSY = (1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 7, 5, 5, 7, 8, 8, 9, 11, 14, 14, 11, 6, 2)  # by local hour
SHORTEST, LONGEST = 20 * 60, 60 * 60  # s
MODES = {
    "town": {"foot": 0.78, "bicycle": 0.17, "car": 0.05},
    "police": {"foot": 0.35, "bicycle": 0.15, "car": 0.5},
    "pasture": {"horse": 0.6, "car": 0.4},
}
ZEAL = {"busy": 0.45, "middling": 0.1, "quiet": 0.45}  # of the communities
CARE = {"busy": (0.92, 0.08), "middling": (0.25, 0.35), "quiet": (0, 0)}  # of their grids: seen, seen in part
INDOORS = 0.11  # of the grids that nobody walks are visited indoors
PASTURES = 0.3  # of the pastures are visited


class Posted(NamedTuple):
    """A checkpoint that is up, and what its code says."""

    lon: float
    lat: float
    proof: str


class Visit(NamedTuple):
    """A grid that is to be walked, and how much of it; without a track only check-ins tell of it."""

    grid: GridPlan
    share: float
    has_track: bool = True


class Recorded(NamedTuple):
    """What one member's phone has recorded, when it was done."""

    member_id: UUID
    ended_at: datetime
    items: list[dict[str, Any]]


def patrols(
    grids: Sequence[GridPlan],
    people: People,
    count: int,
    now: datetime,
    random: Generator,
    posted: Mapping[str, Sequence[Posted]] = MappingProxyType({}),
) -> Iterator[Recorded]:
    """So many patrols of different members in the 24 hours before now; `posted`: grid → its checkpoints."""
    walkers = _walkers(people)
    for visits in _rounds(grids, count, random):
        home = walkers.get(visits[0].grid.code[:12])
        if home:
            kind, member_id = home.pop(int(random.integers(len(home))))
            yield _walked(visits, kind, member_id, now, random, posted)


def _walkers(people: People) -> dict[str, list[tuple[str, UUID]]]:
    """Community → (kind of team, member) of everybody at home there."""
    teams = {team["id"]: team for team in people.teams}
    walkers: dict[str, list[tuple[str, UUID]]] = {}
    for membership in people.memberships:
        team = teams[membership["team_id"]]
        walkers.setdefault(team["area_code"], []).append((team["kind"], membership["member_id"]))
    return walkers


def _rounds(grids: Sequence[GridPlan], count: int, random: Generator) -> list[list[Visit]]:
    """The visits of each patrol, one or two grids of a community; some are walked again."""
    by_community: dict[str, list[Visit]] = {}
    for visit in _visits(grids, random):
        by_community.setdefault(visit.grid.code[:12], []).append(visit)
    rounds = []
    for visits in by_community.values():
        while visits:
            length = 1 + int(random.random() < 0.3 and len(visits) > 1)
            rounds.append([visits.pop(0) for _ in range(length)])
    order = random.permutation(len(rounds))
    again = random.integers(len(rounds), size=max(0, count - len(rounds)))
    return [rounds[at] for at in [*order, *again]][:count]


def _visits(grids: Sequence[GridPlan], random: Generator) -> Iterator[Visit]:
    """Some communities are busier than others, so what was seen and what was not lies in patches."""
    zeal: dict[str, str] = {}
    for grid in grids:
        known = zeal.setdefault(grid.code[:12], str(random.choice(list(ZEAL), p=list(ZEAL.values()))))
        seen, partly = (PASTURES, 0) if grid.basis == "checkpoints" else CARE[known]
        chance = random.random()
        if chance < seen:
            yield Visit(grid, 1.0)
        elif chance < seen + partly:
            yield Visit(grid, float(random.uniform(0.25, 0.6)))
        elif chance > 1 - INDOORS and grid.basis == "area":
            yield Visit(grid, 1.0, has_track=False)


def _walked(
    visits: Sequence[Visit],
    kind: str,
    member_id: UUID,
    now: datetime,
    random: Generator,
    posted: Mapping[str, Sequence[Posted]],
) -> Recorded:
    plane = plane_at(visits[0].grid.shape)
    mode = _mode(kind, visits[0].grid, random)
    angle = (hash_of(visits[0].grid.code[:9]) % 90) * np.pi / 180  # the streets of a town run alike
    proofs = {_stop(plane, each): each.proof for visit in visits for each in _shown(visit, posted)}
    ways = [
        paths.visiting([_stop(plane, each) for each in shown])
        if (shown := _shown(visit, posted))
        else paths.along_streets(plane.flatten(visit.grid.shape), mode, visit.share, angle, random)
        for visit in visits
    ]
    way = np.vstack(ways)
    way = paths.lasting(way, SHORTEST * walks.SPEEDS[mode])
    start = _start(now, random)
    has_track = all(visit.has_track for visit in visits)
    walk = Walk(plane, way, mode, round(start.timestamp() * 1000), has_track, proofs)
    items, end = walks.record(walk, LONGEST * 1000, random)
    return Recorded(member_id, datetime.fromtimestamp(end / 1000, UTC), items)


def _shown(visit: Visit, posted: Mapping[str, Sequence[Posted]]) -> Sequence[Posted]:
    """The checkpoints that are called at: all of a pasture's, and those of a grid that is visited indoors."""
    calls = visit.grid.basis == "checkpoints" or not visit.has_track
    return posted.get(visit.grid.code, ()) if calls else ()


def _stop(plane: Plane, posted: Posted) -> tuple[float, float]:
    x, y = plane.to_metres(posted.lon, posted.lat)
    return float(x), float(y)


def _mode(kind: str, grid: GridPlan, random: Generator) -> str:
    where = "pasture" if grid.basis == "checkpoints" else "police" if "police" in kind else "town"
    modes: Mapping[str, float] = MODES[where]
    return str(random.choice(list(modes), p=list(modes.values())))


def _start(now: datetime, random: Generator) -> datetime:
    """A time of the last 24 hours, by how busy its hour is, early enough for the patrol to be over."""
    last = now - timedelta(seconds=LONGEST + 60)
    span = DAY - timedelta(seconds=LONGEST + 120)
    while True:
        start = last - span * random.random()
        if random.random() * max(BUSY) < BUSY[start.astimezone(LOCAL).hour]:
            return start
