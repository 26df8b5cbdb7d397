"""What a window's footprints add up to: for a grid, and for the areas above it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from math import fsum
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from geo.coverage import Cells, merge, share_seen
from service.areas.models import DIGITS
from service.areas.places import Places, place, places, unix_ms
from service.checkpoints.queries import standing_at
from service.coverage import queries
from service.coverage.queries import EVERYONE, Only
from service.coverage.sums import NEVER, summed
from service.coverage.windows import Window
from service.db import session

SEEN = 0.8  # a grid of which so much was seen counts as seen
PARTLY = 0.01  # less lies within the error of a footprint: the edge of a walk next door
GRADES = ("A", "B", "C", "D")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Measure:
    """How much of a piece of ground was seen in a window, and by how many."""

    code: str
    name: str
    basis: str
    area_m2: float
    share_seen: float = 0.0
    share_no_evidence: float = 0.0
    patrols: bytes = b""  # their numbers, four bytes each, in order
    person_seconds: float = 0.0
    check_ins: Mapping[str, int] = field(default_factory=dict)
    last_seen_at: datetime | None = None
    shape: str | None = None

    @property
    def state(self) -> str:
        """In one word; where a patrol was but nothing shows its way, there is no evidence."""
        if self.share_seen >= SEEN:
            return "seen"
        if self.share_seen >= PARTLY:
            return "partly"
        return "no_evidence" if self.share_no_evidence > 0 else "unseen"

    @property
    def visits(self) -> int:
        """By how many patrols it was visited."""
        return len(self.patrols) // 4

    @property
    def person_minutes(self) -> float:
        """How long people walked in it, all together."""
        return minutes(self.person_seconds)


def minutes(seconds: float) -> float:
    """Seconds as minutes, to a tenth."""
    return round(seconds / 60, 1)


class Merged(NamedTuple):
    """The footprints of one grid, merged."""

    share_seen: float
    was_silent: bool
    patrols: bytes  # their numbers, four bytes each, in order
    person_seconds: float
    last_seen_at: datetime | None


class Question(NamedTuple):
    """What is asked of a window: which grids, as of when, and whose patrols count."""

    prefix: str
    only: Only = EVERYONE
    as_of: datetime | None = None  # the grids in force then; at the window's end unless given


def by_grid(window: Window, question: Question, shapes: bool = False) -> list[Measure]:
    """The measure of every grid with the prefix that was in force, in order of code."""
    prefix, only, as_of = question
    found = merged(window, prefix, only)
    grades = _grades(window, prefix, only)
    rows = session.execute(queries.grids(prefix, as_of or window.end, shapes))
    visited = _visited(window, only)
    return [_measure(row, found.get(row.id), grades.get(row.id, {}), visited.get(row.id)) for row in rows]


def by_area(window: Window, question: Question, level: str, shapes: bool = False) -> list[Measure]:
    """The measure of every area of a level that has grids; shares are weighted by ground."""
    inside: dict[str, list[Measure]] = {}
    for grid in by_grid(window, question):
        inside.setdefault(grid.code[: DIGITS[level]].ljust(12, "0"), []).append(grid)
    rows = session.execute(queries.areas(question.prefix[: DIGITS[level]], level, shapes))
    return [_sum(row, inside[row.code]) for row in rows if row.code in inside]


def merged(window: Window, prefix: str, only: Only = EVERYONE) -> dict[int, Merged]:
    """The footprints of each grid in the window, merged; the same answer is not worked out twice."""
    return _merged(session.scalars(queries.version()).one(), window, prefix, only)


@lru_cache(maxsize=32)
def _merged(version: UUID, window: Window, prefix: str, only: Only) -> dict[int, Merged]:
    if only != EVERYONE:
        return _merged_from_footprints(queries.footprints(window, prefix, only))
    found = summed(window, prefix).columns()
    rows = zip(
        found.share_seen.tolist(),
        found.was_silent.tolist(),
        found.patrols,
        found.person_seconds.tolist(),
        [None if at == NEVER else EPOCH + at * MICROSECOND for at in found.last_seen_at.tolist()],
        strict=True,
    )
    return {grid_id: Merged(*row) for grid_id, row in zip(found.ids, rows, strict=True)}


def _merged_from_footprints(rows: Sequence[Any]) -> dict[int, Merged]:
    by_grid = {grid_id: list(some) for grid_id, some in groupby(rows, attrgetter("grid_id"))}
    cells = cells_in(places(), list(by_grid))
    return {grid_id: _merge(some, cells[grid_id]) for grid_id, some in by_grid.items()}


def cells_in(where: Places, grid_ids: Sequence[int]) -> dict[int, Cells]:
    """The rasters of some grids, by id."""
    at = np.flatnonzero(np.isin(where.ids, grid_ids))
    return dict(zip(where.ids[at].tolist(), where.all_cells(at.tolist()), strict=True))


def _merge(rows: Sequence[Any], cells: Cells) -> Merged:
    seen = [row.seen for row in rows if row.seen]
    return Merged(
        share_seen(merge(seen, cells), cells) if seen else 0.0,
        any(row.was_silent for row in rows),
        _numbers(np.array([row.number for row in rows])),
        sum(row.person_seconds for row in rows),
        max((row.last_seen_at for row in rows if row.last_seen_at), default=None),
    )


def _numbers(numbers: Any) -> bytes:
    return np.unique(numbers).astype("<u4").tobytes()


def _grades(window: Window, prefix: str, only: Only) -> dict[int, dict[str, int]]:
    grades: dict[int, dict[str, int]] = {}
    for grid_id, grade, count in session.execute(queries.check_ins(*window, prefix, only)):
        grades.setdefault(grid_id, {})[grade] = count
    return grades


def _visited(window: Window, only: Only) -> dict[int, float]:
    """The share of each grid's checkpoints that somebody visited, of those in use at the window's end."""
    standing = session.execute(standing_at(window.end)).all()
    if not standing:
        return {}
    ids, lon, lat = zip(*standing, strict=True)
    seen = set(session.scalars(queries.visited(*window, only)))
    here: dict[int, list[bool]] = {}
    for each, grid_id in zip(ids, place(lon, lat, [unix_ms(window.end)] * len(ids)), strict=True):
        here.setdefault(int(grid_id), []).append(each in seen)
    return {grid_id: sum(visits) / len(visits) for grid_id, visits in here.items()}


def _measure(
    grid: Any, found: Merged | None, grades: Mapping[str, int], visited: float | None = None
) -> Measure:
    about = {"code": grid.code, "name": grid.name, "basis": grid.basis, "area_m2": grid.area_m2}
    about |= {"shape": grid.shape, "check_ins": grades}
    by_checkpoints = visited or 0.0
    if found is None:
        return Measure(**about, share_seen=by_checkpoints if grid.basis == "checkpoints" else 0.0)
    share = found.share_seen if grid.basis == "area" else by_checkpoints
    return Measure(
        **about,
        share_seen=share,
        share_no_evidence=1 - share if found.was_silent or grid.basis == "checkpoints" else 0.0,
        patrols=found.patrols,
        person_seconds=found.person_seconds,
        last_seen_at=found.last_seen_at,
    )


def _sum(area: Any, grids: Sequence[Measure]) -> Measure:
    """Grids measured by area speak for the ground; those measured by checkpoints only where alone."""
    speaking = [grid for grid in grids if grid.basis == "area"] or grids
    ground = fsum(grid.area_m2 for grid in speaking)
    return Measure(
        area.code,
        area.name,
        speaking[0].basis,
        ground,
        weighted((grid.share_seen * grid.area_m2 for grid in speaking), ground),
        weighted((grid.share_no_evidence * grid.area_m2 for grid in speaking), ground),
        _numbers(np.frombuffer(b"".join(grid.patrols for grid in grids), "<u4")),
        fsum(grid.person_seconds for grid in grids),
        {grade: sum(grid.check_ins.get(grade, 0) for grid in grids) for grade in GRADES},
        max((grid.last_seen_at for grid in grids if grid.last_seen_at), default=None),
        area.shape,
    )


def weighted(parts: Iterable[float], whole: float) -> float:
    """The parts' share of the whole; correctly rounded, so that their order does not matter."""
    return min(1.0, fsum(parts) / whole)
