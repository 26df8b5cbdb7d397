"""Answers to retries of a POST are kept for a day; outlines of grids run counterclockwise (RFC 7946)."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retries",
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("asked", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("retries_pkey")),
    )
    op.create_index(op.f("retries_made_at_idx"), "retries", ["made_at"])
    op.execute("UPDATE grids SET shape = ST_ForcePolygonCCW(shape) WHERE NOT ST_IsPolygonCCW(shape)")


def downgrade() -> None:
    op.drop_table("retries")
