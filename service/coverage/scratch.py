"""What was seen, worked out from all facts at once: to check what was derived piece by piece."""

from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from geo.cells import Bits
from geo.coverage import merge, seen_together, share_seen
from geo.tracks import Fixes
from service.areas.places import places
from service.db import ask, driver

_PATROLS = """
SELECT number, mode FROM patrols
WHERE first_at >= %(since)s AND first_at < %(until)s AND erased_before IS NULL ORDER BY number"""
_FIXES = """
COPY (
    SELECT number, recorded_at, ST_X(position), ST_Y(position), coalesce(accuracy_m, 'NaN'), is_mock
    FROM fixes JOIN patrols ON patrols.id = patrol_id
    WHERE first_at >= '{since}' AND first_at < '{until}' AND erased_before IS NULL
        AND recorded_at >= '{since}'
) TO STDOUT (FORMAT BINARY)"""
_FOOTPRINTS = """
SELECT grid_id, array_agg(seen) AS seen FROM footprints JOIN patrols ON patrols.id = patrol_id
WHERE first_at >= %(since)s AND first_at < %(until)s AND erased_before IS NULL AND seen <> ''
GROUP BY grid_id"""
_HEADER = 19  # bytes before the first row of a binary COPY
_FIELDS = {"number": ">i4", "at": ">i8", "lon": ">f8", "lat": ">f8", "accuracy_m": ">f8", "mock": "u1"}
# A row is the number of its fields, and each field after its length; no value is NULL, so all rows are alike
# (PostgreSQL 15 documentation, COPY, "Binary Format").
_LENGTHS = [(f"{name}_length", ">i4") for name in _FIELDS]
_ROW = np.dtype(
    [("fields", ">i2"), *(part for pair in zip(_LENGTHS, _FIELDS.items(), strict=True) for part in pair)]
)
_EPOCH_US = 946_684_800_000_000  # 2000-01-01, from which PostgreSQL counts


class Check(NamedTuple):
    """How the footprints of some patrols compare with all their facts."""

    grids: int
    differing: list[str]  # codes


def check(since: datetime, until: datetime) -> Check:
    """Whether the footprints of the patrols that began in a span are what all their facts show together.

    Patrols of which facts have been erased are left out.
    """
    where = places()
    codes = dict(zip(where.ids.tolist(), where.codes, strict=True))
    seen = seen_of(since, until)
    kept = {row.grid_id: row.seen for row in ask(_FOOTPRINTS, since=since, until=until)}
    grids = {**dict.fromkeys(seen), **dict.fromkeys(kept)}
    at = {grid_id: position for position, grid_id in enumerate(where.ids.tolist())}
    cells = dict(zip(grids, where.all_cells([at[each] for each in grids]), strict=True))
    differing = [
        codes[each]
        for each in grids
        if not np.array_equal(
            merge(kept.get(each, ()), cells[each]), seen.get(each, np.zeros_like(cells[each].inside))
        )
    ]
    return Check(len(grids), sorted(differing))


def seen_of(since: datetime, until: datetime) -> dict[int, Bits]:
    """By grid id, what the patrols show together that began in a span of time."""
    where = places()
    patrols = ask(_PATROLS, since=since, until=until)
    rows = _fixes(since, until)
    if not len(rows):
        return {}
    numbers = np.array([row.number for row in patrols])
    owner = np.searchsorted(numbers, rows["number"])
    at = (rows["at"].astype(np.int64) + _EPOCH_US) // 1000
    lon, lat, accuracy_m = (rows[name].astype(np.float64) for name in ("lon", "lat", "accuracy_m"))
    fixes = Fixes(at, lon, lat, accuracy_m, rows["mock"].astype(bool))
    seen = seen_together(fixes, owner, [row.mode for row in patrols], where.index, where.all_cells)
    return {int(where.ids[grid]): bits for grid, bits in seen.items() if bits.any()}


def shares(since: datetime, until: datetime) -> dict[int, float]:
    """By grid id, the share that those patrols show together."""
    where = places()
    at = {grid_id: position for position, grid_id in enumerate(where.ids.tolist())}
    seen = seen_of(since, until)
    cells = where.all_cells([at[each] for each in seen])
    return {each: share_seen(bits, cell) for (each, bits), cell in zip(seen.items(), cells, strict=True)}


def _fixes(since: datetime, until: datetime) -> Any:
    with driver().cursor().copy(_FIXES.format(since=since, until=until)) as copy:
        read = b"".join(copy)
    return np.frombuffer(read, _ROW, count=(len(read) - _HEADER - 2) // _ROW.itemsize, offset=_HEADER)
