"""Several of each: the step by which many things of different lengths are worked on as one array."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

HOUR = 3_600_000  # ms

Columns = TypeVar("Columns", bound=tuple[Any, ...])


def take(columns: Columns, which: Any) -> Columns:
    """The chosen rows of a NamedTuple of arrays, by mask, slice or positions."""
    return type(columns)(*(column[which] for column in columns))


def spread(counts: Ints) -> tuple[Ints, Ints, Ints]:
    """For counts [2, 1]: whose [0, 0, 1], its how manieth [0, 1, 0], of how many [2, 2, 1]."""
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - first[owner], counts[owner]


def cut(start: Ints, end: Ints, turns: Ints) -> tuple[Ints, Ints, Ints]:
    """Times (ms) parted at whole hours and at given sorted instants: whose, start and end of each part."""
    owner, step, _ = spread(end // HOUR - start // HOUR)
    instants = np.union1d((start // HOUR)[owner] + step + 1, []).astype(np.int64) * HOUR
    instants = np.union1d(instants, turns)
    first = np.searchsorted(instants, start, "right")
    inside = np.maximum(np.searchsorted(instants, end, "left") - first, 0)
    owner, step, parts = spread(inside + 1)
    bounds = np.append(instants, 0)
    begin = np.where(step == 0, start[owner], bounds[first[owner] + step - 1])
    finish = np.where(step == parts - 1, end[owner], bounds[np.minimum(first[owner] + step, len(instants))])
    return owner, begin, finish
