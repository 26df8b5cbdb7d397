"""Events name who hears of them besides those of the area."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("told", ARRAY(sa.Uuid()), nullable=True))


def downgrade() -> None:
    op.drop_column("outbox", "told")
