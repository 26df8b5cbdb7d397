"""Classes of which a bulletin is made each month, those that were made, and matters by place and time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("matter_classes", sa.Column("bulletin", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("matter_classes_bulletin_check"), "matter_classes", "bulletin = 'monthly'")
    op.create_table(
        "matter_bulletins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("class_code", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("told", JSONB(), nullable=False),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("matter_bulletins_month_check")),
        sa.ForeignKeyConstraint(
            ["class_code"], ["matter_classes.code"], name=op.f("matter_bulletins_class_code_fkey")
        ),
        sa.ForeignKeyConstraint(["area_code"], ["areas.code"], name=op.f("matter_bulletins_area_code_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("matter_bulletins_pkey")),
        sa.UniqueConstraint(
            "month", "class_code", "area_code", name=op.f("matter_bulletins_month_class_code_area_code_key")
        ),
    )
    op.create_index("matter_bulletins_area_code_id_idx", "matter_bulletins", ["area_code", "id"])
    op.drop_index("idx_matters_position", table_name="matters")
    op.create_index(
        "matters_position_recorded_at_idx", "matters", ["position", "recorded_at"], postgresql_using="gist"
    )


def downgrade() -> None:
    op.drop_index("matters_position_recorded_at_idx", table_name="matters")
    op.create_index("idx_matters_position", "matters", ["position"], postgresql_using="gist")
    op.drop_table("matter_bulletins")
    op.drop_constraint(op.f("matter_classes_bulletin_check"), "matter_classes")
    op.drop_column("matter_classes", "bulletin")
