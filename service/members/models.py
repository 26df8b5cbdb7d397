"""People, what they signed in with, and what they agreed to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.policy import ROLES


class Member(Base):
    """A person with one role in one area; only who has a username can sign in."""

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint(f"role IN {ROLES}", name="role"),
        Index("members_username_key", text("lower(username)"), unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    phone: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default="member")
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"), index=True)
    username: Mapped[str | None]
    password_hash: Mapped[str | None]
    joined_at: Mapped[datetime] = mapped_column(server_default=func.now())
    left_at: Mapped[datetime | None]


class Session(Base):
    """A sign-in of one member on one device; only the token's hash is kept."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    device_id: Mapped[str]
    device_name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Consent(Base):
    """What a member agreed to, in which words, from when to when."""

    __tablename__ = "consents"
    __table_args__ = (
        Index(
            "consents_current_key",
            "member_id",
            "kind",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    kind: Mapped[str]  # track
    text_id: Mapped[str]
    given_at: Mapped[datetime] = mapped_column(server_default=func.now())
    withdrawn_at: Mapped[datetime | None]
