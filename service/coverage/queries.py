"""Questions about what was seen."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, null, select

from service.areas.models import Area, Grid
from service.areas.queries import code_range, in_force, within
from service.checkpoints.models import Checkpoint
from service.coverage.models import CoverageMark, CoverageVersion, Footprint
from service.coverage.windows import Parts
from service.db import ask
from service.patrols.models import CheckIn, Fix, Patrol

_COLUMNS = "grid_id, seen, patrols, person_seconds, was_silent, last_seen_at"
_DAYS = f"""
SELECT {_COLUMNS} FROM coverage_days JOIN grids ON grids.id = grid_id
WHERE day >= %(first)s AND day < %(last)s AND code >= %(low)s AND code < %(high)s"""
_HOURS = f"""
SELECT {_COLUMNS} FROM coverage_hours JOIN grids ON grids.id = grid_id
WHERE hour >= %(start)s AND hour < %(end)s AND code >= %(low)s AND code < %(high)s"""


def marked() -> Select[UUID]:
    """The patrols that are to be rebuilt, those that wait longest first."""
    return select(CoverageMark.patrol_id).group_by(CoverageMark.patrol_id).order_by(func.min(CoverageMark.id))


def version() -> Select[UUID]:
    """The name of the present state of all footprints."""
    return select(CoverageVersion.version)


def merged(parts: Parts, prefix: str) -> Sequence[Any]:
    """What was seen of each grid in the parts of a window: some rows a grid, in order of time."""
    low, high = code_range(prefix)
    rows = list(ask(_DAYS, first=parts.first_day, last=parts.last_day, low=low, high=high))
    for start, end in parts.hours:
        rows += ask(_HOURS, start=start, end=end, low=low, high=high)
    return rows


def check_ins(start: datetime, end: datetime, prefix: str) -> Select[*tuple[Any, ...]]:
    """How many check-ins of each grade each grid had: grid id, grade, count."""
    return (
        select(CheckIn.grid_id, CheckIn.grade, func.count())
        .join(Grid, Grid.id == CheckIn.grid_id)
        .where(CheckIn.recorded_at >= start, CheckIn.recorded_at < end, within(Grid.code, prefix))
        .group_by(CheckIn.grid_id, CheckIn.grade)
    )


def visited(start: datetime, end: datetime) -> Select[UUID | None]:
    """The checkpoints where somebody proved to be in a window, and nothing speaks against it."""
    held = CheckIn.checkpoint_id.is_not(None) & CheckIn.grade.in_(("A", "B"))
    in_window = (CheckIn.recorded_at >= start) & (CheckIn.recorded_at < end)
    return select(CheckIn.checkpoint_id).where(held, in_window).distinct()


def checkpoint_places(ids: Collection[UUID]) -> Select[Any]:
    """Where checkpoints are: id, lon, lat."""
    place = func.ST_X(Checkpoint.position).label("lon"), func.ST_Y(Checkpoint.position).label("lat")
    return select(Checkpoint.id, *place).where(Checkpoint.id.in_(ids))


def grids(prefix: str, at: datetime, shapes: bool) -> Select[Any]:
    """The grids in force at a time, by code: id, code, name, basis, area, and GeoJSON if wanted."""
    shape = func.ST_AsGeoJSON(Grid.shape, 6) if shapes else null()
    columns = select(Grid.id, Grid.code, Grid.name, Grid.basis, Grid.area_m2, shape.label("shape"))
    return in_force(columns, at).where(within(Grid.code, prefix)).order_by(Grid.code)


def areas(prefix: str, level: str, shapes: bool) -> Select[Any]:
    """The areas of a level, by code: code, name, and where they lie as GeoJSON if wanted."""
    place = func.ST_AsGeoJSON(func.coalesce(Area.shape, Area.centre), 6) if shapes else null()
    return (
        select(Area.code, Area.name, place.label("shape"))
        .where(within(Area.code, prefix), Area.level == level)
        .order_by(Area.code)
    )


def patrols_in(shape: Any) -> Select[UUID]:
    """The patrols that left a fix in a box."""
    return select(Fix.patrol_id).where(Fix.position.op("&&")(shape)).distinct()


def patrols_over(grid_ids: list[int]) -> Select[UUID]:
    """The patrols that have a footprint in these grids."""
    return select(Footprint.patrol_id).where(Footprint.grid_id.in_(grid_ids)).distinct()


def locked(patrol_id: UUID) -> Select[Patrol]:
    """The patrol, kept from every other worker until this transaction ends."""
    patrol = select(Patrol).where(Patrol.id == patrol_id).with_for_update()
    return patrol.execution_options(populate_existing=True)


def extent(grid_ids: list[int]) -> Select[Any]:
    """The box around these grids."""
    return select(func.ST_Envelope(func.ST_Collect(Grid.shape))).where(Grid.id.in_(grid_ids))


def seen_state() -> Select[Any]:
    """What names all that coverage is made of: footprints, checkpoints, and how many of these are retired."""
    return select(
        select(CoverageVersion.version).scalar_subquery(),
        select(func.count()).select_from(Checkpoint).scalar_subquery(),
        select(func.count(Checkpoint.retired_at)).scalar_subquery(),
    )


def latest_mark() -> Select[int]:
    """The newest mark of a patrol that waits to be rebuilt."""
    return select(func.max(CoverageMark.id))
