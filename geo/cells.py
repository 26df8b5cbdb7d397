"""A grid as a raster of square cells in its own plane, a bit each: whether its centre lies in the grid."""

import struct
import zlib
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.plane import Floats, Plane, plane_at
from geo.spread import spread

Bits = NDArray[np.uint8]  # rows × bytes; the first column is the highest bit of a row's first byte

SIZES = ((1.0, 1 << 12), (2.5, 1 << 12), (5.0, 1 << 16), (10.0, 1 << 20))  # m, and with at most so many cells
HEADER = struct.Struct("<5d2I")


class Cells(NamedTuple):
    """Where the cells lie; row 0 is the southern one, column 0 the western one, columns come in eights."""

    plane: Plane
    x0: float  # m, western edge
    y0: float  # m, southern edge
    cell_m: float
    cols: int
    rows: int
    inside: Bits
    number: int  # of the cells inside


def cells_of(polygon: BaseGeometry, cell_m: float | None = None) -> Cells:
    """The cells of a grid given as Polygon or MultiPolygon in WGS-84; unless given, its size says theirs."""
    plane = plane_at(polygon)
    flat = plane.flatten(polygon)
    west, south, east, north = flat.bounds
    size = cell_m or _size(east - west, north - south)
    cols, rows = _count(east - west, size, 8), _count(north - south, size)
    edges = (_edges(flat) - [west, south, west, south]) / size
    filled = _filled(edges, rows, cols)
    if not filled.any():  # a sliver between centres
        point = flat.representative_point()
        filled[int((point.y - south) / size), int((point.x - west) / size)] = True
    inside = np.packbits(filled, axis=1)
    return Cells(plane, west, south, size, cols, rows, inside, int(filled.sum()))


def pack_cells(cells: Cells) -> bytes:
    """Bytes to keep: a header and the deflated bits; the same cells give the same bytes."""
    header = HEADER.pack(*cells.plane, cells.x0, cells.y0, cells.cell_m, cells.cols, cells.rows)
    return header + zlib.compress(cells.inside.tobytes(), 6)


def unpack_cells(packed: bytes) -> Cells:
    """The cells that pack_cells was given."""
    lon0, lat0, x0, y0, cell_m, cols, rows = HEADER.unpack_from(packed)
    inside = np.frombuffer(zlib.decompress(packed[HEADER.size :]), np.uint8).reshape(rows, cols // 8)
    return Cells(Plane(lon0, lat0), x0, y0, cell_m, cols, rows, inside, count(inside))


def count(bits: Bits) -> int:
    """How many bits are set."""
    return int(np.bitwise_count(bits).sum(dtype=np.int64))


def _size(width: float, height: float) -> float:
    """The finest that is allowed; beyond the table it doubles, so that no grid has more than 2²⁰ cells."""
    for size, most in SIZES:
        if _count(width, size) * _count(height, size) <= most:
            return size
    while _count(width, size) * _count(height, size) > most:
        size *= 2
    return size


def _count(length: float, size: float, multiple: int = 1) -> int:
    return max(1, int(np.ceil(length / size / multiple))) * multiple


def _filled(edges: Floats, rows: int, cols: int) -> NDArray[np.bool_]:
    """Rows × cols: whether each centre lies within rings given by N × 4 edges in cells (even-odd rule)."""
    x, y, x_end, y_end = edges.T
    first, beyond = np.ceil(np.minimum(y, y_end) - 0.5), np.ceil(np.maximum(y, y_end) - 0.5)
    edge, step, _ = spread((beyond - first).astype(np.int64))
    row = first[edge].astype(np.int64) + step
    slope = np.divide(x_end - x, y_end - y, out=np.zeros_like(x), where=y_end != y)
    crossing = x[edge] + slope[edge] * (row + 0.5 - y[edge])
    col = np.clip(np.ceil(crossing - 0.5), 0, cols).astype(np.int64)
    row = np.clip(row, 0, rows - 1)
    turns = np.bincount(row * (cols + 1) + col, minlength=rows * (cols + 1)).reshape(rows, cols + 1)
    return (turns.cumsum(axis=1)[:, :cols] & 1).astype(bool)


def _edges(flat: BaseGeometry) -> Floats:
    """N × 4: both ends of every edge of every ring, in ring order."""
    at, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(flat)), return_index=True)
    inner = ring[1:] == ring[:-1]
    return np.hstack([at[:-1][inner], at[1:][inner]])
