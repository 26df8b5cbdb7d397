"""A patrol's way as GeoJSON, with what is doubtful about each position."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np

from geo.tracks import Fixes, marks, ordered
from service.db import session
from service.patrols import queries
from service.patrols.astray import OUTSIDE, astray, posts_of
from service.patrols.models import Patrol

DIGITS = 7  # of a degree: a centimetre


def fixes_of(patrol_id: UUID) -> Fixes:
    """All the fixes of a patrol as N × columns, in no particular order."""
    columns: Any = session.execute(queries.fixes_of(patrol_id)).one_or_none() or ([],) * 5
    kinds = (np.int64, np.float64, np.float64, np.float64, np.bool_)
    return Fixes(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))


def feature(patrol: Patrol) -> dict[str, Any]:
    """The track in order of time; without a line while there are fewer than two fixes."""
    fixes = ordered(fixes_of(patrol.id))
    outside = _astray(patrol, fixes)
    line = {
        "type": "LineString",
        "coordinates": np.column_stack([fixes.lon, fixes.lat]).round(DIGITS).tolist(),
    }
    return {
        "type": "Feature",
        "geometry": line if len(fixes.at) > 1 else None,
        "properties": {
            "patrol_id": patrol.id,
            "coordTimes": [_rfc3339(at) for at in fixes.at.tolist()],
            "accuracy_m": [None if np.isnan(each) else each for each in fixes.accuracy_m.tolist()],
            "marks": [
                [*each, *([OUTSIDE] if is_outside else [])]
                for each, is_outside in zip(marks(fixes, patrol.mode), outside, strict=True)
            ],
        },
    }


def _astray(patrol: Patrol, fixes: Fixes) -> list[bool]:
    if not len(fixes.at):
        return []
    first, last = (datetime.fromtimestamp(int(fixes.at[n]) / 1000, UTC) for n in (0, -1))
    posts = posts_of({patrol.member_id: (first, last)})[patrol.member_id]
    return astray(fixes.at, fixes.lon, fixes.lat, posts).tolist()


def _rfc3339(unix_ms: int) -> str:
    return (
        datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
