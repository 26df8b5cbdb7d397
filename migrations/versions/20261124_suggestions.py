"""Suggestions of who patrols which grids."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suggestions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("area_code", sa.String(12, collation="C"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("teams", postgresql.JSONB(), nullable=False),
        sa.Column("limits", postgresql.JSONB(), nullable=False),
        sa.Column("answer", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by", sa.Uuid(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'ready', 'failed')", name=op.f("suggestions_state_check")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("suggestions_period_check")),
        sa.CheckConstraint("(state = 'ready') = (answer IS NOT NULL)", name=op.f("suggestions_answer_check")),
        sa.ForeignKeyConstraint(["area_code"], ["areas.code"], name=op.f("suggestions_area_code_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("suggestions_pkey")),
    )
    op.create_index("suggestions_area_code_idx", "suggestions", ["area_code"])


def downgrade() -> None:
    op.drop_table("suggestions")
