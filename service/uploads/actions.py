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
from service.alarms import actions as alarms
from service.alarms.calls import Call, made_id
from service.areas.places import Places, places
from service.audit import actions as audit
from service.coverage import actions as coverage
from service.db import announce, ask, session, uuid7
from service.errors import Problem, SignInNeeded
from service.matters import reporting
from service.matters.clocks import day_of
from service.matters.facts import Report
from service.matters.queries import kinds
from service.members import actions as members
from service.outbox.actions import Event, tell
from service.outbox.queries import epoch
from service.patrols import actions as patrols
from service.patrols.astray import OUTSIDE
from service.policy import current, trace_id
from service.uploads import evidence, items, posts, queries
from service.uploads.items import BadItem
from service.uploads.models import QuarantinedItem

SKEW = timedelta(minutes=2)  # a clock farther off is corrected
_ENTER = """
INSERT INTO upload_items (id, content, member_id)
SELECT * FROM unnest(%(ids)s::uuid[], %(contents)s::bytea[], %(member_ids)s::uuid[])
ON CONFLICT DO NOTHING RETURNING id"""
_HOMES = "SELECT id, area_code FROM members WHERE id = ANY(%(ids)s::uuid[])"
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
    member_id: UUID
    item: items.Item | None = None
    status: str = "stored"
    marks: list[str] = field(default_factory=list)
    problem: dict[str, Any] | None = None

    @property
    def walked(self) -> items.Walked | None:
        """The item, if it belongs to a patrol."""
        return None if isinstance(self.item, Call) else self.item

    @property
    def call(self) -> Call | None:
        """The item, if it is a call for help."""
        return self.item if isinstance(self.item, Call) else None

    def judge(self, status: str, name: str = "", title: str = "", errors: Any = None) -> None:
        """Settle what becomes of it."""
        self.status = status
        if name:
            self.problem = {"type": f"/problems/{name}", "title": title, "errors": errors or {}}

    def verdict(self) -> dict[str, Any]:
        """What the phone is told."""
        answer: dict[str, Any] = {"id": _sayable(_id_as_sent(self.raw)), "status": self.status}
        answer["durable"] = self.status != "rejected"
        if self.status == "stored":
            answer["marks"] = self.marks
        if self.problem:
            answer["problem"] = self.problem
        return answer


class Upload:
    """A batch of a member on its way, with the clock of the phone that it came from."""

    def __init__(self, member_id: UUID, batch: Batch, now: datetime | None = None):
        now = now or datetime.now(UTC)
        self.member_id, self.batch = member_id, batch
        self.by, self.trace = current.get(), trace_id.get()
        self.offset = batch.sent_at - now if batch.sent_at else None
        is_skewed = self.offset is not None and abs(self.offset) > SKEW
        self.clock = evidence.Clock(now, self.offset if self.offset and is_skewed else timedelta())
        self.sent = [_read(raw, member_id, batch.crs, self.clock) for raw in batch.items]

    def answer(self, epoch: int) -> dict[str, Any]:
        """What the phone is told of the whole batch, in this life of the database."""
        return {
            "batch_id": self.batch.batch_id,
            "server_time": self.clock.now,
            "server_epoch": epoch,
            "clock_offset_ms": round(self.offset.total_seconds() * 1000) if self.offset is not None else None,
            "results": [each.verdict() for each in self.sent],
        }

    def entry(self) -> audit.Entry:
        """The row that it leaves in the audit trail."""
        counts = sorted(Counter(each.status for each in self.sent).items())
        told = ", ".join(f"{count} {status}" for status, count in counts)
        return audit.entry(
            "upload.receive",
            "batch",
            self.batch.batch_id,
            subject=self.member_id,
            result=told or "empty",
            by=self.by,
            trace=self.trace,
        )


def receive(member_id: UUID, batch: Batch, now: datetime | None = None) -> dict[str, Any]:
    """Keep everything of a batch that may be kept, and say for each item what became of it."""
    answer = receive_all([Upload(member_id, batch, now)])[0]
    if isinstance(answer, Problem):
        raise answer
    return answer


def receive_all(uploads: Sequence[Upload]) -> list[dict[str, Any] | Problem]:
    """Keep everything of some batches that may be kept; what each phone is told, or why it is refused."""
    known = members.present({upload.member_id for upload in uploads})
    taken = [upload for upload in uploads if upload.member_id in known]
    sent = [each for upload in taken for each in upload.sent]
    _refuse_tracks_without_consent(taken)
    _refuse_foreign_patrols(sent)
    _set_unlisted_aside(taken)
    _enter(sent)
    _keep(taken)
    for upload in taken:
        _raise_alarms(upload)
    _quarantine(taken)
    for each in sent:
        telemetry.ITEMS.labels(each.status).inc()
    audit.record_all([upload.entry() for upload in taken])
    now = epoch()
    return [upload.answer(now) if upload.member_id in known else SignInNeeded() for upload in uploads]


def missing(member_id: UUID, item_ids: Sequence[UUID]) -> list[UUID]:
    """Which of these items a member has not sent, or not so that they were kept, each once."""
    stored = set(session.scalars(queries.stored(member_id, item_ids)))
    set_aside = set(session.scalars(queries.set_aside(member_id, item_ids)))
    return [each for each in dict.fromkeys(item_ids) if each not in stored and str(each) not in set_aside]


def _read(raw: Any, member_id: UUID, crs: str, clock: evidence.Clock) -> Sent:
    canonical = json.dumps([crs, raw], sort_keys=True, separators=(",", ":"))
    sent = Sent(raw, hashlib.sha256(canonical.encode()).digest(), member_id)
    if not isinstance(raw, dict):
        sent.judge("quarantined", "invalid", "An item is a JSON object")
    elif raw.get("type") in LOCATED and raw.get("patrol_id") is None:
        sent.judge("rejected", "outside-patrol", "A position is kept only on a patrol")
    else:
        try:
            sent.item = items.read(raw, crs, clock.phone_span)
            if isinstance(sent.item, Call):
                sent.item = _named(sent.item, sent)
            else:
                clock.span(sent.item)
        except BadItem as bad:
            sent.item = None
            sent.judge("quarantined", "invalid", "Some values cannot be accepted", bad.errors)
    return sent


def _named(call: Call, sent: Sent) -> Call:
    """A call for help with an id: one that has no good one gets that of its content."""
    return call if call.id else call._replace(id=made_id("alarm", sent.member_id, sent.content.hex()))


def _id_as_sent(raw: Any) -> Any:
    value = raw.get("id") if isinstance(raw, dict) else None
    return value if isinstance(value, str) else None


def _sayable(text: str | None) -> str | None:
    """The text as UTF-8 can say it: half a surrogate pair becomes a question mark."""
    return text and text.encode(errors="replace").decode()


def _refuse_tracks_without_consent(uploads: Sequence[Upload]) -> None:
    """Only what was recorded under the consent is kept; a withdrawal waits until this has been committed."""
    tracks = [(upload, each) for upload in uploads for each in upload.sent if _is_track(each.raw)]
    since = members.consented_since({upload.member_id for upload, _ in tracks})
    for upload, each in tracks:
        given = since.get(upload.member_id)
        if given is None or (each.walked and upload.clock.span(each.walked)[0] < given):
            each.judge("rejected", "no-consent", "Tracks are kept only of members who agreed")


def _is_track(raw: Any) -> bool:
    return isinstance(raw, dict) and raw.get("type") == "track"


def _refuse_foreign_patrols(sent: Sequence[Sent]) -> None:
    named = [
        (each, each.walked.patrol_id)
        for each in sent
        if each.walked and each.walked.patrol_id and each.status == "stored"
    ]
    owners = patrols.claim({patrol_id: each.member_id for each, patrol_id in reversed(named)})
    for each, patrol_id in named:
        if owners.get(patrol_id) != each.member_id:
            each.judge("rejected", "foreign-patrol", "This patrol is another member's")


def _set_unlisted_aside(uploads: Sequence[Upload]) -> None:
    """A matter needs a class that was listed and valid when it was found."""
    found = [
        (each, each.item.class_code, upload.clock.true(each.item.at))
        for upload in uploads
        for each in upload.sent
        if isinstance(each.item, items.Found) and each.status == "stored"
    ]
    known = kinds() if found else {}
    for each, code, at in found:
        if code not in known or not known[code].is_valid(day_of(at)):
            errors = {"class": ["Not a class that is listed and valid."]}
            each.judge("quarantined", "invalid", "Some values cannot be accepted", errors)


def _enter(sent: Sequence[Sent]) -> None:
    """Enter new items in the ledger; whoever comes second with an id is a duplicate or a conflict."""
    readable: Any = [each for each in sent if each.item and each.status == "stored"]
    first = {each.item.id: each for each in reversed(readable)}
    if not first:
        return
    entries = [first[id] for id in sorted(first)]
    columns = {
        "contents": [each.content for each in entries],
        "member_ids": [each.member_id for each in entries],
    }
    new = {row.id for row in ask(_ENTER, ids=sorted(first), **columns)}
    late = [each for each in readable if each.item.id not in new or first[each.item.id] is not each]
    known = {row.id: row for row in session.execute(queries.known(first))} if late else {}
    for each in late:
        row = known[each.item.id]
        if (row.content, row.member_id) == (each.content, each.member_id):
            each.judge("duplicate")
        else:
            each.judge("conflict", "id-taken", "This id came before with other content; the first stands")


def _keep(uploads: Sequence[Upload]) -> None:
    where = places()
    weighed = [_weigh(upload, where) for upload in uploads]
    times = evidence.spanning(span for facts in weighed for span in facts.times.items())
    moments = [each for facts in weighed for each in facts.moments]
    check_ins = [each for facts in weighed for each in facts.check_ins]
    patrols.keep_moments(moments)
    patrols.keep_check_ins(check_ins)
    patrols.mark_replays(check_ins)
    patrols.keep_tracks([each for facts in weighed for each in facts.tracks])
    _keep_matters(uploads, [facts.matters for facts in weighed])
    _mark_strays(uploads, weighed)
    patrols.note_times(times)
    patrols.note_moments({moment.patrol_id for moment in moments})
    coverage.mark(list(times))
    if moments:
        announce("patrols timed", patrol_ids={each.patrol_id for each in moments})


def _mark_strays(uploads: Sequence[Upload], weighed: Sequence[evidence.Facts]) -> None:
    """Tell the phone, and keep nowhere, what was recorded outside the grids of a shift."""
    told = [(upload.member_id, facts) for upload, facts in zip(uploads, weighed, strict=True)]
    if outside := posts.strays(told):
        for each in (each for upload in uploads for each in upload.sent):
            if each.walked and each.walked.id in outside:
                each.marks = [*each.marks, OUTSIDE]


def _keep_matters(uploads: Sequence[Upload], found: Sequence[Sequence[Report]]) -> None:
    """Keep matters under the names of who found them; an id that a matter has already is a conflict."""
    reporters = {upload.member_id for upload, matters in zip(uploads, found, strict=True) if matters}
    if not reporters:
        return
    known = {row.id: row for row in session.execute(queries.reporters(reporters))}
    reports = [
        each._replace(
            reporter_id=upload.member_id,
            role=known[upload.member_id].role,
            area_code=known[upload.member_id].area_code,
        )
        for upload, matters in zip(uploads, found, strict=True)
        for each in matters
    ]
    new = set(reporting.keep(reports))
    for each in (each for upload in uploads for each in upload.sent):
        if isinstance(each.item, items.Found) and each.status == "stored" and each.item.id not in new:
            each.judge("conflict", "id-taken", "This id came before with other content; the first stands")


def _weigh(upload: Upload, where: Places) -> evidence.Facts:
    new = [(each, each.walked) for each in upload.sent if each.walked and each.status == "stored"]
    facts = evidence.weigh([walked for _, walked in new], upload.clock, where)
    for (each, _), marks in zip(new, facts.marks, strict=True):
        each.marks = marks
    return facts


def _raise_alarms(upload: Upload) -> None:
    """Raise the alarms of an upload; one whose id stands for another alarm is a conflict."""
    for each in upload.sent:
        if each.call and each.status == "stored":
            sender = alarms.Sender(upload.member_id, "upload")
            try:
                alarm, _ = alarms.raise_alarm(
                    sender, each.call, upload.offset or timedelta(), upload.clock.now
                )
            except alarms.IdTaken as problem:
                each.judge("conflict", "id-taken", problem.title)
            else:
                each.marks = alarm.marks


def _quarantine(uploads: Sequence[Upload]) -> None:
    kept = [
        (upload.batch.batch_id, each)
        for upload in uploads
        for each in upload.sent
        if each.status in ("quarantined", "conflict")
    ]
    if not kept:
        return
    kept.sort(key=lambda one: one[1].content)  # or two batches wait for each other
    known = {tuple(row) for row in session.execute(queries.quarantined([each.content for _, each in kept]))}
    session.execute(
        insert(QuarantinedItem).on_conflict_do_nothing(),
        [
            {
                "id": uuid7(),
                "item_id": json.dumps(_id_as_sent(each.raw))[1:-1][:200],
                "content": each.content,
                "member_id": each.member_id,
                "batch_id": batch_id,
                "raw": json.dumps(each.raw),
                "problem": each.problem,
            }
            for batch_id, each in kept
        ],
    )
    homes = {row.id: row.area_code for row in ask(_HOMES, ids=list({each.member_id for _, each in kept}))}
    senders = {batch_id: each.member_id for batch_id, each in kept}
    tell(*(_quarantined(batch_id, sender, homes[sender]) for batch_id, sender in senders.items()))
    for _, each in kept:
        is_known = (each.member_id, each.content) in known
        if each.status == "quarantined" and is_known and _has_id(each.raw):
            each.status, each.problem = "duplicate", None


def _quarantined(batch_id: UUID, member_id: UUID, area: str) -> Event:
    return Event("upload.quarantined", area, member=member_id, subject=batch_id)


def _has_id(raw: Any) -> bool:
    try:
        return bool(items.read_uuid(raw["id"]))
    except (ValueError, KeyError, TypeError):
        return False
