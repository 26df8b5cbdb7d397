"""Who is responsible for which grids, and the dated shifts that come of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import (
    JSONB,
    TSTZMULTIRANGE,
    TSTZRANGE,
    ExcludeConstraint,
    MultiRange,
    Range,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base

STATES = ("planned", "declined", "cancelled")  # of a shift
PLACES = ("asked", "accepted", "declined", "swapped", "released")  # of a person in a shift
HOLDING = ("asked", "accepted")  # in which the person is expected
DECISIONS = ("asked", "approved", "refused")
WHY_OPEN = ("declined", "other_times", "nobody")  # of a hole
STEPS = ("made", "changed", "ended", "handed_over", "carried", "dropped")


class Assignment(Base):
    """A team, or one member of it, is responsible for grids over a period, in a repeating pattern."""

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("minutes BETWEEN 5 AND 1440", name="minutes"),
        CheckConstraint("begins ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'", name="begins"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"), index=True)  # None: the team
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    rrule: Mapped[str]  # RFC 5545, in local time
    begins: Mapped[str]  # HH:MM, local time
    minutes: Mapped[int]
    reason: Mapped[str | None]
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]  # before its time
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignments.id"))  # what was handed over


class AssignmentGrid(Base):
    """When an assignment covers a grid: the times of all its shifts."""

    __tablename__ = "assignment_grids"
    __table_args__ = (
        ExcludeConstraint(
            ("grid_id", "="),
            ("team_id", "<>"),
            ("during", "&&"),
            where=text("NOT is_shared"),
            name="assignment_grids_team_during_excl",
        ),
    )

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"), primary_key=True)
    grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), primary_key=True, index=True)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"))
    during: Mapped[MultiRange[datetime]] = mapped_column(TSTZMULTIRANGE)
    is_shared: Mapped[bool] = mapped_column(server_default=text("false"))  # with a reason
    dropped_at: Mapped[datetime | None]  # what it covered before stays
    carried_from: Mapped[int | None] = mapped_column(ForeignKey("grids.id"))  # the grid before a revision


class AssignmentStep(Base):
    """What was done to an assignment; `before` is how it was."""

    __tablename__ = "assignment_steps"
    __table_args__ = (CheckConstraint(f"kind IN {STEPS}", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"), index=True)
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    by_member: Mapped[UUID | None]
    note: Mapped[str | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class Shift(Base):
    """One dated occurrence of an assignment."""

    __tablename__ = "shifts"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("late_minutes > 0", name="late_minutes"),
        UniqueConstraint("assignment_id", "starts_at"),
        Index("shifts_team_id_starts_at_idx", "team_id", "starts_at"),
        Index("shifts_starts_at_idx", "starts_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="planned")
    reason: Mapped[str | None]  # why it was declined
    late_minutes: Mapped[int | None]  # as said beforehand
    told_at: Mapped[datetime | None]  # when it was announced that it begins


class ShiftMember(Base):
    """A person in a shift: whom it was given to, or who has accepted it."""

    __tablename__ = "shift_members"
    __table_args__ = (
        CheckConstraint(f"state IN {PLACES}", name="state"),
        ExcludeConstraint(
            ("member_id", "="),
            ("during", "&&"),
            where=text(f"state IN {HOLDING}"),
            name="shift_members_member_during_excl",
        ),
    )

    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shifts.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True, index=True)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    state: Mapped[str] = mapped_column(server_default="asked")
    reason: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class Swap(Base):
    """A member asks that another take over a shift; a leader decides."""

    __tablename__ = "shift_swaps"
    __table_args__ = (
        CheckConstraint(f"state IN {DECISIONS}", name="state"),
        CheckConstraint("from_member <> to_member", name="members"),
        Index(
            "shift_swaps_open_key", "shift_id", "from_member", unique=True,
            postgresql_where=text("state = 'asked'"),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shifts.id"))
    from_member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    to_member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    state: Mapped[str] = mapped_column(server_default="asked")
    reason: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]


class SpotCheck(Base):
    """A roll-call: whoever is in the shift should answer from the phone before it closes."""

    __tablename__ = "spot_checks"
    __table_args__ = (CheckConstraint("closes_at > asked_at", name="window"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shifts.id"), index=True)
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    closes_at: Mapped[datetime]


class SpotAnswer(Base):
    """A member has answered a spot check."""

    __tablename__ = "spot_answers"

    spot_check_id: Mapped[UUID] = mapped_column(ForeignKey("spot_checks.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class ToldHole(Base):
    """That nobody has a grid from a moment on has been announced."""

    __tablename__ = "told_holes"

    grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), primary_key=True)
    opens_at: Mapped[datetime] = mapped_column(primary_key=True)
