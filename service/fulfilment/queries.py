"""Questions about shifts and the evidence of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy.dialects.postgresql import aggregate_order_by

from service.areas.models import Grid
from service.areas.queries import within
from service.checkpoints.models import Checkpoint
from service.coverage.models import Footprint
from service.duty.models import HOLDING, Assignment, AssignmentGrid, Shift, ShiftMember, SpotAnswer, SpotCheck
from service.members.models import Member
from service.patrols.models import CheckIn, Patrol
from service.teams.models import Membership, Team

HOUR = timedelta(hours=1)


def promised(shifts: Select[Shift], start: datetime, end: datetime, prefix: str) -> Any:
    """The shifts that begin in a window, with each of their grids within a prefix."""
    chosen = shifts.where(Shift.starts_at >= start, Shift.starts_at < end, Shift.state == "planned")
    mine = chosen.with_only_columns(Shift.id)
    held = func.tstzrange(Shift.starts_at, Shift.ends_at).op("&&")(AssignmentGrid.during)
    return (
        select(
            Shift.id.label("shift_id"), Shift.team_id, Shift.starts_at, Shift.ends_at,
            Grid.id.label("grid_id"), Grid.code, Grid.name, Grid.basis,
        )
        .join(AssignmentGrid, AssignmentGrid.assignment_id == Shift.assignment_id)
        .join(Grid, Grid.id == AssignmentGrid.grid_id)
        .where(Shift.id.in_(mine), held, within(Grid.code, prefix))
        .cte("promised")
    )  # fmt: skip


def _overlaps(pairs: Any) -> tuple[ColumnElement[bool], ...]:
    """A patrol went on during a shift, and its member was in the team then."""
    return (
        Patrol.first_at < pairs.c.ends_at,
        Patrol.last_at >= pairs.c.starts_at,
        Membership.since <= Patrol.first_at,
        or_(Membership.until.is_(None), Membership.until > Patrol.first_at),
    )


def walked_by_team(pairs: Any) -> ColumnElement[bool]:
    """Whether a patrol went on during a shift, by somebody who was in its team then."""
    mine = and_(Membership.member_id == Patrol.member_id, Membership.team_id == pairs.c.team_id)
    return select(Membership.id).where(mine, *_overlaps(pairs)).correlate_except(Membership).exists()


def footprints(pairs: Any) -> Select[Any]:
    """What the team's patrols saw of grids in the hours of shifts, packed: shift_id, grid_id, seen."""
    return (
        select(
            pairs.c.shift_id, pairs.c.grid_id,
            func.array_agg(Footprint.seen).filter(Footprint.seen != b"").label("seen"),
        )
        .join(Footprint, Footprint.grid_id == pairs.c.grid_id)
        .join(Patrol, Patrol.id == Footprint.patrol_id)
        .where(
            Footprint.hour < pairs.c.ends_at, Footprint.hour > pairs.c.starts_at - HOUR, walked_by_team(pairs)
        )
        .group_by(pairs.c.shift_id, pairs.c.grid_id)
    )  # fmt: skip


def check_ins(pairs: Any) -> Select[Any]:
    """How many checkpoints the team reached in each grid of each shift; a row also where none was proven."""
    proven = and_(CheckIn.checkpoint_id.is_not(None), CheckIn.grade.in_(("A", "B")))
    return (
        select(
            pairs.c.shift_id, pairs.c.grid_id,
            func.count(CheckIn.checkpoint_id.distinct()).filter(proven).label("reached"),
        )
        .join(CheckIn, CheckIn.grid_id == pairs.c.grid_id)
        .join(Patrol, Patrol.id == CheckIn.patrol_id)
        .where(
            CheckIn.recorded_at >= pairs.c.starts_at, CheckIn.recorded_at < pairs.c.ends_at,
            CheckIn.grade != "D", walked_by_team(pairs),
        )
        .group_by(pairs.c.shift_id, pairs.c.grid_id)
    )  # fmt: skip


def checkpoints(pairs: Any) -> Select[*tuple[Any, ...]]:
    """How many checkpoints are in use in each grid: grid_id, count."""
    grids = select(pairs.c.grid_id)
    in_use = Checkpoint.grid_id.in_(grids), Checkpoint.retired_at.is_(None)
    return select(Checkpoint.grid_id, func.count()).where(*in_use).group_by(Checkpoint.grid_id)


def beginnings(pairs: Any) -> Select[Any]:
    """When the team's first patrol of each shift began: shift_id, at."""
    shifts = select(pairs.c.shift_id, pairs.c.team_id, pairs.c.starts_at, pairs.c.ends_at).distinct()
    each = shifts.subquery("each_shift")
    began: Any = func.min(Patrol.first_at)
    return (
        select(each.c.shift_id, began.label("at"))
        .join(Membership, Membership.team_id == each.c.team_id)
        .join(Patrol, Patrol.member_id == Membership.member_id)
        .where(*_overlaps(each))
        .group_by(each.c.shift_id)
    )


def team_names(ids: Sequence[UUID]) -> Select[*tuple[Any, ...]]:
    """Teams by id: id, code, name."""
    return select(Team.id, Team.code, Team.name).where(Team.id.in_(ids))


def spot_checks(shift: Shift, named: Any) -> Select[Any]:
    """The spot checks of a shift: who was expected, and who showed up by answering or by checking in."""
    expected = _expected(shift).subquery()
    came = _came(shift).subquery()
    person = func.json_build_object("id", Member.id, "name", Member.name)
    people = (
        select(func.coalesce(func.json_agg(aggregate_order_by(person, Member.code)), func.json_build_array()))
        .where(
            Member.id.in_(select(came.c.member_id).where(came.c.check_id == SpotCheck.id)),
            Member.id.in_(named),
        )
        .correlate(SpotCheck)
        .scalar_subquery()
    )
    count = select(func.count(came.c.member_id.distinct())).where(came.c.check_id == SpotCheck.id)
    return (
        select(
            SpotCheck.id, SpotCheck.asked_at, SpotCheck.closes_at,
            select(func.count()).select_from(expected).scalar_subquery().label("expected"),
            count.correlate(SpotCheck).scalar_subquery().label("answered"), people.label("people"),
        )
        .where(SpotCheck.shift_id == shift.id)
        .order_by(SpotCheck.asked_at)
    )  # fmt: skip


def _expected(shift: Shift) -> Select[Any]:
    """Whoever has a place in the shift; the whole team where it has the shift and nobody has accepted."""
    held = select(ShiftMember.member_id).where(
        ShiftMember.shift_id == shift.id, ShiftMember.state.in_(HOLDING)
    )
    whole = select(Assignment.id).where(Assignment.id == shift.assignment_id, Assignment.member_id.is_(None))
    team = select(Membership.member_id).where(
        Membership.team_id == shift.team_id, Membership.since <= shift.starts_at,
        or_(Membership.until.is_(None), Membership.until > shift.starts_at), whole.exists(), ~held.exists(),
    )  # fmt: skip
    return select(union(held, team).subquery())


def _came(shift: Shift) -> Select[Any]:
    answered = (
        select(SpotAnswer.spot_check_id.label("check_id"), SpotAnswer.member_id)
        .join(SpotCheck, SpotCheck.id == SpotAnswer.spot_check_id)
        .where(SpotCheck.shift_id == shift.id)
    )
    grids = select(AssignmentGrid.grid_id).where(AssignmentGrid.assignment_id == shift.assignment_id)
    present = (
        select(SpotCheck.id.label("check_id"), Patrol.member_id)
        .join(CheckIn, CheckIn.recorded_at.between(SpotCheck.asked_at, SpotCheck.closes_at))
        .join(Patrol, Patrol.id == CheckIn.patrol_id)
        .where(
            SpotCheck.shift_id == shift.id, CheckIn.grid_id.in_(grids), CheckIn.grade != "D",
            Patrol.member_id.in_(select(_expected(shift).subquery().c.member_id)),
        )
    )  # fmt: skip
    return select(union(answered, present).subquery())
