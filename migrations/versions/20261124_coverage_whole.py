"""Hours and days of small grids are kept whole, not deflated."""

import sqlalchemy as sa
from alembic import op

from geo.cells import Cells, unpack_cells
from geo.footprints import merge, pack
from geo.stacks import is_small, keep, kept

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MERGED = {"coverage_hours": "hour", "coverage_days": "day"}


def upgrade() -> None:
    _change(lambda seen, cells: keep(merge([seen], cells), cells))


def downgrade() -> None:
    _change(lambda seen, cells: pack(kept([seen], cells)))


def _change(anew) -> None:
    """Say what was seen of small grids in other bytes, an hour or a day at a time."""
    rows = op.get_bind().execute(sa.text("SELECT id, cells FROM grids WHERE cells IS NOT NULL"))
    small = {id: cells for id, packed in rows if is_small(cells := unpack_cells(packed))}
    for table, when in MERGED.items():
        for (time,) in op.get_bind().execute(sa.text(f"SELECT DISTINCT {when} FROM {table}")).all():
            _change_at(table, when, time, small, anew)


def _change_at(table: str, when: str, time, small: dict[int, Cells], anew) -> None:
    found = sa.text(f"SELECT grid_id, seen FROM {table} WHERE {when} = :time AND seen <> ''")
    change = sa.text(f"UPDATE {table} SET seen = :seen WHERE {when} = :time AND grid_id = :grid_id")
    changed = [
        {"grid_id": grid_id, "time": time, "seen": anew(seen, small[grid_id])}
        for grid_id, seen in op.get_bind().execute(found, {"time": time})
        if grid_id in small
    ]
    if changed:
        op.get_bind().execute(change, changed)
