"""What many walks show together, all at once: a day from scratch.

Where many have walked, most steps show nothing new. So of all steps in a small patch of ground one is drawn
first; a table of sums (Crow 1984) then tells of any box whether something in it is still dark, and only what
passes there is drawn.
"""

from collections.abc import Sequence

import numpy as np

from geo.cells import Bits, Cells
from geo.footprints import spans, switch
from geo.index import GridIndex
from geo.plane import Floats, degree_lengths
from geo.sight import CellsOf, Frames, Views, frames_of, views_of
from geo.spread import Ints, spread, take
from geo.steps import Runs, Steps, cut_at, patches_of, short_in_any_order, steps_along
from geo.tracks import SIGHT, SILENCE, SPEED, Fixes, Mask, accurate, placed, reaches, same, usable

CANVAS = 1 << 22  # cells drawn at once
ROUNDS = (1, 4, 1 << 62)  # so many steps of a patch are drawn before what is left dark is looked at again
MARGIN = 1e-3  # m, more than any rounding


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
    steps, patches = patches_of(short_in_any_order(cut_at(walks, index.turns)))
    patch, grid = index.near(patches.boxes())
    order = np.argsort(grid, kind="stable")
    grids, raster = np.unique(grid[order], return_inverse=True)
    every = cells(grids.tolist())
    seen: dict[int, Bits] = {}
    for low, high in _portions(every):
        some = slice(*np.searchsorted(raster, (low, high)))
        ground = _Ground(steps, patches, index, grids[low:high], every[low:high])
        ground.draw(patch[order[some]], raster[some] - low)
        seen |= ground.seen()
    return seen


def _ordered(fixes: Fixes, owner: Ints) -> tuple[Fixes, Ints]:
    """By owner and time; only where two fixes are of one instant all else decides."""
    key = _key(fixes.at, owner)
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key)
        fixes, owner, key = take(fixes, order), owner[order], key[order]
    if (key[1:] == key[:-1]).any():
        order = np.lexsort((*fixes[::-1], owner))
        fixes, owner = take(fixes, order), owner[order]
    return fixes, owner


def _key(at: Ints, owner: Ints) -> Ints:
    """Numbers that sort as owner and time do; 40 bits are 34 years, and what lies farther apart is ranked."""
    if np.ptp(at) >= 1 << 40:
        _, at = np.unique(at, return_inverse=True)
    return (owner << 40) + (at - at.min())


def _usable(fixes: Fixes, owner: Ints, modes: Sequence[str]) -> Mask:
    """`tracks.usable` for every owner; only those who leap need a closer look."""
    believed = accurate(fixes) & ~fixes.mock & placed(fixes)
    speeds = np.array([SPEED[mode] for mode in modes])
    doubtful = np.unique(owner[_leaps_or_repeats(fixes, owner, believed, speeds)])
    first, beyond = np.searchsorted(owner, doubtful), np.searchsorted(owner, doubtful, "right")
    for number, start, end in zip(doubtful.tolist(), first.tolist(), beyond.tolist(), strict=True):
        believed[start:end] = _looked_at(take(fixes, slice(start, end)), modes[number])
    return believed


def _leaps_or_repeats(fixes: Fixes, owner: Ints, believed: Mask, speeds: Floats) -> Ints:
    """Positions after which the same owner's next believable fix cannot be, or is no later."""
    here = np.flatnonzero(believed)
    one, other = here[:-1], here[1:]
    doubtful = np.flatnonzero(
        (owner[one] == owner[other]) & ~_surely_reach(take(fixes, here), speeds[owner[one]])
    )
    one, other = one[doubtful], other[doubtful]
    possible = reaches(fixes, one, other, speeds[owner[one]])
    return one[~possible | (fixes.at[one] == fixes.at[other])]


def _surely_reach(fixes: Fixes, speed: Floats) -> Mask:
    """Whether each of N fixes but the last reaches the next along the parallel and the meridian.

    Degrees are taken as long as they are anywhere: no way is thought shorter than it is.
    """
    east, north = degree_lengths(0)[0], degree_lengths(90)[1]
    way = np.abs(np.diff(fixes.lon)) * east + np.abs(np.diff(fixes.lat)) * north
    return way + MARGIN <= speed * np.diff(fixes.at) / 1000


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
        size = raster.rows * raster.cols
        if size > room and at > begin:
            portions.append((begin, at))
            begin, room = at, CANVAS
        room -= size
    return [*portions, (begin, len(rasters))] if rasters else []


class _Ground:
    """Some grids one after the other on a canvas, row by row.

    Where a row ends, the next one begins: what ends to be seen there has begun in the same row.
    """

    def __init__(
        self, steps: Steps, patches: Runs, index: GridIndex, grids: Ints, rasters: Sequence[Cells]
    ) -> None:
        self.steps, self.patches, self.index, self.grids, self.rasters = steps, patches, index, grids, rasters
        self.frames: Frames = frames_of(rasters)
        size = self.frames.rows * self.frames.bytes
        self.begin = np.cumsum(size) - size  # byte of each
        self.inside = np.concatenate([raster.inside.ravel() for raster in rasters])
        self.canvas = np.zeros(len(self.inside) * 8 + 1, np.int32)

    def draw(self, patch: Ints, raster: Ints) -> None:
        """Draw pairs (patch, raster)."""
        begin = 0
        for end in ROUNDS:
            dark = _Dark(self) if begin else None
            left = self.patches.length[patch] > begin
            if dark:
                left[left] = dark.around(patch[left], raster[left])
            patch, raster = patch[left], raster[left]
            if not len(patch):
                return
            views = self._views(patch, raster, begin, end)
            self._stamp(take(views, dark.within(*views[1:6])) if dark else views)
            begin = end

    def seen(self) -> dict[int, Bits]:
        """What was drawn, by grid."""
        bits = self.lit() & self.inside
        parts = zip(self.grids.tolist(), self.begin.tolist(), self.rasters, strict=True)
        return {
            grid: bits[begin : begin + raster.inside.size].reshape(raster.inside.shape)
            for grid, begin, raster in parts
        }

    def lit(self) -> Bits:
        """The bytes of all rasters, one after the other."""
        return np.packbits(np.cumsum(self.canvas[:-1], dtype=np.int32) > 0)

    def _views(self, patch: Ints, raster: Ints, begin: int, end: int) -> Views:
        """Some steps of each patch, beside its raster."""
        owner, more, _ = spread(np.minimum(self.patches.length[patch], end) - begin)
        step, raster = self.patches.first[patch][owner] + begin + more, raster[owner]
        if len(self.index.turns):
            held = self.index.valid(self.grids[raster], self.steps.start[step])
            step, raster = step[held], raster[held]
        return views_of(self.steps, step, raster, self.frames)

    def _stamp(self, views: Views) -> None:
        cols = self.frames.bytes * 8
        columns = self.begin[views.raster] * 8, cols[views.raster], cols[views.raster]
        for _, start, beyond in spans(*columns, views.lines, views.reached):
            switch(self.canvas, start, beyond)


class _Dark:
    """How many bytes hold a cell inside the grids that has not been seen yet, below and left of each byte."""

    def __init__(self, ground: _Ground) -> None:
        self.frames, self.patches = ground.frames, ground.patches
        self.stride = self.frames.bytes + 1
        size = (self.frames.rows + 1) * self.stride
        self.begin = np.cumsum(size) - size
        self.sums = np.zeros(int(size.sum()), np.int32)
        dark = ground.inside & ~ground.lit() != 0
        for at, begin in enumerate(self.begin.tolist()):
            rows, width = int(self.frames.rows[at]), int(self.frames.bytes[at])
            part = dark[ground.begin[at] : ground.begin[at] + rows * width].reshape(rows, width)
            table = self.sums[begin : begin + (rows + 1) * (width + 1)].reshape(rows + 1, width + 1)
            np.cumsum(part, axis=1, dtype=np.int32, out=table[1:, 1:])
            np.cumsum(table, axis=0, out=table)

    def within(self, raster: Ints, row: Ints, rows: Ints, byte: Ints, beyond: Ints) -> Mask:
        """Whether anything in each window of a raster is dark."""
        low = self.begin[raster] + row * self.stride[raster]
        high = low + rows * self.stride[raster]
        sums = self.sums
        return sums[high + beyond] - sums[high + byte] - sums[low + beyond] + sums[low + byte] > 0

    def around(self, patch: Ints, raster: Ints) -> Mask:
        """Whether anything in the box of each patch is dark on its raster."""
        frames, box = self.frames, take(self.patches, patch)
        east, north = frames.east[raster], frames.north[raster]
        west, south = frames.west[raster], frames.south[raster]
        byte = np.floor((box.west * east + west) / 8).astype(np.int64)
        beyond = np.ceil((box.east * east + west) / 8).astype(np.int64)
        row = np.floor(box.south * north + south).astype(np.int64)
        top = np.ceil(box.north * north + south).astype(np.int64)
        byte, beyond = (np.clip(each, 0, frames.bytes[raster]) for each in (byte, beyond))
        row, top = (np.clip(each, 0, frames.rows[raster]) for each in (row, top))
        return self.within(raster, row, top - row, byte, beyond)
