"""Time in grids: where somebody was between fixes, and where a phone was silent."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from geo.index import NOWHERE, GridIndex
from geo.spread import HOUR, Ints, cut, take
from geo.tracks import SILENCE, Fixes, joined

LONGEST_SILENCE = 12 * HOUR  # ms; a gap longer than any patrol is not time in a grid


def spent(runs: Sequence[Fixes], index: GridIndex) -> Counter[tuple[int, int]]:
    """Milliseconds by (grid, hour): between two fixes of a run each half belongs to the grid of its end."""
    total: Counter[tuple[int, int]] = Counter()
    if not runs:
        return total
    start, end = (np.concatenate(column) for column in zip(*(_around(run.at) for run in runs), strict=True))
    owner, begin, finish = cut(start, end, index.turns)
    lon, lat = (np.concatenate([run[axis] for run in runs]) for axis in (1, 2))
    grid = index.locate(lon[owner], lat[owner], begin)
    for place, hour, lasts in zip(
        grid.tolist(), (begin // HOUR).tolist(), (finish - begin).tolist(), strict=True
    ):
        if place != NOWHERE:
            total[place, hour] += lasts
    return total


def silences(walked: Sequence[Fixes], anchors: Fixes) -> list[Fixes]:
    """The runs of a patrol's silence: the last fix before it, the ordered anchors in it, the first fix after.

    Before the first walk and after the last there is silence as far as the anchors reach.
    """
    if not walked:
        return [anchors] if len(anchors.at) else []
    first, last = (np.array([walk.at[end] for walk in walked]) for end in (0, -1))
    after, before = np.searchsorted(anchors.at, first), np.searchsorted(anchors.at, last, "right")
    return [run for run in _gaps(walked, anchors, np.append(after, len(anchors.at)), before) if _silent(run)]


def _gaps(walked: Sequence[Fixes], anchors: Fixes, after: Ints, before: Ints) -> list[Fixes]:
    gaps = [joined(take(anchors, slice(0, after[0])), take(walked[0], slice(0, 1)))]
    for here, walk in enumerate(walked):
        inside = take(anchors, slice(before[here], after[here + 1]))
        gaps.append(joined(take(walk, slice(-1, None)), inside))
        if here + 1 < len(walked):
            gaps[-1] = joined(gaps[-1], take(walked[here + 1], slice(0, 1)))
    return gaps


def _silent(run: Fixes) -> bool:
    return bool(run.at[-1] - run.at[0] > SILENCE * 1000)


def _around(at: Ints) -> tuple[Ints, Ints]:
    """From halfway to the fix before until halfway to the fix after."""
    gap = np.diff(at)
    gap[gap > LONGEST_SILENCE] = 0
    forth = gap // 2
    return at - np.append(0, gap - forth), at + np.append(forth, 0)
