"""What a patrol's walks show of the grids beside them, by grid and hour."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.cells import Bits, Cells
from geo.footprints import Lines, Reach, pack_window, reach, shown, spans, switch, upward
from geo.index import GridIndex
from geo.plane import Floats, degree_lengths
from geo.spread import HOUR, Ints, take
from geo.steps import Steps, hourly, runs_of, short, steps_of
from geo.tracks import Fixes

Seen = dict[tuple[int, int], tuple[bytes, int]]
CellsOf = Callable[[Sequence[int]], Sequence[Cells]]

NEVER = np.iinfo(np.int64).min


class Frames(NamedTuple):
    """Of each raster: column and row are degrees · (east, north) + (west, south)."""

    east: Floats
    north: Floats
    west: Floats
    south: Floats
    cell_m: Floats
    rows: Ints
    bytes: Ints  # of a row


class Views(NamedTuple):
    """Steps near grids, one row for each pair; which step, and which of the rasters."""

    step: Ints
    raster: Ints
    row: Ints  # the first that the line may reach
    rows: Ints
    byte: Ints  # of a row, the first that it may reach
    beyond: Ints
    x: Floats
    y: Floats
    x_end: Floats
    y_end: Floats
    radius: Floats

    @property
    def lines(self) -> Lines:
        """The steps as lines in the cells of their rasters."""
        return Lines(*self[6:])

    @property
    def reached(self) -> Reach:
        """The rows that they may reach."""
        return Reach(self.row, self.rows)


class Windows(NamedTuple):
    """Parts of rasters that lie one after another on a canvas."""

    raster: Ints
    row: Ints
    rows: Ints
    byte: Ints
    bytes: Ints  # of a row
    begin: Ints  # on the canvas

    @property
    def stride(self) -> Ints:
        """Cells of a row, and one in which nothing is seen."""
        return self.bytes * 8 + 1

    @property
    def size(self) -> int:
        """Of the canvas."""
        return int(self.begin[-1] + self.rows[-1] * self.stride[-1])


def seen_by(walked: Sequence[Fixes], index: GridIndex, cells: CellsOf, radius_m: float) -> Seen:
    """By (grid, hour) the packed footprint of the walks, and when (unix ms) they last showed any of it."""
    if not walked:
        return {}
    steps = short(hourly(steps_of(walked, radius_m), index.turns))
    runs = runs_of(steps)
    run, grid = index.near(runs.boxes())
    step, owner = runs.steps(run)
    grid = grid[owner]
    held = index.valid(grid, steps.start[step])
    grids, raster = np.unique(grid[held], return_inverse=True)
    rasters = cells(grids.tolist())
    views = views_of(steps, step[held], raster, frames_of(rasters))
    if not len(views.step):
        return {}
    hour = steps.start[views.step] // HOUR
    order = np.lexsort((hour, views.raster))
    return _draw(take(views, order), hour[order], steps.end[views.step[order]], grids, rasters)


def frames_of(rasters: Sequence[Cells]) -> Frames:
    """Where the rasters lie."""
    facts = np.array([[*each.plane, *each[1:6]] for each in rasters]).reshape(-1, 7)
    lon0, lat0, x0, y0, cell_m, cols, rows = np.ascontiguousarray(facts.T)
    east, north = degree_lengths(lat0)
    west, south = -(lon0 * east + x0) / cell_m, -(lat0 * north + y0) / cell_m
    whole = rows.astype(np.int64), cols.astype(np.int64) // 8
    return Frames(east / cell_m, north / cell_m, west, south, cell_m, *whole)


def views_of(steps: Steps, step: Ints, raster: Ints, frames: Frames) -> Views:
    """Those of the pairs (step, raster) in which the step may show some of the raster."""
    east, west = frames.east[raster], frames.west[raster]
    north, south = frames.north[raster], frames.south[raster]
    x, x_end = steps.lon[step] * east + west, steps.lon_end[step] * east + west
    y, y_end = steps.lat[step] * north + south, steps.lat_end[step] * north + south
    lines = upward(x, y, x_end, y_end, steps.radius_m[step] / frames.cell_m[raster])
    row, rows = reach(lines, frames.rows[raster])
    byte, beyond = _bytes(lines, frames.bytes[raster])
    near = (rows > 0) & (beyond > byte)
    return take(Views(step, raster, row, rows, byte, beyond, *lines), near)


def _bytes(lines: Lines, most: Ints) -> tuple[Ints, Ints]:
    """The first byte of a row that each line may reach, and the one after the last."""
    west, east = np.minimum(lines.x, lines.x_end), np.maximum(lines.x, lines.x_end)
    byte = np.floor((west - lines.radius) / 8).astype(np.int64)
    beyond = np.ceil((east + lines.radius + 1) / 8).astype(np.int64)
    return np.maximum(byte, 0), np.minimum(beyond, most)


def _draw(views: Views, hour: Ints, end: Ints, grids: Ints, rasters: Sequence[Cells]) -> Seen:
    """Sorted views on a canvas with a window for each grid and hour."""
    turns = (np.diff(views.raster) != 0) | (np.diff(hour) != 0)
    first = np.append(0, np.flatnonzero(turns) + 1)
    windows = _windows(views, first)
    member = np.repeat(np.arange(len(first)), np.diff(first, append=len(hour)))
    inside = [_inside(rasters[raster], windows, at) for at, raster in enumerate(windows.raster.tolist())]
    before = np.concatenate([_before(window) for window in inside])
    canvas, shows = np.zeros(windows.size, np.int32), np.zeros(len(hour), bool)
    stride = windows.stride
    origin = windows.begin - windows.row * stride - windows.byte * 8
    limit = (windows.byte + windows.bytes) * 8
    columns = origin[member], stride[member], limit[member]
    for part, begin, beyond in spans(*columns, views.lines, views.reached):
        switch(canvas, begin, beyond)
        shows[part] = (before[beyond] > before[begin]).any(axis=1)
    last = np.maximum.reduceat(np.where(shows, end, NEVER), first).tolist()
    keys = zip(grids[windows.raster].tolist(), hour[first].tolist(), strict=True)
    return {
        key: (_packed(lit(canvas, windows, at) & inside[at], windows, at), last[at])
        for at, key in enumerate(keys)
        if last[at] != NEVER
    }


def _windows(views: Views, first: Ints) -> Windows:
    row, byte = np.minimum.reduceat(views.row, first), np.minimum.reduceat(views.byte, first)
    rows = np.maximum.reduceat(views.row + views.rows, first) - row
    width = np.maximum.reduceat(views.beyond, first) - byte
    size = rows * (width * 8 + 1)
    return Windows(views.raster[first], row, rows, byte, width, np.cumsum(size) - size)


def _inside(raster: Cells, windows: Windows, at: int) -> Bits:
    row, byte = windows.row[at], windows.byte[at]
    return raster.inside[row : row + windows.rows[at], byte : byte + windows.bytes[at]]


def _before(inside: Bits) -> NDArray[np.int32]:
    """For each cell of a window, and one more a row: how many cells before it in its row lie inside."""
    count = np.zeros((len(inside), inside.shape[1] * 8 + 1), np.int32)
    np.cumsum(np.unpackbits(inside, axis=1), axis=1, dtype=np.int32, out=count[:, 1:])
    return count.ravel()


def lit(canvas: NDArray[np.int32], windows: Windows, at: int) -> Bits:
    """What is seen on the canvas in one of the windows."""
    rows, cols, begin = int(windows.rows[at]), int(windows.bytes[at]) * 8, int(windows.begin[at])
    return shown(canvas[begin : begin + rows * (cols + 1)], rows, cols)


def _packed(window: Bits, windows: Windows, at: int) -> bytes:
    return pack_window(window, int(windows.row[at]), int(windows.byte[at]))
