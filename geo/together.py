"""What many walks show together, all at once: a day from scratch.

Where nearly everything is seen after a few walks, most of the others show nothing new. So some are drawn
first; a table of sums (Crow 1984) then tells of any box whether something in it is still dark, and only what
passes there is drawn.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geo.cells import Bits, Cells
from geo.footprints import spans, switch
from geo.index import GridIndex
from geo.plane import Floats
from geo.sight import CellsOf, Frames, Views, Windows, frames_of, lit, views_of
from geo.spread import Ints, take
from geo.steps import Runs, Steps, cut_at, runs_of, short, steps_along
from geo.tracks import (
    SIGHT,
    SILENCE,
    SPEED,
    Fixes,
    Mask,
    accurate,
    placed,
    reaches,
    same,
    usable,
)

CANVAS = 1 << 22  # cells drawn at once
ROUNDS = (16, 4, 1)  # one walk in so many is drawn before what is left dark is looked at again


def seen_together(
    tracks: Fixes, owner: Ints, modes: Sequence[str], index: GridIndex, cells: CellsOf
) -> dict[int, Bits]:
    """By grid, what many tracks show of it together.

    N fixes, each with the number of its owner, who moves as `modes` says; order and repetition do not matter.
    """
    fixes, owner = _ordered(tracks, owner)
    believed = _usable(fixes, owner, modes)
    fixes, owner = take(fixes, believed), owner[believed]
    if not len(owner):
        return {}
    parted = (np.diff(owner, prepend=-1) != 0) | (np.diff(fixes.at, prepend=0) > SILENCE * 1000)
    radius = np.array([SIGHT[mode] for mode in modes])[owner]
    walks = steps_along(fixes.at, fixes.lon, fixes.lat, np.cumsum(parted) - 1, radius)
    steps = short(cut_at(walks, index.turns))
    runs = runs_of(steps)
    run, grid = index.near(runs.boxes())
    order = np.argsort(grid, kind="stable")
    grids, raster = np.unique(grid[order], return_inverse=True)
    every = cells(grids.tolist())
    seen: dict[int, Bits] = {}
    for low, high in _portions(every):
        some = slice(*np.searchsorted(raster, (low, high)))
        ground = _Ground(steps, runs, index, grids[low:high], every[low:high])
        ground.draw(run[order[some]], raster[some] - low)
        seen |= ground.seen()
    return seen


def _ordered(fixes: Fixes, owner: Ints) -> tuple[Fixes, Ints]:
    """By owner and time; only where two fixes are of one instant all else decides."""
    order = np.lexsort((fixes.at, owner))
    at, whose = fixes.at[order], owner[order]
    if ((at[1:] == at[:-1]) & (whose[1:] == whose[:-1])).any():
        order = np.lexsort((*fixes[::-1], owner))
    return take(fixes, order), owner[order]


def _usable(fixes: Fixes, owner: Ints, modes: Sequence[str]) -> Mask:
    """`tracks.usable` for every owner; only those who leap need a closer look."""
    believed = accurate(fixes) & ~fixes.mock & placed(fixes)
    speeds = np.array([SPEED[mode] for mode in modes])[owner]
    doubtful = np.unique(owner[_leaps_or_repeats(fixes, owner, believed, speeds)])
    first, beyond = np.searchsorted(owner, doubtful), np.searchsorted(owner, doubtful, "right")
    for number, start, end in zip(doubtful.tolist(), first.tolist(), beyond.tolist(), strict=True):
        believed[start:end] = _looked_at(take(fixes, slice(start, end)), modes[number])
    return believed


def _leaps_or_repeats(fixes: Fixes, owner: Ints, believed: Mask, speeds: Floats) -> Ints:
    """Positions after which the same owner's next believable fix cannot be, or is no later."""
    here = np.flatnonzero(believed)
    one, other = here[:-1], here[1:]
    alike = owner[one] == owner[other]
    one, other = one[alike], other[alike]
    possible = reaches(fixes, one, other, speeds[one])
    return one[~possible | (fixes.at[one] == fixes.at[other])]


def _looked_at(fixes: Fixes, mode: str) -> Mask:
    """One owner's ordered fixes; of those that are the same the first counts."""
    repeats = np.append(False, np.logical_and.reduce([same(c[1:], c[:-1]) for c in fixes]))
    mask = ~repeats
    mask[mask] = usable(take(fixes, ~repeats), mode)
    return mask


def _portions(rasters: Sequence[Cells]) -> list[tuple[int, int]]:
    """Rasters in portions whose canvases together are no larger than CANVAS, or of one raster."""
    portions, begin, room = [], 0, CANVAS
    for at, raster in enumerate(rasters):
        size = raster.rows * (raster.cols + 1)
        if size > room and at > begin:
            portions.append((begin, at))
            begin, room = at, CANVAS
        room -= size
    return [*portions, (begin, len(rasters))] if rasters else []


class _Ground:
    """Some grids side by side on one canvas."""

    def __init__(
        self, steps: Steps, runs: Runs, index: GridIndex, grids: Ints, rasters: Sequence[Cells]
    ) -> None:
        self.steps, self.runs, self.index, self.grids, self.rasters = steps, runs, index, grids, rasters
        self.frames: Frames = frames_of(rasters)
        none = np.zeros(len(rasters), np.int64)
        size = self.frames.rows * (self.frames.bytes * 8 + 1)
        shape = none, self.frames.rows, none, self.frames.bytes
        self.windows = Windows(np.arange(len(rasters)), *shape, np.cumsum(size) - size)
        self.canvas = np.zeros(self.windows.size, np.int32)

    def draw(self, run: Ints, raster: Ints) -> None:
        """Draw pairs (run, raster), sorted by raster."""
        walk = self.steps.walk[self.runs.first[run]]
        left = np.ones(len(run), bool)
        for every in ROUNDS:
            now = np.flatnonzero(left & (walk % every == 0))
            left[now] = False
            dark = _Dark(self) if every < ROUNDS[0] else None
            if dark:
                now = now[dark.around(run[now], raster[now])]
            views = self._views(run[now], raster[now])
            self._stamp(take(views, dark.within(*views[1:6])) if dark else views)

    def seen(self) -> dict[int, Bits]:
        """What was drawn, by grid."""
        return {
            grid: lit(self.canvas, self.windows, at) & self.rasters[at].inside
            for at, grid in enumerate(self.grids.tolist())
        }

    def _views(self, run: Ints, raster: Ints) -> Views:
        step, owner = self.runs.steps(run)
        raster = raster[owner]
        if len(self.index.turns):
            held = self.index.valid(self.grids[raster], self.steps.start[step])
            step, raster = step[held], raster[held]
        return views_of(self.steps, step, raster, self.frames)

    def _stamp(self, views: Views) -> None:
        begin, stride, cols = self.windows.begin, self.windows.stride, self.frames.bytes * 8
        columns = begin[views.raster], stride[views.raster], cols[views.raster]
        for _, start, beyond in spans(*columns, views.lines, views.reached):
            switch(self.canvas, start, beyond)


class _Dark:
    """How many cells inside the grids have not been seen yet, below and left of every corner of a cell."""

    def __init__(self, ground: _Ground) -> None:
        windows, self.frames, self.runs = ground.windows, ground.frames, ground.runs
        self.stride = windows.stride
        self.begin = windows.begin + np.cumsum(self.stride) - self.stride
        self.sums = np.zeros(ground.windows.size + int(self.stride.sum()), np.int32)
        for at, raster in enumerate(ground.rasters):
            self._fill(at, np.unpackbits(raster.inside & ~lit(ground.canvas, windows, at), axis=1))

    def _fill(self, at: int, dark: NDArray[np.uint8]) -> None:
        rows, stride, begin = len(dark), int(self.stride[at]), int(self.begin[at])
        if dark.any():
            table = self.sums[begin : begin + (rows + 1) * stride].reshape(rows + 1, stride)
            np.cumsum(dark, axis=1, dtype=np.int32, out=table[1:, 1:])
            np.cumsum(table, axis=0, out=table)

    def within(self, raster: Ints, row: Ints, rows: Ints, byte: Ints, beyond: Ints) -> NDArray[np.bool_]:
        """Whether anything in each window of a raster is dark."""
        low = self.begin[raster] + row * self.stride[raster]
        high = low + rows * self.stride[raster]
        west, east = byte * 8, beyond * 8
        sums = self.sums
        return sums[high + east] - sums[high + west] - sums[low + east] + sums[low + west] > 0

    def around(self, run: Ints, raster: Ints) -> NDArray[np.bool_]:
        """Whether anything in the box of each run is dark on its raster."""
        frames, runs = self.frames, self.runs
        east, north = frames.east[raster], frames.north[raster]
        west, south = frames.west[raster], frames.south[raster]
        byte = np.floor((runs.west[run] * east + west) / 8).astype(np.int64)
        beyond = np.ceil((runs.east[run] * east + west) / 8).astype(np.int64)
        row = np.floor(runs.south[run] * north + south).astype(np.int64)
        top = np.ceil(runs.north[run] * north + south).astype(np.int64)
        byte, beyond = (np.clip(each, 0, frames.bytes[raster]) for each in (byte, beyond))
        row, top = (np.clip(each, 0, frames.rows[raster]) for each in (row, top))
        return self.within(raster, row, top - row, byte, beyond)
