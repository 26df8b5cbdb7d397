"""Where nobody has been: the gaps of a window, the largest first, drawn only as far as they are asked for."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from heapq import heappop, heappush
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from shapely.geometry.base import BaseGeometry

from geo import gaps as geometry
from geo.cells import Bits, Cells
from service.areas.places import places
from service.coverage import queries
from service.coverage.sums import Sums, summed
from service.coverage.windows import Window
from service.db import session

Place = tuple[float, str, int]  # where a gap stands in the list: the largest first, then by code


class Gap(NamedTuple):
    """A gap and its grid."""

    grid: str
    name: str
    number: int  # of the gap within its grid, from west to east
    no_evidence: bool  # somebody was in the grid of whom nothing shows the way
    area_m2: float
    tolerance_m: float
    shape: BaseGeometry  # WGS-84

    @property
    def place(self) -> Place:
        """Sorts the largest to the front."""
        return -self.area_m2, self.grid, self.number


class _Ground(NamedTuple):
    """A grid measured by area, and what of it was seen."""

    id: int
    code: str
    name: str
    no_evidence: bool
    seen: Bits
    cells: Cells
    outline: BaseGeometry


def largest(window: Window, prefix: str, smallest_m2: float, after: Place | None, limit: int) -> list[Gap]:
    """At most `limit` gaps behind a place in the list, none smaller than so many m²."""
    found: list[Gap] = []
    for gap in _in_order(window, prefix):
        if gap.area_m2 < smallest_m2 or len(found) == limit:
            break
        if after is None or gap.place > after:
            found.append(gap)
    return found


def inside(window: Window, prefix: str, codes: Sequence[str]) -> list[Gap]:
    """All gaps of some grids."""
    wanted = set(codes)
    version = session.scalars(queries.version()).one()
    grounds = _grounds(version, places().revision, window, prefix)
    return [gap for ground in grounds if ground.code in wanted for gap in _gaps(version, window, ground)]


def _in_order(window: Window, prefix: str) -> Iterator[Gap]:
    """Grids are drawn one after the other, those that may have the largest gaps first.

    A gap comes out once no grid that is left can have a larger one.
    """
    version = session.scalars(queries.version()).one()
    grounds = _grounds(version, places().revision, window, prefix)
    bounds = sorted(((geometry.at_most(each.seen, each.cells), each.code, each) for each in grounds),
                    key=lambda bound: (-bound[0], bound[1]))  # fmt: skip
    waiting: list[tuple[Place, Gap]] = []
    for most, _, ground in bounds:
        while waiting and -waiting[0][0][0] > most:
            yield heappop(waiting)[1]
        for gap in _gaps(version, window, ground):
            heappush(waiting, (gap.place, gap))
    while waiting:
        yield heappop(waiting)[1]


@lru_cache(maxsize=8)
def _grounds(version: UUID, revision: Any, window: Window, prefix: str) -> list[_Ground]:
    """The grids that were in force at the window's end; the version and revision only name the answer."""
    sums = summed(window, prefix)
    grids = [row for row in session.execute(queries.grids(prefix, window.end, False)) if row.basis == "area"]
    where = places()
    at = {grid_id: position for position, grid_id in enumerate(where.ids.tolist())}
    positions = [at[grid.id] for grid in grids]
    grounds = zip(grids, where.all_cells(positions), where.index.grids[positions], strict=True)
    return [_ground(grid, sums, cells, outline) for grid, cells, outline in grounds]


def _ground(grid: Any, sums: Sums, cells: Cells, outline: BaseGeometry) -> _Ground:
    seen = sums.seen(grid.id)
    seen = np.zeros_like(cells.inside) if seen is None else seen
    return _Ground(grid.id, grid.code, grid.name, sums.silent(grid.id), seen, cells, outline)


_KNOWN: dict[tuple[UUID, Window, int], list[Gap]] = {}
_MOST = 4000  # grids whose gaps are kept


def _gaps(version: UUID, window: Window, ground: _Ground) -> list[Gap]:
    key = version, window, ground.id
    found = _KNOWN.get(key)
    if found is None:
        if len(_KNOWN) >= _MOST:
            _KNOWN.clear()
        found = _KNOWN[key] = _draw(ground)
    return found


def _draw(ground: _Ground) -> list[Gap]:
    if geometry.at_most(ground.seen, ground.cells) == 0:
        return []
    about = ground.code, ground.name
    return [
        Gap(*about, number, ground.no_evidence, gap.area_m2, gap.tolerance_m, gap.shape)
        for number, gap in enumerate(geometry.gaps(ground.outline, ground.seen, ground.cells))
    ]
