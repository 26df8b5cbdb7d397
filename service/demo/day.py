"""A made-up day: who walks which grids, how, and when; most as they were asked to, some not."""

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
from service.demo.rota import rota
from service.demo.walks import Walk
from service.duty.pattern import shifts

LOCAL = ZoneInfo("Asia/Shanghai")
DAY = timedelta(hours=24)
BUSY = (1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 7, 5, 5, 7, 8, 8, 9, 11, 14, 14, 11, 6, 2)  # by local hour
SHORTEST, LONGEST = timedelta(minutes=20), timedelta(minutes=60)
MODES = {
    "town": {"foot": 0.78, "bicycle": 0.17, "car": 0.05},
    "police": {"foot": 0.35, "bicycle": 0.15, "car": 0.5},
    "pasture": {"horse": 0.6, "car": 0.4},
}
ZEAL = {"busy": 0.55, "middling": 0.27, "quiet": 0.18}  # of the communities
CARE = {"busy": (0.9, 0.05), "middling": (0.68, 0.14), "quiet": (0.2, 0.1)}  # of their shifts: in time, late
DELAY, LATE = (0, 12 * 60), (20 * 60, 50 * 60)  # s after the shift's beginning
AT_ONCE = 3  # grids that one member takes
GROUND = 1.25  # grids that one member can walk in all their streets
AFTER = timedelta(minutes=1)  # between those who set out together
TURN = timedelta(minutes=70)  # after which the next of the team sets out
OFF_DUTY = 1 / 16  # of the patrols nobody has asked for
INDOORS = 0.08  # of the visits leave no track


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


class Outing(NamedTuple):
    """A patrol that is to be walked: by whom, and from when for how long at most."""

    visits: list[Visit]
    kind: str  # of the team
    member_id: UUID
    start: datetime
    most: timedelta


def patrols(
    grids: Sequence[GridPlan],
    people: People,
    count: int,
    now: datetime,
    random: Generator,
    posted: Mapping[str, Sequence[Posted]] = MappingProxyType({}),
) -> Iterator[Recorded]:
    """So many patrols of different members in the 24 hours before now; `posted`: grid → its checkpoints."""
    teams = _Teams(people, random)
    on_duty = _on_duty(grids, people, teams, now, random)
    outings = on_duty[: round(count * (1 - OFF_DUTY))]
    outings += _off_duty(grids, teams, count - len(outings), now, random)
    for outing in outings:
        yield _walked(outing, random, posted)


class _Teams:
    """Who of the teams has not set out yet."""

    def __init__(self, people: People, random: Generator) -> None:
        self.kinds = {team["id"]: team["kind"] for team in people.teams}
        self.at_home: dict[str, list[UUID]] = {}
        for team in people.teams:
            self.at_home.setdefault(team["area_code"], []).append(team["id"])
        self.waiting: dict[UUID, list[UUID]] = {team: [] for team in self.kinds}
        for at in random.permutation(len(people.memberships)).tolist():
            membership = people.memberships[at]
            self.waiting[membership["team_id"]].append(membership["member_id"])

    def send(self, team: UUID) -> UUID | None:
        """One of a team, who has not set out before."""
        return self.waiting[team].pop() if self.waiting[team] else None


def _on_duty(
    grids: Sequence[GridPlan], people: People, teams: _Teams, now: datetime, random: Generator
) -> list[Outing]:
    """What the shifts before now have led to: the first patrol of each grid, then those who walk it again."""
    by_code = {grid.code: grid for grid in grids}
    zeal: dict[str, str] = {}
    turns: list[list[Outing]] = [[], []]
    for duty in rota(grids, people.teams, now):
        ground = [by_code[code] for code in duty.grids]
        known = zeal.setdefault(ground[0].code[:12], str(random.choice(list(ZEAL), p=list(ZEAL.values()))))
        for span in shifts(duty.pattern):
            delay = _delay(CARE[known], random)
            if span.start >= now or delay is None:
                continue
            for turn, outings in enumerate(turns):
                begin = span.start + delay + turn * TURN
                outings += _shift(ground, teams, duty.team["id"], begin, min(now, span.end), random)
    return [each[at] for each in turns for at in random.permutation(len(each)).tolist()]


def _delay(care: tuple[float, float], random: Generator) -> timedelta | None:
    """How long after its beginning a shift's team sets out, unless it never does."""
    in_time, late = care
    chance = random.random()
    if chance >= in_time + late:
        return None
    return timedelta(seconds=float(random.uniform(*(DELAY if chance < in_time else LATE))))


def _shift(
    ground: Sequence[GridPlan], teams: _Teams, team: UUID, begin: datetime, end: datetime, random: Generator
) -> list[Outing]:
    """Members of a team who share its grids, one after the other; none who would have to be back too soon."""
    outings: list[Outing] = []
    for first in range(0, len(ground), AT_ONCE):
        start = begin + len(outings) * AFTER
        most = min(LONGEST, end - start - timedelta(minutes=1))
        member = teams.send(team) if most >= SHORTEST else None
        if member:
            visits = _visits(ground[first : first + AT_ONCE], random)
            outings.append(Outing(visits, teams.kinds[team], member, start, most))
    return outings


def _visits(grids: Sequence[GridPlan], random: Generator) -> list[Visit]:
    share = GROUND / len(grids)
    indoors = random.random() < INDOORS and all(grid.basis == "area" for grid in grids)
    return [Visit(grid, min(1.0, share * float(random.uniform(0.8, 1.1))), not indoors) for grid in grids]


def _off_duty(
    grids: Sequence[GridPlan], teams: _Teams, count: int, now: datetime, random: Generator
) -> list[Outing]:
    """Members who walk in a grid of their community at any time of the day, whoever is on duty there."""
    outings: list[Outing] = []
    while len(outings) < count and any(teams.waiting.values()):
        grid = grids[int(random.integers(len(grids)))]
        at_home = teams.at_home.get(grid.code[:12], [])
        member = teams.send(team := at_home[int(random.integers(len(at_home)))]) if at_home else None
        if member:
            visits, start = _visits([grid], random), _start(now, random)
            outings.append(Outing(visits, teams.kinds[team], member, start, LONGEST))
    return outings


def _walked(outing: Outing, random: Generator, posted: Mapping[str, Sequence[Posted]]) -> Recorded:
    visits = outing.visits
    plane = plane_at(visits[0].grid.shape)
    mode = _mode(outing.kind, visits[0].grid, random)
    angle = (hash_of(visits[0].grid.code[:9]) % 90) * np.pi / 180  # the streets of a town run alike
    proofs = {_stop(plane, each): each.proof for visit in visits for each in _shown(visit, posted)}
    ways = [
        paths.visiting([_stop(plane, each) for each in shown])
        if (shown := _shown(visit, posted))
        else paths.along_streets(plane.flatten(visit.grid.shape), mode, visit.share, angle, random)
        for visit in visits
    ]
    way = paths.lasting(np.vstack(ways), SHORTEST.total_seconds() * walks.SPEEDS[mode])
    has_track = all(visit.has_track for visit in visits)
    walk = Walk(plane, way, mode, round(outing.start.timestamp() * 1000), has_track, proofs)
    items, end = walks.record(walk, round(outing.most.total_seconds() * 1000), random)
    return Recorded(outing.member_id, datetime.fromtimestamp(end / 1000, UTC), items)


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
    last = now - LONGEST - timedelta(minutes=1)
    span = DAY - LONGEST - timedelta(minutes=2)
    while True:
        start = last - span * random.random()
        if random.random() * max(BUSY) < BUSY[start.astimezone(LOCAL).hour]:
            return start
