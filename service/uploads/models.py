"""What phones have sent: a ledger of items, and those that a person must look at."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base
from service.members.models import Member


class Item(Base):
    """An item that was stored, by the id its phone gave it; makes sending again harmless."""

    __tablename__ = "upload_items"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)  # SHA-256 of the item as sent
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class QuarantinedItem(Base):
    """An item that cannot be used as it is, kept as it was sent for a person to look at."""

    __tablename__ = "quarantined_items"
    __table_args__ = (UniqueConstraint("member_id", "content"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[str | None]  # as sent, whatever it was
    content: Mapped[bytes] = mapped_column(LargeBinary)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    batch_id: Mapped[UUID]
    raw: Mapped[str]  # JSON in ASCII; as text, since not all JSON text can be jsonb
    problem: Mapped[dict[str, object]] = mapped_column(JSONB)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    member: Mapped[Member] = relationship(lazy="raise", viewonly=True)

    @property
    def item(self) -> Any:
        """The item itself, whatever the phone took for one; a number beyond all others as a text."""
        return json.loads(self.raw, parse_constant=str)
