"""Hours and days of small grids are kept whole, not deflated."""

import struct
import zlib
from collections.abc import Callable
from datetime import date

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MERGED = {"coverage_hours": "hour", "coverage_days": "day"}
GRID = struct.Struct("<5d2I")  # before a grid's cells: plane, corner, size of a cell; columns, rows
WINDOW = struct.Struct("<4H")  # before what is deflated: first row, first byte of a row, rows, bytes of a row
SMALL = 1024  # bytes of a raster
WORD = 8  # bytes; what is kept whole is filled up to a multiple

Anew = Callable[[bytes, int, int], bytes]  # from what was kept, of rows × bytes of a row


def upgrade() -> None:
    _change(whole)


def downgrade() -> None:
    _change(deflated)


def whole(kept: bytes, rows: int, width: int) -> bytes:
    """All rows of a raster, from its deflated window."""
    row, byte, high, wide = WINDOW.unpack_from(kept)
    raster = np.zeros((rows, width), np.uint8)
    window = np.frombuffer(zlib.decompress(kept[WINDOW.size :]), np.uint8).reshape(high, wide)
    raster[row : row + high, byte : byte + wide] = window
    return raster.tobytes() + bytes(-raster.nbytes % WORD)


def deflated(kept: bytes, rows: int, width: int) -> bytes:
    """The smallest window with something seen, from all rows of a raster."""
    raster = np.frombuffer(kept, np.uint8)[: rows * width].reshape(rows, width)
    high, wide = np.flatnonzero(raster.any(axis=1)), np.flatnonzero(raster.any(axis=0))
    window = raster[high[0] : high[-1] + 1, wide[0] : wide[-1] + 1]
    return WINDOW.pack(high[0], wide[0], *window.shape) + zlib.compress(window.tobytes(), 1)


def _change(anew: Anew) -> None:
    """Say what was seen of small grids in other bytes, an hour or a day at a time."""
    rows = op.get_bind().execute(sa.text("SELECT id, cells FROM grids WHERE cells IS NOT NULL"))
    sizes = {id: _size(cells) for id, cells in rows}
    small = {id: (high, wide) for id, (high, wide) in sizes.items() if high * wide <= SMALL}
    for table, when in MERGED.items():
        for (time,) in op.get_bind().execute(sa.text(f"SELECT DISTINCT {when} FROM {table}")).all():
            _change_at(table, when, time, small, anew)


def _size(cells: bytes) -> tuple[int, int]:
    """Rows of a grid's raster, and bytes of a row."""
    *_, cols, rows = GRID.unpack_from(cells)
    return rows, cols // 8


def _change_at(table: str, when: str, time: date, small: dict[int, tuple[int, int]], anew: Anew) -> None:
    found = sa.text(f"SELECT grid_id, seen FROM {table} WHERE {when} = :time AND seen <> ''")
    change = sa.text(f"UPDATE {table} SET seen = :seen WHERE {when} = :time AND grid_id = :grid_id")
    changed = [
        {"grid_id": grid_id, "time": time, "seen": anew(seen, *small[grid_id])}
        for grid_id, seen in op.get_bind().execute(found, {"time": time})
        if grid_id in small
    ]
    if changed:
        op.get_bind().execute(change, changed)
