"""From which number on the audit trail counts transactions."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Not 0 in a database that was restored before: there the trail knows numbers that are yet to come.
AHEAD = """
SELECT coalesce(max(xid), 0) FROM audit_rows WHERE xid > (pg_current_xact_id()::text)::bigint"""


def upgrade() -> None:
    op.create_table(
        "audit_origin",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("audit_origin_one_row_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_origin_pkey")),
    )
    op.execute(f"INSERT INTO audit_origin (id, xid) SELECT 1, ({AHEAD})")


def downgrade() -> None:
    op.drop_table("audit_origin")
