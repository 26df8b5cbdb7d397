"""The hash chain over audit rows: how a row is digested, and what is wrong with a chain. No database."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from service.audit.models import AuditRow, AuditSeal

BEGINNING = bytes(32)  # stands before the first link
_COLUMNS = tuple(column.key for column in AuditRow.__table__.columns)


class Head(NamedTuple):
    """How long the chain was at some moment, and its digest then."""

    seq: int
    digest: str


class Finding(NamedTuple):
    """Something that an honest history cannot have."""

    seq: int | None
    row_id: int | None
    what: str


def digest(previous: bytes, row: AuditRow) -> bytes:
    """The digest of a row that stands behind another."""
    values = [_plain(getattr(row, name)) for name in _COLUMNS]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value if value is None or isinstance(value, int) else str(value)


class Examiner:
    """Walks along the chain once and collects what is wrong; holds no more than one link at a time."""

    def __init__(self, heads: Mapping[int, str], trimmed: int):
        self.heads, self.trimmed = dict(heads), trimmed
        self.seq, self.digest, self.order = 0, BEGINNING, (0, 0)
        self.findings: list[Finding] = []
        self.checked = 0

    def walk(self, links: Iterable[tuple[AuditSeal, AuditRow | None]]) -> None:
        """Look at every link in order, then at what should have followed."""
        for seal, row in links:
            self._link(seal, row)
        for seq in sorted(seq for seq in self.heads if seq > self.seq):
            self._tell(seq, None, "the chain was this long once: its tail has been cut off")

    def _link(self, seal: AuditSeal, row: AuditRow | None) -> None:
        if seal.seq != self.seq + 1:
            self._tell(seal.seq, seal.row_id, f"links {self.seq + 1} to {seal.seq - 1} are missing")
        if seal.previous != self.digest:
            self._tell(seal.seq, seal.row_id, "does not follow the link before it")
        if (seal.xid, seal.row_id) <= self.order:
            self._tell(seal.seq, seal.row_id, "stands out of order")
        if row is not None:
            self._row(seal, row)
        elif seal.seq > self.trimmed:
            self._tell(seal.seq, seal.row_id, "its row has been deleted")
        if self.heads.get(seal.seq, seal.digest.hex()) != seal.digest.hex():
            self._tell(seal.seq, seal.row_id, "the digest is another than the one written down at the time")
        self.seq, self.digest, self.order = seal.seq, seal.digest, (seal.xid, seal.row_id)

    def _row(self, seal: AuditSeal, row: AuditRow) -> None:
        self.checked += 1
        if digest(seal.previous, row) != seal.digest or row.xid != seal.xid:
            self._tell(seal.seq, seal.row_id, "its row has been changed")

    def _tell(self, seq: int | None, row_id: int | None, what: str) -> None:
        self.findings.append(Finding(seq, row_id, what))
