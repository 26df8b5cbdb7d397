"""Alarms, their steps, who was told, and PINs"""

from alembic import op
import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alarm_pins',
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('pin_hash', sa.Text(), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('alarm_pins_member_id_fkey')),
    sa.PrimaryKeyConstraint('member_id', name=op.f('alarm_pins_pkey'))
    )
    op.create_table('alarms',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('way', sa.Text(), nullable=False),
    sa.Column('area_code', sa.String(length=12, collation='C'), nullable=False),
    sa.Column('grid_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('phone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('position', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('accuracy_m', sa.Double(), nullable=True),
    sa.Column('marks', postgresql.ARRAY(sa.String()), nullable=False),
    sa.Column('status', sa.Text(), server_default='raised', nullable=False),
    sa.Column('level', sa.Text(), server_default='leader', nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("due_at IS NULL OR status = 'raised'", name=op.f('alarms_due_at_check')),
    sa.CheckConstraint("level IN ('leader', 'community', 'township', 'county', 'prefecture')", name=op.f('alarms_level_check')),
    sa.CheckConstraint("phone_at >= '2020-01-01Z' AND phone_at < '2100-01-01Z'", name=op.f('alarms_phone_at_check')),
    sa.CheckConstraint("recorded_at >= '2020-01-01Z' AND recorded_at < '2100-01-01Z'", name=op.f('alarms_recorded_at_check')),
    sa.CheckConstraint("status IN ('raised', 'acknowledged', 'accepted', 'arrived', 'resolved', 'false_alarm')", name=op.f('alarms_status_check')),
    sa.CheckConstraint("way IN ('phone', 'bell', 'upload', 'drill')", name=op.f('alarms_way_check')),
    sa.CheckConstraint('ST_X(position) BETWEEN -180 AND 180 AND ST_Y(position) BETWEEN -90 AND 90', name=op.f('alarms_position_check')),
    sa.CheckConstraint('accuracy_m >= 0', name=op.f('alarms_accuracy_m_check')),
    sa.CheckConstraint('version > 0', name=op.f('alarms_version_check')),
    sa.ForeignKeyConstraint(['area_code'], ['areas.code'], name=op.f('alarms_area_code_fkey')),
    sa.ForeignKeyConstraint(['grid_id'], ['grids.id'], name=op.f('alarms_grid_id_fkey')),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('alarms_member_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('alarms_pkey')),
    sa.UniqueConstraint('number', name='alarms_number_key')
    )
    op.create_index('alarms_area_code_number_idx', 'alarms', ['area_code', 'number'], unique=False)
    op.create_index('alarms_due_at_idx', 'alarms', ['due_at'], unique=False, postgresql_where=sa.text('due_at IS NOT NULL'))
    op.create_index(op.f('alarms_member_id_idx'), 'alarms', ['member_id'], unique=False)
    op.create_index('alarms_member_id_open_idx', 'alarms', ['member_id'], unique=False, postgresql_where=sa.text("status NOT IN ('resolved', 'false_alarm')"))
    op.create_index('alarms_received_at_idx', 'alarms', ['received_at'], unique=False)
    op.create_table('alarm_notices',
    sa.Column('alarm_id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('team_id', sa.Uuid(), nullable=True),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("reason IN ('team', 'near', 'drawn', 'drill', 'leader', 'community', 'township', 'county', 'prefecture')", name=op.f('alarm_notices_reason_check')),
    sa.ForeignKeyConstraint(['alarm_id'], ['alarms.id'], name=op.f('alarm_notices_alarm_id_fkey')),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('alarm_notices_member_id_fkey')),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('alarm_notices_team_id_fkey')),
    sa.PrimaryKeyConstraint('alarm_id', 'member_id', name=op.f('alarm_notices_pkey'))
    )
    op.create_index('alarm_notices_member_id_idx', 'alarm_notices', ['member_id'], unique=False)
    op.create_index(op.f('alarm_notices_team_id_idx'), 'alarm_notices', ['team_id'], unique=False)
    op.create_table('alarm_steps',
    sa.Column('alarm_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=True),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('drawn', Geometry(geometry_type='POLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.CheckConstraint("kind IN ('raise', 'climb', 'remind', 'reinforce', 'acknowledge', 'accept', 'arrived', 'resolve', 'false_alarm')", name=op.f('alarm_steps_kind_check')),
    sa.CheckConstraint("level IN ('leader', 'community', 'township', 'county', 'prefecture')", name=op.f('alarm_steps_level_check')),
    sa.CheckConstraint("status IN ('raised', 'acknowledged', 'accepted', 'arrived', 'resolved', 'false_alarm')", name=op.f('alarm_steps_status_check')),
    sa.CheckConstraint('version > 0', name=op.f('alarm_steps_version_check')),
    sa.ForeignKeyConstraint(['alarm_id'], ['alarms.id'], name=op.f('alarm_steps_alarm_id_fkey')),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('alarm_steps_member_id_fkey')),
    sa.PrimaryKeyConstraint('alarm_id', 'version', name=op.f('alarm_steps_pkey'))
    )
    op.create_index('alarm_steps_member_id_idx', 'alarm_steps', ['member_id'], unique=False)
    op.create_index('alarm_steps_once_key', 'alarm_steps', ['alarm_id', 'member_id', 'kind'], unique=True, postgresql_where=sa.text("kind IN ('acknowledge', 'accept', 'arrived')"))


def downgrade() -> None:
    op.drop_table('alarm_steps')
    op.drop_table('alarm_notices')
    op.drop_table('alarms')
    op.drop_table('alarm_pins')
