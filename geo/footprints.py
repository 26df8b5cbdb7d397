"""How much of each cell was seen, 0 to 255; footprints merge by the larger level, in any order, any times."""

import struct
import zlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.cells import Cells
from geo.plane import Floats
from geo.spread import Ints, take

Levels = NDArray[np.uint8]

FULL = 255
WINDOW = struct.Struct("<4H")  # first row, first column, rows, columns
BATCH = 1 << 16  # cells stamped at once, so that they stay in the processor's cache
FAR = 1e9  # m


class Lines(NamedTuple):
    """N segments in metres from the south-western corner of each one's raster; a point has no length."""

    x: Floats
    y: Floats
    x_end: Floats
    y_end: Floats
    cell_m: Floats
    reach_m: Floats  # radius plus half a cell: a centre farther away belongs to an unseen cell


class Windows(NamedTuple):
    """For each of N lines the cells it may reach, which may be none."""

    row: Ints
    col: Ints
    rows: Ints
    cols: Ints


class Canvas(NamedTuple):
    """Rasters laid out one after another."""

    levels: Levels
    open: NDArray[np.bool_]  # whether any of the grid lies in the cell


def levels(cells: Cells, segments: Floats, radius_m: float) -> Levels:
    """What N segments (N × 4: x, y, x, y in metres of the cells' plane) show of each cell, rows × cols."""
    cell_m = np.full(len(segments), cells.cell_m)
    drawn = lines(np.asarray(segments, float) - [cells.x0, cells.y0] * 2, cell_m, radius_m)
    shape = cells.weights.shape
    canvas = Canvas(np.zeros(cells.weights.size, np.uint8), cells.weights.ravel() > 0)
    none = np.zeros(len(segments), np.int64)
    stamp(canvas, none, none + cells.cols, drawn, windows(drawn, none + cells.rows, none + cells.cols))
    return canvas.levels.reshape(shape)


def pack(seen: Levels) -> bytes:
    """Bytes to keep: the smallest window with something seen, deflated; none if nothing was."""
    rows, cols = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        return b""
    return pack_window(seen[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1], rows[0], cols[0])


def pack_window(window: Levels, row: int, col: int) -> bytes:
    """Bytes to keep for the part of a raster that begins at row and col, when nothing was seen outside it."""
    return WINDOW.pack(row, col, *window.shape) + zlib.compress(window.tobytes(), 1)


def unpack(packed: bytes, cells: Cells) -> Levels:
    """The levels that were packed, rows × cols of the whole grid."""
    return merge([packed], cells)


def merge(footprints: Iterable[bytes], cells: Cells) -> Levels:
    """What all packed footprints of a grid show together, rows × cols."""
    seen = np.zeros((cells.rows, cells.cols), np.uint8)
    for packed in footprints:
        if packed:
            row, col, rows, cols = WINDOW.unpack_from(packed)
            window = np.frombuffer(zlib.decompress(packed[WINDOW.size :]), np.uint8).reshape(rows, cols)
            part = seen[row : row + rows, col : col + cols]
            np.maximum(part, window, out=part)
    return seen


def share_seen(seen: Levels, cells: Cells) -> float:
    """The share of the grid's area that was seen, 0 to 1."""
    return float((seen * cells.weights.astype(float)).sum() / (FULL * cells.weights.sum(dtype=float)))


def lines(ends: Floats, cell_m: Floats, radius_m: float) -> Lines:
    """Lines from N × 4 ends (x, y, x, y), metres from the corner of each one's raster, and N cell sizes."""
    x, y, x_end, y_end = ends.T
    return Lines(x, y, x_end, y_end, cell_m, radius_m + cell_m / 2)


def windows(drawn: Lines, rows: Ints, cols: Ints) -> Windows:
    """The cells whose centres each line may reach, in rasters of rows × cols."""
    row, height = _span(drawn.y, drawn.y_end, drawn, rows)
    col, width = _span(drawn.x, drawn.x_end, drawn, cols)
    return Windows(row, col, height, width)


def stamp(canvas: Canvas, origin: Ints, stride: Ints, drawn: Lines, reached: Windows) -> NDArray[np.bool_]:
    """Raise the canvas, in place, to what N lines show; gives whether each showed anything.

    `origin` is where cell (0, 0) of a line's raster lies or would lie on the canvas, `stride` a row's length.
    """
    shows = np.zeros(len(origin), bool)
    size = max(1, int(reached.rows.max(initial=0) * reached.cols.max(initial=0)))
    step = max(1, BATCH // size)
    for start in range(0, len(origin), step):
        part = slice(start, start + step)
        some = take(reached, part)
        level = _levels(take(drawn, part), some)
        line, at = _places(origin[part], stride[part], some, level)
        within = canvas.open[at]
        np.maximum.at(canvas.levels, at[within], level[level > 0][within])
        shows[start + line[within]] = True
    return shows


def _places(origin: Ints, stride: Ints, reached: Windows, level: Levels) -> tuple[Ints, Ints]:
    """For every cell that is seen at all: by which line, and where it lies on the canvas."""
    _, height, width = level.shape
    row = (reached.row[:, None] + np.arange(height)) * stride[:, None] + (origin + reached.col)[:, None]
    at = row[:, :, None] + np.arange(width)
    seen = np.flatnonzero(level)
    return seen // (height * width), at.ravel()[seen]


def _levels(drawn: Lines, reached: Windows) -> Levels:
    """Lines × rows × cols: 255 · clip((radius − d) / cell + ½, 0, 1), d being from the centre to the line."""
    x = _centres(reached.col, reached.cols, drawn.cell_m, drawn.x)[:, None, :]
    y = _centres(reached.row, reached.rows, drawn.cell_m, drawn.y)[:, :, None]
    length = np.hypot(drawn.x_end - drawn.x, drawn.y_end - drawn.y)
    still = length == 0
    east = np.divide(drawn.x_end - drawn.x, length, out=np.ones_like(length), where=~still)
    north = np.divide(drawn.y_end - drawn.y, length, out=np.zeros_like(length), where=~still)
    along = x * _plane(east) + y * _plane(north)
    beyond = along - np.clip(along, 0, _plane(length))
    aside = x * _plane(north) - y * _plane(east)
    away = np.sqrt(beyond * beyond + aside * aside)
    level = (_plane(drawn.reach_m) - away) * _plane(FULL / drawn.cell_m)
    return np.rint(np.clip(level, 0, FULL, out=level), out=level).astype(np.uint8)


def _centres(first: Ints, count: Ints, cell_m: Floats, start: Floats) -> NDArray[np.float32]:
    """Lines × longest window: where cell centres lie from the line's start, and far away past the window."""
    step = np.arange(count.max(initial=0))
    centre = (first[:, None] + step + 0.5) * cell_m[:, None] - start[:, None]
    return np.where(step < count[:, None], centre, FAR).astype(np.float32)


def _plane(column: Floats) -> NDArray[np.float32]:
    return column.astype(np.float32)[:, None, None]


def _span(start: Floats, end: Floats, drawn: Lines, count: Ints) -> tuple[Ints, Ints]:
    low, high = np.minimum(start, end) - drawn.reach_m, np.maximum(start, end) + drawn.reach_m
    first = np.clip(np.ceil(low / drawn.cell_m - 0.5), 0, count)
    last = np.clip(np.floor(high / drawn.cell_m - 0.5), -1, count - 1)
    return first.astype(np.int64), np.maximum(last - first + 1, 0).astype(np.int64)
