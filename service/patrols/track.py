"""A patrol's way as GeoJSON, with what is doubtful about each position."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from geo.tracks import Fixes, marks, ordered
from service.areas.places import place, unix_ms
from service.db import session
from service.duty.queries import on_duty
from service.patrols import queries
from service.patrols.models import Patrol


def fixes_of(patrol_id: UUID) -> Fixes:
    """All the fixes of a patrol as N × columns, in no particular order."""
    columns: Any = session.execute(queries.fixes_of(patrol_id)).one_or_none() or ([],) * 5
    kinds = (np.int64, np.float64, np.float64, np.float64, np.bool_)
    return Fixes(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))


def feature(patrol: Patrol) -> dict[str, Any]:
    """The track in order of time; without a line while there are fewer than two fixes."""
    fixes = ordered(fixes_of(patrol.id))
    outside = _outside(patrol, fixes)
    line = {"type": "LineString", "coordinates": np.column_stack([fixes.lon, fixes.lat]).tolist()}
    return {
        "type": "Feature",
        "geometry": line if len(fixes.at) > 1 else None,
        "properties": {
            "patrol_id": patrol.id,
            "coordTimes": [_rfc3339(at) for at in fixes.at.tolist()],
            "accuracy_m": [None if np.isnan(each) else each for each in fixes.accuracy_m.tolist()],
            "marks": [
                [*each, *(["outside_assignment"] if is_outside else [])]
                for each, is_outside in zip(marks(fixes, patrol.mode), outside, strict=True)
            ],
        },
    }


def _outside(patrol: Patrol, fixes: Fixes) -> list[bool]:
    """For each fix whether the walker had a shift then, and was in none of its grids."""
    if not len(fixes.at):
        return []
    first, last = (datetime.fromtimestamp(int(fixes.at[n]) / 1000, UTC) for n in (0, -1))
    shifts: dict[tuple[int, int], list[int]] = {}
    for row in session.execute(on_duty(patrol.member_id, first, last + timedelta(seconds=1))):
        span = unix_ms(row.starts_at), unix_ms(row.ends_at)
        shifts.setdefault(span, []).append(row.grid_id)
    here = place(fixes.lon, fixes.lat, fixes.at)
    due, kept = (np.zeros(len(fixes.at), np.bool_) for _ in range(2))
    for (start, end), grids in shifts.items():
        during = (fixes.at >= start) & (fixes.at < end)
        due |= during
        kept |= during & np.isin(here, grids)
    return (due & ~kept).tolist()


def _rfc3339(unix_ms: int) -> str:
    return (
        datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
