"""Give grids to teams and members; change that, end it, hand it over, carry it on into redrawn grids."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, type_coerce, update
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, MultiRange, Range
from sqlalchemy.dialects.postgresql import insert as insert_new

from service.areas.models import Grid
from service.audit import actions as audit
from service.db import announce, moment, session, uuid7
from service.duty import pattern, queries
from service.duty.models import HOLDING, Assignment, AssignmentGrid, AssignmentStep, Shift, ShiftMember, Swap
from service.duty.pattern import Pattern, Span
from service.errors import Conflict, Invalid
from service.members.models import Member
from service.teams.models import Team

MOST_TOLD = 50  # overlaps in one problem


class GridsTaken(Conflict):
    title, title_zh = (
        "Another team has these grids at that time; give a reason",
        "其他队伍在该时段已负责这些网格",
    )
    constraint = "assignment_grids_team_during_excl"


class PersonBusy(Conflict):
    title, title_zh = "This person has another shift at that time", "该人员在此时段已有其他班次"
    constraint = "shift_members_member_during_excl"


class GridsRedrawn(Conflict):
    title, title_zh = "Some of these grids have been redrawn", "部分网格已调整"


class AssignmentOver(Conflict):
    title, title_zh = "This assignment is over", "该任务已结束"


@dataclass(frozen=True)
class Wanted:
    """Who is to have which grids when."""

    team_id: UUID
    member_id: UUID | None
    grids: tuple[int, ...]
    pattern: Pattern
    reason: str | None = None
    follows_id: UUID | None = None


@dataclass(frozen=True)
class Author:
    """Who does it, and which teams are named to them."""

    id: UUID | None
    seen: Select[Team]


def assign(wanted: Wanted, author: Author) -> Assignment:
    """Give the grids, with a shift for each occurrence; raises Invalid, GridsTaken or PersonBusy."""
    spans = spans_of(wanted.pattern)
    check_person(wanted)
    lock(wanted.grids, wanted.member_id)
    return put(wanted, spans, author)


def spans_of(asked: Pattern) -> list[Span]:
    """The shifts of a pattern; raises Invalid when there are none or too many."""
    try:
        return pattern.shifts(asked)
    except ValueError as error:
        raise Invalid(errors={"rrule": [str(error)]}) from None


def check_person(wanted: Wanted) -> None:
    """Raise Invalid unless the member, if one is meant, is in the team when the period begins."""
    found = (
        queries.was_in(wanted.team_id, wanted.member_id, wanted.pattern.start) if wanted.member_id else None
    )
    if found is not None and session.scalars(found).first() is None:
        raise Invalid(errors={"member_id": ["Not in this team at that time."]})


def lock(grid_ids: Iterable[int], member_id: UUID | None) -> None:
    """Keep others from giving away these grids, and this person's time, until the transaction ends.

    Raises GridsRedrawn for grids that a revision has retired.
    """
    grids = select(Grid.retired_at).where(Grid.id.in_(set(grid_ids))).order_by(Grid.id)
    if any(session.scalars(grids.with_for_update(key_share=True))):
        raise GridsRedrawn
    if member_id is not None:
        session.execute(select(Member.id).where(Member.id == member_id).with_for_update(key_share=True)).all()


def put(wanted: Wanted, spans: Sequence[Span], author: Author) -> Assignment:
    """Give locked grids, in these spans; raises GridsTaken or PersonBusy before anything is changed."""
    shared = _shared(wanted, spans, author.seen)
    asked = wanted.pattern
    assignment = Assignment(
        id=uuid7(), team_id=wanted.team_id, member_id=wanted.member_id, starts_at=asked.start,
        ends_at=asked.end, rrule=asked.rrule, begins=asked.begins, minutes=asked.minutes,
        reason=wanted.reason, made_by=author.id, follows_id=wanted.follows_id,
    )  # fmt: skip
    session.add(assignment)
    session.flush()
    _cover(assignment, wanted.grids, spans, shared)
    _plan(assignment, spans)
    note_step(assignment, "made", author.id)
    audit.record("assignment.make", "assignment", assignment.id, subject=wanted.member_id)
    announce("duty changed", grids=list(wanted.grids), teams=[wanted.team_id])
    return assignment


def _shared(wanted: Wanted, spans: Sequence[Span], seen: Select[Team], own: UUID | None = None) -> set[int]:
    """The grids that another team has at these times, too: none unless there is a reason."""
    if not spans:
        return set()
    during = multirange(spans)
    found = session.execute(queries.taken(wanted.grids, wanted.team_id, during, seen)).all()
    if found and not wanted.reason:
        raise GridsTaken(errors={"grids": [_told(row) for row in found[:MOST_TOLD]]})
    if wanted.member_id is not None:
        busy = session.execute(queries.busy(wanted.member_id, during, own)).all()
        if busy:
            raise PersonBusy(errors={"member_id": [_span(row.starts_at, row.ends_at) for row in busy]})
    return {row.grid_id for row in found}


def _told(row: Any) -> dict[str, Any]:
    """What is there; another team is named only to who sees it."""
    team = {"id": str(row.team_id), "name": row.team_name} if row.team_id else None
    spans = [_span(each.lower, each.upper) for each in list(row.overlap)[:5]]
    return {"code": row.code, "team": team, "spans": spans}


def _span(start: datetime, end: datetime) -> dict[str, str]:
    return {name: at.isoformat().replace("+00:00", "Z") for name, at in (("from", start), ("to", end))}


def multirange(spans: Iterable[tuple[datetime, datetime]]) -> MultiRange[datetime]:
    """The spans as PostgreSQL holds them."""
    return MultiRange([Range(start, end) for start, end in spans])


def _cover(assignment: Assignment, grids: Iterable[int], spans: Sequence[Span], shared: set[int]) -> None:
    """Let the assignment have these grids in these spans, beside what it has of them already."""
    rows = [
        {
            "assignment_id": assignment.id, "grid_id": grid, "team_id": assignment.team_id,
            "during": multirange(spans), "is_shared": grid in shared,
        }
        for grid in sorted(set(grids))
    ]  # fmt: skip
    if not rows:
        return
    new = insert_new(AssignmentGrid)
    more = {
        "during": AssignmentGrid.during + new.excluded.during,
        "is_shared": AssignmentGrid.is_shared | new.excluded.is_shared,
        "dropped_at": None,
    }
    session.execute(new.on_conflict_do_update(index_elements=["assignment_id", "grid_id"], set_=more), rows)


def _drop(assignment: Assignment, kept: Iterable[int], at: datetime) -> None:
    """Let it have none but these grids from a time on."""
    mine = AssignmentGrid.assignment_id == assignment.id, AssignmentGrid.dropped_at.is_(None)
    _do(update(AssignmentGrid).where(*mine, AssignmentGrid.grid_id.not_in(set(kept))).values(dropped_at=at))


def uncover(assignment_id: UUID, spans: Sequence[tuple[datetime, datetime]]) -> None:
    """Take spans away from all grids of an assignment."""
    if spans:
        less = AssignmentGrid.during - type_coerce(multirange(spans), TSTZMULTIRANGE)
        mine = AssignmentGrid.assignment_id == assignment_id
        _do(update(AssignmentGrid).where(mine).values(during=less))


def _plan(assignment: Assignment, spans: Sequence[Span]) -> None:
    """Make the dated shifts; whoever it is given to alone is expected in each of them."""
    rows = [
        {"id": uuid7(), "assignment_id": assignment.id, "team_id": assignment.team_id, "starts_at": start,
         "ends_at": end}
        for start, end in spans
    ]  # fmt: skip
    if not rows:
        return
    new = insert_new(Shift).values(rows)
    again = {"ends_at": new.excluded.ends_at, "state": "planned", "reason": None, "told_at": None}
    new = new.on_conflict_do_update(index_elements=["assignment_id", "starts_at"], set_=again)
    made = session.execute(new.returning(Shift.id, Shift.starts_at, Shift.ends_at)).all()
    if assignment.member_id is not None:
        places = [
            {"shift_id": each.id, "member_id": assignment.member_id,
             "during": Range(each.starts_at, each.ends_at)}
            for each in made
        ]  # fmt: skip
        place = insert_new(ShiftMember)
        expected = {"during": place.excluded.during, "state": "asked", "reason": None, "answered_at": None}
        session.execute(
            place.on_conflict_do_update(index_elements=["shift_id", "member_id"], set_=expected), places
        )


def note_step(
    assignment: Assignment, kind: str, by: UUID | None, note: str | None = None, before: Any = None
) -> None:
    """Keep in the assignment's history what was done."""
    session.add(
        AssignmentStep(
            id=uuid7(), assignment_id=assignment.id, kind=kind, by_member=by, note=note, before=before
        )
    )
    session.flush()


def change(assignment: Assignment, changes: dict[str, Any], author: Author) -> None:
    """Give it other grids, another end, pattern or reason from now on; shifts that have begun stay."""
    now = moment()
    _check_open(assignment, now)
    held = session.scalars(queries.grids_of(assignment.id)).all()
    before = _as_it_was(assignment, held)
    wanted = _changed(assignment, changes, [row.grid_id for row in held if not row.dropped_at])
    spans = [span for span in spans_of(wanted.pattern) if span.start >= now]
    if not spans:
        raise Invalid(errors={"rrule": ["Leaves no shift from now on; end the assignment instead."]})
    lock(wanted.grids, assignment.member_id)
    coming = session.scalars(queries.coming(assignment.id, now)).all()
    kept = {each.starts_at for each in coming if each.state != "cancelled" and _of(each) in spans}
    declined = {each.starts_at for each in coming if each.state == "declined" and each.starts_at in kept}
    uncover(assignment.id, [_of(each) for each in coming])
    _cancel([each for each in coming if each.starts_at not in kept])
    open_spans = [span for span in spans if span.start not in declined]
    shared = _shared(wanted, open_spans, author.seen, own=assignment.id)
    _cover(assignment, wanted.grids, open_spans, shared)
    _drop(assignment, wanted.grids, now)
    _plan(assignment, [span for span in spans if span.start not in kept])
    asked = wanted.pattern
    assignment.ends_at, assignment.rrule, assignment.reason = asked.end, asked.rrule, wanted.reason
    assignment.begins, assignment.minutes = asked.begins, asked.minutes
    note_step(assignment, "changed", author.id, before=before)
    audit.record("assignment.change", "assignment", assignment.id, subject=assignment.member_id)
    announce("duty changed", grids=sorted({*wanted.grids, *(row.grid_id for row in held)}),
             teams=[assignment.team_id])  # fmt: skip


def _changed(assignment: Assignment, changes: dict[str, Any], grids: list[int]) -> Wanted:
    old = Pattern(
        assignment.starts_at, assignment.ends_at, assignment.rrule, assignment.begins, assignment.minutes
    )
    asked = old._replace(**{name: changes[name] for name in Pattern._fields if name in changes})
    reason = changes.get("reason", assignment.reason)
    return Wanted(assignment.team_id, assignment.member_id, tuple(changes.get("grids", grids)), asked, reason)


def _as_it_was(assignment: Assignment, held: Sequence[AssignmentGrid]) -> dict[str, Any]:
    codes = select(Grid.code).where(Grid.id.in_([row.grid_id for row in held if not row.dropped_at]))
    return {
        "grids": sorted(session.scalars(codes)), "to": assignment.ends_at.isoformat(),
        "rrule": assignment.rrule, "starts_at": assignment.begins, "minutes": assignment.minutes,
        "reason": assignment.reason,
    }  # fmt: skip


def end(assignment: Assignment, at: datetime | None, note: str | None, author: Author) -> None:
    """Let it end before its time; a shift that has begun by then goes on to its end."""
    gone = _stop(assignment, at)
    note_step(assignment, "ended", author.id, note)
    audit.record("assignment.end", "assignment", assignment.id, subject=assignment.member_id)
    _announce_grids(assignment, bool(gone))


def hand_over(
    assignment: Assignment, to: tuple[UUID, UUID | None], at: datetime | None, note: str, author: Author
) -> Assignment:
    """Give what is left of it, shift by shift, to another team or member; raises as `assign` does."""
    held = session.scalars(queries.grids_of(assignment.id)).all()
    grids = tuple(row.grid_id for row in held if not row.dropped_at)
    lock(grids, to[1])
    left = _stop(assignment, at)
    if not left or not grids:
        raise AssignmentOver("Nothing is left that could be handed over.")
    rule = assignment.rrule
    if "COUNT=" in rule:
        rule = f"{pattern.without_end(rule)};UNTIL={left[-1].start:%Y%m%dT%H%M%SZ}"
    asked = Pattern(left[0].start, assignment.ends_at, rule, assignment.begins, assignment.minutes)
    wanted = Wanted(*to, grids, asked, assignment.reason, assignment.id)
    check_person(wanted)
    note_step(assignment, "handed_over", author.id, note)
    audit.record("assignment.hand_over", "assignment", assignment.id, subject=assignment.member_id)
    return put(wanted, left, author)


def _stop(assignment: Assignment, at: datetime | None) -> list[Span]:
    """Cancel the shifts from a time on; gives what they were."""
    now = moment()
    _check_open(assignment, now)
    at = at or now
    if not now <= at < assignment.ends_at:
        raise Invalid(errors={"at": ["Must lie between now and the assignment's end."]})
    coming = session.scalars(queries.coming(assignment.id, at)).all()
    gone = [each for each in coming if each.state != "cancelled"]
    spans = [_of(each) for each in gone]
    uncover(assignment.id, spans)
    _cancel(gone)
    assignment.ended_at = at
    session.flush()
    return spans


def _check_open(assignment: Assignment, now: datetime) -> None:
    if assignment.ended_at is not None or assignment.ends_at <= now:
        raise AssignmentOver


def _of(shift: Shift) -> Span:
    return Span(shift.starts_at, shift.ends_at)


def _cancel(shifts: Sequence[Shift]) -> None:
    ids = [each.id for each in shifts]
    _do(update(Shift).where(Shift.id.in_(ids)).values(state="cancelled"))
    free(ids)


def free(shift_ids: Sequence[UUID]) -> None:
    """Let nobody be expected in these shifts."""
    held = ShiftMember.shift_id.in_(shift_ids) & ShiftMember.state.in_(HOLDING)
    _do(update(ShiftMember).where(held).values(state="released"))


def _announce_grids(assignment: Assignment, is_other: bool = True) -> None:
    if is_other:
        ids = [row.grid_id for row in session.scalars(queries.grids_of(assignment.id))]
        announce("duty changed", grids=ids, teams=[assignment.team_id])


def leave(team: UUID, member: UUID, at: datetime) -> None:
    """Let who leaves a team be expected in none of its shifts from then on; what was theirs alone ends."""
    _release(Assignment.team_id == team, member, at)


def release(member: Member) -> None:
    """Let a person who has left be expected nowhere, and take their words out of what is kept."""
    _release(Assignment.id.is_not(None), member.id, moment())
    _do(update(ShiftMember).where(ShiftMember.member_id == member.id).values(reason=None))
    asked = (Swap.from_member == member.id) | (Swap.to_member == member.id)
    _do(update(Swap).where(asked).values(reason=None))


def _release(where: ColumnElement[bool], member: UUID, at: datetime) -> None:
    lasting = Assignment.ended_at.is_(None), Assignment.ends_at > at, Assignment.member_id == member
    for assignment in session.scalars(select(Assignment).where(where, *lasting)).all():
        end(assignment, at, None, Author(None, select(Team)))
    later = select(Shift.id).join(Assignment, Assignment.id == Shift.assignment_id)
    later = later.where(where, Shift.starts_at >= at)
    held = ShiftMember.state.in_(HOLDING) & ShiftMember.shift_id.in_(later)
    _do(update(ShiftMember).where(held, ShiftMember.member_id == member).values(state="released"))


def _do(statement: Any) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
