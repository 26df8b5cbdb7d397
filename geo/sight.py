"""What a walk shows of the grids beside it, drawn on a raster for each grid and hour."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.cells import Cells
from geo.footprints import Canvas, Levels, Lines, Windows, lines, pack_window, stamp, windows
from geo.index import GridIndex
from geo.plane import Floats, degree_lengths
from geo.spread import HOUR, Ints, cut, spread, take
from geo.tracks import Fixes

Seen = dict[tuple[int, int], tuple[bytes, int]]
Rasters = dict[int, Cells]

WIDER = 1.001  # than the radius are boxes in degrees, because a degree is shorter at their northern edge
NEVER = np.iinfo(np.int64).min


class _Steps(NamedTuple):
    start: Ints  # unix ms
    end: Ints
    lon: Floats
    lat: Floats
    lon_end: Floats
    lat_end: Floats

    def between(self, low: Floats, high: Floats) -> "_Steps":
        """The part of each from one fraction of it to another."""
        start, end, lon, lat, lon_end, lat_end = self
        lasts, east, north = end - start, lon_end - lon, lat_end - lat
        begin, finish = start + (lasts * low).astype(np.int64), start + (lasts * high).astype(np.int64)
        return _Steps(
            begin, finish, lon + east * low, lat + north * low, lon + east * high, lat + north * high
        )


class _Views(NamedTuple):
    """Steps near grids, one row for each pair, sorted by grid and hour."""

    grid: Ints
    hour: Ints
    end: Ints  # unix ms
    drawn: Lines
    reached: Windows


class _Groups(NamedTuple):
    """The views of one grid in one hour: the first of them, and the window of the raster that they need."""

    first: Ints
    row: Ints
    col: Ints
    rows: Ints
    cols: Ints
    begin: Ints  # where the window lies on the canvas


def seen_by(
    walked: Sequence[Fixes], index: GridIndex, cells: Callable[[int], Cells], radius_m: float
) -> Seen:
    """By (grid, hour) the packed footprint of the walks, and when (unix ms) they last showed any of it."""
    if not walked:
        return {}
    steps = _short(_hourly(_steps(walked), index.turns), 2 * radius_m)
    step, grid = index.near(_boxes(steps, radius_m))
    held = index.valid(grid, steps.start[step])
    order = np.lexsort((steps.start[step] // HOUR, grid))
    order = order[held[order]]
    step, grid = step[order], grid[order]
    rasters = {position: cells(position) for position in np.unique(grid).tolist()}
    return _draw(_views(take(steps, step), grid, rasters, radius_m), rasters)


def _steps(walked: Sequence[Fixes]) -> _Steps:
    """From fix to fix; a walk of one fix is a step on the spot."""
    here = [walk if len(walk.at) == 1 else take(walk, slice(None, -1)) for walk in walked]
    there = [walk if len(walk.at) == 1 else take(walk, slice(1, None)) for walk in walked]
    at, lon, lat = (np.concatenate([fixes[axis] for fixes in here]) for axis in range(3))
    end, lon_end, lat_end = (np.concatenate([fixes[axis] for fixes in there]) for axis in range(3))
    return _Steps(at, end, lon, lat, lon_end, lat_end)


def _hourly(steps: _Steps, turns: Ints) -> _Steps:
    owner, begin, finish = cut(steps.start, steps.end, turns)
    whole = take(steps, owner)
    lasts = np.maximum(whole.end - whole.start, 1)
    high = np.where(finish == whole.end, 1.0, (finish - whole.start) / lasts)
    return whole.between((begin - whole.start) / lasts, high)._replace(start=begin, end=finish)


def _short(steps: _Steps, longest_m: float) -> _Steps:
    """Parted evenly, so that no step is longer."""
    east, north = degree_lengths((steps.lat + steps.lat_end) / 2)
    length = np.hypot((steps.lon_end - steps.lon) * east, (steps.lat_end - steps.lat) * north)
    owner, part, parts = spread(np.maximum(np.ceil(length / longest_m), 1).astype(np.int64))
    return take(steps, owner).between(part / parts, (part + 1) / parts)


def _boxes(steps: _Steps, radius_m: float) -> NDArray[np.object_]:
    east, north = degree_lengths(np.maximum(np.abs(steps.lat), np.abs(steps.lat_end)))
    wide, high = WIDER * radius_m / east, WIDER * radius_m / north
    west, south = np.minimum(steps.lon, steps.lon_end), np.minimum(steps.lat, steps.lat_end)
    return shapely.box(
        west - wide,
        south - high,
        np.maximum(steps.lon, steps.lon_end) + wide,
        np.maximum(steps.lat, steps.lat_end) + high,
    )


def _views(steps: _Steps, grid: Ints, rasters: Rasters, radius_m: float) -> _Views:
    """Each step in metres on the raster of its grid, if it reaches any cell there."""
    facts = np.array([[*raster.plane, *raster[1:6]] for raster in rasters.values()]).reshape(-1, 7)
    lon0, lat0, x0, y0, cell_m, cols, rows = facts[np.searchsorted(list(rasters), grid)].T
    east, north = degree_lengths(lat0)
    starts = [(steps.lon - lon0) * east - x0, (steps.lat - lat0) * north - y0]
    ends = [(steps.lon_end - lon0) * east - x0, (steps.lat_end - lat0) * north - y0]
    drawn = lines(np.column_stack(starts + ends), cell_m, radius_m)
    reached = windows(drawn, rows.astype(np.int64), cols.astype(np.int64))
    near = np.flatnonzero((reached.rows > 0) & (reached.cols > 0))
    hour = steps.start // HOUR
    return _Views(grid[near], hour[near], steps.end[near], take(drawn, near), take(reached, near))


def _draw(views: _Views, rasters: Rasters) -> Seen:
    if not len(views.grid):
        return {}
    groups = _groups(views)
    keys = list(zip(views.grid[groups.first].tolist(), views.hour[groups.first].tolist(), strict=True))
    canvas = _canvas(groups, [rasters[grid] for grid, _ in keys])
    member = np.repeat(np.arange(len(keys)), np.diff(groups.first, append=len(views.grid)))
    origin = (groups.begin - groups.row * groups.cols - groups.col)[member]
    shows = stamp(canvas, origin, groups.cols[member], views.drawn, views.reached)
    last = np.maximum.reduceat(np.where(shows, views.end, NEVER), groups.first).tolist()
    shown = zip(keys, _windows(canvas, groups), groups.row.tolist(), groups.col.tolist(), last, strict=True)
    return {key: (pack_window(window, row, col), at) for key, window, row, col, at in shown if at != NEVER}


def _groups(views: _Views) -> _Groups:
    turns = (np.diff(views.grid) != 0) | (np.diff(views.hour) != 0)
    first = np.append(0, np.flatnonzero(turns) + 1)
    reached = views.reached
    row, col = np.minimum.reduceat(reached.row, first), np.minimum.reduceat(reached.col, first)
    rows = np.maximum.reduceat(reached.row + reached.rows, first) - row
    cols = np.maximum.reduceat(reached.col + reached.cols, first) - col
    return _Groups(first, row, col, rows, cols, np.cumsum(rows * cols) - rows * cols)


def _canvas(groups: _Groups, rasters: Sequence[Cells]) -> Canvas:
    open_cells = [
        (raster.weights[row : row + rows, col : col + cols] > 0).ravel()
        for raster, row, col, rows, cols in zip(
            rasters, *(column.tolist() for column in groups[1:5]), strict=True
        )
    ]
    within = np.concatenate(open_cells)
    return Canvas(np.zeros(len(within), np.uint8), within)


def _windows(canvas: Canvas, groups: _Groups) -> list[Levels]:
    return [
        canvas.levels[begin : begin + rows * cols].reshape(rows, cols)
        for rows, cols, begin in zip(
            groups.rows.tolist(), groups.cols.tolist(), groups.begin.tolist(), strict=True
        )
    ]
