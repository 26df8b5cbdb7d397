"""Checkpoints, and the check-ins that were proven at one."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(8, collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("floor", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=False),
        sa.Column("position", Geometry("POINT", 4326, spatial_index=False), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("nfc_uid", sa.Text(), nullable=True),
        sa.Column("nfc_key", sa.LargeBinary(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("code ~ '^[A-Z2-7]{8}$'", name=op.f("checkpoints_code_check")),
        sa.CheckConstraint(
            "kind IN ('door', 'stairwell', 'camp', 'shop', 'other')", name=op.f("checkpoints_kind_check")
        ),
        sa.CheckConstraint("ST_X(position) BETWEEN -180 AND 180", name=op.f("checkpoints_lon_check")),
        sa.CheckConstraint("ST_Y(position) BETWEEN -90 AND 90", name=op.f("checkpoints_lat_check")),
        sa.CheckConstraint("octet_length(secret) >= 16", name=op.f("checkpoints_secret_check")),
        sa.CheckConstraint(
            "nfc_uid ~ '^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$'", name=op.f("checkpoints_nfc_uid_check")
        ),
        sa.CheckConstraint(
            "nfc_key IS NULL OR (octet_length(nfc_key) = 16 AND nfc_uid IS NOT NULL)",
            name=op.f("checkpoints_nfc_key_check"),
        ),
        sa.CheckConstraint("retired_at >= since", name=op.f("checkpoints_lifetime_check")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("checkpoints_grid_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("checkpoints_pkey")),
        sa.UniqueConstraint("code", name="checkpoints_code_key"),
    )
    op.create_index("checkpoints_grid_id_idx", "checkpoints", ["grid_id"])
    op.create_index(
        "checkpoints_nfc_uid_key",
        "checkpoints",
        ["nfc_uid"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.add_column("check_ins", sa.Column("checkpoint_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("check_ins_checkpoint_id_fkey"), "check_ins", "checkpoints", ["checkpoint_id"], ["id"]
    )
    op.create_index("check_ins_checkpoint_id_recorded_at_idx", "check_ins", ["checkpoint_id", "recorded_at"])


def downgrade() -> None:
    op.drop_column("check_ins", "checkpoint_id")
    op.drop_table("checkpoints")
