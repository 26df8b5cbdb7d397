"""Group-defence teams and who is in them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base

KINDS = (
    "neighbour_watch",
    "shop_watch",
    "ten_households",
    "building_watch",
    "village_police",
    "first_secretary",
    "seconded_police",
    "grid_workers",
    "alarm_bell",
)


class Team(Base):
    """A group-defence team at home in one area."""

    __tablename__ = "teams"
    __table_args__ = (CheckConstraint(f"kind IN {KINDS}", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"), index=True)


class Membership(Base):
    """A member's time in a team."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("until > since", name="duration"),
        ExcludeConstraint(
            ("team_id", "="),
            ("member_id", "="),
            (text("tstzrange(since, until)"), "&&"),
            name="memberships_member_during_excl",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    is_leader: Mapped[bool] = mapped_column(server_default=text("false"))
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    until: Mapped[datetime | None]
