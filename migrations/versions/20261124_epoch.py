"""Which life of the database this is."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PLACE = """
SELECT format('%s/%s/%s', system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), oid)
FROM pg_control_system(), pg_database WHERE datname = current_database()"""


def upgrade() -> None:
    op.create_table(
        "server_epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("server_epoch_one_row_check")),
        sa.CheckConstraint("epoch BETWEEN 1 AND 9007199254740991", name=op.f("server_epoch_epoch_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("server_epoch_pkey")),
    )
    op.execute(f"INSERT INTO server_epoch (id, epoch, place) SELECT 1, 1, ({PLACE})")


def downgrade() -> None:
    op.drop_table("server_epoch")
