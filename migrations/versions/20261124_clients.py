"""Positions of other phone apps that wait for a patrol."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_positions",
        sa.Column("track_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", Geometry("POINT", 4326, spatial_index=False), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("speed_mps", sa.Float(), nullable=True),
        sa.Column("heading_deg", sa.Float(), nullable=True),
        sa.Column("battery_pct", sa.Float(), nullable=True),
        sa.Column("is_mock", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "ST_X(position) BETWEEN -180 AND 180 AND ST_Y(position) BETWEEN -90 AND 90",
            name=op.f("held_positions_position_check"),
        ),
        sa.CheckConstraint(
            "recorded_at >= '2020-01-01Z' AND recorded_at < '2100-01-01Z'",
            name=op.f("held_positions_recorded_at_check"),
        ),
        sa.CheckConstraint("accuracy_m >= 0", name=op.f("held_positions_accuracy_m_check")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("held_positions_member_id_fkey")),
        sa.PrimaryKeyConstraint("track_id", name=op.f("held_positions_pkey")),
    )
    op.create_index(
        op.f("held_positions_member_id_recorded_at_idx"), "held_positions", ["member_id", "recorded_at"]
    )
    op.create_index(op.f("held_positions_received_at_idx"), "held_positions", ["received_at"])


def downgrade() -> None:
    op.drop_table("held_positions")
