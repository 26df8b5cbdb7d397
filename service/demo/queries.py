"""Questions about what is there already."""

from typing import Any

from sqlalchemy import Select, exists, func, select

from service.areas.models import Grid
from service.checkpoints.models import Checkpoint
from service.duty.models import Assignment
from service.matters.models import Matter
from service.members.models import Member
from service.patrols.models import Patrol


def has_grids() -> Select[Any]:
    """Whether any ground is divided into grids."""
    return select(exists().where(Grid.retired_at.is_(None)))


def grid_ids() -> Select[*tuple[Any, ...]]:
    """The grids in force: code, id."""
    return select(Grid.code, Grid.id).where(Grid.retired_at.is_(None))


def posted() -> Select[*tuple[Any, ...]]:
    """The checkpoints that are up: grid code, lon, lat, code, secret."""
    place = func.ST_X(Checkpoint.position).label("lon"), func.ST_Y(Checkpoint.position).label("lat")
    columns = select(Grid.code.label("grid"), *place, Checkpoint.code, Checkpoint.secret)
    up = columns.join(Grid, Grid.id == Checkpoint.grid_id).where(Checkpoint.retired_at.is_(None))
    return up.order_by(Checkpoint.code)


def has_people() -> Select[Any]:
    """Whether the people of the demonstration are there."""
    return select(exists().where(Member.code == "HX-000001"))


def has_assignments() -> Select[Any]:
    """Whether anybody has been given grids."""
    return select(exists().where(Assignment.id.is_not(None)))


def has_patrols() -> Select[Any]:
    """Whether anybody has been on patrol."""
    return select(exists().where(Patrol.id.is_not(None)))


def has_matters() -> Select[Any]:
    """Whether anybody has reported anything."""
    return select(exists().where(Matter.id.is_not(None)))
