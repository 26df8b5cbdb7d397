"""Calls for help: who called, what was done about it, and who was told."""

from datetime import datetime
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.alarms.workflow import KINDS, LEVELS, REASONS, STATUSES
from service.areas.models import Area, Grid
from service.db import Base
from service.members.models import Member

WAYS = ("phone", "bell", "upload", "drill")
OPEN = "status NOT IN ('resolved', 'false_alarm')"


class Alarm(Base):
    """A call for help, or a drill of one; its status follows from its steps."""

    __tablename__ = "alarms"
    __table_args__ = (
        CheckConstraint(f"way IN {WAYS}", name="way"),
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        CheckConstraint(f"level IN {LEVELS}", name="level"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("due_at IS NULL OR status = 'raised'", name="due_at"),
        CheckConstraint(
            "ST_X(position) BETWEEN -180 AND 180 AND ST_Y(position) BETWEEN -90 AND 90", name="position"
        ),
        CheckConstraint("accuracy_m >= 0", name="accuracy_m"),
        CheckConstraint("recorded_at >= '2020-01-01Z' AND recorded_at < '2100-01-01Z'", name="recorded_at"),
        CheckConstraint("phone_at >= '2020-01-01Z' AND phone_at < '2100-01-01Z'", name="phone_at"),
        UniqueConstraint("number", name="alarms_number_key"),
        Index("alarms_member_id_open_idx", "member_id", postgresql_where=text(OPEN)),
        Index("alarms_due_at_idx", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("alarms_area_code_number_idx", "area_code", "number"),
        Index("alarms_received_at_idx", "received_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))  # in the order of arrival
    content: Mapped[bytes] = mapped_column(LargeBinary)  # SHA-256 of what was called, whichever way it came
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    way: Mapped[str]
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"))
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grids.id"))
    recorded_at: Mapped[datetime]
    phone_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    position: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    accuracy_m: Mapped[float | None]
    marks: Mapped[list[str]] = mapped_column(ARRAY(String))
    status: Mapped[str] = mapped_column(server_default="raised")
    level: Mapped[str] = mapped_column(server_default="leader")  # how far up it has climbed
    due_at: Mapped[datetime | None]  # when it climbs on, unless somebody answers
    version: Mapped[int] = mapped_column(server_default="1")

    member: Mapped[Member] = relationship(lazy="raise", viewonly=True)
    area: Mapped[Area] = relationship(lazy="raise", viewonly=True)
    grid: Mapped[Grid | None] = relationship(lazy="raise", viewonly=True)

    @property
    def is_drill(self) -> bool:
        """Whether nobody is in need."""
        return self.way == "drill"


class AlarmStep(Base):
    """One thing that was done about an alarm; only ever added, numbered without a gap."""

    __tablename__ = "alarm_steps"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        CheckConstraint(f"level IN {LEVELS}", name="level"),
        CheckConstraint("version > 0", name="version"),
        Index("alarm_steps_member_id_idx", "member_id"),
        Index(
            "alarm_steps_once_key",
            "alarm_id",
            "member_id",
            "kind",
            unique=True,
            postgresql_where=text("kind IN ('acknowledge', 'accept', 'arrived')"),
        ),
    )

    alarm_id: Mapped[UUID] = mapped_column(ForeignKey("alarms.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))  # nobody: the clock
    role: Mapped[str]
    at: Mapped[datetime]
    status: Mapped[str]  # of the alarm afterwards
    level: Mapped[str]
    drawn: Mapped[WKBElement | None] = mapped_column(Geometry("POLYGON", 4326, spatial_index=False))


class AlarmNotice(Base):
    """Somebody was told of an alarm, and why."""

    __tablename__ = "alarm_notices"
    __table_args__ = (
        CheckConstraint(f"reason IN {REASONS}", name="reason"),
        Index("alarm_notices_member_id_idx", "member_id"),
    )

    alarm_id: Mapped[UUID] = mapped_column(ForeignKey("alarms.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    reason: Mapped[str]
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"), index=True)  # through which team
    told_at: Mapped[datetime]


class AlarmPin(Base):
    """The digits with which a member stands an alarm of their own down; only a slow hash is kept."""

    __tablename__ = "alarm_pins"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    pin_hash: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())
