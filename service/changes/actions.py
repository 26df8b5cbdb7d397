"""What a phone must know, at first all of it, then only what has changed."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select

from service.areas.queries import prefix_of, reach
from service.changes import queries
from service.db import session
from service.errors import Invalid, Problem
from service.matters import queries as matters
from service.matters import views
from service.outbox.queries import LAST, Position, after, epoch, is_known, settled
from service.policy import Caller

MOST = 2000  # events that are looked through; a phone that is further behind loads everything


class ChangesLost(Problem):
    status, title, title_zh = 410, "Ask again without a cursor", "请不带游标重新获取全部数据"


class Reader(NamedTuple):
    """Whose phone it is, and what decides which things it needs."""

    caller: Caller
    teams: list[Any]  # id, area_code, is_leader
    areas: list[str]  # codes: of the teams' communities, and of grids elsewhere in which there are shifts
    shifts: list[Any]  # of the next days

    @property
    def ties(self) -> str:
        """Names all of it: with other teams or grids a phone needs other things."""
        told = [self.caller.role, *(str(tuple(each)) for each in self.teams), *self.areas]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


class Source(NamedTuple):
    """A kind of thing that phones keep: the events that change it, and how it is read.

    `read` gives things by their id: those with the ids, or all for None. An event of these kinds has the
    thing's id as its subject, unless the list is short enough to come as a whole at every event. Events from
    anywhere count where `known` says of which things a phone may be told that they are gone.
    """

    kinds: tuple[str, ...]
    read: Callable[[Reader, Sequence[str] | None], dict[str, Any]]
    comes_whole: bool = False
    known: Callable[[Reader, Sequence[str]], list[str]] | None = None


def _grids(reader: Reader, codes: Sequence[str] | None) -> dict[str, Any]:
    return {row.code: row._asdict() for row in session.execute(queries.grids(reader.areas, codes))}


def _shifts(reader: Reader, _: Sequence[str] | None) -> dict[str, Any]:
    return {str(row.id): row._asdict() for row in reader.shifts}


def _swaps(reader: Reader, _: Sequence[str] | None) -> dict[str, Any]:
    led = [each.id for each in reader.teams if each.is_leader]
    found = session.execute(queries.swaps(reader.caller.member_id, led))
    return {str(row.id): row._asdict() for row in found}


def _listed(select: Callable[[UUID, Sequence[str]], Select[Any]]) -> Callable[..., dict[str, Any]]:
    def read(reader: Reader, _: Sequence[str] | None) -> dict[str, Any]:
        found = session.execute(select(reader.caller.member_id, reader.areas))
        return {str(row.id): row._asdict() for row in found}

    return read


def _matters(reader: Reader, ids: Sequence[str] | None) -> dict[str, Any]:
    caller, scope = reader.caller, reader.caller.scope("matters:read")
    found = session.scalars(queries.matters(matters.visible_to(caller, scope), ids)).all()
    told = views.matters(found, caller, scope)
    return {str(each["id"]): each | _ties_to(each, reader) for each in told}


def _ties_to(matter: dict[str, Any], reader: Reader) -> dict[str, bool]:
    me, mine = reader.caller.member_id, {each.id for each in reader.teams}
    is_given = matter["handler_id"] == me or matter["team_id"] in mine
    return {"is_mine": matter["reporter_id"] == me, "is_given": is_given}


def _known_matters(reader: Reader, ids: Sequence[str]) -> list[str]:
    caller = reader.caller
    seen, teams = matters.visible_to(caller, caller.scope("matters:read")), [each.id for each in reader.teams]
    return [str(id) for id in session.scalars(queries.known_matters(seen, caller.member_id, teams, ids))]


SOURCES = {
    "grids": Source(("grid.created", "grid.retired"), _grids),
    "shifts": Source(("duty.changed", "spot_check.asked"), _shifts, comes_whole=True),
    "swaps": Source(("duty.changed",), _swaps, comes_whole=True),
    "checkpoints": Source(("checkpoint.changed",), _listed(queries.checkpoints), comes_whole=True),
    "notices": Source(("notice.sent",), _listed(queries.notices), comes_whole=True),
    "matters": Source(("matter.changed",), _matters, known=_known_matters),
}


def everything(caller: Caller) -> dict[str, Any]:
    """All that a member's phone needs, and the cursor behind it."""
    now, reader = settled(), _reader(caller)
    things = {
        name: {"items": list(source.read(reader, None).values()), "gone": [], "whole": True}
        for name, source in SOURCES.items()
    }
    return {"cursor": _cursor(now, reader), "whole": True, **things}


def since(caller: Caller, cursor: str) -> dict[str, Any]:
    """What has changed behind a cursor, and what is gone; raises ChangesLost where nobody can tell.

    The new cursor is taken before anything is read: what is committed meanwhile comes twice, never too late.
    """
    now, reader, before = settled(), _reader(caller), _position(cursor)
    if cursor != _cursor(before, reader) or not is_known(before):
        raise ChangesLost
    events = after(before, MOST + 1)
    if len(events) > MOST:
        raise ChangesLost
    things = {name: _changed(source, reader, events) for name, source in SOURCES.items()}
    return {"cursor": _cursor(now, reader), "whole": False, **things}


def _reader(caller: Caller) -> Reader:
    teams = list(session.execute(queries.teams(caller.member_id)))
    homes = sorted({each.area_code for each in teams})
    shifts = list(session.execute(queries.shifts(caller.member_id)))
    codes = {code for row in shifts for code in row.grids}
    county = reach(caller, caller.scope("grids:read"))
    away = {code for code in codes if code.startswith(county) and not _lies_in(code, homes)}
    return Reader(caller, teams, homes + sorted(away), shifts)


def _changed(source: Source, reader: Reader, events: Iterable[Any]) -> dict[str, Any]:
    ids = sorted({str(each.subject_id) for each in events if _concerns(each, source, reader)})
    there = source.read(reader, None if source.comes_whole else ids) if ids else {}
    whole = source.comes_whole and bool(ids)
    known = source.known(reader, ids) if source.known and ids else ids
    gone = [] if source.comes_whole else [id for id in known if id not in there]
    return {"items": list(there.values()), "gone": gone, "whole": whole}


def _concerns(event: Any, source: Source, reader: Reader) -> bool:
    if event.kind not in source.kinds or event.member_id not in (None, reader.caller.member_id):
        return False
    return source.known is not None or _lies_in(event.grid_code or event.area_code, reader.areas)


def _lies_in(code: str, areas: Iterable[str]) -> bool:
    return any(code.startswith(prefix_of(area)) for area in areas)


def _cursor(position: Position, reader: Reader) -> str:
    """Where a phone stands, and for whom."""
    return f"{epoch()}.{position.xid}.{reader.ties}"


def _position(cursor: str) -> Position:
    parts = cursor.split(".")
    if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 19):
        raise Invalid(errors={"cursor": ["Not a cursor of this service."]})
    return Position(int(parts[1]), LAST)
