"""Questions about suggestions, and about what they are made of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, and_, cast, exists, func, or_, select, true

from service.areas.models import DIGITS, Area, Grid
from service.areas.queries import in_force, reach, within
from service.coverage.models import CoverageTarget, Footprint
from service.duty.models import Assignment, AssignmentGrid
from service.matters.models import Matter, MatterClass
from service.matters.workflow import OVER
from service.policy import Caller, Scope
from service.suggestions.models import Suggestion
from service.teams.models import Team

_ABOVE = [digits for digits in DIGITS.values() if digits <= 12]
GIVEN_UP = timedelta(minutes=3)  # a worker that has not answered by then has died


def visible_to(caller: Caller, scope: Scope) -> Select[Suggestion]:
    """The suggestions for areas in the caller's reach."""
    return select(Suggestion).where(within(Suggestion.area_code, reach(caller, scope)))


def waiting() -> Select[Suggestion]:
    """The suggestion that waits longest and that no worker is at, for this transaction alone."""
    idle = or_(Suggestion.claimed_at.is_(None), Suggestion.claimed_at < func.now() - GIVEN_UP)
    order = (Suggestion.asked_at, Suggestion.id)
    found = select(Suggestion).where(Suggestion.state == "waiting", idle).order_by(*order).limit(1)
    return found.with_for_update(skip_locked=True).execution_options(populate_existing=True)


def grids(prefix: str, at: datetime) -> Select[Any]:
    """The grids in force at a time, by code: id, code, name, outline as WKB."""
    columns = select(Grid.id, Grid.code, Grid.name, func.ST_AsBinary(Grid.shape).label("shape"))
    return in_force(columns, at).where(within(Grid.code, prefix)).order_by(Grid.code)


def teams(prefix: str, ids: Sequence[UUID] | None = None) -> Select[Any]:
    """Teams at home within a prefix, all or some, by code: id, code, name, lon and lat of home if known."""
    middle = (
        select(func.ST_Centroid(func.ST_Collect(Grid.shape)))
        .where(within(Grid.code, Area.prefix), Grid.retired_at.is_(None))
        .correlate(Area)
        .scalar_subquery()
    )
    home = func.coalesce(middle, func.ST_Centroid(Area.shape), Area.centre)
    found = (
        select(Team.id, Team.code, Team.name, func.ST_X(home).label("lon"), func.ST_Y(home).label("lat"))
        .join(Area, Area.code == Team.area_code)
        .where(within(Team.area_code, prefix))
        .order_by(Team.code)
    )
    return found if ids is None else found.where(Team.id.in_(ids))


def held(grid_ids: Sequence[int], start: datetime, end: datetime) -> Select[*tuple[Any, ...]]:
    """Who has which of these grids in a period: assignment_id, team_id, grid_id, and when, as text."""
    times = cast(AssignmentGrid.during, Text).label("times")
    within_period = AssignmentGrid.during.op("&&")(func.tstzrange(start, end))
    return (
        select(AssignmentGrid.assignment_id, AssignmentGrid.team_id, AssignmentGrid.grid_id, times)
        .where(AssignmentGrid.grid_id.in_(grid_ids), within_period)
        .order_by(AssignmentGrid.assignment_id, AssignmentGrid.grid_id)
    )


def replaced(grid_ids: Sequence[int], start: datetime, end: datetime) -> Select[Assignment]:
    """The assignments of nothing but some of these grids that last into a period."""
    mine = AssignmentGrid.assignment_id == Assignment.id
    mine = and_(mine, AssignmentGrid.dropped_at.is_(None))
    inside, outside = AssignmentGrid.grid_id.in_(grid_ids), AssignmentGrid.grid_id.not_in(grid_ids)
    lasts = Assignment.ended_at.is_(None), Assignment.ends_at > start, Assignment.starts_at < end
    return (
        select(Assignment)
        .where(*lasts, exists().where(mine, inside), ~exists().where(mine, outside))
        .order_by(Assignment.id)
    )


def locked(suggestion: Suggestion) -> Select[Suggestion]:
    """The suggestion as it is now, for this transaction alone."""
    found = select(Suggestion).where(Suggestion.id == suggestion.id).with_for_update()
    return found.execution_options(populate_existing=True)


def last_seen(prefix: str, before: datetime) -> Select[Any]:
    """When the grids within a prefix were last seen before a time: grid_id, at; no row for never."""
    at: Any = func.max(Footprint.last_seen_at)
    return (
        select(Footprint.grid_id, at.label("at"))
        .join(Grid, Grid.id == Footprint.grid_id)
        .where(within(Grid.code, prefix), Footprint.hour < before, Footprint.last_seen_at.is_not(None))
        .group_by(Footprint.grid_id)
    )


def open_matters(prefix: str) -> Select[Any]:
    """How many matters are open in each grid within a prefix, and how many of them are urgent."""
    urgent: Any = func.count().filter(MatterClass.urgency != "routine")
    return (
        select(Matter.place_code.label("code"), func.count().label("matters"), urgent.label("urgent"))
        .join(MatterClass, MatterClass.code == Matter.class_code)
        .where(within(Matter.place_code, prefix), Matter.stage.not_in(OVER))
        .group_by(Matter.place_code)
    )


def targets(prefix: str) -> Select[Any]:
    """For how many hours grids within a prefix may go unseen, where that was set for them: code, hours."""
    nearest = (
        select(CoverageTarget.hours)
        .where(
            CoverageTarget.code.in_(
                (Grid.code, *(func.rpad(func.left(Grid.code, digits), 12, "0") for digits in _ABOVE))
            )
        )
        .order_by(func.length(CoverageTarget.code).desc(), CoverageTarget.code.desc())
        .limit(1)
        .correlate(Grid)
        .lateral("nearest")
    )
    grids = select(Grid.code, nearest.c.hours).join(nearest, true())
    return grids.where(within(Grid.code, prefix), Grid.retired_at.is_(None))
