"""Which grid a place lies in, for many places at once and at any time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from geo.spread import Ints

ALWAYS = np.iinfo(np.int64)
NOWHERE = -1


class GridIndex:
    """Grids in WGS-84, each valid for since <= t < until (unix ms); a grid is named by its position."""

    def __init__(
        self,
        grids: Sequence[BaseGeometry],
        since: Sequence[int] | None = None,
        until: Sequence[int] | None = None,
    ) -> None:
        self.grids = np.array(grids, dtype=object)
        self.since = _instants(since, len(grids), ALWAYS.min)
        self.until = _instants(until, len(grids), ALWAYS.max)
        self.turns = np.setdiff1d(np.concatenate([self.since, self.until]), [ALWAYS.min, ALWAYS.max])
        shapely.prepare(self.grids)
        self.tree = STRtree(self.grids)

    def locate(self, lon: Any, lat: Any, at_ms: Any = None) -> Ints:
        """For N points the first grid that covers each, or -1; borders included, NaN is nowhere."""
        lon, lat = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
        point, grid = self.tree.query(shapely.points(lon, lat))
        inside = shapely.intersects_xy(self.grids[grid], lon[point], lat[point])
        if at_ms is not None:
            inside &= self.valid(grid, np.broadcast_to(at_ms, lon.shape)[point])
        found = np.full(lon.shape, ALWAYS.max)
        np.minimum.at(found, point[inside], grid[inside])
        return np.where(found == ALWAYS.max, NOWHERE, found)

    def valid(self, grid: Ints, at_ms: Any) -> NDArray[np.bool_]:
        """Whether each grid is in force at its instant."""
        return (self.since[grid] <= at_ms) & (at_ms < self.until[grid])

    def near(self, boxes: NDArray[np.object_]) -> tuple[Ints, Ints]:
        """Pairs (box, grid) whose bounds meet, in no order."""
        box, grid = self.tree.query(boxes)
        return box, grid

    def touching(self, geometry: BaseGeometry, from_ms: int | None = None, to_ms: int | None = None) -> Ints:
        """Sorted positions of the grids that meet the geometry and are in force within [from, to)."""
        found = np.sort(self.tree.query(geometry, predicate="intersects"))
        first = ALWAYS.min if from_ms is None else from_ms
        last = ALWAYS.max if to_ms is None else to_ms
        return found[(self.since[found] < last) & (self.until[found] > first)]


def _instants(given: Sequence[int] | None, count: int, otherwise: int) -> Ints:
    return np.full(count, otherwise, np.int64) if given is None else np.asarray(given, np.int64)
