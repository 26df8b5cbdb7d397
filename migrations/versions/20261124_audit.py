"""The audit trail, its seals, certificates of retention, and patrols whose facts were erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_rows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column(
            "xid",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_rows_pkey")),
    )
    op.create_index("audit_rows_xid_id_idx", "audit_rows", ["xid", "id"])
    op.create_index("audit_rows_actor_id_id_idx", "audit_rows", ["actor_id", "id"])
    op.create_index("audit_rows_subject_id_id_idx", "audit_rows", ["subject_id", "id"])
    op.create_index("audit_rows_at_idx", "audit_rows", ["at"], postgresql_using="brin")
    op.create_table(
        "audit_seals",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("seq > 0", name=op.f("audit_seals_seq_check")),
        sa.PrimaryKeyConstraint("seq", name=op.f("audit_seals_pkey")),
        sa.UniqueConstraint("row_id", name=op.f("audit_seals_row_id_key")),
    )
    op.create_table(
        "retention_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("erased", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("retention_runs_pkey")),
    )
    op.add_column("patrols", sa.Column("erased_before", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("patrols", "erased_before")
    op.drop_table("retention_runs")
    op.drop_table("audit_seals")
    op.drop_table("audit_rows")
