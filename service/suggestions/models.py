"""Suggestions of who patrols which grids: what was asked, and what was found."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base

STATES = ("waiting", "ready", "failed")


class Suggestion(Base):
    """A question of a leader, and its answer once the worker has found one."""

    __tablename__ = "suggestions"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("(state = 'ready') = (answer IS NOT NULL)", name="answer"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default="waiting")
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    teams: Mapped[list[str]] = mapped_column(JSONB)  # ids
    limits: Mapped[dict[str, Any]] = mapped_column(JSONB)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    claimed_at: Mapped[datetime | None]  # a worker is at it since then
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    basis: Mapped[str | None]  # names the state of grids and assignments that it was worked out from
    applied_at: Mapped[datetime | None]
    applied_by: Mapped[UUID | None]
