"""The checkpoints of the demonstration: camps on the pastures, doors and stairwells in some town grids."""

from base64 import b32encode
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon

from geo.plane import plane_at
from service.demo.ground import GridPlan, hash_of

CAMPS = (4, 8)  # on a pasture, the last number excluded
IN_TOWN = 4  # one town grid of so many has checkpoints
TOWN = (("door", "东门"), ("stairwell", "1号楼楼道"), ("shop", "便民超市"))
SPREAD = 0.5  # how far from a grid's middle towards its bounds a checkpoint lies, at most


class MarkPlan(NamedTuple):
    """A checkpoint as it is to be put up; in `grid`, by its code."""

    grid: str
    code: str
    kind: str
    name: str
    lon: float
    lat: float


def plan(grids: Sequence[GridPlan]) -> list[MarkPlan]:
    """The checkpoints of these grids, the same ones everywhere."""
    return [mark for grid in grids for mark in _of(grid)]


def _of(grid: GridPlan) -> list[MarkPlan]:
    random = np.random.default_rng(hash_of(grid.code))
    if grid.basis == "checkpoints":
        kinds = [("camp", f"{number}号牧户点") for number in range(1, 1 + int(random.integers(*CAMPS)))]
    else:
        kinds = list(TOWN) if hash_of(grid.code) % IN_TOWN == 0 else []
    places = _inside(grid.shape, len(kinds), random)
    codes = [b32encode(random.bytes(5)).decode() for _ in kinds]
    return [
        MarkPlan(grid.code, code, *kind, round(float(lon), 6), round(float(lat), 6))
        for code, kind, (lon, lat) in zip(codes, kinds, places, strict=True)
    ]


def _inside(shape: Polygon, count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Count × (lon, lat) around the middle of a grid."""
    plane = plane_at(shape)
    flat = plane.flatten(shape)
    middle = flat.representative_point()
    reach = np.sqrt(flat.area) / 2 * SPREAD
    found: list[tuple[float, float]] = []
    while len(found) < count:
        east, north = random.uniform(-reach, reach, 2)
        stop = Point(middle.x + east, middle.y + north)
        if flat.contains(stop):
            found.append((stop.x, stop.y))
    return np.column_stack(plane.to_degrees(*np.array(found).reshape(-1, 2).T))
