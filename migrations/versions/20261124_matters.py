"""Matters, their steps and classes, what the sweep set aside, and webhooks."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "matter_classes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("is_round", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("required", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("is_joint", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("listed_by", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "family IN ('dispute', 'safety', 'public_order', 'people', 'facility', 'environment', "
            "'hazard', 'other')",
            name=op.f("matter_classes_family_check"),
        ),
        sa.CheckConstraint(
            "urgency IN ('routine', 'urgent', 'emergency')", name=op.f("matter_classes_urgency_check")
        ),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("matter_classes_validity_check")),
        sa.PrimaryKeyConstraint("code", name=op.f("matter_classes_pkey")),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts_with(url, 'https://')", name=op.f("webhooks_url_check")),
        sa.ForeignKeyConstraint(["area_code"], ["areas.code"], name=op.f("webhooks_area_code_fkey")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("webhooks_member_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("webhooks_pkey")),
    )
    op.create_index(op.f("webhooks_member_id_idx"), "webhooks", ["member_id"], unique=False)
    op.create_geospatial_table(
        "matters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("class_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("photos", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column(
            "position",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("place_code", sa.String(length=15, collation="C"), nullable=False),
        sa.Column("patrol_id", sa.Uuid(), nullable=True),
        sa.Column("reporter_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phone_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marks", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("back_to", sa.Text(), nullable=True),
        sa.Column("back_level", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("handler_id", sa.Uuid(), nullable=True),
        sa.Column("parties", postgresql.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("parties_done", postgresql.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rung", sa.Integer(), server_default="0", nullable=False),
        sa.Column("left_s", sa.Double(), nullable=True),
        sa.Column("review_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(stage = 'merged') = (merged_into_id IS NOT NULL)", name=op.f("matters_merged_check")
        ),
        sa.CheckConstraint(
            "(stage = 'suspended') = (review_at IS NOT NULL)", name=op.f("matters_suspended_check")
        ),
        sa.CheckConstraint(
            "level IN ('grid', 'community', 'township', 'county', 'prefecture')",
            name=op.f("matters_level_check"),
        ),
        sa.CheckConstraint(
            "recorded_at >= '2020-01-01Z' AND recorded_at < '2100-01-01Z'",
            name=op.f("matters_recorded_at_check"),
        ),
        sa.CheckConstraint(
            "stage IN ('reported', 'filed', 'dispatched', 'accepted', 'handled', 'fed_back', "
            "'verified', 'closed', 'evaluated', 'returned', 'suspended', 'merged')",
            name=op.f("matters_stage_check"),
        ),
        sa.CheckConstraint(
            "ST_X(position) BETWEEN -180 AND 180 AND ST_Y(position) BETWEEN -90 AND 90",
            name=op.f("matters_position_check"),
        ),
        sa.CheckConstraint("merged_into_id <> id", name=op.f("matters_merged_into_check")),
        sa.CheckConstraint("version > 0", name=op.f("matters_version_check")),
        sa.ForeignKeyConstraint(
            ["class_code"], ["matter_classes.code"], name=op.f("matters_class_code_fkey")
        ),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("matters_grid_id_fkey")),
        sa.ForeignKeyConstraint(["handler_id"], ["members.id"], name=op.f("matters_handler_id_fkey")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["matters.id"], name=op.f("matters_merged_into_id_fkey")),
        sa.ForeignKeyConstraint(["patrol_id"], ["patrols.id"], name=op.f("matters_patrol_id_fkey")),
        sa.ForeignKeyConstraint(["reporter_id"], ["members.id"], name=op.f("matters_reporter_id_fkey")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("matters_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("matters_pkey")),
        sa.UniqueConstraint("source", "external_id", name=op.f("matters_source_external_id_key")),
    )
    op.create_geospatial_index(
        "idx_matters_position",
        "matters",
        ["position"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index("matters_class_code_id_idx", "matters", ["class_code", "id"], unique=False)
    op.create_index(
        "matters_due_at_idx",
        "matters",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("matters_handler_id_idx"), "matters", ["handler_id"], unique=False)
    op.create_index(
        "matters_look_at_idx",
        "matters",
        ["look_at", "id"],
        unique=False,
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index(op.f("matters_merged_into_id_idx"), "matters", ["merged_into_id"], unique=False)
    op.create_index(op.f("matters_patrol_id_idx"), "matters", ["patrol_id"], unique=False)
    op.create_index("matters_place_code_id_idx", "matters", ["place_code", "id"], unique=False)
    op.create_index("matters_received_at_idx", "matters", ["received_at"], unique=False)
    op.create_index(op.f("matters_reporter_id_idx"), "matters", ["reporter_id"], unique=False)
    op.create_index("matters_stage_id_idx", "matters", ["stage", "id"], unique=False)
    op.create_index(op.f("matters_team_id_idx"), "matters", ["team_id"], unique=False)
    op.create_index(
        "matters_words_idx",
        "matters",
        ["words"],
        postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops"},
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("webhook_deliveries_webhook_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("webhook_deliveries_pkey")),
    )
    op.create_index(
        "webhook_deliveries_next_at_idx",
        "webhook_deliveries",
        ["next_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index(
        "webhook_deliveries_webhook_id_id_idx", "webhook_deliveries", ["webhook_id", "id"], unique=False
    )
    op.create_table(
        "matter_faults",
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.id"], name=op.f("matter_faults_matter_id_fkey")),
        sa.PrimaryKeyConstraint("matter_id", name=op.f("matter_faults_pkey")),
    )
    op.create_table(
        "matter_steps",
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("photos", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stage_left", sa.Text(), nullable=True),
        sa.Column("lasted_s", sa.Double(), nullable=True),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "level IN ('grid', 'community', 'township', 'county', 'prefecture')",
            name=op.f("matter_steps_level_check"),
        ),
        sa.CheckConstraint(
            "stage IN ('reported', 'filed', 'dispatched', 'accepted', 'handled', 'fed_back', "
            "'verified', 'closed', 'evaluated', 'returned', 'suspended', 'merged')",
            name=op.f("matter_steps_stage_check"),
        ),
        sa.CheckConstraint(
            "step IN ('report', 'file', 'dispatch', 'accept', 'handle', 'feed_back', 'verify', "
            "'close', 'evaluate', 'return', 'uphold', 'overrule', 'suspend', 'resume', "
            "'escalate', 'remind', 'urge', 'supervise', 'add_party', 'party_done', 'merge', "
            "'reopen', 'note')",
            name=op.f("matter_steps_step_check"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("matter_steps_version_check")),
        sa.ForeignKeyConstraint(["actor_id"], ["members.id"], name=op.f("matter_steps_actor_id_fkey")),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.id"], name=op.f("matter_steps_matter_id_fkey")),
        sa.PrimaryKeyConstraint("matter_id", "version", name=op.f("matter_steps_pkey")),
    )
    op.create_index("matter_steps_actor_id_at_idx", "matter_steps", ["actor_id", "at"], unique=False)


def downgrade() -> None:
    for name in (
        "matter_steps",
        "matter_faults",
        "webhook_deliveries",
        "matters",
        "webhooks",
        "matter_classes",
    ):
        op.drop_table(name)
