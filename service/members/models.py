"""People, what they signed in with, and what they agreed to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, func, text
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
    __table_args__ = (CheckConstraint("kind IN ('phone', 'page')", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    device_id: Mapped[str]
    device_name: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="phone")  # a phone sends its token, a page its cookie
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SecondFactor(Base):
    """A member's secret for one-time codes (TOTP); it counts once a first code has confirmed it."""

    __tablename__ = "second_factors"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    secret: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")  # codes up to here are used


class Tries(Base):
    """How often a sign-in has failed of late, for an account on a device or for an address."""

    __tablename__ = "sign_in_tries"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # a hash: what was typed is not kept
    failures: Mapped[int]
    last_at: Mapped[datetime]


class Invitation(Base):
    """A code that signs one member in, once; only its hash is kept."""

    __tablename__ = "invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))  # nobody: the operator
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Device(Base):
    """Another phone app, or a bell, that uploads for a member; its token opens nothing else."""

    __tablename__ = "devices"
    __table_args__ = (
        CheckConstraint("kind IN ('owntracks', 'traccar', 'overland', 'gpslogger', 'bell')", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
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
