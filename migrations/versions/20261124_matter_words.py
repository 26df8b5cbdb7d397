"""The words of matters apart, and no index entries where a matter has no value."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

FEW = ("patrol_id", "reporter_id", "team_id", "handler_id", "merged_into_id")


def upgrade() -> None:
    op.create_table(
        "matter_words",
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.id"], name=op.f("matter_words_matter_id_fkey")),
        sa.PrimaryKeyConstraint("matter_id", name=op.f("matter_words_pkey")),
    )
    op.execute("INSERT INTO matter_words SELECT id, words FROM matters")
    op.create_index(
        "matter_words_words_idx",
        "matter_words",
        ["words"],
        postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops"},
    )
    op.drop_column("matters", "words")
    for column in FEW:
        op.drop_index(f"matters_{column}_idx", table_name="matters")
        op.create_index(
            f"matters_{column}_idx", "matters", [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )


def downgrade() -> None:
    for column in FEW:
        op.drop_index(f"matters_{column}_idx", table_name="matters")
        op.create_index(f"matters_{column}_idx", "matters", [column])
    op.add_column("matters", sa.Column("words", sa.Text(), nullable=True))
    op.execute("UPDATE matters SET words = told.words FROM matter_words AS told WHERE matter_id = id")
    op.alter_column("matters", "words", nullable=False)
    op.create_index(
        "matters_words_idx",
        "matters",
        ["words"],
        postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops"},
    )
    op.drop_table("matter_words")
