"""Take in what a phone sends: read, judge, keep, mark. One bad item never spoils the others."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from service import telemetry
from service.audit import actions as audit
from service.coverage import actions as coverage
from service.db import ask, session, uuid7
from service.errors import SignInNeeded
from service.members import queries as members
from service.outbox.actions import Event, tell
from service.patrols import actions as patrols
from service.uploads import evidence, items, queries
from service.uploads.items import BadItem
from service.uploads.models import QuarantinedItem

EPOCH = 1  # counts the times that this database was restored from a backup
SKEW = timedelta(minutes=2)  # a clock farther off is corrected
_ENTER = """
INSERT INTO upload_items (id, content, member_id)
SELECT id, content, %(member_id)s FROM unnest(%(ids)s::uuid[], %(contents)s::bytea[]) AS sent (id, content)
ON CONFLICT DO NOTHING RETURNING id"""
LOCATED = ("track", "check_in")  # kept only on a patrol


class Batch(NamedTuple):
    """An upload whose envelope is in order."""

    batch_id: UUID
    crs: str
    sent_at: datetime | None
    items: list[Any]


@dataclass
class Sent:
    """One item on its way: as sent, as read, and the verdict on it."""

    raw: Any
    content: bytes
    item: items.Item | None = None
    status: str = "stored"
    marks: list[str] = field(default_factory=list)
    problem: dict[str, Any] | None = None

    def judge(self, status: str, name: str = "", title: str = "", errors: Any = None) -> None:
        """Settle what becomes of it."""
        self.status = status
        if name:
            self.problem = {"type": f"/problems/{name}", "title": title, "errors": errors or {}}

    def verdict(self) -> dict[str, Any]:
        """What the phone is told."""
        answer: dict[str, Any] = {"id": _id_as_sent(self.raw), "status": self.status}
        answer["durable"] = self.status != "rejected"
        if self.status == "stored":
            answer["marks"] = self.marks
        if self.problem:
            answer["problem"] = self.problem
        return answer


def receive(member_id: UUID, batch: Batch, now: datetime | None = None) -> dict[str, Any]:
    """Keep everything of a batch that may be kept, and say for each item what became of it."""
    now = now or datetime.now(UTC)
    if not ask(members.PRESENT, member_id=member_id):
        raise SignInNeeded
    offset = batch.sent_at - now if batch.sent_at else None
    clock = evidence.Clock(now, offset if offset and abs(offset) > SKEW else timedelta())
    sent = [_read(raw, batch.crs, clock) for raw in batch.items]
    _refuse_tracks_without_consent(sent, member_id, clock)
    _refuse_foreign_patrols(sent, member_id)
    _enter(sent, member_id)
    new = [each for each in sent if each.status == "stored"]
    _keep(new, clock)
    _quarantine(sent, member_id, batch.batch_id)
    counts = Counter(each.status for each in sent)
    for status, count in counts.items():
        telemetry.ITEMS.labels(status).inc(count)
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    audit.record("upload.receive", "batch", batch.batch_id, subject=member_id, result=told or "empty")
    return {
        "batch_id": batch.batch_id,
        "server_time": now,
        "server_epoch": EPOCH,
        "clock_offset_ms": round(offset.total_seconds() * 1000) if offset is not None else None,
        "results": [each.verdict() for each in sent],
    }


def missing(member_id: UUID, item_ids: Sequence[UUID]) -> list[UUID]:
    """Which of these items a member has not sent, or not so that they were kept, each once."""
    stored = set(session.scalars(queries.stored(member_id, item_ids)))
    set_aside = set(session.scalars(queries.set_aside(member_id, item_ids)))
    return [each for each in dict.fromkeys(item_ids) if each not in stored and str(each) not in set_aside]


def _read(raw: Any, crs: str, clock: evidence.Clock) -> Sent:
    canonical = json.dumps([crs, raw], sort_keys=True, separators=(",", ":"))
    sent = Sent(raw, hashlib.sha256(canonical.encode()).digest())
    if not isinstance(raw, dict):
        sent.judge("quarantined", "invalid", "An item is a JSON object")
    elif raw.get("type") in LOCATED and raw.get("patrol_id") is None:
        sent.judge("rejected", "outside-patrol", "A position is kept only on a patrol")
    else:
        try:
            sent.item = items.read(raw, crs, clock.now)
            clock.span(sent.item)
        except BadItem as bad:
            sent.item = None
            sent.judge("quarantined", "invalid", "Some values cannot be accepted", bad.errors)
    return sent


def _id_as_sent(raw: Any) -> Any:
    value = raw.get("id") if isinstance(raw, dict) else None
    return value if isinstance(value, str) else None


def _refuse_tracks_without_consent(sent: Sequence[Sent], member_id: UUID, clock: evidence.Clock) -> None:
    """Only what was recorded under the consent is kept; a withdrawal waits until this has been committed."""
    tracks = [each for each in sent if isinstance(each.raw, dict) and each.raw.get("type") == "track"]
    if not tracks:
        return
    # a consent that was renewed while we waited for it is seen only by a new look
    held = ask(members.CONSENT_HELD, member_id=member_id) or ask(members.CONSENT_HELD, member_id=member_id)
    since = held[0].since if held else None
    for each in tracks:
        if since is None or (each.item and clock.span(each.item)[0] < since):
            each.judge("rejected", "no-consent", "Tracks are kept only of members who agreed")


def _refuse_foreign_patrols(sent: Sequence[Sent], member_id: UUID) -> None:
    named = {each.item.patrol_id for each in sent if each.item and each.status == "stored"}
    own = patrols.claim(list(named), member_id)
    for each in sent:
        if each.item and each.status == "stored" and each.item.patrol_id not in own:
            each.judge("rejected", "foreign-patrol", "This patrol is another member's")


def _enter(sent: Sequence[Sent], member_id: UUID) -> None:
    """Enter new items in the ledger; whoever comes second with an id is a duplicate or a conflict."""
    readable: Any = [each for each in sent if each.item and each.status == "stored"]
    first = {each.item.id: each for each in reversed(readable)}
    if not first:
        return
    ids = sorted(first)
    contents = [first[id].content for id in ids]
    new = {row.id for row in ask(_ENTER, ids=ids, contents=contents, member_id=member_id)}
    late = [each for each in readable if each.item.id not in new or first[each.item.id] is not each]
    known = {row.id: row for row in session.execute(queries.known(first))} if late else {}
    for each in late:
        row = known[each.item.id]
        if (row.content, row.member_id) == (each.content, member_id):
            each.judge("duplicate")
        else:
            each.judge("conflict", "id-taken", "This id came before with other content; the first stands")


def _keep(new: Sequence[Sent], clock: evidence.Clock) -> None:
    facts = evidence.weigh([each.item for each in new if each.item], clock)
    for each, marks in zip(new, facts.marks, strict=True):
        each.marks = marks
    patrols.keep_moments(facts.moments)
    patrols.keep_check_ins(facts.check_ins)
    patrols.keep_tracks(facts.tracks, clock.now)
    patrols.note_times(facts.times)
    patrols.note_moments({moment.patrol_id for moment in facts.moments})
    coverage.mark(list(facts.times))


def _quarantine(sent: Sequence[Sent], member_id: UUID, batch_id: UUID) -> None:
    kept = [each for each in sent if each.status in ("quarantined", "conflict")]
    if not kept:
        return
    known = set(session.scalars(queries.quarantined(member_id, [each.content for each in kept])))
    session.execute(
        insert(QuarantinedItem).on_conflict_do_nothing(),
        [
            {
                "id": uuid7(),
                "item_id": json.dumps(_id_as_sent(each.raw))[1:-1][:200],
                "content": each.content,
                "member_id": member_id,
                "batch_id": batch_id,
                "raw": json.dumps(each.raw),
                "problem": each.problem,
            }
            for each in sorted(kept, key=lambda each: each.content)  # or two batches wait for each other
        ],
    )
    (home,) = ask("SELECT area_code FROM members WHERE id = %(id)s", id=member_id)
    tell(Event("upload.quarantined", home.area_code, member=member_id, subject=batch_id))
    for each in kept:
        if each.status == "quarantined" and each.content in known and _has_id(each.raw):
            each.status, each.problem = "duplicate", None


def _has_id(raw: Any) -> bool:
    try:
        return bool(items.read_uuid(raw["id"]))
    except (ValueError, KeyError, TypeError):
        return False
