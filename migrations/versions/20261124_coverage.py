"""Footprints as bits, merged by hour and by day."""

import sqlalchemy as sa
from alembic import op
from shapely import from_wkb

from geo.cells import cells_of, pack_cells

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MERGED = ("coverage_hours", "hour", sa.DateTime(timezone=True)), ("coverage_days", "day", sa.Date())


def upgrade() -> None:
    op.add_column("patrols", sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False))
    op.create_unique_constraint("patrols_number_key", "patrols", ["number"])
    for table, when, kind in MERGED:
        op.create_table(
            table,
            sa.Column(when, kind, nullable=False),
            sa.Column("grid_id", sa.Integer(), nullable=False),
            sa.Column("seen", sa.LargeBinary(), nullable=False),
            sa.Column("patrols", sa.LargeBinary(), nullable=False),
            sa.Column("person_seconds", sa.Float(), nullable=False),
            sa.Column("silent_seconds", sa.Float(), nullable=False),
            sa.Column("was_silent", sa.Boolean(), nullable=False),
            sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
            sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f(f"{table}_grid_id_fkey")),
            sa.PrimaryKeyConstraint(when, "grid_id", name=op.f(f"{table}_pkey")),
        )
        op.create_index(op.f(f"{table}_grid_id_idx"), table, ["grid_id"])
    op.create_table(
        "coverage_stale",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("grid_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("coverage_stale_pkey")),
    )
    _measure_anew()


def _measure_anew() -> None:
    """Rasters of bits instead of levels; every patrol's footprints follow from its facts again."""
    grids = op.get_bind().execute(sa.text("SELECT id, ST_AsBinary(shape) FROM grids")).all()
    for grid_id, shape in grids:
        cells = pack_cells(cells_of(from_wkb(bytes(shape))))
        op.get_bind().execute(
            sa.text("UPDATE grids SET cells = :cells WHERE id = :id"), {"cells": cells, "id": grid_id}
        )
    op.execute("DELETE FROM footprints")
    op.execute("INSERT INTO coverage_marks (patrol_id) SELECT id FROM patrols")


def downgrade() -> None:
    op.execute("DELETE FROM footprints")
    op.drop_table("coverage_stale")
    for table, _, _ in MERGED:
        op.drop_table(table)
    op.drop_constraint("patrols_number_key", "patrols")
    op.drop_column("patrols", "number")
