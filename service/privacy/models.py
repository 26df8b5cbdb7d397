"""What retention has erased, and when."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base


class RetentionRun(Base):
    """The certificate of one run of retention."""

    __tablename__ = "retention_runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # class of data → everything before when, how many rows
    erased: Mapped[dict[str, dict[str, object]]] = mapped_column(JSONB)
