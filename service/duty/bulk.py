"""Many assignments at once: from rows, from a season, from last month. All or none, with a report a row."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select

from service.areas.models import Grid
from service.areas.queries import grids_visible_to, in_force, prefix_of, within
from service.audit import actions as audit
from service.db import session
from service.duty import actions, pattern, queries
from service.duty.actions import Author, Wanted
from service.duty.models import Assignment
from service.duty.pattern import LOCAL, Pattern
from service.duty.rows import Wish, read_wish
from service.errors import Conflict, Invalid
from service.members.models import Member
from service.policy import Caller, Scope
from service.teams import queries as teams
from service.teams.models import Team
from service.teams.rows import Reader
from service.teams.sheets import MOST_TOLD, BadRows, Fault, Row

MOST_ROWS = 500


class Report(NamedTuple):
    """What was made, or would be."""

    dry_run: bool
    rows: int
    creates: int  # assignments
    shifts: int
    errors: list[Fault]


class Bulk:
    """Assignments that are made together, or not at all."""

    def __init__(self, caller: Caller, scope: Scope, *, dry_run: bool) -> None:
        self.caller, self.scope, self.dry_run = caller, scope, dry_run
        self.teams = teams.visible_to(caller, scope)
        self.author = Author(caller.member_id, self.teams)
        self.faults: list[Fault] = []

    def from_rows(self, table: Mapping[int, Row]) -> Report:
        """Make what the rows of a table wish."""
        if not 0 < len(table) <= MOST_ROWS:
            raise Invalid(f"Send 1 to {MOST_ROWS} rows.")
        read = [read_wish(Reader(number, row, self.faults)) for number, row in table.items()]
        known = _Known(self, [wish for wish in read if wish is not None])
        wanted = {wish.number: found for wish in read if wish and (found := known.wanted(wish))}
        return self._make(wanted, len(table))

    def from_month(self, area: str, first: date) -> Report:
        """Make again, for the month after, what has shifts in a month that begins with `first`."""
        this, following, after = (_month(first, n) for n in range(3))
        visible = queries.filtered(queries.visible_to(self.caller, self.scope), area)
        found = session.scalars(queries.of_month(visible, this, following).limit(MOST_ROWS + 1)).all()
        if not 0 < len(found) <= MOST_ROWS:
            raise Invalid(errors={"month": [f"Has {len(found)} assignments; must have 1 to {MOST_ROWS}."]})
        grids: dict[UUID, list[int]] = {}
        for assignment_id, grid_id in session.execute(queries.current_grids([each.id for each in found])):
            grids.setdefault(assignment_id, []).append(grid_id)
        wanted = {
            n: _again(each, grids.get(each.id, ()), following, after) for n, each in enumerate(found, 1)
        }
        return self._make(wanted, len(found))

    def _make(self, wanted: Mapping[int, Wanted], rows: int) -> Report:
        self._stop_if_bad()
        for member_id in sorted({each.member_id for each in wanted.values() if each.member_id}):
            actions.lock((), member_id)
        actions.lock({grid for each in wanted.values() for grid in each.grids}, None)
        with session.begin_nested() as rehearsal:
            made = [self._try(number, each) for number, each in wanted.items()]
            self._stop_if_bad()
            if self.dry_run:
                session.flush()
                rehearsal.rollback()
        if not self.dry_run:
            audit.record("assignments.bulk", "table", result=f"{len(made)} of {rows} rows")
        return Report(
            self.dry_run, rows, sum(each > 0 for each in made), sum(made), sorted(self.faults)[:MOST_TOLD]
        )

    def _stop_if_bad(self) -> None:
        if self.faults and not self.dry_run:
            raise BadRows(sorted(self.faults))

    def _try(self, number: int, wanted: Wanted) -> int:
        """Make one; gives how many shifts it has, 0 where something is wrong."""
        try:
            if not wanted.grids:
                raise Invalid(errors={"grids": ["None of them is in force any more."]})
            spans = actions.spans_of(wanted.pattern)
            actions.check_person(wanted)
            actions.put(wanted, spans, self.author)
        except (Invalid, Conflict) as problem:
            self.faults += [Fault(number, *told) for told in _told(problem)]
            return 0
        return len(spans)


class _Known:
    """The teams, people and grids that rows name, as far as the caller sees them."""

    def __init__(self, bulk: Bulk, wishes: Sequence[Wish]) -> None:
        caller, self.faults = bulk.caller, bulk.faults
        self.grids_seen = grids_visible_to(caller, caller.scope("grids:read"))
        people = teams.members_visible_to(caller, caller.scope("members:read"))
        self.teams = _by_code(bulk.teams, Team, {wish.team for wish in wishes})
        self.members = _by_code(people, Member, {wish.member for wish in wishes if wish.member})
        codes = {code for wish in wishes for code in wish.grids}
        rows = session.execute(queries.coded(self.grids_seen, sorted(codes))) if codes else ()
        self.grids = {row.code: row.id for row in rows}
        self.areas = {area: self._in(area) for area in {wish.area for wish in wishes if wish.area}}

    def _in(self, area: str) -> tuple[int, ...]:
        inside = in_force(self.grids_seen).where(within(Grid.code, prefix_of(area)))
        return tuple(session.scalars(inside.with_only_columns(Grid.id).order_by(Grid.code)))

    def wanted(self, wish: Wish) -> Wanted | None:
        """What a row wishes; None where it names what is not there."""
        before = len(self.faults)
        if wish.team not in self.teams:
            self.faults.append(Fault(wish.number, "team", "Unknown team."))
        if wish.member and wish.member not in self.members:
            self.faults.append(Fault(wish.number, "member", "Unknown member."))
        for code in wish.grids:
            if self.grids.get(code) is None:
                told = "Retired" if code in self.grids else "Unknown"
                self.faults.append(Fault(wish.number, "grids", f"{told} grid {code}."))
        if wish.area and not self.areas[wish.area]:
            self.faults.append(Fault(wish.number, "area", "Unknown area, or one without grids."))
        if len(self.faults) > before:
            return None
        grids = self.areas[wish.area] if wish.area else tuple(self.grids[code] for code in wish.grids)
        member = self.members[wish.member] if wish.member else None
        return Wanted(self.teams[wish.team], member, grids, wish.pattern, wish.reason)


def _by_code(seen: Select[Any], model: Any, codes: set[str]) -> dict[str, UUID]:
    rows = session.execute(seen.with_only_columns(model.code, model.id).where(model.code.in_(codes)))
    return {row.code: row.id for row in rows}


def _month(first: date, later: int) -> datetime:
    years, month = divmod(first.month - 1 + later, 12)
    return datetime(first.year + years, month + 1, 1, tzinfo=LOCAL)


def _again(old: Assignment, grids: Sequence[int], start: datetime, end: datetime) -> Wanted:
    asked = Pattern(start, end, pattern.without_end(old.rrule), old.begins, old.minutes)
    return Wanted(old.team_id, old.member_id, tuple(grids), asked, old.reason)


def _told(problem: Invalid | Conflict) -> list[tuple[str, str]]:
    """Field and sentence of what a problem says."""
    told = [
        (field, f"{each['code']}: {problem.title}" if "code" in each else problem.title)
        if isinstance(each, dict) else (field, each)
        for field, many in (problem.errors or {}).items() for each in many[:5]
    ]  # fmt: skip
    return told or [("", problem.title)]
