"""The outbox of events, and how far it has been erased by age."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "xid",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("outbox_pkey")),
    )
    op.create_index("outbox_xid_seq_idx", "outbox", ["xid", "seq"])
    op.create_index("outbox_at_idx", "outbox", ["at"])
    floor = op.create_table(
        "outbox_floor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("outbox_floor_one_row_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_floor_pkey")),
    )
    op.bulk_insert(floor, [{"id": 1, "xid": 0}])


def downgrade() -> None:
    op.drop_table("outbox_floor")
    op.drop_table("outbox")
