"""Where grids lie and which ones border each other, as the problem needs it: metres in one plane."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.plane import Floats, Plane

NEXT_TO = 2.0  # m; grids drawn from different sources may miss each other by a little


class Site(NamedTuple):
    """Grids in a plane of their own: their middles (m, N × 2) and which others each one borders."""

    plane: Plane
    middles: Floats
    borders: list[tuple[int, ...]]


def site(shapes: Sequence[BaseGeometry]) -> Site:
    """The grids of an area, given in WGS-84; at least one."""
    west, south, east, north = shapely.total_bounds(shapes)
    plane = Plane(float(west + east) / 2, float(south + north) / 2)
    flat = np.array([plane.flatten(shape) for shape in shapes])
    one, other = shapely.STRtree(flat).query(flat, predicate="dwithin", distance=NEXT_TO)
    borders = [tuple(sorted(map(int, other[(one == grid) & (other != grid)]))) for grid in range(len(flat))]
    return Site(plane, shapely.get_coordinates(shapely.centroid(flat)), borders)
