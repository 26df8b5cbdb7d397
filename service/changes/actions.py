"""What a phone must know, at first all of it, then only what has changed."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select

from service.areas.queries import prefix_of
from service.changes import queries
from service.db import session
from service.errors import Invalid, Problem
from service.outbox.queries import LAST, Position, after, is_known, settled
from service.uploads.actions import EPOCH

MOST = 2000  # events that are looked through; a phone that is further behind loads everything


class ChangesLost(Problem):
    status, title, title_zh = 410, "Ask again without a cursor", "请不带游标重新获取全部数据"


class Source(NamedTuple):
    """A kind of thing that phones keep: the events that change it, and how it is read.

    `read` gives things by their id, for a member whose teams are at home in some areas: those with the ids,
    or all for None. An event of these kinds has the thing's id as its subject, unless the list is short
    enough to come as a whole at every event.
    """

    kinds: tuple[str, ...]
    read: Callable[[UUID, Sequence[str], Sequence[str] | None], dict[str, Any]]
    comes_whole: bool = False


def _grids(_: UUID, areas: Sequence[str], codes: Sequence[str] | None) -> dict[str, Any]:
    return {row.code: row._asdict() for row in session.execute(queries.grids(areas, codes))}


def _listed(select: Callable[[UUID, Sequence[str]], Select[Any]]) -> Callable[..., dict[str, Any]]:
    def read(member_id: UUID, areas: Sequence[str], _: Sequence[str] | None) -> dict[str, Any]:
        return {str(row.id): row._asdict() for row in session.execute(select(member_id, areas))}

    return read


SOURCES = {
    "grids": Source(("grid.created", "grid.retired"), _grids),
    "shifts": Source(("duty.changed", "spot_check.asked"), _listed(queries.shifts), comes_whole=True),
    "checkpoints": Source(("checkpoint.changed",), _listed(queries.checkpoints), comes_whole=True),
    "notices": Source(("notice.sent",), _listed(queries.notices), comes_whole=True),
}


def everything(member_id: UUID) -> dict[str, Any]:
    """All that a member's phone needs, and the cursor behind it."""
    now, areas = settled(), session.scalars(queries.homes(member_id)).all()
    things = {
        name: {"items": list(source.read(member_id, areas, None).values()), "gone": [], "whole": True}
        for name, source in SOURCES.items()
    }
    return {"cursor": _cursor(now, areas), "whole": True, **things}


def since(member_id: UUID, cursor: str) -> dict[str, Any]:
    """What has changed behind a cursor, and what is gone; raises ChangesLost where nobody can tell.

    The new cursor is taken before anything is read: what is committed meanwhile comes twice, never too late.
    """
    now, areas = settled(), session.scalars(queries.homes(member_id)).all()
    before = _position(cursor)
    if cursor != _cursor(before, areas) or not is_known(before):
        raise ChangesLost
    events = after(before, MOST + 1)
    if len(events) > MOST:
        raise ChangesLost
    near = [each for each in events if _is_near(each, areas) and each.member_id in (None, member_id)]
    things = {name: _changed(source, member_id, areas, near) for name, source in SOURCES.items()}
    return {"cursor": _cursor(now, areas), "whole": False, **things}


def _changed(source: Source, member_id: UUID, areas: Sequence[str], events: Iterable[Any]) -> dict[str, Any]:
    ids = sorted({str(each.subject_id) for each in events if each.kind in source.kinds})
    there = source.read(member_id, areas, None if source.comes_whole else ids) if ids else {}
    whole = source.comes_whole and bool(ids)
    gone = [] if source.comes_whole else [id for id in ids if id not in there]
    return {"items": list(there.values()), "gone": gone, "whole": whole}


def _is_near(event: Any, areas: Sequence[str]) -> bool:
    return any(event.area_code.startswith(prefix_of(area)) for area in areas)


def _cursor(position: Position, areas: Sequence[str]) -> str:
    """Where a phone stands, and for which areas: with other teams it needs other things."""
    digest = hashlib.sha256(",".join(areas).encode()).hexdigest()[:12]
    return f"{EPOCH}.{position.xid}.{digest}"


def _position(cursor: str) -> Position:
    parts = cursor.split(".")
    if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 19):
        raise Invalid(errors={"cursor": ["Not a cursor of this service."]})
    return Position(int(parts[1]), LAST)
