"""Matters, the steps taken with them, the classes that they may have, and who is told of them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base
from service.matters.workflow import LEVELS, STAGES, STEPS
from service.patrols.models import IN_TIME, ON_EARTH

URGENCIES = ("routine", "urgent", "emergency")
FAMILIES = ("dispute", "safety", "public_order", "people", "facility", "environment", "hazard", "other")
TRACED = ("report", *STEPS)  # what a row of the history may be
_TIMES = " AND ".join(
    f"{name} BETWEEN '2000-01-01Z' AND '2200-01-01Z'"  # an endless one cannot be read, and stops a sweep
    for name in ("received_at", "entered_at", "due_at", "look_at", "review_at", "closed_at")
)
_READABLE = "isfinite(valid_from) AND isfinite(valid_to) AND jsonb_typeof(limits) = 'object'"


class MatterClass(Base):
    """What kinds of matters there are; a class that is not listed, or no longer valid, is refused."""

    __tablename__ = "matter_classes"
    __table_args__ = (
        CheckConstraint(f"urgency IN {URGENCIES}", name="urgency"),
        CheckConstraint(f"family IN {FAMILIES}", name="family"),
        CheckConstraint("valid_to > valid_from", name="validity"),
        CheckConstraint(_READABLE, name="readable"),
        CheckConstraint("bulletin = 'monthly'", name="bulletin"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    family: Mapped[str]
    urgency: Mapped[str]
    is_round: Mapped[bool] = mapped_column(server_default=sql("false"))  # its limits count day and night
    limits: Mapped[dict[str, float]] = mapped_column(JSONB)  # stage → hours
    required: Mapped[list[str]] = mapped_column(ARRAY(String))  # facts that a report must have
    is_joint: Mapped[bool] = mapped_column(server_default=sql("false"))  # several departments handle it
    bulletin: Mapped[str | None]  # how often it is told how its matters stand
    listed_by: Mapped[str]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)  # the first day on which it is not valid


def _few(column: str) -> Index:
    """An index of the rows that have a value there: for the others a step costs nothing."""
    return Index(f"matters_{column}_idx", column, postgresql_where=sql(f"{column} IS NOT NULL"))


class Matter(Base):
    """Something found that must be handled, as it stands after its latest step."""

    __tablename__ = "matters"
    __table_args__ = (
        CheckConstraint(f"level IN {LEVELS}", name="level"),
        CheckConstraint(f"stage IN {STAGES}", name="stage"),
        CheckConstraint(ON_EARTH, name="position"),
        CheckConstraint(IN_TIME, name="recorded_at"),
        CheckConstraint(_TIMES, name="times"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("merged_into_id <> id", name="merged_into"),
        CheckConstraint("(stage = 'merged') = (merged_into_id IS NOT NULL)", name="merged"),
        CheckConstraint("(stage = 'suspended') = (review_at IS NOT NULL)", name="suspended"),
        UniqueConstraint("source", "external_id"),
        Index("matters_place_code_id_idx", "place_code", "id"),
        Index("matters_stage_id_idx", "stage", "id"),
        Index("matters_class_code_id_idx", "class_code", "id"),
        Index("matters_due_at_idx", "due_at", "id", postgresql_where=sql("due_at IS NOT NULL")),
        Index("matters_look_at_idx", "look_at", "id", postgresql_where=sql("look_at IS NOT NULL")),
        Index("matters_received_at_idx", "received_at"),
        Index("matters_level_id_idx", "level", "id", postgresql_where=sql("level <> 'grid'")),
        Index("matters_late_id_idx", "id", postgresql_where=sql("is_late IS TRUE")),
        Index("matters_position_recorded_at_idx", "position", "recorded_at", postgresql_using="gist"),
        *(_few(name) for name in ("patrol_id", "reporter_id", "team_id", "handler_id", "merged_into_id")),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    class_code: Mapped[str] = mapped_column(ForeignKey("matter_classes.code"))
    title: Mapped[str]
    text: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    photos: Mapped[list[str]] = mapped_column(ARRAY(String))
    position: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    accuracy_m: Mapped[float | None]
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grids.id"))
    place_code: Mapped[str] = mapped_column(String(15, collation="C"))  # of its grid, else of its area
    patrol_id: Mapped[UUID | None] = mapped_column(ForeignKey("patrols.id"))
    reporter_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    source: Mapped[str | None]  # the platform that it came from, and its number there
    external_id: Mapped[str | None]
    recorded_at: Mapped[datetime]
    phone_at: Mapped[datetime]
    received_at: Mapped[datetime]
    marks: Mapped[list[str]] = mapped_column(ARRAY(String))
    level: Mapped[str]
    stage: Mapped[str]
    back_to: Mapped[str | None]
    back_level: Mapped[str | None]
    version: Mapped[int]  # of its latest step
    head: Mapped[bytes] = mapped_column(LargeBinary)  # the digest of its latest step
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"))
    handler_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    parties: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")  # who handle it jointly
    parties_done: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    entered_at: Mapped[datetime]  # its stage
    due_at: Mapped[datetime | None]  # when its stage is to be left
    look_at: Mapped[datetime | None]  # when the sweep must look at it next
    rung: Mapped[int] = mapped_column(server_default="0")  # of the ladder of reminders
    left_s: Mapped[float | None]  # of the limit when it was suspended, in seconds that count
    review_at: Mapped[datetime | None]  # when a suspension must be looked at
    is_late: Mapped[bool] = mapped_column(server_default=sql("false"))  # it missed a limit at least once
    outcome: Mapped[str | None]  # how it was closed
    closed_at: Mapped[datetime | None]
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("matters.id"))
    kind: Mapped[MatterClass] = relationship(lazy="raise", viewonly=True)

    @property
    def grid(self) -> str | None:
        """The code of its grid, if it lies in one."""
        return self.place_code if len(self.place_code) == 15 else None

    @property
    def area(self) -> str:
        """The code of its community, or of the area that it was reported for."""
        return self.place_code[:12]


class MatterWords(Base):
    """What a search looks at, apart: the words never change, and a step does not write them anew."""

    __tablename__ = "matter_words"
    __table_args__ = (
        Index("matter_words_words_idx", "words", postgresql_using="gin",
              postgresql_ops={"words": "gin_trgm_ops"}),
    )  # fmt: skip

    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    words: Mapped[str]  # title and text in small letters


class MatterStep(Base):
    """One step of a matter's history; rows are only ever added, each chained by hash."""

    __tablename__ = "matter_steps"
    __table_args__ = (
        CheckConstraint(f"step IN {TRACED}", name="step"),
        CheckConstraint(f"stage IN {STAGES}", name="stage"),
        CheckConstraint(f"level IN {LEVELS}", name="level"),
        CheckConstraint("version > 0", name="version"),
        Index("matter_steps_actor_id_at_idx", "actor_id", "at"),
        Index("matter_steps_team_id_at_idx", sql("(details ->> 'team_id')"), "at",
              postgresql_where=sql("step = 'dispatch'")),
    )  # fmt: skip

    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # without a gap, from 1
    step: Mapped[str]
    stage: Mapped[str]  # that it led to
    level: Mapped[str]
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))  # NULL: the system itself
    role: Mapped[str]
    area_code: Mapped[str | None]  # the actor's
    note: Mapped[str | None]
    reason: Mapped[str | None]
    photos: Mapped[list[str]] = mapped_column(ARRAY(String))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)  # what else was said: ids, codes, times
    stage_left: Mapped[str | None]  # the stage that ended with this step, and how long it had lasted
    lasted_s: Mapped[float | None]
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)  # SHA-256 of `previous` and the row


class MatterBulletin(Base):
    """What was told of a class in an area after a month had ended; it stays as it was told."""

    __tablename__ = "matter_bulletins"
    __table_args__ = (
        CheckConstraint("extract(day FROM month) = 1", name="month"),
        UniqueConstraint("month", "class_code", "area_code"),
        Index("matter_bulletins_area_code_id_idx", "area_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    class_code: Mapped[str] = mapped_column(ForeignKey("matter_classes.code"))
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"))
    month: Mapped[date] = mapped_column(Date)  # its first day
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    told: Mapped[dict[str, Any]] = mapped_column(JSONB)


class MatterFault(Base):
    """A matter that the sweep could not look at, set aside for a while so that the others are not held up."""

    __tablename__ = "matter_faults"

    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    problem: Mapped[str]
    times: Mapped[int] = mapped_column(server_default="1")
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    until: Mapped[datetime]  # then it is tried again


class Webhook(Base):
    """Somebody who wants to hear what happens with the matters of an area: ids only, signed."""

    __tablename__ = "webhooks"
    __table_args__ = (CheckConstraint("starts_with(url, 'https://')", name="url"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str]
    secret: Mapped[bytes] = mapped_column(LargeBinary)  # the key of the signatures
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)  # who entered it
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """A step that a webhook is to be told of."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("webhook_deliveries_next_at_idx", "next_at", "id", postgresql_where=sql("next_at IS NOT NULL")),
        Index("webhook_deliveries_webhook_id_id_idx", "webhook_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id"))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    tries: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime | None] = mapped_column(server_default=func.now())  # NULL: told, or given up
    told_at: Mapped[datetime | None]
    result: Mapped[str | None]  # of the latest try
