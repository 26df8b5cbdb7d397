"""Matters that another platform sends: each judged by itself, and in once however often it is sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from service.areas.queries import prefix_of
from service.db import session, uuid7
from service.matters import queries, reporting
from service.matters.facts import Report
from service.matters.models import Matter
from service.policy import Caller

_REFUSED = "refused"


class Verdict(NamedTuple):
    """What becomes of one matter of another platform."""

    external_id: str | None
    status: str
    id: UUID | None = None
    errors: dict[str, Any] = {}


def take_in(
    source: str, read: Sequence[dict[str, Any] | Verdict], caller: Caller, now: datetime
) -> list[Verdict]:
    """Keep what is new and lies where the caller answers for; a verdict for each, in order."""
    sent = [each for each in read if not isinstance(each, Verdict)]
    known = _known(source, [each["external_id"] for each in sent])
    reports = [_report(source, each, caller, now) for each in sent]
    places = reporting.placed(reports) if reports else []
    verdicts: dict[int, Verdict] = {}
    fresh: dict[str, Report] = {}
    for found, place in zip(reports, places, strict=True):
        code = found.external_id or ""
        verdict = _judge(found, place.place_code if place else found.place_code, known, caller)
        if verdict.status == "created" and code not in fresh:
            fresh[code] = found
        verdicts[id(found)] = verdict
    reporting.keep(list(fresh.values()))
    known = _known(source, [each["external_id"] for each in sent])
    settled = iter(_settled(found, verdicts[id(found)], fresh, known) for found in reports)
    return [each if isinstance(each, Verdict) else next(settled) for each in read]


def _settled(found: Report, verdict: Verdict, fresh: dict[str, Report], known: dict[str, UUID]) -> Verdict:
    if verdict.status == _REFUSED:
        return verdict
    id = known[found.external_id or ""]
    return verdict._replace(id=id, status="created" if id == found.id else "known")


def _known(source: str, external_ids: Sequence[str]) -> dict[str, UUID]:
    rows = select(Matter.external_id, Matter.id)
    known = rows.where(Matter.source == source, Matter.external_id.in_(external_ids))
    return {row.external_id: row.id for row in session.execute(known) if row.external_id}


def _judge(found: Report, place: str | None, known: dict[str, UUID], caller: Caller) -> Verdict:
    code = found.external_id
    if code in known:
        return Verdict(code, "known")
    if place is None or not place.startswith(prefix_of(caller.area)):
        return Verdict(code, _REFUSED, errors={"place": ["Not a place that you answer for."]})
    if found.class_code not in queries.valid_kinds(found.recorded_at):
        return Verdict(code, _REFUSED, errors={"class": ["Not a class that is listed and valid."]})
    return Verdict(code, "created")


def _report(source: str, sent: dict[str, Any], caller: Caller, now: datetime) -> Report:
    at = sent.get("at", now)
    names = ("class_code", "title", "facts", "photos", "external_id")
    return Report(
        id=uuid7(),
        text=sent.get("text"),
        position=sent["position"],
        accuracy_m=sent.get("accuracy_m"),
        recorded_at=at,
        phone_at=at,
        received_at=now,
        marks=[] if sent["position"] else ["unplaced"],
        reporter_id=None,
        role="platform",
        area_code=caller.area,
        place_code=sent.get("place"),
        source=source,
        **{name: sent[name] for name in names},
    )
