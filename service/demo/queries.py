"""Questions about what is there already."""

from typing import Any

from sqlalchemy import Select, exists, select

from service.areas.models import Grid
from service.members.models import Member
from service.patrols.models import Patrol


def has_grids() -> Select[Any]:
    """Whether any ground is divided into grids."""
    return select(exists().where(Grid.retired_at.is_(None)))


def has_people() -> Select[Any]:
    """Whether the people of the demonstration are there."""
    return select(exists().where(Member.code == "HX-000001"))


def has_patrols() -> Select[Any]:
    """Whether anybody has been on patrol."""
    return select(exists().where(Patrol.id.is_not(None)))
