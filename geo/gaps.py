"""What is left dark of a grid, as polygons: cells joined along their sides, smoothed, clipped."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.cells import Bits, Cells

Mask = NDArray[np.bool_]


class Gap(NamedTuple):
    """A piece of a grid that nobody saw."""

    shape: (
        BaseGeometry  # Polygon or MultiPolygon, WGS-84; within `tolerance_m` of the border of what was seen
    )
    area_m2: float  # of the cells it is made of, clipped to the grid, before it was smoothed
    tolerance_m: float


def at_most(seen: Bits, cells: Cells) -> float:
    """No gap of the grid is larger than this, in m²; found without drawing any."""
    return float(_dark(seen, cells).sum()) * cells.cell_m**2


def gaps(outline: BaseGeometry, seen: Bits, cells: Cells) -> list[Gap]:
    """The gaps of a grid (WGS-84) of which these cells were seen, from west to east.

    A cell at the border belongs to the gap beside it, so what nobody saw of a grid is its whole outline.
    """
    dark = _dark(seen, cells)
    flat = cells.plane.flatten(outline)
    if not (seen & cells.inside).any():
        whole = zip(shapely.get_parts(outline), shapely.area(shapely.get_parts(flat)), strict=True)
        return [Gap(part, float(area), cells.cell_m) for part, area in whole]
    parts = shapely.get_parts(shapely.union_all(_runs(dark, cells)))
    clipped = shapely.intersection(parts, flat)
    smooth = shapely.intersection(shapely.simplify(parts, cells.cell_m), flat)
    areas = shapely.area(clipped)
    shapes = [_polygonal(shape) for shape in smooth]
    found = [
        Gap(cells.plane.unflatten(shape), float(area), cells.cell_m)
        for shape, area in zip(shapes, areas, strict=True)
        if not shape.is_empty
    ]
    return sorted(found, key=lambda gap: gap.shape.bounds)


def _dark(seen: Bits, cells: Cells) -> Mask:
    """Rows × columns, one more on every side: the dark cells, and those beyond the border that touch them."""
    inside, dark = (
        np.pad(np.unpackbits(bits, axis=1).astype(bool), 1) for bits in (cells.inside, cells.inside & ~seen)
    )
    wide = dark.copy()
    for axis in (0, 1):
        wide |= np.roll(wide, 1, axis) | np.roll(wide, -1, axis)
    return dark | (wide & ~inside)


def _runs(dark: Mask, cells: Cells) -> NDArray[np.object_]:
    """A box for every run of dark cells in a row, in metres of the cells' plane."""
    turns = np.diff(dark.astype(np.int8), axis=1, prepend=0, append=0)
    row, begin = np.nonzero(turns == 1)
    _, end = np.nonzero(turns == -1)
    x, y, size = cells.x0 - cells.cell_m, cells.y0 - cells.cell_m, cells.cell_m
    boxes: NDArray[np.object_] = shapely.box(
        x + begin * size, y + row * size, x + end * size, y + (row + 1) * size
    )
    return boxes


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    """The same without the lines and points that clipping may leave."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[np.isin(shapely.get_type_id(parts), (3, 6))])
