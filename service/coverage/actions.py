"""Mark patrols, and rebuild what the marked ones have seen from all their facts."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

import numpy as np
from geoalchemy2.shape import to_shape

from geo.coverage import Piece, Presences, pieces
from service import bulk, jobs
from service.areas.places import Places, places, unix_ms
from service.coverage import merges, queries
from service.coverage.overdue import is_enough
from service.db import ask, session, transaction, uuid7
from service.patrols import queries as patrols
from service.patrols.models import CheckIn, Patrol
from service.patrols.track import fixes_of
from service.telemetry import log
from service.values import EARLIEST

REBUILD = "coverage.rebuild"
_MARK = "INSERT INTO coverage_marks (patrol_id) SELECT unnest(%(ids)s::uuid[])"
_FORGET = """
WITH unmarked AS (DELETE FROM coverage_marks WHERE patrol_id = %(id)s),
gone AS (DELETE FROM footprints WHERE patrol_id = %(id)s AND hour >= %(since)s RETURNING grid_id, hour)
INSERT INTO coverage_stale (grid_id, hour) SELECT grid_id, hour FROM gone"""
_STALE = """
INSERT INTO coverage_stale (grid_id, hour)
SELECT * FROM unnest(%(grids)s::int[], %(hours)s::timestamptz[])"""
_RENEW = "UPDATE coverage_version SET version = %(new)s"
_FOOTPRINT = {
    "patrol_id": "uuid",
    "grid_id": "int4",
    "hour": "timestamptz",
    "seen": "bytea",
    "person_seconds": "float8",
    "silent_seconds": "float8",
    "last_seen_at": "timestamptz",
    "is_enough": "bool",
}


def mark(patrol_ids: Collection[UUID]) -> None:
    """Have these patrols rebuilt once this transaction has been committed."""
    if patrol_ids:
        ask(_MARK, ids=sorted(patrol_ids))
        jobs.later(REBUILD)


def mark_revised(grids: list[int], retired: list[int]) -> None:
    """Have those patrols rebuilt that a change of grids may concern."""
    box = session.scalar(queries.extent(grids)) if grids else None
    touched = set(session.scalars(queries.patrols_over(retired)))
    if box is not None:
        touched |= set(session.scalars(queries.patrols_in(box)))
    mark(touched)


def follow(grids: Collection[int]) -> None:
    """What was seen is worth something else once other checkpoints stand, or have another name."""
    ask(_RENEW, new=uuid7())


@jobs.task(REBUILD, every="* * * * *")
def rebuild_marked() -> int:
    """Rebuild every marked patrol, each in its own transaction, then merge; gives how many could be.

    Jobs that wait already are answered by this run: their marks were committed with them.
    """
    rebuilt = 0
    with transaction():
        jobs.absorb(REBUILD)
    for patrol_id in session.scalars(queries.marked()).all():
        try:
            with transaction():
                rebuild(patrol_id)
            rebuilt += 1
        except Exception:
            log.exception("a patrol could not be rebuilt", patrol_id=str(patrol_id))
    with transaction():
        merges.refresh()
    return rebuilt


def rebuild_now(patrol_ids: Collection[UUID]) -> None:
    """Rebuild and merge in this transaction, because the facts are about to go."""
    for patrol_id in patrol_ids:
        rebuild(patrol_id)
    if patrol_ids:
        merges.refresh()


def rebuild(patrol_id: UUID) -> None:
    """Replace a patrol's footprints by those that follow from all its facts, and take its marks away.

    The marks go first: a fact that arrives later has left another mark. Hours whose facts have been erased
    keep the footprints that these left.
    """
    patrol = session.scalars(queries.locked(patrol_id)).one()
    since = patrol.erased_before or EARLIEST
    ask(_FORGET, id=patrol_id, since=since)
    where = places()
    if rows := [row for row in _rows(patrol_id, _pieces(patrol, where), where) if row["hour"] >= since]:
        bulk.copy_rows("footprints", _FOOTPRINT, [list(row.values()) for row in rows])
        ask(_STALE, grids=[row["grid_id"] for row in rows], hours=[row["hour"] for row in rows])


def _pieces(patrol: Patrol, where: Places) -> list[Piece]:
    check_ins = session.scalars(patrols.check_ins_of(patrol.id)).all()
    return pieces(fixes_of(patrol.id), _presences(check_ins), patrol.mode, where.index, where.all_cells)


def _presences(check_ins: Sequence[CheckIn]) -> Presences:
    """Where and when somebody was; without a position of its own a check-in was at its checkpoint."""
    named = {each.checkpoint_id for each in check_ins if each.checkpoint_id}
    rows = session.execute(queries.checkpoint_places(named)) if named else ()
    marked = {row.id: (row.lon, row.lat) for row in rows}
    honest = [each for each in check_ins if "mock" not in each.marks]
    placed = [each for each in honest if each.position is not None or each.checkpoint_id]
    positions = [
        marked[each.checkpoint_id]
        if each.position is None and each.checkpoint_id
        else to_shape(each.position).coords[0]  # type: ignore[arg-type]
        for each in placed
    ]
    lon, lat = np.array(positions).reshape(-1, 2).T
    return Presences(np.array([unix_ms(each.recorded_at) for each in placed], np.int64), lon, lat)


def _rows(patrol_id: UUID, found: Sequence[Piece], where: Places) -> Iterator[dict[str, Any]]:
    """The hours of a grid in order: what was seen of it adds up along a patrol."""
    for grid, hours in groupby(found, attrgetter("grid")):
        cells, seen = where.cells(grid), list[bytes]()
        for piece in hours:
            seen.append(piece.seen)
            yield _row(patrol_id, piece, where) | {"is_enough": is_enough(seen, cells)}


def _row(patrol_id: UUID, piece: Piece, where: Places) -> dict[str, Any]:
    seen_at = piece.last_seen_at
    return {
        "patrol_id": patrol_id,
        "grid_id": int(where.ids[piece.grid]),
        "hour": datetime.fromtimestamp(piece.hour * 3600, UTC),
        "seen": piece.seen,
        "person_seconds": piece.person_seconds,
        "silent_seconds": piece.silent_seconds,
        "last_seen_at": None if seen_at is None else datetime.fromtimestamp(seen_at / 1000, UTC),
    }
