"""What has happened, for whoever watches: ids and codes, never names or words."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base


class OutboxEvent(Base):
    """One happening, written in the transaction that made it happen."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_xid_seq_idx", "xid", "seq"), Index("outbox_at_idx", "at"))

    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    xid: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint")
    )  # whose commit makes it true
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[str]
    area_code: Mapped[str]  # of the community, or of the area above it that is concerned
    grid_code: Mapped[str | None]
    team_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]  # whom it is about; only who sees that person hears of it
    subject_id: Mapped[str | None]  # of the thing itself
    told: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))  # members and teams who hear of it besides


class OutboxFloor(Base):
    """The newest transaction whose events have been erased by age; who knows less must start afresh."""

    __tablename__ = "outbox_floor"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    xid: Mapped[int] = mapped_column(BigInteger)


class ServerEpoch(Base):
    """Which life of the database this is: after it was restored another, and phones ask what is lost."""

    __tablename__ = "server_epoch"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("epoch BETWEEN 1 AND 9007199254740991", name="epoch"),  # exact in JSON
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(BigInteger)
    place: Mapped[str]  # where it lives: cluster, timeline and database
    since: Mapped[datetime] = mapped_column(server_default=func.now())
