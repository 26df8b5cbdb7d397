"""Write the audit trail, seal it, check it.

A row is written in the transaction that it tells of. A job seals the rows of ended transactions into a
hash chain and notes the chain's head outside the database. What protects what: the database's grants keep
rows from being changed before they are sealed; the chain shows every later change, deletion, swap or
insertion; the heads show a tail that was cut off, or a chain that somebody worked out anew. Who can write
both the database and the file of heads can forge both: have the heads, which are logged too, collected on
another machine.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from service import jobs
from service.audit import chain, queries
from service.audit.chain import Examiner, Finding, Head
from service.audit.models import AuditRow, AuditSeal
from service.db import ask, session, transaction
from service.policy import Caller, current, trace_id
from service.settings import Settings
from service.telemetry import log

SEALING = 0x7365616C  # the advisory lock under which the chain grows
_AT_ONCE = 5000  # rows sealed or erased in one transaction
_COLUMNS = ("actor_id", "role", "session_id", "area_code", "action", "object_kind", "object_id", "subject_id",
            "purpose", "result", "trace_id")  # fmt: skip
_TYPES = ("uuid", "text", "uuid", "text", "text", "text", "text", "uuid", "text", "text", "text")
_UNNESTED = ", ".join(f"%({name})s::{kind}[]" for name, kind in zip(_COLUMNS, _TYPES, strict=True))
_INSERT = f"""
INSERT INTO audit_rows ({", ".join(_COLUMNS)}, xid)
SELECT *, (SELECT xid FROM audit_origin) + (pg_current_xact_id()::text)::bigint FROM unnest({_UNNESTED})"""
_COUNT_ON = """
UPDATE audit_origin SET xid = greatest(
    xid, (SELECT max(xid) FROM audit_rows), (SELECT xid FROM audit_seals ORDER BY seq DESC LIMIT 1)
)"""
Entry = dict[str, Any]  # a row to be written, by column


class Report(NamedTuple):
    """What a check of the whole trail has found."""

    sealed: int  # links
    checked: int  # rows that were held against their link
    trimmed: int  # the last link whose row was erased by age
    waiting: int  # rows that are not sealed yet
    findings: list[Finding]


def record(
    action: str,
    kind: str,
    id: object = None,
    *,
    subject: UUID | None = None,
    purpose: str | None = None,
    result: str = "done",
    by: Caller | None = None,
) -> None:
    """Leave a row in this transaction: the current caller, or `by`, did `action` to the object `kind` `id`.

    Outside a request it was the system. Pass ids and codes, never names: what is sealed cannot be erased.
    """
    record_all([entry(action, kind, id, subject=subject, purpose=purpose, result=result, by=by)])


def entry(
    action: str,
    kind: str,
    id: object = None,
    *,
    subject: UUID | None = None,
    purpose: str | None = None,
    result: str = "done",
    by: Caller | None = None,
    trace: str | None = None,
) -> Entry:
    """What `record` writes, to be written later or with others; `trace` names the request if not this."""
    who = by or current.get()
    return {
        "actor_id": who.member_id if who else None,
        "role": who.role if who else "system",
        "session_id": who.session_id if who else None,
        "area_code": who.area if who else None,
        "action": action,
        "object_kind": kind,
        "object_id": None if id is None else str(id),
        "subject_id": subject,
        "purpose": purpose,
        "result": result,
        "trace_id": trace or trace_id.get(),
    }


def record_all(entries: Sequence[Entry]) -> None:
    """Leave these rows in this transaction."""
    if entries:
        ask(_INSERT, **{name: [each[name] for each in entries] for name in _COLUMNS})


@jobs.task("audit.seal", every="* * * * *")
def seal_all() -> int:
    """Seal whatever can be sealed, and note each head outside the database; gives how many rows."""
    sealed, heads = 0, Settings.from_env().audit_heads
    while True:
        with transaction():
            count, head = seal()
        if head is None:
            return sealed
        sealed += count
        note(head, heads)


def count_on(epoch: int) -> None:
    """Count transactions from above all that the trail knows, and leave a row: the database begins a life.

    In another cluster they are numbered anew, and what is sealed must stand behind what was sealed before.
    Whoever writes audit rows is waited for, since nobody may go on counting as before.
    """
    ask("LOCK TABLE audit_rows IN SHARE ROW EXCLUSIVE MODE")
    ask(_COUNT_ON)
    record("epoch.renewed", "epoch", epoch)


def seal(before_xid: int | None = None) -> tuple[int, Head | None]:
    """Append some rows of ended transactions to the chain; gives how many, and the new head if there is one.

    Only rows of transactions before `before_xid`, the oldest that still runs unless given, can be sealed
    without ever passing one over that is committed later.
    """
    session.execute(select(func.pg_advisory_xact_lock(SEALING)))
    before_xid = before_xid or session.scalars(queries.horizon()).one()
    last = session.scalars(queries.last_seal()).one_or_none()
    seq, digest, order = (last.seq, last.digest, (last.xid, last.row_id)) if last else _EMPTY
    links = []
    for row in session.scalars(queries.unsealed(order, before_xid, _AT_ONCE)):
        link = {"seq": (seq := seq + 1), "row_id": row.id, "xid": row.xid, "previous": digest}
        links.append(link | {"digest": (digest := chain.digest(digest, row))})
    if not links:
        return 0, None
    session.execute(insert(AuditSeal), links)
    return len(links), Head(seq, digest.hex())


_EMPTY = 0, chain.BEGINNING, (0, 0)


def note(head: Head, file: Path) -> None:
    """Write a head down where the database cannot reach it."""
    line = json.dumps(head._asdict() | {"at": datetime.now(UTC).isoformat(timespec="seconds")})
    log.info("audit sealed", **head._asdict())
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(line + "\n")
        out.flush()
        os.fsync(out.fileno())


def noted(file: Path) -> dict[int, str]:
    """The heads that were written down: length of the chain → its digest."""
    if not file.exists():
        return {}
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]
    return {line["seq"]: line["digest"] for line in lines}


def verify(heads: Mapping[int, str]) -> Report:
    """Hold every row against the chain, and the chain against the heads that were written down."""
    told = [text for text in session.scalars(queries.trimmings()) if text and text.isdecimal()]
    trimmed = max(map(int, told), default=0)
    examiner = Examiner(heads, trimmed)
    examiner.walk((seal, row) for seal, row in session.execute(queries.chain()))
    late = session.scalars(queries.slipped_in(examiner.order)).all()
    found = examiner.findings + [Finding(None, id, "stands among sealed rows without a link") for id in late]
    waiting = session.scalars(queries.waiting(examiner.order)).one()
    return Report(examiner.seq, examiner.checked, trimmed, waiting, found)


def trim(before: datetime) -> int:
    """Erase the sealed rows older than a time and leave a row that says so; gives how many.

    Their links stay, so the chain still holds; rows among younger ones wait until those are old.
    """
    seq = session.scalars(queries.last_older_than(before)).one()
    if seq is None:
        return 0
    erased = 0
    while ids := session.scalars(queries.ids_up_to(seq, _AT_ONCE)).all():
        session.execute(delete(AuditRow).where(AuditRow.id.in_(ids)))
        erased += len(ids)
    record(queries.TRIMMED, "audit-seal", seq, result=f"{erased} rows")
    return erased
