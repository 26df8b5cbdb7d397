"""Sessions of pages, second factors, delays after failed sign-ins, invitations, uploading devices"""

from alembic import op
import sqlalchemy as sa

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('sessions', sa.Column('kind', sa.Text(), server_default='phone', nullable=False))
    op.create_check_constraint(op.f('sessions_kind_check'), 'sessions', "kind IN ('phone', 'page')")
    op.create_table('second_factors',
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_step', sa.BigInteger(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('second_factors_member_id_fkey')),
    sa.PrimaryKeyConstraint('member_id', name=op.f('second_factors_pkey'))
    )
    op.create_table('sign_in_tries',
    sa.Column('key', sa.LargeBinary(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('sign_in_tries_pkey'))
    )
    op.create_table('invitations',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(), nullable=False),
    sa.Column('made_by', sa.Uuid(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['made_by'], ['members.id'], name=op.f('invitations_made_by_fkey')),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('invitations_member_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('invitations_pkey')),
    sa.UniqueConstraint('code_hash', name=op.f('invitations_code_hash_key'))
    )
    op.create_index(op.f('invitations_member_id_idx'), 'invitations', ['member_id'], unique=False)
    op.create_table('devices',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('owntracks', 'traccar', 'overland', 'gpslogger', 'bell')", name=op.f('devices_kind_check')),
    sa.ForeignKeyConstraint(['member_id'], ['members.id'], name=op.f('devices_member_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('devices_pkey')),
    sa.UniqueConstraint('token_hash', name=op.f('devices_token_hash_key'))
    )
    op.create_index(op.f('devices_member_id_idx'), 'devices', ['member_id'], unique=False)


def downgrade() -> None:
    op.drop_table('devices')
    op.drop_table('invitations')
    op.drop_table('sign_in_tries')
    op.drop_table('second_factors')
    op.drop_constraint(op.f('sessions_kind_check'), 'sessions')
    op.drop_column('sessions', 'kind')
