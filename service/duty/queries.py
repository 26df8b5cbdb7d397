"""Questions about assignments, their shifts, and what nobody has."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, aggregate_order_by
from sqlalchemy.orm import aliased

from service.areas.models import Grid
from service.areas.queries import prefix_of, within
from service.db import ask
from service.duty.models import (
    HOLDING,
    Assignment,
    AssignmentGrid,
    AssignmentStep,
    Shift,
    ShiftMember,
    SpotCheck,
    Swap,
)
from service.members.models import Member
from service.policy import Caller, Scope
from service.teams import queries as teams
from service.teams.models import Membership, Team

_ON_DUTY = """
SELECT asked.member_id, shifts.starts_at, shifts.ends_at, array_agg(held.grid_id) AS grids
FROM unnest(%(members)s::uuid[], %(firsts)s::timestamptz[], %(lasts)s::timestamptz[])
    AS asked (member_id, first, last)
JOIN memberships ON memberships.member_id = asked.member_id
JOIN shifts ON shifts.team_id = memberships.team_id AND shifts.state = 'planned'
    AND shifts.starts_at <= asked.last AND shifts.starts_at > asked.first - interval '1 day'
    AND shifts.ends_at > asked.first AND memberships.since <= shifts.starts_at
    AND (memberships.until > shifts.starts_at) IS NOT FALSE
JOIN assignment_grids AS held ON held.assignment_id = shifts.assignment_id
    AND held.during && tstzrange(shifts.starts_at, shifts.ends_at)
WHERE (
    SELECT bool_or(shift_members.member_id = asked.member_id) FROM shift_members
    WHERE shift_id = shifts.id AND shift_members.state IN ('asked', 'accepted')
) IS NOT FALSE
GROUP BY asked.member_id, shifts.id"""  # a shift that nobody has accepted is the whole team's; none is longer


def visible_to(caller: Caller, scope: Scope) -> Select[Assignment]:
    """The assignments of the teams that the caller sees; of a colleague's own ones a member sees none."""
    found = select(Assignment).where(Assignment.team_id.in_(_teams(caller, scope)))
    if scope is not Scope.OWN:
        return found
    return found.where(or_(Assignment.member_id.is_(None), Assignment.member_id == caller.member_id))


def _teams(caller: Caller, scope: Scope) -> Select[Any]:
    return teams.visible_to(caller, scope).with_only_columns(Team.id)


def filtered(found: Select[Any], area: str | None = None, **more: Any) -> Select[Any]:
    """Those with grids in an area (or the grid), of a team or member, and in force at a time."""
    if area is not None:
        found = found.where(_covers(Assignment.id, area))
    if more.get("team") is not None:
        found = found.where(Assignment.team_id == more["team"])
    if more.get("member") is not None:
        found = found.where(Assignment.member_id == more["member"])
    if (at := more.get("at")) is not None:
        over = func.coalesce(Assignment.ended_at, Assignment.ends_at)
        found = found.where(Assignment.starts_at <= at, over > at)
    return found


def _covers(assignment_id: Any, area: str) -> ColumnElement[bool]:
    joined = select(AssignmentGrid.grid_id).join(Grid, Grid.id == AssignmentGrid.grid_id)
    return exists(
        joined.where(
            AssignmentGrid.assignment_id == assignment_id,
            or_(AssignmentGrid.dropped_at.is_(None), func.isempty(AssignmentGrid.during).is_(False)),
            within(Grid.code, prefix_of(area)),
        )
    )


def described(ids: Sequence[UUID], caller: Caller) -> Select[Any]:
    """Assignments with their team, member and grids, as far as the caller may know of people."""
    return (
        select(
            Assignment.id, _team(), _member(Assignment.member_id, caller).label("member"),
            _grids(Assignment.id).label("grids"), Assignment.starts_at, Assignment.ends_at, Assignment.rrule,
            Assignment.begins, Assignment.minutes, Assignment.reason, Assignment.made_at, Assignment.ended_at,
            Assignment.follows_id,
        )
        .join(Team, Team.id == Assignment.team_id)
        .where(Assignment.id.in_(ids))
        .order_by(Assignment.id)
    )  # fmt: skip


def _team() -> Any:
    return func.json_build_object("id", Team.id, "code", Team.code, "name", Team.name).label("team")


def named_to(caller: Caller) -> Select[Any]:
    """Whom the caller may know by name."""
    if not caller.may("members:read"):
        return select(Member.id).where(false())
    return teams.members_visible_to(caller, caller.scope("members:read")).with_only_columns(Member.id)


def _member(member_id: Any, caller: Caller) -> Any:
    who = func.json_build_object("id", Member.id, "name", Member.name)
    return select(who).where(Member.id == member_id, Member.id.in_(named_to(caller))).scalar_subquery()


def _grids(assignment_id: Any) -> Any:
    """The grids that an assignment has, or had last; and from which one it came by a revision."""
    before = aliased(Grid)
    one = func.json_build_object("code", Grid.code, "name", Grid.name, "carried_from", before.code)
    return (
        select(func.coalesce(func.json_agg(aggregate_order_by(one, Grid.code)), func.json_build_array()))
        .select_from(AssignmentGrid)
        .join(Grid, Grid.id == AssignmentGrid.grid_id)
        .outerjoin(before, before.id == AssignmentGrid.carried_from)
        .where(AssignmentGrid.assignment_id == assignment_id, AssignmentGrid.dropped_at.is_(None))
        .correlate(Assignment, Shift)
        .scalar_subquery()
    )


def steps(assignment_id: UUID) -> Select[AssignmentStep]:
    """What was done to an assignment, the first first."""
    return (
        select(AssignmentStep)
        .where(AssignmentStep.assignment_id == assignment_id)
        .order_by(AssignmentStep.id)
    )


def grids_of(assignment_id: UUID) -> Select[AssignmentGrid]:
    """The grids of an assignment, past ones as well."""
    return select(AssignmentGrid).where(AssignmentGrid.assignment_id == assignment_id)


def coded(grids: Select[Grid], codes: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """Of these grids, those with the codes: code, and the id of the current version (None: retired)."""
    current = func.max(Grid.id).filter(Grid.retired_at.is_(None)).label("id")
    return grids.with_only_columns(Grid.code, current).where(Grid.code.in_(codes)).group_by(Grid.code)


def taken(grid_ids: Sequence[int], team_id: UUID, during: Any, seen: Select[Team]) -> Select[Any]:
    """What other teams have of grids at some times: grid code, overlap, and the team where it is seen."""
    wanted = type_coerce(during, TSTZMULTIRANGE)
    shown = seen.with_only_columns(Team.id, Team.name).subquery()
    return (
        select(
            Grid.code, (AssignmentGrid.during * wanted).label("overlap"), shown.c.id.label("team_id"),
            shown.c.name.label("team_name"), AssignmentGrid.grid_id,
        )
        .join(Grid, Grid.id == AssignmentGrid.grid_id)
        .outerjoin(shown, shown.c.id == AssignmentGrid.team_id)
        .where(
            AssignmentGrid.grid_id.in_(grid_ids), AssignmentGrid.team_id != team_id,
            AssignmentGrid.during.op("&&")(wanted),
        )
        .order_by(Grid.code)
    )  # fmt: skip


def busy(member_id: UUID, during: Any, but: UUID | None = None) -> Select[*tuple[Any, ...]]:
    """The shifts at some times in which a person is expected already, but for those of an assignment."""
    found = (
        select(Shift.starts_at, Shift.ends_at)
        .join(ShiftMember, ShiftMember.shift_id == Shift.id)
        .where(
            ShiftMember.member_id == member_id,
            ShiftMember.state.in_(HOLDING),
            type_coerce(during, TSTZMULTIRANGE).op("&&")(ShiftMember.during),
        )
        .order_by(Shift.starts_at)
        .limit(20)
    )
    return found if but is None else found.where(Shift.assignment_id != but)


def coming(assignment_id: UUID, at: datetime) -> Select[Shift]:
    """The shifts of an assignment that begin at a time or later, kept from others until the end."""
    mine = select(Shift).where(Shift.assignment_id == assignment_id, Shift.starts_at >= at)
    return mine.order_by(Shift.starts_at).with_for_update(key_share=True)


def was_in(team_id: UUID, member_id: UUID, start: datetime) -> Select[UUID]:
    """The membership of a member of a team that lasts now, or at a later beginning."""
    return select(Membership.id).join(Member, Member.id == Membership.member_id).where(
        Membership.member_id == member_id, _lasts_in(team_id, start), Member.left_at.is_(None)
    )  # fmt: skip


def _lasts_in(team_id: UUID, start: datetime) -> ColumnElement[bool]:
    at = func.greatest(func.now(), start)
    lasting = or_(Membership.until.is_(None), Membership.until > at)
    return and_(Membership.team_id == team_id, Membership.since <= at, lasting)


def shifts_visible_to(caller: Caller, scope: Scope) -> Select[Shift]:
    """The shifts of the teams that the caller sees; a member sees those of the whole team, and one's own."""
    found = select(Shift).where(Shift.team_id.in_(_teams(caller, scope)))
    if scope is not Scope.OWN:
        return found
    mine = exists().where(ShiftMember.shift_id == Shift.id, ShiftMember.member_id == caller.member_id)
    whole = exists().where(Assignment.id == Shift.assignment_id, Assignment.member_id.is_(None))
    return found.where(or_(mine, whole))


def every_shift() -> Select[Shift]:
    """The shifts of all teams."""
    return select(Shift)


def of_team(shifts: Select[Shift], team_id: UUID) -> Select[Shift]:
    """Those of the shifts that a team has."""
    return shifts.where(Shift.team_id == team_id)


def shifts_filtered(found: Select[Shift], start: datetime, end: datetime, **more: Any) -> Select[Shift]:
    """Those of the shifts that go on in a window, with grids in an area, of a team, or with a member."""
    found = found.where(Shift.starts_at < end, Shift.ends_at > start)
    if more.get("area") is not None:
        found = found.where(_covers(Shift.assignment_id, more["area"]))
    if more.get("team") is not None:
        found = found.where(Shift.team_id == more["team"])
    if more.get("member") is not None:
        found = found.where(exists().where(*_holds(more["member"])))
    return found


def _holds(member_id: UUID) -> tuple[ColumnElement[bool], ...]:
    mine = ShiftMember.shift_id == Shift.id, ShiftMember.member_id == member_id
    return (*mine, ShiftMember.state.in_(HOLDING))


def shifts_described(ids: Sequence[UUID], caller: Caller) -> Select[Any]:
    """Shifts with their team, grids, and the people in them whom the caller may know."""
    person = func.json_build_object(
        "id", Member.id, "name", Member.name, "state", ShiftMember.state, "reason", ShiftMember.reason
    )
    people = (
        select(func.coalesce(func.json_agg(aggregate_order_by(person, Member.code)), func.json_build_array()))
        .select_from(ShiftMember)
        .join(Member, Member.id == ShiftMember.member_id)
        .where(ShiftMember.shift_id == Shift.id, Member.id.in_(named_to(caller)))
        .correlate(Shift)
        .scalar_subquery()
    )
    accepted = (
        select(func.count())
        .where(ShiftMember.shift_id == Shift.id, ShiftMember.state == "accepted")
        .correlate(Shift)
        .scalar_subquery()
    )
    return (
        select(
            Shift.id, Shift.assignment_id, _team(), _grids(Shift.assignment_id).label("grids"),
            Shift.starts_at, Shift.ends_at, Shift.state, Shift.reason, Shift.late_minutes,
            accepted.label("accepted"), people.label("people"),
        )
        .join(Team, Team.id == Shift.team_id)
        .where(Shift.id.in_(ids))
        .order_by(Shift.id)
    )  # fmt: skip


def on_duty(spans: Mapping[UUID, tuple[datetime, datetime]]) -> Sequence[Any]:
    """Where people should be between a first and a last moment each, alone or with the team.

    A row a shift: member_id, starts_at, ends_at, grids (ids).
    """
    firsts, lasts = [first for first, _ in spans.values()], [last for _, last in spans.values()]
    return ask(_ON_DUTY, members=list(spans), firsts=firsts, lasts=lasts)


def swaps_visible_to(caller: Caller, scope: Scope, state: str | None = None) -> Select[Swap]:
    """The swaps that are asked for in shifts that the caller sees, all or those in a state."""
    seen = shifts_visible_to(caller, scope).with_only_columns(Shift.id)
    found = select(Swap).where(Swap.shift_id.in_(seen))
    return found if state is None else found.where(Swap.state == state)


def swaps_described(ids: Sequence[UUID], caller: Caller) -> Select[Any]:
    """Swaps, the newest first, with the two people and why, where the caller may know who asks."""
    why = case((Swap.from_member.in_(named_to(caller)), Swap.reason))
    return (
        select(
            Swap.id, Swap.shift_id, Swap.state, why.label("reason"), Swap.asked_at, Swap.decided_at,
            _member(Swap.from_member, caller).label("from_member"),
            _member(Swap.to_member, caller).label("to_member"),
        )
        .where(Swap.id.in_(ids))
        .order_by(Swap.id.desc())
    )  # fmt: skip


def free_colleagues(shift: Shift, member_id: UUID) -> Select[*tuple[Any, ...]]:
    """Whoever else is in the team of a shift then, and expected nowhere at that time: id, name."""
    busy = exists().where(
        ShiftMember.member_id == Member.id,
        ShiftMember.state.in_(HOLDING),
        ShiftMember.during.op("&&")(func.tstzrange(shift.starts_at, shift.ends_at)),
    )
    in_team = exists().where(Membership.member_id == Member.id, _lasts_in(shift.team_id, shift.starts_at))
    others = Member.id != member_id, Member.left_at.is_(None), in_team, ~busy
    return select(Member.id, Member.name).where(*others).order_by(Member.code)


def spot_checks_visible_to(caller: Caller, scope: Scope) -> Select[SpotCheck]:
    """The spot checks of shifts that the caller sees."""
    seen = shifts_visible_to(caller, scope).with_only_columns(Shift.id)
    return select(SpotCheck).where(SpotCheck.shift_id.in_(seen))


def of_month(found: Select[Assignment], start: datetime, end: datetime) -> Select[Assignment]:
    """Those of the assignments that have shifts to begin in a month and were not ended before its end."""
    in_month = exists().where(
        Shift.assignment_id == Assignment.id, Shift.starts_at >= start, Shift.starts_at < end,
        Shift.state != "cancelled",
    )  # fmt: skip
    kept = or_(Assignment.ended_at.is_(None), Assignment.ended_at >= end)
    return found.where(in_month, kept).order_by(Assignment.id)


def current_grids(assignment_ids: Sequence[UUID]) -> Select[*tuple[Any, ...]]:
    """The current grids of assignments: assignment_id, grid_id."""
    return (
        select(AssignmentGrid.assignment_id, AssignmentGrid.grid_id)
        .join(Grid, Grid.id == AssignmentGrid.grid_id)
        .where(
            AssignmentGrid.assignment_id.in_(assignment_ids), Grid.retired_at.is_(None),
            AssignmentGrid.dropped_at.is_(None),
        )
    )  # fmt: skip
