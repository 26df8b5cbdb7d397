"""Questions to the audit trail."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, and_, func, literal, literal_column, select, tuple_

from service.audit.models import AuditOrigin, AuditRow, AuditSeal
from service.policy import Caller

TRIMMED = "audit.trimmed"  # the action of a row that tells up to which link rows were erased by age
_BELOW = re.compile("(0{8}|0{6}|0{3})$")  # what a code of 12 digits ends with, by its level
_PREFECTURE = 4


def everything() -> Select[AuditRow]:
    """The whole trail."""
    return select(AuditRow)


def visible_to(caller: Caller) -> Select[AuditRow]:
    """A prefecture's auditor reads everything, another what people of the area and below it did."""
    prefix = _BELOW.sub("", caller.area)
    rows = select(AuditRow)
    return rows if len(prefix) <= _PREFECTURE else rows.where(AuditRow.area_code.startswith(prefix))


def about(rows: Select[Any], subject_id: UUID) -> Select[Any]:
    """Those of the rows in which somebody else did something with a person's data."""
    return rows.where(AuditRow.subject_id == subject_id, AuditRow.actor_id != subject_id)


def filtered(
    rows: Select[AuditRow],
    actor: UUID | None = None,
    subject: UUID | None = None,
    action: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Select[AuditRow]:
    """Those of the rows that match everything given."""
    wanted = {"actor_id": actor, "subject_id": subject, "action": action}
    rows = rows.filter_by(**{name: value for name, value in wanted.items() if value is not None})
    if start is not None:
        rows = rows.where(AuditRow.at >= start)
    return rows if end is None else rows.where(AuditRow.at < end)


def _place() -> ColumnElement[Any]:
    return tuple_(AuditRow.xid, AuditRow.id)


def _at(place: tuple[int, int]) -> ColumnElement[Any]:
    return tuple_(*(literal(each, BigInteger) for each in place))


def horizon() -> Select[Any]:
    """The transaction from which on somebody may still be writing."""
    oldest = literal_column("(pg_snapshot_xmin(pg_current_snapshot())::text)::bigint", BigInteger)
    return select(AuditOrigin.xid + oldest)


def last_seal() -> Select[AuditSeal]:
    """The chain's head."""
    return select(AuditSeal).order_by(AuditSeal.seq.desc()).limit(1)


def unsealed(after: tuple[int, int], before_xid: int, limit: int) -> Select[AuditRow]:
    """The next rows of ended transactions, in the order in which they are sealed."""
    return (
        select(AuditRow)
        .where(_place() > _at(after), AuditRow.xid < before_xid)
        .order_by(AuditRow.xid, AuditRow.id)
        .limit(limit)
    )


def chain() -> Select[*tuple[Any, ...]]:
    """Every link, and its row where it is still there."""
    return (
        select(AuditSeal, AuditRow)
        .outerjoin(AuditRow, AuditRow.id == AuditSeal.row_id)
        .order_by(AuditSeal.seq)
        .execution_options(yield_per=1000, populate_existing=True)
    )


def slipped_in(last: tuple[int, int]) -> Select[int]:
    """The rows without a link that are older than the head: nobody can have written them in time."""
    sealed = select(AuditSeal.row_id).where(AuditSeal.row_id == AuditRow.id)
    return select(AuditRow.id).where(_place() <= _at(last), ~sealed.exists())


def waiting(last: tuple[int, int]) -> Select[int]:
    """How many rows are not sealed yet."""
    return select(func.count()).where(_place() > _at(last))


def trimmings() -> Select[Any]:
    """Up to which links rows were erased by age, as the trail tells."""
    return select(AuditRow.object_id).where(AuditRow.action == TRIMMED)


def last_older_than(before: datetime) -> Select[Any]:
    """The last link such that it and all before it are of rows older than a time."""
    younger = select(func.min(AuditSeal.seq)).join(AuditRow, AuditRow.id == AuditSeal.row_id)
    first_younger = younger.where(AuditRow.at >= before).scalar_subquery()
    older = select(func.max(AuditSeal.seq)).join(AuditRow, AuditRow.id == AuditSeal.row_id)
    return older.where(and_(AuditRow.at < before, func.coalesce(AuditSeal.seq < first_younger, True)))


def ids_up_to(seq: int, limit: int) -> Select[int]:
    """Some of the rows that are still there up to a link."""
    there = select(AuditRow.id).join(AuditSeal, AuditSeal.row_id == AuditRow.id)
    return there.where(AuditSeal.seq <= seq).limit(limit)
