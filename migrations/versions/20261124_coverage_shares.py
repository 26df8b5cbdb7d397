"""Of each grid and day the share that was seen is kept, of each community and day who was there."""

import numpy as np
import sqlalchemy as sa
from alembic import op

from geo.cells import unpack_cells
from geo.footprints import share_seen
from geo.stacks import kept

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

FOUND = "SELECT day, seen FROM coverage_days WHERE grid_id = :grid_id AND seen <> ''"
PATROLS = """
SELECT day, community_code, string_agg(patrols, '') FROM coverage_days JOIN grids ON grids.id = grid_id
WHERE day = :day GROUP BY day, community_code"""
KEEP = "INSERT INTO coverage_visits (day, community_code, patrols) VALUES (:day, :community, :patrols)"
CHANGE = "UPDATE coverage_days SET share_seen = :share WHERE day = :day AND grid_id = :grid_id"


def upgrade() -> None:
    share = sa.Column("share_seen", sa.Double(), server_default="0", nullable=False)
    op.add_column("coverage_days", share)
    for grid_id, packed in op.get_bind().execute(sa.text("SELECT id, cells FROM grids WHERE cells IS NOT NULL")):
        _measure(grid_id, packed)
    op.alter_column("coverage_days", "share_seen", server_default=None)
    op.create_check_constraint(
        op.f("coverage_days_share_seen_check"), "coverage_days", "share_seen BETWEEN 0 AND 1"
    )
    payload = ["share_seen", "was_silent", "person_seconds"]
    op.create_index("coverage_days_shares_idx", "coverage_days", ["day", "grid_id"], postgresql_include=payload)
    op.create_table(
        "coverage_visits",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("community_code", sa.String(12, collation="C"), nullable=False),
        sa.Column("patrols", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_code"], ["areas.code"], name=op.f("coverage_visits_community_code_fkey")
        ),
        sa.PrimaryKeyConstraint("day", "community_code", name=op.f("coverage_visits_pkey")),
    )
    _gather()
    _index_check_ins(["grade"])


def _measure(grid_id: int, packed: bytes) -> None:
    rows = op.get_bind().execute(sa.text(FOUND), {"grid_id": grid_id}).all()
    if not rows:
        return
    cells = unpack_cells(packed)
    shares = [
        {"grid_id": grid_id, "day": day, "share": share_seen(kept([seen], cells), cells)} for day, seen in rows
    ]
    op.get_bind().execute(sa.text(CHANGE), shares)


def _gather() -> None:
    for (day,) in op.get_bind().execute(sa.text("SELECT DISTINCT day FROM coverage_days")).all():
        rows = [
            {"day": day, "community": community, "patrols": np.unique(np.frombuffer(numbers, "<i4")).tobytes()}
            for day, community, numbers in op.get_bind().execute(sa.text(PATROLS), {"day": day})
        ]
        op.get_bind().execute(sa.text(KEEP), rows)


def _index_check_ins(payload: list[str]) -> None:
    name, columns = "check_ins_grid_id_recorded_at_idx", ["grid_id", "recorded_at"]
    op.drop_index(name, "check_ins")
    op.create_index(name, "check_ins", columns, postgresql_include=payload)


def downgrade() -> None:
    _index_check_ins([])
    op.drop_table("coverage_visits")
    op.drop_index("coverage_days_shares_idx", "coverage_days")
    op.drop_column("coverage_days", "share_seen")
