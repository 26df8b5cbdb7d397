"""Positions that wait for a patrol."""

from datetime import datetime
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.patrols.models import IN_TIME, ON_EARTH


class HeldPosition(Base):
    """A position from another phone app that no patrol covers yet; erased a day after it came."""

    __tablename__ = "held_positions"
    __table_args__ = (
        CheckConstraint(ON_EARTH, name="position"),
        CheckConstraint(IN_TIME, name="recorded_at"),
        CheckConstraint("accuracy_m >= 0", name="accuracy_m"),
        Index("held_positions_member_id_recorded_at_idx", "member_id", "recorded_at"),
    )

    track_id: Mapped[UUID] = mapped_column(primary_key=True)  # follows from device, time and place
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    recorded_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)
    position: Mapped[WKBElement] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    accuracy_m: Mapped[float | None]
    speed_mps: Mapped[float | None]
    heading_deg: Mapped[float | None]
    battery_pct: Mapped[float | None]
    is_mock: Mapped[bool]
