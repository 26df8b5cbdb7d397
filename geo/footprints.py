"""Which cells of a grid were seen, a bit each; footprints merge by OR, in any order, any number of times.

A line shows whatever lies within a radius of it. In each row of cells that is one interval, whose ends follow
from the line's two sides and its two round ends; the cells between them are switched on together.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.cells import Bits, Cells, count
from geo.plane import Floats
from geo.spread import Ints, take

WINDOW = struct.Struct("<4H")  # first row, first byte of a row, rows, bytes of a row
BATCH = 1 << 16  # row intervals at once, so that they stay in the processor's cache
SPARSE = 8  # cells an interval, and it is counted one by one
FLAT = np.float32(1e-6)  # cells; what lies flatter is horizontal


class Lines(NamedTuple):
    """N segments from south to north, in cells from the south-western corner of each one's raster."""

    x: Floats
    y: Floats
    x_end: Floats
    y_end: Floats
    radius: Floats


class Reach(NamedTuple):
    """For each of N lines the rows that it may reach, which may be none."""

    row: Ints
    rows: Ints


def upward(x: Floats, y: Floats, x_end: Floats, y_end: Floats, radius: Floats) -> Lines:
    """Lines from their ends in any order."""
    falls = y_end < y
    south = np.where(falls, x_end, x), np.where(falls, y_end, y)
    return Lines(*south, np.where(falls, x, x_end), np.where(falls, y, y_end), radius)


def reach(lines: Lines, rows: Ints) -> Reach:
    """The rows whose centres each line may see, in rasters of so many rows."""
    first = np.maximum(np.ceil(lines.y - lines.radius - 0.5).astype(np.int64), 0)
    beyond = np.minimum(np.floor(lines.y_end + lines.radius + 0.5).astype(np.int64), rows)
    return Reach(first, np.maximum(beyond - first, 0))


def intervals(lines: Lines, reached: Reach, cols: Ints) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """For N lines × longest reach: the first column seen in each row, and the one after the last.

    Rows beyond a line's reach are empty. The left end of a row belongs to that point of the line whose circle
    touches the left side there: x(t) − √(r² − (y − y(t))²), t from where the side begins to where it ends.
    """
    x, y, x_end, y_end, radius = (column.astype(np.float32)[:, None] for column in lines)
    step = np.arange(reached.rows.max(initial=0), dtype=np.float32)
    up = reached.row.astype(np.float32)[:, None] + (step + np.float32(0.5)) - y
    east, north = x_end - x, np.maximum(y_end - y, FLAT)
    length = np.sqrt(east * east + north * north)
    tilt = east / length * radius  # how much higher the left side begins than the line
    scale, square = 1 / north, radius * radius
    limit = cols.astype(np.float32)[:, None]
    left = _end(up, up - tilt, scale, east, north, square, np.float32(-1)) + x
    right = _end(up, up + tilt, scale, east, north, square, np.float32(1)) + x
    first = np.clip(np.ceil(left - np.float32(0.5)), 0, limit).astype(np.int32)
    beyond = np.clip(np.floor(right + np.float32(0.5)), 0, limit).astype(np.int32)
    np.maximum(beyond, first, out=beyond)
    outside = step >= reached.rows[:, None]
    beyond[outside] = first[outside]
    return first, beyond


def _end(up: Any, along: Any, scale: Any, east: Any, north: Any, square: Any, side: np.float32) -> Any:
    """Where a row ends, from x of the line's beginning; `along` is overwritten."""
    along *= scale
    np.clip(along, 0, 1, out=along)
    away = up - along * north
    np.multiply(away, away, out=away)
    np.subtract(square, away, out=away)
    np.maximum(away, 0, out=away)
    np.sqrt(away, out=away)
    away *= side
    along *= east
    along += away
    return along


def spans(
    origin: Ints, stride: Ints, cols: Ints, lines: Lines, reached: Reach
) -> Iterator[tuple[slice, Ints, Ints]]:
    """For a batch of lines after the other: which, and lines × rows where on a canvas they begin and end.

    `origin` is where cell (0, 0) of a line's raster lies or would lie on the canvas, `stride` a row's length.
    """
    for part in batches(reached.rows):
        some = take(reached, part)
        first, beyond = intervals(take(lines, part), some, cols[part])
        row = some.row[:, None] + np.minimum(np.arange(first.shape[1]), some.rows[:, None] - 1)
        at = origin[part, None] + row * stride[part, None]
        yield part, at + first.astype(np.int64), at + beyond.astype(np.int64)


def switch(canvas: NDArray[np.int32], begin: Ints, end: Ints) -> None:
    """Count on the canvas, in place, what begins and what ends to be seen at each cell."""
    seen = end > begin
    begin, end = begin[seen], end[seen]
    if not len(begin):
        return
    low, high = int(begin.min()), int(end.max()) + 1
    if high - low > SPARSE * len(begin):
        np.add.at(canvas, begin, 1)
        np.add.at(canvas, end, -1)
    else:
        canvas[low:high] += np.bincount(begin - low, minlength=high - low)
        canvas[low:high] -= np.bincount(end - low, minlength=high - low)


def batches(rows: Ints) -> Iterable[slice]:
    """Lines in portions, so many that their row intervals fit in BATCH."""
    size = max(1, int(rows.max(initial=0)))
    step = max(1, BATCH // size)
    return (slice(start, start + step) for start in range(0, len(rows), step))


def seen_of(cells: Cells, segments: Floats, radius_m: float) -> Bits:
    """What N segments (N × 4: x, y, x, y in metres of the cells' plane) show of each cell."""
    ends = (np.asarray(segments, float).reshape(-1, 4) - [cells.x0, cells.y0] * 2) / cells.cell_m
    none = np.zeros(len(ends), np.int64)
    x, y, x_end, y_end = ends.T
    lines = upward(x, y, x_end, y_end, np.full(len(ends), radius_m / cells.cell_m))
    stride = cells.cols + 1
    canvas = np.zeros(cells.rows * stride, np.int32)
    reached = reach(lines, none + cells.rows)
    for _, begin, end in spans(none, none + stride, none + cells.cols, lines, reached):
        switch(canvas, begin, end)
    return shown(canvas, cells.rows, cells.cols) & cells.inside


def shown(canvas: NDArray[np.int32], rows: int, cols: int) -> Bits:
    """The bits of a canvas of rows × (cols + 1)."""
    lit = canvas.reshape(rows, cols + 1).cumsum(axis=1, dtype=np.int32)[:, :cols] > 0
    return np.packbits(lit, axis=1)


def pack(seen: Bits) -> bytes:
    """Bytes to keep: the smallest window with something seen, deflated; none if nothing was."""
    return pack_window(seen, 0, 0)


def pack_window(window: Bits, row: int, byte: int) -> bytes:
    """Bytes to keep for the part of a raster that begins at row and byte; nothing was seen outside it."""
    rows, columns = np.flatnonzero(window.any(axis=1)), np.flatnonzero(window.any(axis=0))
    if not len(rows):
        return b""
    part = window[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return WINDOW.pack(row + rows[0], byte + columns[0], *part.shape) + zlib.compress(part.tobytes(), 1)


def unpack(packed: bytes, cells: Cells) -> Bits:
    """The bits that were packed, of the whole grid."""
    return merge([packed], cells)


def merge(footprints: Iterable[bytes], cells: Cells) -> Bits:
    """What all packed footprints of a grid show together."""
    seen = np.zeros_like(cells.inside)
    for packed in footprints:
        if packed:
            row, byte, rows, width = WINDOW.unpack_from(packed)
            window = np.frombuffer(zlib.decompress(packed[WINDOW.size :]), np.uint8).reshape(rows, width)
            seen[row : row + rows, byte : byte + width] |= window
    return seen


def share_seen(seen: Bits, cells: Cells) -> float:
    """The share of the grid's area that was seen, 0 to 1."""
    return count(seen & cells.inside) / cells.number
