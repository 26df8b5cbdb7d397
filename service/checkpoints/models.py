"""Marked places in grids: a door, a stairwell, a herder's camp."""

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression

from service.db import Base

KINDS = ("door", "stairwell", "camp", "shop", "other")


class Checkpoint(Base):
    """A marked place. It never moves and keeps its keys: a moved mark or new tag is another one."""

    __tablename__ = "checkpoints"
    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z2-7]{8}$'", name="code"),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint("ST_X(position) BETWEEN -180 AND 180", name="lon"),
        CheckConstraint("ST_Y(position) BETWEEN -90 AND 90", name="lat"),
        CheckConstraint("octet_length(secret) >= 16", name="secret"),
        CheckConstraint("nfc_uid ~ '^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$'", name="nfc_uid"),
        CheckConstraint(
            "nfc_key IS NULL OR (octet_length(nfc_key) = 16 AND nfc_uid IS NOT NULL)", name="nfc_key"
        ),
        CheckConstraint("retired_at >= since", name="lifetime"),
        UniqueConstraint("code", name="checkpoints_code_key"),
        Index("checkpoints_nfc_uid_key", "nfc_uid", unique=True, postgresql_where=text("retired_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(8, collation="C"))  # in its QR code
    name: Mapped[str]
    kind: Mapped[str]
    floor: Mapped[str | None]
    unit: Mapped[str | None]
    grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), index=True)  # the one around it now
    position: Mapped[WKBElement] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    secret: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    nfc_uid: Mapped[str | None]
    nfc_key: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    retired_at: Mapped[datetime | None]

    # What a question may ask for beside the columns: see queries.described.
    lon: Mapped[Any] = query_expression()
    lat: Mapped[Any] = query_expression()
    grid: Mapped[Any] = query_expression()
