"""What one patrol contributes to grids and hours: a pure function of the set of its fixes and check-ins."""

from typing import NamedTuple

import numpy as np

from geo.cells import Cells, cells_of, pack_cells, unpack_cells
from geo.exact import exact_seen, exact_share
from geo.footprints import merge, pack, seen_of, share_seen, unpack
from geo.index import GridIndex
from geo.plane import Floats
from geo.sight import CellsOf, seen_by
from geo.spent import silences, spent
from geo.spread import Ints, take
from geo.together import seen_together
from geo.tracks import (
    ACCURATE,
    SIGHT,
    Fixes,
    Mask,
    accurate,
    joined,
    ordered,
    placed,
    reachable,
    usable,
    walks,
)

__all__ = [
    "Cells",
    "Piece",
    "Presences",
    "cells_of",
    "exact_seen",
    "exact_share",
    "merge",
    "pack",
    "pack_cells",
    "pieces",
    "seen_of",
    "seen_together",
    "share_seen",
    "unpack",
    "unpack_cells",
]

VAGUEST = 1000.0  # m; a position worse than this says nothing of the grid


class Presences(NamedTuple):
    """Check-ins with a position: arrays of equal length; they prove presence, not sight."""

    at: Ints  # unix ms
    lon: Floats
    lat: Floats


class Piece(NamedTuple):
    """One patrol in one grid in one hour; where nothing was seen it was there without evidence of its way."""

    grid: int  # position in the index
    hour: int  # since 1970 UTC
    seen: bytes  # packed footprint
    person_seconds: float
    silent_seconds: float
    last_seen_at: int | None  # unix ms


def pieces(
    fixes: Fixes,
    presences: Presences,
    mode: str,
    index: GridIndex,
    cells: CellsOf,
    radius_m: float | None = None,
) -> list[Piece]:
    """What a patrol shows, by grid and hour; order and repetition of fixes and check-ins do not matter."""
    fixes = ordered(fixes)
    mask = usable(fixes, mode)
    walked = [take(fixes, walk) for walk in walks(fixes.at, mask)]
    seen = seen_by(walked, index, cells, SIGHT[mode] if radius_m is None else radius_m)
    walking = spent(walked, index)
    silent = spent(silences(walked, _anchors(fixes, mask, presences, mode)), index)
    return [
        Piece(grid, hour, shown, walking[grid, hour] / 1000, silent[grid, hour] / 1000, last)
        for grid, hour in sorted({*seen, *walking, *silent})
        for shown, last in [seen.get((grid, hour), (b"", None))]
    ]


def _anchors(fixes: Fixes, mask: Mask, presences: Presences, mode: str) -> Fixes:
    """Where the phone says it was without showing its way: vague fixes and check-ins that are no lies."""
    vague = ~accurate(fixes) & (fixes.accuracy_m <= VAGUEST) & ~fixes.mock & placed(fixes)
    count = len(presences.at)
    reported = Fixes(*presences, np.full(count, ACCURATE), np.zeros(count, bool))
    said = joined(take(fixes, vague), take(reported, placed(reported)))
    return ordered(take(said, reachable(take(fixes, mask), said, mode)))
