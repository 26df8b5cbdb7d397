"""Which grids have waited too long, and how much of a grid a patrol must see for it to have been seen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from geo.coverage import Cells, merge, share_seen
from service.areas.queries import code_range
from service.db import ask

ENOUGH = 0.1  # of a grid; whoever walks along one side of a town grid sees less
ENOUGH_M2 = 200_000.0  # of a large one: what one sees in an hour on foot, 4 km with 25 m on either side

_OVERDUE = """
SELECT code, name, basis, target_hours, last_seen_at, due_at FROM (
    SELECT grids.code, name, basis, coalesce(target.hours, %(default)s) AS target_hours, seen.last_seen_at,
        greatest(seen.last_seen_at, grids.since) + coalesce(target.hours, %(default)s) * interval '1 hour'
            AS due_at
    FROM grids
    LEFT JOIN LATERAL (
        SELECT hours FROM coverage_targets
        WHERE coverage_targets.code IN (grids.code, community_code, left(grids.code, 9) || '000',
            left(grids.code, 6) || '000000', left(grids.code, 4) || '00000000')
        ORDER BY length(coverage_targets.code) DESC, coverage_targets.code DESC LIMIT 1
    ) AS target ON true
    LEFT JOIN LATERAL (
        SELECT greatest(
            (SELECT max(last_seen_at) FROM footprints
                WHERE grid_id = grids.id AND is_enough AND last_seen_at <= %(at)s),
            (SELECT max(recorded_at) FROM check_ins
                WHERE grid_id = grids.id AND checkpoint_id IS NOT NULL
                    AND grade IN ('A', 'B') AND recorded_at <= %(at)s)
        ) AS last_seen_at
    ) AS seen ON true
    WHERE grids.code >= %(low)s AND grids.code < %(high)s
        AND since <= %(at)s AND (retired_at IS NULL OR retired_at > %(at)s)
) AS waiting
WHERE due_at < %(at)s AND (due_at, code) > (%(after)s, %(after_code)s)
ORDER BY due_at, code LIMIT %(limit)s"""


def is_enough(seen: Sequence[bytes], cells: Cells) -> bool:
    """Whether a grid counts as seen by a patrol with these footprints: a tenth of it, or 20 hectares."""
    share = share_seen(merge(seen, cells), cells)
    return share >= ENOUGH or share * cells.number * cells.cell_m**2 >= ENOUGH_M2


def overdue(
    prefix: str, at: datetime, default_hours: int, after: tuple[datetime, str], limit: int
) -> Sequence[Any]:
    """The grids that at a time had not been seen for longer than their target, those due first in front."""
    low, high = code_range(prefix)
    keys = {"low": low, "high": high, "after": after[0], "after_code": after[1]}
    return ask(_OVERDUE, at=at, default=default_hours, limit=limit, **keys)
