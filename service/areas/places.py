"""Which grid a place lies in, at any time: all versions of all grids, kept in this process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

import numpy as np
import shapely

from geo.cells import Cells, unpack_cells
from geo.index import ALWAYS, GridIndex, Ints
from service.areas import queries
from service.db import ask, session

_REVISION = "SELECT number, id FROM grid_revisions WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1"
ROOM = 64 * 1024 * 1024  # bytes of unpacked cells kept in one process


@dataclass(frozen=True)
class Places:
    """All versions of all grids in the order of code, then time; a position names one of them."""

    revision: tuple[Any, ...] | None  # the number and id of the latest; other grids have another
    index: GridIndex
    ids: Ints
    codes: list[str]

    def ids_at(self, positions: Ints) -> Ints:
        """The ids of the grids at these positions, 0 for nowhere."""
        return np.append(self.ids, 0)[positions]

    def positions(self, ids: Sequence[int]) -> list[int]:
        """Where the grids with these ids stand; all of them must be known."""
        order = np.argsort(self.ids)
        found = order[np.searchsorted(self.ids, np.array(ids, np.int64), sorter=order)]
        return [int(each) for each in found]

    def cells(self, position: int) -> Cells:
        """The cells of the grid at a position."""
        return self.all_cells([position])[0]

    def all_cells(self, positions: Sequence[int]) -> list[Cells]:
        """The cells of several grids, asking the database at most once."""
        return _cells.of([int(self.ids[position]) for position in positions])


class _Cells:
    """Unpacked cells by grid id; a version of a grid never changes, so they only leave for want of room."""

    def __init__(self) -> None:
        self.known: dict[int, Cells] = {}
        self.room = ROOM

    def of(self, ids: list[int]) -> list[Cells]:
        known = self.known
        missing = [each for each in ids if each not in known]
        rows = session.execute(queries.cells_of(missing)).all() if missing else []
        read = {grid_id: unpack_cells(cells) for grid_id, cells in rows}
        self._keep(read)
        return [read[each] if each in read else known[each] for each in ids]

    def _keep(self, read: dict[int, Cells]) -> None:
        size = sum(cells.inside.nbytes for cells in read.values())
        if size > self.room:
            self.known, self.room = {}, ROOM
        if size <= self.room:
            self.known.update(read)
            self.room -= size


_cells = _Cells()
_lock = Lock()
_latest: Places | None = None


def places() -> Places:
    """The grids as the database has them now; they are read again only after a revision."""
    global _latest
    revision = next((tuple(row) for row in ask(_REVISION)), None)
    known = _latest
    if known is None or known.revision != revision:
        with _lock:
            known = _read(revision)
        _latest = known
    return known


def _read(revision: tuple[Any, ...] | None) -> Places:
    rows = session.execute(queries.every_version()).all()
    ids, codes, since, until, shapes = zip(*rows, strict=True) if rows else ((),) * 5
    index = GridIndex(
        shapely.from_wkb([bytes(shape) for shape in shapes]),
        [unix_ms(time) for time in since],
        [ALWAYS.max if time is None else unix_ms(time) for time in until],
    )
    return Places(revision, index, np.array(ids, np.int64), list(codes))


def place(lon: Any, lat: Any, at_ms: Any) -> Ints:
    """The id of the grid in force around each point at its time (unix ms), 0 where there is none."""
    here = places()
    return here.ids_at(here.index.locate(lon, lat, at_ms))


def unix_ms(time: datetime) -> int:
    """Whole milliseconds since 1970."""
    return round(time.timestamp() * 1000)
