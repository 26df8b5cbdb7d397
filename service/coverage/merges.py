"""Footprints merged by hour and local day, so that any window is read from few rows.

They follow from the footprints alone. Whoever changes footprints leaves the hours in `coverage_stale`, in the
same transaction; `refresh` works those out anew, one process at a time.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np

from geo.cells import Cells
from geo.coverage import merge, share_seen
from geo.stacks import keep, kept
from service import bulk
from service.areas.places import places
from service.coverage.windows import DAY, begin_of, local_day
from service.db import ask, uuid7
from service.outbox.actions import Event, tell

MERGING = 0x6D657267  # the advisory lock under which hours and days are merged
_LOCK = "SELECT pg_advisory_xact_lock(%(key)s)"
_STALE = """
WITH stale AS (DELETE FROM coverage_stale RETURNING grid_id, hour)
SELECT DISTINCT grid_id, hour FROM stale"""
_FOOTPRINTS = """
SELECT grid_id, hour, array_agg(seen ORDER BY number) FILTER (WHERE seen <> '') AS seen,
    array_agg(number ORDER BY number) AS patrols,
    sum(person_seconds ORDER BY number) AS person_seconds,
    sum(silent_seconds ORDER BY number) AS silent_seconds,
    bool_or(seen = '' OR silent_seconds > 0) AS was_silent, max(last_seen_at) AS last_seen_at
FROM footprints JOIN patrols ON patrols.id = patrol_id
JOIN unnest(%(grids)s::int[], %(hours)s::timestamptz[]) AS stale (grid_id, hour) USING (grid_id, hour)
GROUP BY grid_id, hour"""
_HOURS = """
SELECT grid_id, hour, seen, patrols, person_seconds, silent_seconds, was_silent, last_seen_at
FROM coverage_hours
JOIN unnest(%(grids)s::int[], %(since)s::timestamptz[], %(until)s::timestamptz[])
    AS days (grid_id, since, until) USING (grid_id)
WHERE hour >= since AND hour < until ORDER BY grid_id, hour"""
_FORGET_HOURS = """
DELETE FROM coverage_hours USING unnest(%(grids)s::int[], %(times)s::timestamptz[]) AS stale (grid_id, hour)
WHERE coverage_hours.grid_id = stale.grid_id AND coverage_hours.hour = stale.hour"""
_FORGET_DAYS = """
DELETE FROM coverage_days USING unnest(%(grids)s::int[], %(times)s::date[]) AS stale (grid_id, day)
WHERE coverage_days.grid_id = stale.grid_id AND coverage_days.day = stale.day"""
_PATROLS = """
SELECT day, community_code, string_agg(patrols, '') AS patrols
FROM coverage_days JOIN grids ON grids.id = grid_id
JOIN (
    SELECT DISTINCT day, community_code FROM unnest(%(grids)s::int[], %(times)s::date[]) AS stale (id, day)
    JOIN grids USING (id)
) AS stale USING (day, community_code) GROUP BY day, community_code"""
_FORGET_VISITS = """
DELETE FROM coverage_visits USING unnest(%(grids)s::int[], %(times)s::date[]) AS stale (grid_id, day)
JOIN grids ON grids.id = grid_id
WHERE coverage_visits.community_code = grids.community_code AND coverage_visits.day = stale.day"""
_CODES = "SELECT code FROM grids WHERE id = ANY(%(ids)s::int[]) ORDER BY code"
_MERGED = {
    "grid_id": "int4",
    "seen": "bytea",
    "patrols": "bytea",
    "person_seconds": "float8",
    "silent_seconds": "float8",
    "was_silent": "bool",
    "last_seen_at": "timestamptz",
}
_HOUR = _MERGED | {"hour": "timestamptz"}
_DAY = _MERGED | {"share_seen": "float8", "day": "date"}
_VISITS = {"day": "date", "community_code": "text", "patrols": "bytea"}


class Merged(NamedTuple):
    """What was seen of one grid in some time; of patrols their numbers, sorted, four bytes each."""

    grid_id: int
    seen: bytes
    patrols: bytes
    person_seconds: float
    silent_seconds: float
    was_silent: bool
    last_seen_at: datetime | None


def refresh() -> int:
    """Merge the hours whose footprints have changed, and their days; gives how many hours."""
    ask(_LOCK, key=MERGING)
    stale = [(row.grid_id, row.hour) for row in ask(_STALE)]
    if not stale:
        return 0
    cells = _cells({grid_id for grid_id, _ in stale})
    _refresh_hours(stale, cells)
    days = sorted({(grid_id, local_day(hour)) for grid_id, hour in stale})
    _refresh_days(days, cells)
    _refresh_visits(days)
    ask("UPDATE coverage_version SET version = %(new)s", new=uuid7())
    codes = [row.code for row in ask(_CODES, ids=list(cells))]
    tell(*(Event("coverage.rebuilt", code[:12], code) for code in codes))
    return len(stale)


def _cells(grid_ids: set[int]) -> dict[int, Cells]:
    where = places()
    at = np.flatnonzero(np.isin(where.ids, list(grid_ids)))
    return dict(zip(where.ids[at].tolist(), where.all_cells(at.tolist()), strict=True))


def _refresh_hours(stale: Sequence[tuple[int, datetime]], cells: dict[int, Cells]) -> None:
    grids, hours = zip(*stale, strict=True)
    ask(_FORGET_HOURS, grids=list(grids), times=list(hours))
    rows = ask(_FOOTPRINTS, grids=list(grids), hours=list(hours))
    bulk.copy_rows(
        "coverage_hours", _HOUR, [[*_of_footprints(row, cells[row.grid_id]), row.hour] for row in rows]
    )


def _of_footprints(row: Any, cells: Cells) -> Merged:
    numbers = np.array(row.patrols, "<i4").tobytes()
    times = row.person_seconds, row.silent_seconds, row.was_silent, row.last_seen_at
    return Merged(row.grid_id, keep(merge(row.seen or (), cells), cells), numbers, *times)


def _refresh_days(stale: Sequence[tuple[int, date]], cells: dict[int, Cells]) -> None:
    grids, days = zip(*stale, strict=True)
    ask(_FORGET_DAYS, grids=list(grids), times=list(days))
    bounds = {"since": [begin_of(day) for day in days], "until": [begin_of(day + DAY) for day in days]}
    by_day: dict[tuple[int, date], list[Any]] = defaultdict(list)
    for row in ask(_HOURS, grids=list(grids), **bounds):
        by_day[row.grid_id, local_day(row.hour)].append(row)
    bulk.copy_rows(
        "coverage_days", _DAY, [[*_of_hours(rows, cells[key[0]]), key[1]] for key, rows in by_day.items()]
    )


def _of_hours(rows: Sequence[Any], cells: Cells) -> list[Any]:
    seen = kept((row.seen for row in rows), cells)
    return [*_joined(rows, keep(seen, cells)), share_seen(seen, cells)]


def _joined(rows: Sequence[Any], seen: bytes) -> Merged:
    return Merged(
        rows[0].grid_id,
        seen,
        _different(b"".join(row.patrols for row in rows)),
        sum(row.person_seconds for row in rows),
        sum(row.silent_seconds for row in rows),
        any(row.was_silent for row in rows),
        max((row.last_seen_at for row in rows if row.last_seen_at), default=None),
    )


def _refresh_visits(stale: Sequence[tuple[int, date]]) -> None:
    grids, days = map(list, zip(*stale, strict=True))
    ask(_FORGET_VISITS, grids=grids, times=days)
    rows = ask(_PATROLS, grids=grids, times=days)
    bulk.copy_rows(
        "coverage_visits", _VISITS, [[row.day, row.community_code, _different(row.patrols)] for row in rows]
    )


def _different(numbers: bytes) -> bytes:
    return np.unique(np.frombuffer(numbers, "<i4")).tobytes()
