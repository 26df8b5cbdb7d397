"""What all patrols showed of grids in a window, put together from hours and local days as columns."""

from typing import NamedTuple

import numpy as np

from geo.cells import Bits
from geo.plane import Floats
from geo.spread import Ints
from geo.stacks import Stack
from geo.tracks import Mask
from service.areas.places import Places, places
from service.coverage import queries
from service.coverage.queries import Sum
from service.coverage.windows import Window

NEVER = np.iinfo(np.int64).min  # as PostgreSQL sends -infinity
_EPOCH_US = 946_684_800_000_000  # 2000-01-01, from which PostgreSQL counts


class Columns(NamedTuple):
    """A row for each grid of which something is known."""

    ids: list[int]
    share_seen: Floats
    was_silent: Mask
    patrols: list[bytes]  # their numbers, four bytes each, in order
    person_seconds: Floats
    last_seen_at: Ints  # unix µs, or NEVER


class Sums:
    """What is added up for a window."""

    def __init__(self, where: Places) -> None:
        self.where = where
        self.row: dict[int, int] = {}  # by grid id
        self.stack = Stack()
        self.was_silent: Mask = np.zeros(0, bool)
        self.person_seconds: Floats = np.zeros(0)
        self.last_seen_at: Ints = np.zeros(0, np.int64)
        self.visits: list[Ints] = [np.zeros(0, np.int64)]  # row and patrol number in one

    def add(self, part: Sum) -> None:
        """Add an hour or a day."""
        row = self._rows(np.frombuffer(part.grids, ">i4").tolist())
        self.stack.lay(row, _integers(part.lengths), part.seen)
        self.was_silent[row] |= np.frombuffer(part.was_silent, bool)
        self.person_seconds[row] += np.frombuffer(part.person_seconds, ">f8")
        seen_at = np.frombuffer(part.last_seen_at, ">i8").astype(np.int64)
        self.last_seen_at[row] = np.maximum(self.last_seen_at[row], seen_at)
        of_row = np.repeat(row, _integers(part.counts) // 4) << 32
        self.visits.append(of_row | np.frombuffer(part.patrols, "<u4"))

    def settle(self) -> Ints:
        """Forget who was counted twice; gives who is left, sorted."""
        if len(self.visits) > 1:
            visits = np.sort(np.concatenate(self.visits))
            self.visits = [visits[np.diff(visits, prepend=-1) != 0]]
        return self.visits[0]

    def _rows(self, ids: list[int]) -> Ints:
        fresh = [each for each in ids if each not in self.row]
        if fresh:
            self.row |= {each: len(self.row) + more for more, each in enumerate(fresh)}
            self.stack.widen(self.where.all_cells(self.where.positions(fresh)))
            more = len(fresh)
            self.was_silent = np.append(self.was_silent, np.zeros(more, bool))
            self.person_seconds = np.append(self.person_seconds, np.zeros(more))
            self.last_seen_at = np.append(self.last_seen_at, np.full(more, NEVER))
        return np.array([self.row[each] for each in ids], np.int64)

    def columns(self) -> Columns:
        """Everything, in the order in which the grids came."""
        visits = self.settle()
        bounds = 4 * np.searchsorted(visits, np.arange(len(self.row) + 1) << 32)
        numbers = visits.astype("<u4").tobytes()
        patrols = [
            numbers[start:end] for start, end in zip(bounds.tolist(), bounds[1:].tolist(), strict=False)
        ]
        shown = self.was_silent, patrols, self.person_seconds, unix_us(self.last_seen_at)
        return Columns(list(self.row), self.stack.shares(), *shown)

    def seen(self, grid_id: int) -> Bits | None:
        """What was seen of a grid, if anything is known of it."""
        return self.stack.bits(self.row[grid_id]) if grid_id in self.row else None

    def silent(self, grid_id: int) -> bool:
        """Whether somebody was in a grid of whom nothing shows the way."""
        return grid_id in self.row and bool(self.was_silent[self.row[grid_id]])


def summed(window: Window, prefix: str) -> Sums:
    """The sums of a window, of the grids with a prefix."""
    sums = Sums(places())
    for parts in queries.sums(window, prefix):
        for part in parts:
            sums.add(part)
        sums.settle()
    return sums


def _integers(sent: bytes) -> Ints:
    return np.frombuffer(sent, ">i4").astype(np.int64)


def unix_us(sent: Ints) -> Ints:
    """Times as PostgreSQL sends them, since 1970; what is -infinity there is NEVER."""
    return np.where(sent == NEVER, NEVER, sent + _EPOCH_US)
