"""What was seen of many grids in some time, so kept that many such times are put together at once.

A small raster is kept whole, in words of 64 bits: then a week of all grids is read without inflating anything
and joined by a few array operations. A large one, of which little is seen, is a deflated window.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from geo.cells import Bits, Cells
from geo.footprints import merge, pack, share_seen
from geo.plane import Floats
from geo.spread import Ints, spread

SMALL = 1024  # bytes of a raster
WORD = 8  # bytes


def is_small(cells: Cells) -> bool:
    """Whether the raster is kept whole."""
    return cells.inside.nbytes <= SMALL


def keep(seen: Bits, cells: Cells) -> bytes:
    """Bytes to keep; none if nothing was seen, and the same for the same bits."""
    if not is_small(cells):
        return pack(seen)
    return seen.tobytes() + bytes(-seen.nbytes % WORD) if seen.any() else b""


def kept(parts: Iterable[bytes], cells: Cells) -> Bits:
    """What all that was kept of a grid shows together."""
    if not is_small(cells):
        return merge(parts, cells)
    wholes = [part for part in parts if part]
    if not wholes:
        return np.zeros_like(cells.inside)
    words = np.frombuffer(b"".join(wholes), np.uint64).reshape(len(wholes), -1)
    return _bits(np.bitwise_or.reduce(words, axis=0), cells)


class Stack:
    """Grids, each named by its number in order of coming, and what has been laid on them so far."""

    def __init__(self) -> None:
        self.cells: list[Cells] = []
        self.first: Ints = np.zeros(0, np.int64)  # word of each; a large grid has none
        self.size: Ints = np.zeros(0, np.int64)
        self.words: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self.windows: dict[int, list[bytes]] = {}  # of large grids

    def widen(self, cells: Sequence[Cells]) -> None:
        """Put more grids behind those that are there."""
        sizes = [-(-each.inside.nbytes // WORD) if is_small(each) else 0 for each in cells]
        self.cells += cells
        self.size = np.append(self.size, np.array(sizes, np.int64))
        self.first = np.cumsum(self.size) - self.size
        self.words = np.append(self.words, np.zeros(sum(sizes), np.uint64))

    def lay(self, grid: Ints, lengths: Ints, seen: bytes) -> None:
        """Add what was seen in some time of grids that all differ: their kept bytes, one after the other."""
        shows = lengths > 0
        grid, lengths = grid[shows], lengths[shows]
        if not self.size[grid].all():
            grid, seen = self._lay_large(grid, lengths, seen)
        owner, word, _ = spread(self.size[grid])
        self.words[self.first[grid][owner] + word] |= np.frombuffer(seen, np.uint64)

    def _lay_large(self, grid: Ints, lengths: Ints, seen: bytes) -> tuple[Ints, bytes]:
        """Set the windows of the large ones aside; gives what is left."""
        ends = np.cumsum(lengths).tolist()
        parts = [seen[end - length : end] for end, length in zip(ends, lengths.tolist(), strict=True)]
        small = self.size[grid] > 0
        for at, part, is_whole in zip(grid.tolist(), parts, small.tolist(), strict=True):
            if not is_whole:
                self.windows.setdefault(at, []).append(part)
        return grid[small], b"".join(part for part, is_whole in zip(parts, small, strict=True) if is_whole)

    def bits(self, grid: int) -> Bits:
        """What is seen of a grid."""
        if not self.size[grid]:
            return merge(self.windows.get(grid, ()), self.cells[grid])
        first = int(self.first[grid])
        return _bits(self.words[first : first + int(self.size[grid])], self.cells[grid])

    def shares(self) -> Floats:
        """The share of every grid that is seen, 0 to 1."""
        sums = np.append(0, np.cumsum(np.bitwise_count(self.words), dtype=np.int64))
        seen = sums[self.first + self.size] - sums[self.first]
        shares = seen / np.maximum([each.number for each in self.cells], 1)
        for grid in self.windows:
            shares[grid] = share_seen(self.bits(grid), self.cells[grid])
        return shares


def _bits(words: NDArray[np.uint64], cells: Cells) -> Bits:
    return words.view(np.uint8)[: cells.inside.nbytes].reshape(cells.inside.shape)
