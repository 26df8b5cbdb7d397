"""What was seen, worked out from all facts at once: to check what was derived piece by piece."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
from psycopg.rows import namedtuple_row

from geo.cells import Bits
from geo.coverage import merge, seen_together, share_seen
from geo.tracks import Fixes
from service import bulk
from service.areas.places import places
from service.db import ask, driver, start_apart, transaction

_PATROLS = """
SELECT number FROM patrols JOIN members ON members.id = member_id
WHERE first_at >= %(since)s AND first_at < %(until)s AND erased_before IS NULL ORDER BY area_code, number"""
_FIXES = """
SELECT number, mode, string_agg(timestamptz_send(recorded_at), '') AS at,
    string_agg(position::bytea, '') AS place,
    string_agg(float8send(coalesce(accuracy_m, 'NaN')), '') AS accuracy_m,
    string_agg(boolsend(is_mock), '') AS mock
FROM fixes JOIN patrols ON patrols.id = patrol_id
WHERE number = ANY(%(numbers)s::int[]) AND recorded_at >= %(since)s GROUP BY number, mode"""
_FOOTPRINTS = """
SELECT grid_id, array_agg(seen) AS seen FROM footprints JOIN patrols ON patrols.id = patrol_id
WHERE first_at >= %(since)s AND first_at < %(until)s AND erased_before IS NULL AND seen <> ''
GROUP BY grid_id"""
_AT_ONCE = 1000  # patrols; what is in memory grows with them, and neighbours show much the same
_EPOCH_US = 946_684_800_000_000  # 2000-01-01, from which PostgreSQL counts


class Check(NamedTuple):
    """How the footprints of some patrols compare with all their facts."""

    grids: int
    differing: list[str]  # codes


def check(since: datetime, until: datetime, processes: int = 1) -> Check:
    """Whether the footprints of the patrols that began in a span are what all their facts show together.

    Patrols of which facts have been erased are left out. Several processes see only what has been committed.
    """
    where = places()
    codes = dict(zip(where.ids.tolist(), where.codes, strict=True))
    seen = seen_of(since, until, processes)
    kept = {row.grid_id: row.seen for row in ask(_FOOTPRINTS, since=since, until=until)}
    grids = {**dict.fromkeys(seen), **dict.fromkeys(kept)}
    cells = dict(zip(grids, where.all_cells(where.positions(list(grids))), strict=True))
    differing = [
        codes[each]
        for each in grids
        if not np.array_equal(
            merge(kept.get(each, ()), cells[each]), seen.get(each, np.zeros_like(cells[each].inside))
        )
    ]
    return Check(len(grids), sorted(differing))


def seen_of(since: datetime, until: datetime, processes: int = 1) -> dict[int, Bits]:
    """By grid id, what the patrols show together that began in a span of time."""
    numbers = [row.number for row in ask(_PATROLS, since=since, until=until)]
    seen: dict[int, Bits] = {}
    for shown in _each(partial(_shown, since), _portions(numbers, processes), processes):
        ask("SELECT")  # whose transaction idles is cut off
        for grid_id, bits in shown.items():
            seen[grid_id] = seen[grid_id] | bits if grid_id in seen else bits
    return seen


def _portions(numbers: list[int], processes: int) -> list[list[int]]:
    """As many for each process, and none of more than _AT_ONCE."""
    count = processes * -(-len(numbers) // (_AT_ONCE * processes))
    size = -(-len(numbers) // max(count, 1))
    return [numbers[start : start + size] for start in range(0, len(numbers), max(size, 1))]


def _each(way: Callable[[list[int]], dict[int, Bits]], portions: list[list[int]], processes: int) -> Any:
    """What comes of each portion, from so many processes; if it is one, from this."""
    if processes == 1:
        yield from map(way, portions)
        return
    with ProcessPoolExecutor(processes, get_context("fork"), start_apart) as pool:
        yield from pool.map(partial(_in_transaction, way), portions)


def _in_transaction(way: Callable[[list[int]], dict[int, Bits]], numbers: list[int]) -> dict[int, Bits]:
    with transaction():
        return way(numbers)


def _shown(since: datetime, numbers: list[int]) -> dict[int, Bits]:
    """By grid id, what patrols with these numbers show together."""
    where = places()
    with driver().cursor(row_factory=namedtuple_row, binary=True) as cursor:
        cursor.execute(_FIXES, {"numbers": numbers, "since": since}, prepare=False)
        tracks: Sequence[Any] = cursor.fetchall()
    if not tracks:
        return {}
    owner = np.repeat(np.arange(len(tracks)), [len(track.mock) for track in tracks])
    modes = [track.mode for track in tracks]
    seen = seen_together(_fixes(tracks), owner, modes, where.index, where.all_cells)
    return {int(where.ids[grid]): bits for grid, bits in seen.items() if bits.any()}


def _fixes(tracks: Sequence[Any]) -> Fixes:
    """The fixes of all tracks, one after the other."""
    at = np.frombuffer(b"".join(track.at for track in tracks), ">i8").astype(np.int64)
    place = np.frombuffer(b"".join(track.place for track in tracks), bulk.POINT)
    accuracy_m = np.frombuffer(b"".join(track.accuracy_m for track in tracks), ">f8").astype(np.float64)
    mock = np.frombuffer(b"".join(track.mock for track in tracks), bool)
    lon, lat = (np.ascontiguousarray(place[axis]) for axis in ("lon", "lat"))
    return Fixes((at + _EPOCH_US) // 1000, lon, lat, accuracy_m, mock)


def shares(since: datetime, until: datetime, processes: int = 1) -> dict[int, float]:
    """By grid id, the share that those patrols show together."""
    where = places()
    seen = seen_of(since, until, processes)
    cells = where.all_cells(where.positions(list(seen)))
    return {each: share_seen(bits, cell) for (each, bits), cell in zip(seen.items(), cells, strict=True)}
