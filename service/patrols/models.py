"""Patrols, and the facts that phones report about them."""

from datetime import datetime
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from service.checkpoints.models import Checkpoint
from service.db import Base

MODES = ("foot", "bicycle", "car", "horse")
METHODS = ("position", "qr", "nfc")
ON_EARTH = "ST_X(position) BETWEEN -180 AND 180 AND ST_Y(position) BETWEEN -90 AND 90"
IN_TIME = "recorded_at >= '2020-01-01Z' AND recorded_at < '2100-01-01Z'"


class Patrol(Base):
    """One walk of one member; known before its start has arrived, it is `implied`."""

    __tablename__ = "patrols"
    __table_args__ = (
        CheckConstraint(f"mode IN {MODES}", name="mode"),
        Index("patrols_member_id_started_at_idx", "member_id", "started_at"),
        UniqueConstraint("number", name="patrols_number_key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Identity(always=True))  # short, for what is derived
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    mode: Mapped[str] = mapped_column(server_default="foot")
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    first_at: Mapped[datetime | None] = mapped_column(
        index=True
    )  # the earliest and the latest thing known of it
    last_at: Mapped[datetime | None]
    erased_before: Mapped[
        datetime | None
    ]  # facts older than this whole hour are gone; what they showed stays

    @property
    def is_implied(self) -> bool:
        """Whether its start is still on its way."""
        return self.started_at is None


class PatrolMoment(Base):
    """A start or an end as a phone reported it."""

    __tablename__ = "patrol_moments"
    __table_args__ = (
        CheckConstraint("kind IN ('start', 'end')", name="kind"),
        CheckConstraint(IN_TIME, name="recorded_at"),
        CheckConstraint(f"mode IN {MODES}", name="mode"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    patrol_id: Mapped[UUID] = mapped_column(ForeignKey("patrols.id"), index=True)
    kind: Mapped[str]
    mode: Mapped[str | None]
    recorded_at: Mapped[datetime]
    phone_at: Mapped[datetime]
    received_at: Mapped[datetime]


class Fix(Base):
    """One position of a phone on a patrol; kept in a partition a month."""

    __tablename__ = "fixes"
    __table_args__ = (
        CheckConstraint(ON_EARTH, name="position"),
        CheckConstraint(IN_TIME, name="recorded_at"),
        CheckConstraint("accuracy_m >= 0", name="accuracy_m"),
        Index("fixes_patrol_id_idx", "patrol_id"),
        Index("fixes_recorded_at_idx", "recorded_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (recorded_at)"},
    )

    track_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # in its track
    recorded_at: Mapped[datetime] = mapped_column(primary_key=True)
    patrol_id: Mapped[UUID]
    phone_at: Mapped[datetime]
    received_at: Mapped[datetime]
    position: Mapped[WKBElement] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    accuracy_m: Mapped[float | None]
    speed_mps: Mapped[float | None]
    heading_deg: Mapped[float | None]
    battery_pct: Mapped[float | None]
    is_mock: Mapped[bool] = mapped_column(server_default=text("false"))


class CheckIn(Base):
    """A deliberate "I am here"."""

    __tablename__ = "check_ins"
    __table_args__ = (
        CheckConstraint(ON_EARTH, name="position"),
        CheckConstraint(IN_TIME, name="recorded_at"),
        CheckConstraint("accuracy_m >= 0", name="accuracy_m"),
        CheckConstraint(f"method IN {METHODS}", name="method"),
        CheckConstraint("grade IN ('A', 'B', 'C', 'D')", name="grade"),
        Index("check_ins_grid_id_recorded_at_idx", "grid_id", "recorded_at", postgresql_include=["grade"]),
        Index("check_ins_checkpoint_id_recorded_at_idx", "checkpoint_id", "recorded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    patrol_id: Mapped[UUID] = mapped_column(ForeignKey("patrols.id"), index=True)
    recorded_at: Mapped[datetime]
    phone_at: Mapped[datetime]
    received_at: Mapped[datetime]
    position: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    accuracy_m: Mapped[float | None]
    method: Mapped[str]
    proof: Mapped[str | None]
    note: Mapped[str | None]
    photos: Mapped[list[str]] = mapped_column(ARRAY(String))
    marks: Mapped[list[str]] = mapped_column(ARRAY(String))
    grade: Mapped[str]
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grids.id"))
    checkpoint_id: Mapped[UUID | None] = mapped_column(ForeignKey(Checkpoint.id))  # where a proof holds
