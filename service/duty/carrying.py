"""Carry assignments on when grids are redrawn."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, select, text
from sqlalchemy.orm import aliased

from service.areas.models import Grid
from service.db import announce, moment, session, uuid7
from service.duty.models import Assignment, AssignmentGrid, AssignmentStep

CARRY = """
    WITH moved AS (
        SELECT held.assignment_id, held.team_id, lineage.successor_id, min(held.grid_id) AS carried_from,
            range_agg(span) AS during
        FROM assignment_grids AS held
        JOIN grid_lineage AS lineage ON lineage.predecessor_id = held.grid_id
        CROSS JOIN LATERAL unnest(held.during * tstzmultirange(tstzrange(:now, NULL))) AS span
        WHERE held.grid_id = ANY(:retired)
        GROUP BY held.assignment_id, held.team_id, lineage.successor_id
    )
    INSERT INTO assignment_grids (assignment_id, grid_id, team_id, during, is_shared, carried_from)
    SELECT assignment_id, successor_id, team_id, during, EXISTS (
        SELECT FROM moved AS other WHERE other.successor_id = moved.successor_id
            AND other.team_id <> moved.team_id AND other.during && moved.during
    ), carried_from
    FROM moved
"""
CUT = """
    UPDATE assignment_grids SET during = during * tstzmultirange(tstzrange(NULL, :now)), dropped_at = :now
    WHERE grid_id = ANY(:retired) AND during && tstzrange(:now, NULL)
    RETURNING assignment_id, grid_id
"""


def carry(grids: Sequence[int], retired: Sequence[int]) -> None:
    """Let assignments go on in the successors of retired grids, and say so in their history.

    Where teams come together on one grid by it, they share it: the revision is the reason.
    """
    values = {"now": moment(), "retired": list(retired)}
    session.execute(text(CARRY), values)
    cut = session.execute(text(CUT), values).all()
    ids = sorted({row.assignment_id for row in cut})
    if not ids:
        return
    session.expire_all()
    into: dict[UUID, list[Any]] = {each: [] for each in ids}
    for row in session.execute(_into(ids, retired)):
        into[row.assignment_id].append(row)
    steps = [_carried(each, rows) for each, rows in into.items()]
    session.execute(insert(AssignmentStep), steps)
    teams = select(Assignment.team_id).where(Assignment.id.in_(ids)).distinct()
    announce("duty changed", grids=[*grids, *retired], teams=list(session.scalars(teams)))


def _carried(assignment_id: UUID, rows: Sequence[Any]) -> dict[str, Any]:
    note = ", ".join(f"{row.before} → {row.code}" for row in rows) or None
    step = {"id": uuid7(), "assignment_id": assignment_id, "by_member": None, "note": note, "before": None}
    return step | {"kind": "carried" if rows else "dropped"}


def _into(assignment_ids: Sequence[UUID], retired: Sequence[int]) -> Select[*tuple[Any, ...]]:
    """Of assignments: into which grids they were carried out of which retired ones (codes)."""
    before = aliased(Grid)
    return (
        select(AssignmentGrid.assignment_id, AssignmentGrid.team_id, before.code.label("before"), Grid.code)
        .join(Grid, Grid.id == AssignmentGrid.grid_id)
        .join(before, before.id == AssignmentGrid.carried_from)
        .where(AssignmentGrid.assignment_id.in_(assignment_ids), before.id.in_(retired))
        .order_by(Grid.code)
    )
