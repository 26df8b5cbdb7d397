"""Questions about checkpoints."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import with_expression

from service.areas.models import Grid
from service.areas.queries import reach, within
from service.checkpoints.models import Checkpoint
from service.policy import Caller, Scope


def visible_to(caller: Caller, scope: Scope) -> Select[Checkpoint]:
    """The checkpoints in grids that the caller sees, those that are retired included."""
    return inside(reach(caller, scope))


def inside(prefix: str) -> Select[Checkpoint]:
    """The checkpoints in grids with a prefix."""
    grids = select(Grid.id).where(within(Grid.code, prefix))
    return select(Checkpoint).where(Checkpoint.grid_id.in_(grids))


def within_grid(checkpoints: Select[Checkpoint], code: str) -> Select[Checkpoint]:
    """Those of the checkpoints that lie in a grid."""
    return checkpoints.where(Checkpoint.grid_id.in_(select(Grid.id).where(Grid.code == code)))


def in_use(checkpoints: Select[Checkpoint]) -> Select[Checkpoint]:
    """Those of the checkpoints that are not retired."""
    return checkpoints.where(Checkpoint.retired_at.is_(None))


def described(checkpoints: Select[Checkpoint]) -> Select[Checkpoint]:
    """The same checkpoints with their position in degrees, and the code of the grid around them."""
    grid = select(Grid.code).where(Grid.id == Checkpoint.grid_id).scalar_subquery()
    return checkpoints.options(
        with_expression(Checkpoint.lon, func.ST_X(Checkpoint.position)),
        with_expression(Checkpoint.lat, func.ST_Y(Checkpoint.position)),
        with_expression(Checkpoint.grid, grid),
    ).execution_options(populate_existing=True)


def claimed(keys: Collection[str]) -> Select[Any]:
    """All that judging proofs needs of the checkpoints that they name, by code or tag, in order of id."""
    columns = (Checkpoint.id, Checkpoint.code, Checkpoint.nfc_uid, Checkpoint.secret, Checkpoint.nfc_key)
    place = func.ST_X(Checkpoint.position).label("lon"), func.ST_Y(Checkpoint.position).label("lat")
    return (
        select(*columns, *place, Checkpoint.since, Checkpoint.retired_at)
        .where(or_(Checkpoint.code.in_(keys), Checkpoint.nfc_uid.in_(keys)))
        .order_by(Checkpoint.id)
    )


def standing_at(at: datetime) -> Select[Any]:
    """The checkpoints in use at a time: id, lon, lat."""
    place = func.ST_X(Checkpoint.position).label("lon"), func.ST_Y(Checkpoint.position).label("lat")
    return select(Checkpoint.id, *place).where(
        Checkpoint.since < at, or_(Checkpoint.retired_at.is_(None), Checkpoint.retired_at >= at)
    )


def standing_until(at: datetime) -> Select[Any]:
    """The checkpoints ever in use before a time: id, lon, lat, since when, until when."""
    place = func.ST_X(Checkpoint.position).label("lon"), func.ST_Y(Checkpoint.position).label("lat")
    columns = select(Checkpoint.id, *place, Checkpoint.since, Checkpoint.retired_at)
    return columns.where(Checkpoint.since < at).order_by(Checkpoint.id)
