"""Notices to teams, and who has read them."""

from datetime import datetime
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base


class Notice(Base):
    """Something that a leader or the centre tells the teams of an area, or those with grids in a polygon."""

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("ST_IsValid(shape) AND NOT ST_IsEmpty(shape)", name="shape"),
        CheckConstraint("expires_at > sent_at", name="lifetime"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    text: Mapped[str]
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"), index=True)
    shape: Mapped[WKBElement | None] = mapped_column(Geometry("POLYGON", 4326, spatial_index=False))
    sent_by: Mapped[UUID | None]
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]


class NoticeTeam(Base):
    """A team that a notice goes to, as it was when the notice was sent."""

    __tablename__ = "notice_teams"

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notices.id"), primary_key=True)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), primary_key=True, index=True)


class NoticeRead(Base):
    """A member has read a notice."""

    __tablename__ = "notice_reads"

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notices.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True, index=True)
    read_at: Mapped[datetime] = mapped_column(server_default=func.now())
