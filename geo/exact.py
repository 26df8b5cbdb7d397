"""The exact answer that the raster approximates: the union of all buffers, clipped to the grid."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.plane import Floats, plane_at

PIECE = 20  # segments; the buffer of a long line that crosses itself takes many times longer


def exact_share(
    polygon: BaseGeometry, walks: Sequence[Floats], radius_m: float, quad_segs: int = 32
) -> float:
    """The share of a WGS-84 polygon within radius_m of the walks (N × 2 lon, lat each; N = 1 is a disc)."""
    flat = plane_at(polygon).flatten(polygon)
    return float(_seen(polygon, walks, radius_m, quad_segs).area / flat.area)


def exact_seen(
    polygon: BaseGeometry, walks: Sequence[Floats], radius_m: float, quad_segs: int = 32
) -> BaseGeometry:
    """The part of a WGS-84 polygon within radius_m of the walks, in WGS-84."""
    return plane_at(polygon).unflatten(_seen(polygon, walks, radius_m, quad_segs))


def _seen(polygon: BaseGeometry, walks: Sequence[Floats], radius_m: float, quad_segs: int) -> BaseGeometry:
    plane = plane_at(polygon)
    flat = [np.column_stack(plane.to_metres(walk[:, 0], walk[:, 1])) for walk in map(np.asarray, walks)]
    parts = [part for walk in flat for part in _parts(walk)]
    buffers = shapely.buffer(np.array(parts, dtype=object), radius_m, quad_segs=quad_segs)
    return shapely.intersection(plane.flatten(polygon), shapely.union_all(buffers))


def _parts(walk: Floats) -> list[BaseGeometry]:
    if len(walk) == 1:
        return [shapely.points(walk[0])]
    return [shapely.linestrings(walk[at : at + PIECE + 1]) for at in range(0, len(walk) - 1, PIECE)]
