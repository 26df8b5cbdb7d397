"""Times of matters and classes that exist; indexes of few: dispatches to a team, higher levels, late ones."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TIMES = " AND ".join(
    f"{name} BETWEEN '2000-01-01Z' AND '2200-01-01Z'"
    for name in ("received_at", "entered_at", "due_at", "look_at", "review_at", "closed_at")
)
_CLASS = "isfinite(valid_from) AND isfinite(valid_to) AND jsonb_typeof(limits) = 'object'"


def upgrade() -> None:
    op.create_check_constraint(op.f("matters_times_check"), "matters", _TIMES)
    op.create_check_constraint(op.f("matter_classes_readable_check"), "matter_classes", _CLASS)
    op.create_index(
        "matter_steps_team_id_at_idx",
        "matter_steps",
        [sa.text("(details ->> 'team_id')"), "at"],
        postgresql_where=sa.text("step = 'dispatch'"),
    )
    op.create_index(
        "matters_level_id_idx", "matters", ["level", "id"], postgresql_where=sa.text("level <> 'grid'")
    )
    op.create_index("matters_late_id_idx", "matters", ["id"], postgresql_where=sa.text("is_late IS TRUE"))


def downgrade() -> None:
    op.drop_index("matters_late_id_idx", table_name="matters")
    op.drop_index("matters_level_id_idx", table_name="matters")
    op.drop_index("matter_steps_team_id_at_idx", table_name="matter_steps")
    op.drop_constraint(op.f("matter_classes_readable_check"), "matter_classes")
    op.drop_constraint(op.f("matters_times_check"), "matters")
