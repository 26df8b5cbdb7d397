"""How long grids may go unseen, and their outlines as the map draws them."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0007"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coverage_targets",
        sa.Column("code", sa.String(15, collation="C"), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^([0-9]{12}|[0-9]{15})$'", name=op.f("coverage_targets_code_check")),
        sa.CheckConstraint("hours BETWEEN 1 AND 8784", name=op.f("coverage_targets_hours_check")),
        sa.PrimaryKeyConstraint("code", name=op.f("coverage_targets_pkey")),
    )
    op.create_table(
        "grid_outlines",
        sa.Column("grid_id", sa.Integer(), nullable=False),
        sa.Column("deepest", sa.Integer(), nullable=False),
        sa.Column("shape", Geometry("MULTIPOLYGON", 3857, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("grid_outlines_grid_id_fkey")),
        sa.PrimaryKeyConstraint("deepest", "grid_id", name=op.f("grid_outlines_pkey")),
    )
    op.create_index(op.f("grid_outlines_grid_id_idx"), "grid_outlines", ["grid_id"])
    op.create_index("grid_outlines_shape_idx", "grid_outlines", ["shape"], postgresql_using="gist")


def downgrade() -> None:
    op.drop_table("grid_outlines")
    op.drop_table("coverage_targets")
