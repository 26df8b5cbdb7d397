"""A grid as a raster of square cells in its own plane; every cell knows how much of the grid lies in it."""

import struct
import zlib
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.plane import Floats, Plane, plane_at
from geo.spread import spread

SIZES = (10, 20, 40, 50)  # m; a strip of 25 m to each side is measured without bias by cells up to 50 m
FINE = 65_536  # cells; a grid that needs more takes the next size
LARGEST = 1 << 22  # cells; beyond this they double even above 50 m, where a share errs by an eighth of itself
HEADER = struct.Struct("<5d2I")


class Cells(NamedTuple):
    """Where the cells lie and what they weigh; row 0 is the southern one, column 0 the western one."""

    plane: Plane
    x0: float  # m, western edge
    y0: float  # m, southern edge
    cell_m: float
    cols: int
    rows: int
    weights: NDArray[np.float32]  # rows × cols, m² of the grid in each cell


def cells_of(polygon: BaseGeometry) -> Cells:
    """The cells of a grid given as Polygon or MultiPolygon in WGS-84, with exact areas in its plane."""
    plane = plane_at(polygon)
    flat = shapely.orient_polygons(plane.flatten(polygon))
    west, south, east, north = flat.bounds
    size = _size(east - west, north - south)
    cols, rows = _count(east - west, size), _count(north - south, size)
    weights = _areas(flat, size, rows, cols)
    return Cells(plane, west, south, size, cols, rows, weights)


def pack_cells(cells: Cells) -> bytes:
    """Bytes to keep: a header and the deflated weights; the same cells give the same bytes."""
    header = HEADER.pack(*cells.plane, cells.x0, cells.y0, cells.cell_m, cells.cols, cells.rows)
    return header + zlib.compress(cells.weights.tobytes(), 6)


def unpack_cells(packed: bytes) -> Cells:
    """The cells that pack_cells was given."""
    lon0, lat0, x0, y0, cell_m, cols, rows = HEADER.unpack_from(packed)
    weights = np.frombuffer(zlib.decompress(packed[HEADER.size :]), np.float32).reshape(rows, cols)
    return Cells(Plane(lon0, lat0), x0, y0, cell_m, cols, rows, weights)


def _size(width: float, height: float) -> float:
    for size in SIZES:
        if _count(width, size) * _count(height, size) <= FINE:
            return float(size)
    size = SIZES[-1]
    while _count(width, size) * _count(height, size) > LARGEST:
        size *= 2
    return float(size)


def _count(length: float, size: float) -> int:
    return max(1, int(np.ceil(length / size)))


def _areas(flat: BaseGeometry, size: float, rows: int, cols: int) -> NDArray[np.float32]:
    """m² of an oriented polygon in each cell, exactly: what lies east of each edge, summed over the edges."""
    west, south, _, _ = flat.bounds
    x, y, x_end, y_end = ((_edges(flat) - [west, south, west, south]) / size).T
    x, y, x_end, y_end = _cut(x, y, x_end, y_end)
    y, x, y_end, x_end = _cut(y, x, y_end, x_end)
    col = np.clip(np.floor((x + x_end) / 2), 0, cols - 1).astype(np.int64)
    row = np.clip(np.floor((y + y_end) / 2), 0, rows - 1).astype(np.int64)
    rise = y_end - y
    beside = np.bincount(row * cols + col, rise * (col + 1 - (x + x_end) / 2), rows * cols)
    above = np.bincount(row * cols + col, rise, rows * cols)
    above = above.reshape(rows, cols).cumsum(axis=1)
    share = -beside.reshape(rows, cols)
    share[:, 1:] -= above[:, :-1]
    share[share < 1e-9] = 0
    weights = (share * size * size).astype(np.float32)
    weights.flags.writeable = False
    return weights


def _edges(flat: BaseGeometry) -> Floats:
    """N × 4: both ends of every edge of every ring, in ring order."""
    at, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(flat)), return_index=True)
    inner = ring[1:] == ring[:-1]
    return np.hstack([at[:-1][inner], at[1:][inner]])


def _cut(x: Floats, y: Floats, x_end: Floats, y_end: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """The same edges, parted wherever x passes a whole number."""
    first, last = np.floor(np.minimum(x, x_end)) + 1, np.ceil(np.maximum(x, x_end)) - 1
    edge, part, parts = spread(np.maximum(last - first + 1, 0).astype(np.int64) + 1)
    forward = (x_end >= x)[edge]
    step = np.where(forward, first[edge] + part, last[edge] - part)
    line = np.where(part == parts - 1, x_end[edge], step)
    before = np.where(part == 0, x[edge], np.where(forward, step - 1, step + 1))
    slope = _ratio(y_end - y, x_end - x)[edge]
    y_line = np.where(part == parts - 1, y_end[edge], y[edge] + slope * (line - x[edge]))
    y_before = np.where(part == 0, y[edge], y[edge] + slope * (before - x[edge]))
    return before, y_before, line, y_line


def _ratio(over: Floats, under: Floats) -> Floats:
    return np.divide(over, under, out=np.zeros_like(over), where=under != 0)
