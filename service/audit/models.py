"""Who did what and who looked at whom, and the chain that seals it. Nothing here is ever updated."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base

_NOW = func.clock_timestamp()
_THIS_TRANSACTION = text("(pg_current_xact_id()::text)::bigint")


class AuditRow(Base):
    """One change of state, or one look at somebody's data. It holds ids, never names."""

    __tablename__ = "audit_rows"
    __table_args__ = (
        Index("audit_rows_xid_id_idx", "xid", "id"),
        Index("audit_rows_actor_id_id_idx", "actor_id", "id"),
        Index("audit_rows_subject_id_id_idx", "subject_id", "id"),
        Index("audit_rows_at_idx", "at", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=_NOW)
    actor_id: Mapped[UUID | None]  # NULL: the system itself
    role: Mapped[str]  # the role that was used, or system
    session_id: Mapped[UUID | None]  # leads to the device
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str | None]
    subject_id: Mapped[UUID | None]  # the person whom it concerns
    purpose: Mapped[str | None]
    result: Mapped[str]
    trace_id: Mapped[str | None]
    area_code: Mapped[str | None]  # the actor's area
    xid: Mapped[int] = mapped_column(BigInteger, server_default=_THIS_TRANSACTION)  # whose commit made it


class AuditOrigin(Base):
    """The number from which this database's transactions are counted: above what lives before it knew."""

    __tablename__ = "audit_origin"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    xid: Mapped[int] = mapped_column(BigInteger)


class AuditSeal(Base):
    """A row's link in the chain; it stays when its row has been erased by age."""

    __tablename__ = "audit_seals"
    __table_args__ = (CheckConstraint("seq > 0", name="seq"),)

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # without a gap
    row_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    xid: Mapped[int] = mapped_column(BigInteger)
    previous: Mapped[bytes] = mapped_column(LargeBinary)  # the digest before; all zeros before the first
    digest: Mapped[bytes] = mapped_column(LargeBinary)  # SHA-256 of `previous` and the row
