"""Photos: what is known of them, their parts on the way, and what must still be deleted"""

from alembic import op
import sqlalchemy as sa
from geoalchemy2 import Geometry

revision = '0009'
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('photos',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('sent_bytes', sa.Integer(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('exif_position', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('exif_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('exif_offset_min', sa.Integer(), nullable=True),
    sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f('photos_sha256_check')),
    sa.CheckConstraint('width > 0 AND height > 0', name=op.f('photos_size_check')),
    sa.CheckConstraint('ST_X(exif_position) BETWEEN -180 AND 180 AND ST_Y(exif_position) BETWEEN -90 AND 90', name=op.f('photos_exif_position_check')),
    sa.CheckConstraint("exif_at >= '2000-01-01Z' AND exif_at < '2100-01-01Z'", name=op.f('photos_exif_at_check')),
    sa.CheckConstraint('abs(exif_offset_min) <= 900', name=op.f('photos_exif_offset_min_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('photos_pkey')),
    sa.UniqueConstraint('member_id', 'sha256', name=op.f('photos_member_id_sha256_key'))
    )
    op.create_index('photos_sha256_idx', 'photos', ['sha256'], unique=False)
    op.create_index('photos_member_id_received_at_idx', 'photos', ['member_id', 'received_at'], unique=False)
    op.create_index('photos_received_at_idx', 'photos', ['received_at'], unique=False)
    op.create_table('photo_parts',
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('start', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f('photo_parts_sha256_check')),
    sa.CheckConstraint('start >= 0 AND start + length(body) <= total', name=op.f('photo_parts_start_check')),
    sa.PrimaryKeyConstraint('member_id', 'sha256', 'start', name=op.f('photo_parts_pkey'))
    )
    op.create_index('photo_parts_received_at_idx', 'photo_parts', ['received_at'], unique=False)
    op.create_table('photo_leftovers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('photo_leftovers_pkey'))
    )


def downgrade() -> None:
    op.drop_table('photo_leftovers')
    op.drop_table('photo_parts')
    op.drop_table('photos')
