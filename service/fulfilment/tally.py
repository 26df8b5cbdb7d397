"""What was promised against what was walked, added up by grid, area, team or shift."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from geo.coverage import merge, share_seen
from service.areas.models import DIGITS
from service.areas.places import places
from service.coverage.measure import cells_in
from service.db import session
from service.duty.models import Shift
from service.fulfilment import queries
from service.fulfilment.rule import Evidence, outcome

PUNCTUAL = timedelta(minutes=15)  # a shift whose first patrol begins later is late
BY = ("grid", "community", "township", "county", "team", "shift")


@dataclass
class Tally:
    """How many grids of shifts were promised, and what became of each; late are shifts, not people."""

    code: str
    name: str | None
    shifts: set[UUID] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)
    late: set[UUID] = field(default_factory=set)
    starts_at: datetime | None = None  # of one shift
    ends_at: datetime | None = None

    @property
    def promised(self) -> int:
        """How many times a grid was promised."""
        return self.outcomes.total()


@dataclass(frozen=True)
class Asked:
    """Which shifts, begun in which window, with grids within which prefix, added up by what."""

    shifts: Select[Shift]
    start: datetime
    end: datetime
    prefix: str
    by: str


def tallies(asked: Asked, now: datetime) -> list[Tally]:
    """In order of code; for areas without a name, which the caller adds."""
    pairs = queries.promised(asked.shifts, asked.start, asked.end, asked.prefix)
    rows = session.execute(select(pairs)).all()
    if not rows:
        return []
    evidence, marks = _evidence(pairs), dict(map(tuple, session.execute(queries.checkpoints(pairs))))
    late = _late(rows, dict(map(tuple, session.execute(queries.beginnings(pairs)))), now)
    names = {row.id: row for row in session.execute(queries.team_names(list({row.team_id for row in rows})))}
    found: dict[str, Tally] = {}
    for row in rows:
        code, name = _key(row, names, asked.by)
        tally = found.setdefault(code, Tally(code, name))
        shown = evidence.get((row.shift_id, row.grid_id), Evidence())
        what = outcome(shown, row.basis, marks.get(row.grid_id, 0), is_over=row.ends_at <= now)
        tally.outcomes[what] += 1
        tally.shifts.add(row.shift_id)
        if row.shift_id in late:
            tally.late.add(row.shift_id)
        if asked.by == "shift":
            tally.starts_at, tally.ends_at = row.starts_at, row.ends_at
    return [found[code] for code in sorted(found)]


def _evidence(pairs: Any) -> dict[tuple[UUID, int], Evidence]:
    seen = session.execute(queries.footprints(pairs)).all()
    cells = cells_in(places(), [row.grid_id for row in seen])
    found: dict[tuple[UUID, int], Evidence] = {}
    for row in seen:
        ground = cells[row.grid_id]
        share = share_seen(merge(row.seen, ground), ground) if row.seen else 0.0
        found[row.shift_id, row.grid_id] = Evidence(share, was_there=True)
    for row in session.execute(queries.check_ins(pairs)):
        key = row.shift_id, row.grid_id
        found[key] = Evidence(found.get(key, Evidence()).share_seen, row.reached, was_there=True)
    return found


def _late(rows: Iterable[Any], began: dict[UUID, datetime], now: datetime) -> set[UUID]:
    return {
        row.shift_id
        for row in rows
        if (began.get(row.shift_id) or now) > row.starts_at + PUNCTUAL
    }  # fmt: skip


def _key(row: Any, teams: dict[UUID, Any], by: str) -> tuple[str, str | None]:
    team = teams[row.team_id]
    if by == "shift":
        return str(row.shift_id), team.name
    if by == "team":
        return team.code, team.name
    if by == "grid":
        return row.code, row.name
    return row.code[: DIGITS[by]].ljust(12, "0"), None
