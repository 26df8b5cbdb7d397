"""Assignments, shifts, spot checks and notices."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql as pg

revision = "0010"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rrule", sa.Text(), nullable=False),
        sa.Column("begins", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("assignments_period_check")),
        sa.CheckConstraint("minutes BETWEEN 5 AND 1440", name=op.f("assignments_minutes_check")),
        sa.CheckConstraint(
            "begins ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'", name=op.f("assignments_begins_check")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("assignments_team_id_fkey")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("assignments_member_id_fkey")),
        sa.ForeignKeyConstraint(["follows_id"], ["assignments.id"], name=op.f("assignments_follows_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("assignments_pkey")),
    )
    op.create_index("assignments_team_id_idx", "assignments", ["team_id"])
    op.create_index("assignments_member_id_idx", "assignments", ["member_id"])
    op.create_table(
        "assignment_grids",
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("grid_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("during", pg.TSTZMULTIRANGE(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("carried_from", sa.Integer(), nullable=True),
        pg.ExcludeConstraint(
            (sa.column("grid_id"), "="),
            (sa.column("team_id"), "<>"),
            (sa.column("during"), "&&"),
            where=sa.text("NOT is_shared"),
            name="assignment_grids_team_during_excl",
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("assignment_grids_assignment_id_fkey")
        ),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("assignment_grids_grid_id_fkey")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("assignment_grids_team_id_fkey")),
        sa.ForeignKeyConstraint(
            ["carried_from"], ["grids.id"], name=op.f("assignment_grids_carried_from_fkey")
        ),
        sa.PrimaryKeyConstraint("assignment_id", "grid_id", name=op.f("assignment_grids_pkey")),
    )
    op.create_index("assignment_grids_grid_id_idx", "assignment_grids", ["grid_id"])
    op.create_table(
        "assignment_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("by_member", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("before", pg.JSONB(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('made', 'changed', 'ended', 'handed_over', 'carried', 'dropped')",
            name=op.f("assignment_steps_kind_check"),
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("assignment_steps_assignment_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("assignment_steps_pkey")),
    )
    op.create_index("assignment_steps_assignment_id_idx", "assignment_steps", ["assignment_id"])
    _shifts()
    _spot_checks()
    _notices()


def _shifts() -> None:
    op.create_table(
        "shifts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("late_minutes", sa.Integer(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("shifts_period_check")),
        sa.CheckConstraint("state IN ('planned', 'declined', 'cancelled')", name=op.f("shifts_state_check")),
        sa.CheckConstraint("late_minutes > 0", name=op.f("shifts_late_minutes_check")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("shifts_assignment_id_fkey")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("shifts_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("shifts_pkey")),
        sa.UniqueConstraint("assignment_id", "starts_at", name=op.f("shifts_assignment_id_starts_at_key")),
    )
    op.create_index("shifts_team_id_starts_at_idx", "shifts", ["team_id", "starts_at"])
    op.create_index("shifts_starts_at_idx", "shifts", ["starts_at"])
    op.create_table(
        "shift_members",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("during", pg.TSTZRANGE(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'accepted', 'declined', 'swapped', 'released')",
            name=op.f("shift_members_state_check"),
        ),
        pg.ExcludeConstraint(
            (sa.column("member_id"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("state IN ('asked', 'accepted')"),
            name="shift_members_member_during_excl",
        ),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("shift_members_shift_id_fkey")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("shift_members_member_id_fkey")),
        sa.PrimaryKeyConstraint("shift_id", "member_id", name=op.f("shift_members_pkey")),
    )
    op.create_index("shift_members_member_id_idx", "shift_members", ["member_id"])
    op.create_table(
        "shift_swaps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("from_member", sa.Uuid(), nullable=False),
        sa.Column("to_member", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'approved', 'refused')", name=op.f("shift_swaps_state_check")),
        sa.CheckConstraint("from_member <> to_member", name=op.f("shift_swaps_members_check")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("shift_swaps_shift_id_fkey")),
        sa.ForeignKeyConstraint(["from_member"], ["members.id"], name=op.f("shift_swaps_from_member_fkey")),
        sa.ForeignKeyConstraint(["to_member"], ["members.id"], name=op.f("shift_swaps_to_member_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("shift_swaps_pkey")),
    )
    op.create_index("shift_swaps_from_member_idx", "shift_swaps", ["from_member"])
    op.create_index("shift_swaps_to_member_idx", "shift_swaps", ["to_member"])
    op.create_index(
        "shift_swaps_open_key",
        "shift_swaps",
        ["shift_id", "from_member"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )


def _spot_checks() -> None:
    op.create_table(
        "spot_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("closes_at > asked_at", name=op.f("spot_checks_window_check")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("spot_checks_shift_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("spot_checks_pkey")),
    )
    op.create_index("spot_checks_shift_id_idx", "spot_checks", ["shift_id"])
    op.create_table(
        "spot_answers",
        sa.Column("spot_check_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["spot_check_id"], ["spot_checks.id"], name=op.f("spot_answers_spot_check_id_fkey")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("spot_answers_member_id_fkey")),
        sa.PrimaryKeyConstraint("spot_check_id", "member_id", name=op.f("spot_answers_pkey")),
    )
    op.create_index("spot_answers_member_id_idx", "spot_answers", ["member_id"])
    op.create_table(
        "told_holes",
        sa.Column("grid_id", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("told_holes_grid_id_fkey")),
        sa.PrimaryKeyConstraint("grid_id", "opens_at", name=op.f("told_holes_pkey")),
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(12, collation="C"), nullable=False),
        sa.Column("shape", Geometry("POLYGON", 4326, spatial_index=False), nullable=True),
        sa.Column("sent_by", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ST_IsValid(shape) AND NOT ST_IsEmpty(shape)", name=op.f("notices_shape_check")),
        sa.CheckConstraint("expires_at > sent_at", name=op.f("notices_lifetime_check")),
        sa.ForeignKeyConstraint(["area_code"], ["areas.code"], name=op.f("notices_area_code_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("notices_pkey")),
    )
    op.create_index("notices_area_code_idx", "notices", ["area_code"])
    op.create_table(
        "notice_teams",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("notice_teams_notice_id_fkey")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("notice_teams_team_id_fkey")),
        sa.PrimaryKeyConstraint("notice_id", "team_id", name=op.f("notice_teams_pkey")),
    )
    op.create_index("notice_teams_team_id_idx", "notice_teams", ["team_id"])
    op.create_table(
        "notice_reads",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("notice_reads_notice_id_fkey")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("notice_reads_member_id_fkey")),
        sa.PrimaryKeyConstraint("notice_id", "member_id", name=op.f("notice_reads_pkey")),
    )
    op.create_index("notice_reads_member_id_idx", "notice_reads", ["member_id"])


def downgrade() -> None:
    for table in (
        "notice_reads", "notice_teams", "notices", "told_holes", "spot_answers", "spot_checks", "shift_swaps",
        "shift_members", "shifts", "assignment_steps", "assignment_grids", "assignments",
    ):  # fmt: skip
        op.drop_table(table)
