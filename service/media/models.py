"""Photos: what is known of them; the pictures themselves lie in the store."""

from datetime import datetime
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, column_property, mapped_column

from service.db import Base

NAME = "[0-9a-f]{64}"
PLACE = Geometry("POINT", 4326, spatial_index=False)


class Photo(Base):
    """A photo that a member sent, named by the SHA-256 of what was sent; kept is only what was made of it."""

    __tablename__ = "photos"
    __table_args__ = (
        UniqueConstraint("member_id", "sha256"),
        CheckConstraint(f"sha256 ~ '^{NAME}$'", name="sha256"),
        CheckConstraint("width > 0 AND height > 0", name="size"),
        CheckConstraint(
            "ST_X(exif_position) BETWEEN -180 AND 180 AND ST_Y(exif_position) BETWEEN -90 AND 90",
            name="exif_position",
        ),
        CheckConstraint("exif_at >= '2000-01-01Z' AND exif_at < '2100-01-01Z'", name="exif_at"),
        CheckConstraint("abs(exif_offset_min) <= 900", name="exif_offset_min"),
        Index("photos_sha256_idx", "sha256"),
        Index("photos_member_id_received_at_idx", "member_id", "received_at"),
        Index("photos_received_at_idx", "received_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # names the objects in the store
    sha256: Mapped[str]
    member_id: Mapped[UUID]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_bytes: Mapped[int]
    width: Mapped[int]  # pixels of the picture that is kept
    height: Mapped[int]
    exif_position: Mapped[WKBElement | None] = mapped_column(PLACE)  # as the phone wrote it into the photo
    exif_at: Mapped[datetime | None]
    exif_offset_min: Mapped[int | None]  # NULL: none was written, and `exif_at` was read as Beijing time

    lon: Mapped[float | None] = column_property(func.ST_X(exif_position))
    lat: Mapped[float | None] = column_property(func.ST_Y(exif_position))


class PhotoPart(Base):
    """A piece of a photo that has not arrived in whole."""

    __tablename__ = "photo_parts"
    __table_args__ = (
        CheckConstraint(f"sha256 ~ '^{NAME}$'", name="sha256"),
        CheckConstraint("start >= 0 AND start + length(body) <= total", name="start"),
        Index("photo_parts_received_at_idx", "received_at"),
    )

    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    start: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # its first byte
    total: Mapped[int]  # bytes of the whole photo
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PhotoLeftover(Base):
    """A photo that is gone and whose objects must go as well, once that has been committed."""

    __tablename__ = "photo_leftovers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
