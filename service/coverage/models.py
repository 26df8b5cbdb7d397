"""What patrols have seen of grids, hour by hour: derived from the facts, rebuilt from them at any time."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    func,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base


class Footprint(Base):
    """What one patrol saw of one grid in one hour; footprints of a grid merge into any window."""

    __tablename__ = "footprints"
    __table_args__ = (
        CheckConstraint("date_trunc('hour', hour, 'UTC') = hour", name="hour"),
        Index("footprints_hour_grid_id_idx", "hour", "grid_id"),
        Index(
            "footprints_enough_idx",
            "grid_id",
            "last_seen_at",
            postgresql_where=text("is_enough AND last_seen_at IS NOT NULL"),
        ),
    )

    patrol_id: Mapped[UUID] = mapped_column(ForeignKey("patrols.id"), primary_key=True)
    grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), primary_key=True, index=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    seen: Mapped[bytes] = mapped_column(LargeBinary)  # geo.coverage.pack; empty when nothing was
    person_seconds: Mapped[float]
    silent_seconds: Mapped[float]
    last_seen_at: Mapped[datetime | None]
    is_enough: Mapped[bool] = mapped_column(server_default=true())  # the patrol had seen enough of it by then


class _Merged:
    """What all patrols saw of one grid in some time."""

    seen: Mapped[bytes] = mapped_column(LargeBinary)  # geo.stacks.keep
    patrols: Mapped[bytes] = mapped_column(LargeBinary)  # their numbers, four bytes each, in order
    person_seconds: Mapped[float]
    silent_seconds: Mapped[float]
    was_silent: Mapped[bool]  # somebody was there of whom nothing shows the way
    last_seen_at: Mapped[datetime | None]


class CoverageHour(_Merged, Base):
    """The footprints of a grid in an hour, merged."""

    __tablename__ = "coverage_hours"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), primary_key=True, index=True)


class CoverageDay(_Merged, Base):
    """The footprints of a grid in a day of local time, merged."""

    __tablename__ = "coverage_days"
    __table_args__ = (
        CheckConstraint("share_seen BETWEEN 0 AND 1", name="share_seen"),
        Index(
            "coverage_days_shares_idx",  # all that a trend reads
            "day",
            "grid_id",
            postgresql_include=["share_seen", "was_silent", "person_seconds"],
        ),
    )

    day: Mapped[date] = mapped_column(primary_key=True)
    grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), primary_key=True, index=True)
    share_seen: Mapped[float]  # of the grid, as follows from what was seen


class CoverageVisits(Base):
    """Which patrols were in any of the grids that a community ever had, in a day of local time."""

    __tablename__ = "coverage_visits"

    day: Mapped[date] = mapped_column(primary_key=True)
    community_code: Mapped[str] = mapped_column(ForeignKey("areas.code"), primary_key=True)
    patrols: Mapped[bytes] = mapped_column(LargeBinary)  # their numbers, four bytes each, in order


class StaleHour(Base):
    """An hour of a grid whose footprints have changed since they were merged."""

    __tablename__ = "coverage_stale"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    grid_id: Mapped[int]
    hour: Mapped[datetime]


class CoverageMark(Base):
    """A patrol of which something new arrived; gone once its footprints have been rebuilt."""

    __tablename__ = "coverage_marks"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    patrol_id: Mapped[UUID] = mapped_column(index=True)


class CoverageVersion(Base):
    """Names the state of all footprints; it is another after every change."""

    __tablename__ = "coverage_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[UUID]


class CoverageTarget(Base):
    """How long an area's grids, or one grid, may at most go unseen; the most specific code counts."""

    __tablename__ = "coverage_targets"
    __table_args__ = (
        CheckConstraint("code ~ '^([0-9]{12}|[0-9]{15})$'", name="code"),
        CheckConstraint("hours BETWEEN 1 AND 8784", name="hours"),
    )

    code: Mapped[str] = mapped_column(String(15, collation="C"), primary_key=True)
    hours: Mapped[int]
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())
