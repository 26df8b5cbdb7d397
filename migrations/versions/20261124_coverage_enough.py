"""Footprints say whether a patrol had seen enough of a grid; those that were kept before count as enough."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_enough = sa.Column("is_enough", sa.Boolean(), server_default=sa.true(), nullable=False)
    op.add_column("footprints", is_enough)
    op.create_index(
        "footprints_enough_idx",
        "footprints",
        ["grid_id", "last_seen_at"],
        postgresql_where=sa.text("is_enough AND last_seen_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("footprints_enough_idx", "footprints")
    op.drop_column("footprints", "is_enough")
