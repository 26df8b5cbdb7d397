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
    parts = _joined(dark, cells)
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


def _joined(dark: Mask, cells: Cells) -> NDArray[np.object_]:
    """Dark cells that share a side, together, as polygons in metres of the cells' plane.

    The sides between dark and other cells bound faces; a face is dark if a cell in it is.
    """
    wide = np.pad(dark, 1)
    x0, y0 = cells.x0 - 2 * cells.cell_m, cells.y0 - 2 * cells.cell_m
    row, col = np.nonzero(wide[:, 1:] != wide[:, :-1])
    upright = np.stack([col + 1, row, col + 1, row + 1], axis=1)
    row, col = np.nonzero(wide[1:] != wide[:-1])
    level = np.stack([col, row + 1, col + 1, row + 1], axis=1)
    sides = np.concatenate([upright, level]).reshape(-1, 2, 2)
    faces = shapely.get_parts(shapely.polygonize(shapely.linestrings(sides)))
    x, y = shapely.get_coordinates(shapely.point_on_surface(faces)).astype(int).T
    found: NDArray[np.object_] = shapely.transform(faces[wide[y, x]], lambda at: at * cells.cell_m + [x0, y0])
    return found


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    """The same without the lines and points that clipping may leave."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[np.isin(shapely.get_type_id(parts), (3, 6))])
