"""The first tables: areas, grids, people, teams, patrols, uploads, coverage"""

from alembic import op
import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_geospatial_table('areas',
    sa.Column('code', sa.String(length=12, collation='C'), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=True),
    sa.Column('parent_code', sa.String(length=12, collation='C'), nullable=True),
    sa.Column('shape', Geometry(geometry_type='MULTIPOLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('centre', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('is_synthetic', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.CheckConstraint("(parent_code IS NULL) = (level = 'prefecture')", name=op.f('areas_parent_check')),
    sa.CheckConstraint("code ~ '^[0-9]{12}$'", name=op.f('areas_code_check')),
    sa.CheckConstraint("level IN ('prefecture', 'county', 'township', 'community')", name=op.f('areas_level_check')),
    sa.ForeignKeyConstraint(['parent_code'], ['areas.code'], name=op.f('areas_parent_code_fkey')),
    sa.PrimaryKeyConstraint('code', name=op.f('areas_pkey'))
    )
    op.create_index(op.f('areas_parent_code_idx'), 'areas', ['parent_code'], unique=False)
    op.create_geospatial_index('idx_areas_shape', 'areas', ['shape'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_table('coverage_marks',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('patrol_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('coverage_marks_pkey'))
    )
    op.create_index(op.f('coverage_marks_patrol_id_idx'), 'coverage_marks', ['patrol_id'], unique=False)
    op.create_table('coverage_version',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('version', sa.Uuid(), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('coverage_version_one_row_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('coverage_version_pkey'))
    )
    op.create_geospatial_table('fixes',
    sa.Column('track_id', sa.Uuid(), nullable=False),
    sa.Column('place', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('patrol_id', sa.Uuid(), nullable=False),
    sa.Column('phone_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('position', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('accuracy_m', sa.Double(), nullable=True),
    sa.Column('speed_mps', sa.Double(), nullable=True),
    sa.Column('heading_deg', sa.Double(), nullable=True),
    sa.Column('battery_pct', sa.Double(), nullable=True),
    sa.Column('is_mock', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.CheckConstraint("recorded_at >= '2020-01-01Z' AND recorded_at < '2100-01-01Z'", name=op.f('fixes_recorded_at_check')),
    sa.CheckConstraint('ST_X(position) BETWEEN -180 AND 180 AND ST_Y(position) BETWEEN -90 AND 90', name=op.f('fixes_position_check')),
    sa.CheckConstraint('accuracy_m >= 0', name=op.f('fixes_accuracy_m_check')),
    sa.PrimaryKeyConstraint('track_id', 'place', 'recorded_at', name=op.f('fixes_pkey')),
    postgresql_partition_by='RANGE (recorded_at)'
    )
    op.create_index('fixes_patrol_id_idx', 'fixes', ['patrol_id'], unique=False)
    op.create_index('fixes_recorded_at_idx', 'fixes', ['recorded_at'], unique=False, postgresql_using='brin')
    op.execute("CREATE TABLE fixes_rest PARTITION OF fixes DEFAULT")
    op.create_table('grid_revisions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=True),
    sa.Column('status', sa.Text(), server_default='proposed', nullable=False),
    sa.Column('area_code', sa.String(length=12, collation='C'), nullable=False),
    sa.Column('proposed_by', sa.Uuid(), nullable=True),
    sa.Column('proposed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('approved_by', sa.Uuid(), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('features', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('retires', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('report', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.CheckConstraint("status IN ('proposed', 'approved')", name=op.f('grid_revisions_status_check')),
    sa.ForeignKeyConstraint(['area_code'], ['areas.code'], name=op.f('grid_revisions_area_code_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('grid_revisions_pkey'))
    )
    op.create_index('grid_revisions_number_key', 'grid_revisions', ['number'], unique=True)
    op.create_table('members',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('role', sa.Text(), server_default='member', nullable=False),
    sa.Column('area_code', sa.String(length=12, collation='C'), nullable=False),
    sa.Column('username', sa.Text(), nullable=True),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('joined_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("role IN ('member', 'leader', 'officer', 'centre', 'admin', 'auditor')", name=op.f('members_role_check')),
    sa.ForeignKeyConstraint(['area_code'], ['areas.code'], name=op.f('members_area_code_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('members_pkey')),
    sa.UniqueConstraint('code', name=op.f('members_code_key'))
    )
    op.create_index(op.f('members_area_code_idx'), 'members', ['area_code'], unique=False)
    op.create_index('members_username_key', 'members', [sa.literal_column('lower(username)')], unique=True)
    op.create_table('teams',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('area_code', sa.String(length=12, collation='C'), nullable=False),
    sa.CheckConstraint("kind IN ('neighbour_watch', 'shop_watch', 'ten_households', 'building_watch', 'village_police', 'first_secretary', 'seconded_police', 'grid_workers', 'alarm_bell')", name=op.f('teams_kind_check')),
    sa.ForeignKeyConstraint(['area_code'], ['areas.code'], name=op.f('teams_area_code_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('teams_pkey')),
    sa.UniqueConstraint('code', name=op.f('teams_code_key'))
    )
    op.create_index(op.f('teams_area_code_idx'), 'teams', ['area_code'], unique=False)
    op.create_table('consents',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('text_id', sa.Text(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('consents_member_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('consents_pkey'))
    )
    op.create_index('consents_current_key', 'consents', ['member_id', 'kind'], unique=True, postgresql_where=sa.text('withdrawn_at IS NULL'))
    op.create_index(op.f('consents_member_id_idx'), 'consents', ['member_id'], unique=False)
    op.create_geospatial_table('grids',
    sa.Column('id', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('code', sa.String(length=15, collation='C'), nullable=False),
    sa.Column('community_code', sa.String(length=12, collation='C'), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('basis', sa.Text(), server_default='area', nullable=False),
    sa.Column('shape', Geometry(geometry_type='MULTIPOLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('area_m2', sa.Double(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revision_id', sa.Uuid(), nullable=False),
    sa.Column('cells', sa.LargeBinary(), nullable=False),
    postgresql.ExcludeConstraint((sa.column('code'), '='), (sa.text('tstzrange(since, retired_at)'), '&&'), using='gist', name='grids_code_during_excl'),
    sa.CheckConstraint("basis IN ('area', 'checkpoints')", name=op.f('grids_basis_check')),
    sa.CheckConstraint("code ~ '^[0-9]{15}$'", name=op.f('grids_code_check')),
    sa.CheckConstraint('ST_IsValid(shape) AND NOT ST_IsEmpty(shape)', name=op.f('grids_shape_check')),
    sa.CheckConstraint('area_m2 > 0', name=op.f('grids_area_check')),
    sa.CheckConstraint('left(code, 12) = community_code', name=op.f('grids_community_check')),
    sa.CheckConstraint('retired_at > since', name=op.f('grids_lifetime_check')),
    sa.ForeignKeyConstraint(['community_code'], ['areas.code'], name=op.f('grids_community_code_fkey')),
    sa.ForeignKeyConstraint(['revision_id'], ['grid_revisions.id'], name=op.f('grids_revision_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('grids_pkey'))
    )
    op.create_index(op.f('grids_community_code_idx'), 'grids', ['community_code'], unique=False)
    op.create_index('grids_current_idx', 'grids', ['code'], unique=False, postgresql_where=sa.text('retired_at IS NULL'))
    op.create_geospatial_index('idx_grids_shape', 'grids', ['shape'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_table('memberships',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('team_id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('is_leader', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    postgresql.ExcludeConstraint((sa.column('team_id'), '='), (sa.column('member_id'), '='), (sa.text('tstzrange(since, until)'), '&&'), using='gist', name='memberships_member_during_excl'),
    sa.CheckConstraint('until > since', name=op.f('memberships_duration_check')),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('memberships_member_id_fkey')),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('memberships_team_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('memberships_pkey'))
    )
    op.create_index(op.f('memberships_member_id_idx'), 'memberships', ['member_id'], unique=False)
    op.create_index(op.f('memberships_team_id_idx'), 'memberships', ['team_id'], unique=False)
    op.create_table('patrols',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('mode', sa.Text(), server_default='foot', nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("mode IN ('foot', 'bicycle', 'car', 'horse')", name=op.f('patrols_mode_check')),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('patrols_member_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('patrols_pkey'))
    )
    op.create_index(op.f('patrols_first_at_idx'), 'patrols', ['first_at'], unique=False)
    op.create_index('patrols_member_id_started_at_idx', 'patrols', ['member_id', 'started_at'], unique=False)
    op.create_table('quarantined_items',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('item_id', sa.Text(), nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('batch_id', sa.Uuid(), nullable=False),
    sa.Column('raw', sa.Text(), nullable=False),
    sa.Column('problem', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('quarantined_items_member_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('quarantined_items_pkey')),
    sa.UniqueConstraint('member_id', 'content', name=op.f('quarantined_items_member_id_content_key'))
    )
    op.create_index(op.f('quarantined_items_member_id_idx'), 'quarantined_items', ['member_id'], unique=False)
    op.create_table('sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('device_id', sa.Text(), nullable=False),
    sa.Column('device_name', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('sessions_member_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('sessions_pkey')),
    sa.UniqueConstraint('token_hash', name=op.f('sessions_token_hash_key'))
    )
    op.create_index(op.f('sessions_member_id_idx'), 'sessions', ['member_id'], unique=False)
    op.create_table('upload_items',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('upload_items_member_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('upload_items_pkey'))
    )
    op.create_index(op.f('upload_items_member_id_idx'), 'upload_items', ['member_id'], unique=False)
    op.create_geospatial_table('check_ins',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('patrol_id', sa.Uuid(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('phone_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('position', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('accuracy_m', sa.Double(), nullable=True),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('proof', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('photos', postgresql.ARRAY(sa.String()), nullable=False),
    sa.Column('marks', postgresql.ARRAY(sa.String()), nullable=False),
    sa.Column('grade', sa.Text(), nullable=False),
    sa.Column('grid_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("grade IN ('A', 'B', 'C', 'D')", name=op.f('check_ins_grade_check')),
    sa.CheckConstraint("method IN ('position', 'qr', 'nfc')", name=op.f('check_ins_method_check')),
    sa.CheckConstraint("recorded_at >= '2020-01-01Z' AND recorded_at < '2100-01-01Z'", name=op.f('check_ins_recorded_at_check')),
    sa.CheckConstraint('ST_X(position) BETWEEN -180 AND 180 AND ST_Y(position) BETWEEN -90 AND 90', name=op.f('check_ins_position_check')),
    sa.CheckConstraint('accuracy_m >= 0', name=op.f('check_ins_accuracy_m_check')),
    sa.ForeignKeyConstraint(['grid_id'], ['grids.id'], name=op.f('check_ins_grid_id_fkey')),
    sa.ForeignKeyConstraint(['patrol_id'], ['patrols.id'], name=op.f('check_ins_patrol_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('check_ins_pkey'))
    )
    op.create_index('check_ins_grid_id_recorded_at_idx', 'check_ins', ['grid_id', 'recorded_at'], unique=False)
    op.create_index(op.f('check_ins_patrol_id_idx'), 'check_ins', ['patrol_id'], unique=False)
    op.create_table('footprints',
    sa.Column('patrol_id', sa.Uuid(), nullable=False),
    sa.Column('grid_id', sa.Integer(), nullable=False),
    sa.Column('hour', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen', sa.LargeBinary(), nullable=False),
    sa.Column('person_seconds', sa.Double(), nullable=False),
    sa.Column('silent_seconds', sa.Double(), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("date_trunc('hour', hour, 'UTC') = hour", name=op.f('footprints_hour_check')),
    sa.ForeignKeyConstraint(['grid_id'], ['grids.id'], name=op.f('footprints_grid_id_fkey')),
    sa.ForeignKeyConstraint(['patrol_id'], ['patrols.id'], name=op.f('footprints_patrol_id_fkey')),
    sa.PrimaryKeyConstraint('patrol_id', 'grid_id', 'hour', name=op.f('footprints_pkey'))
    )
    op.create_index(op.f('footprints_grid_id_idx'), 'footprints', ['grid_id'], unique=False)
    op.create_index('footprints_hour_grid_id_idx', 'footprints', ['hour', 'grid_id'], unique=False)
    op.create_table('grid_lineage',
    sa.Column('predecessor_id', sa.Integer(), nullable=False),
    sa.Column('successor_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['predecessor_id'], ['grids.id'], name=op.f('grid_lineage_predecessor_id_fkey')),
    sa.ForeignKeyConstraint(['successor_id'], ['grids.id'], name=op.f('grid_lineage_successor_id_fkey')),
    sa.PrimaryKeyConstraint('predecessor_id', 'successor_id', name=op.f('grid_lineage_pkey'))
    )
    op.create_index(op.f('grid_lineage_successor_id_idx'), 'grid_lineage', ['successor_id'], unique=False)
    op.create_table('patrol_moments',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('patrol_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('mode', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('phone_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('start', 'end')", name=op.f('patrol_moments_kind_check')),
    sa.CheckConstraint("mode IN ('foot', 'bicycle', 'car', 'horse')", name=op.f('patrol_moments_mode_check')),
    sa.CheckConstraint("recorded_at >= '2020-01-01Z' AND recorded_at < '2100-01-01Z'", name=op.f('patrol_moments_recorded_at_check')),
    sa.ForeignKeyConstraint(['patrol_id'], ['patrols.id'], name=op.f('patrol_moments_patrol_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('patrol_moments_pkey'))
    )
    op.create_index(op.f('patrol_moments_patrol_id_idx'), 'patrol_moments', ['patrol_id'], unique=False)
    op.execute("INSERT INTO coverage_version VALUES (1, gen_random_uuid())")


def downgrade() -> None:
    op.drop_index(op.f('patrol_moments_patrol_id_idx'), table_name='patrol_moments')
    op.drop_table('patrol_moments')
    op.drop_index(op.f('grid_lineage_successor_id_idx'), table_name='grid_lineage')
    op.drop_table('grid_lineage')
    op.drop_index('footprints_hour_grid_id_idx', table_name='footprints')
    op.drop_index(op.f('footprints_grid_id_idx'), table_name='footprints')
    op.drop_table('footprints')
    op.drop_index(op.f('check_ins_patrol_id_idx'), table_name='check_ins')
    op.drop_index('check_ins_grid_id_recorded_at_idx', table_name='check_ins')
    op.drop_geospatial_table('check_ins')
    op.drop_index(op.f('upload_items_member_id_idx'), table_name='upload_items')
    op.drop_table('upload_items')
    op.drop_index(op.f('sessions_member_id_idx'), table_name='sessions')
    op.drop_table('sessions')
    op.drop_index(op.f('quarantined_items_member_id_idx'), table_name='quarantined_items')
    op.drop_table('quarantined_items')
    op.drop_index('patrols_member_id_started_at_idx', table_name='patrols')
    op.drop_index(op.f('patrols_first_at_idx'), table_name='patrols')
    op.drop_table('patrols')
    op.drop_index(op.f('memberships_team_id_idx'), table_name='memberships')
    op.drop_index(op.f('memberships_member_id_idx'), table_name='memberships')
    op.drop_table('memberships')
    op.drop_geospatial_index('idx_grids_shape', table_name='grids', postgresql_using='gist', column_name='shape')
    op.drop_index('grids_current_idx', table_name='grids', postgresql_where=sa.text('retired_at IS NULL'))
    op.drop_index(op.f('grids_community_code_idx'), table_name='grids')
    op.drop_geospatial_table('grids')
    op.drop_index(op.f('consents_member_id_idx'), table_name='consents')
    op.drop_index('consents_current_key', table_name='consents', postgresql_where=sa.text('withdrawn_at IS NULL'))
    op.drop_table('consents')
    op.drop_index(op.f('teams_area_code_idx'), table_name='teams')
    op.drop_table('teams')
    op.drop_index('members_username_key', table_name='members')
    op.drop_index(op.f('members_area_code_idx'), table_name='members')
    op.drop_table('members')
    op.drop_index('grid_revisions_number_key', table_name='grid_revisions')
    op.drop_table('grid_revisions')
    op.drop_index('fixes_recorded_at_idx', table_name='fixes', postgresql_using='brin')
    op.drop_index('fixes_patrol_id_idx', table_name='fixes')
    op.drop_geospatial_table('fixes')
    op.drop_table('coverage_version')
    op.drop_index(op.f('coverage_marks_patrol_id_idx'), table_name='coverage_marks')
    op.drop_table('coverage_marks')
    op.drop_geospatial_index('idx_areas_shape', table_name='areas', postgresql_using='gist', column_name='shape')
    op.drop_index(op.f('areas_parent_code_idx'), table_name='areas')
    op.drop_geospatial_table('areas')
