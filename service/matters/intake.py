"""Matters that another platform sends: each judged by itself, and in once however often it is sent."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from service.areas.queries import prefix_of
from service.db import session, uuid7
from service.matters import queries, reporting
from service.matters.clocks import day_of
from service.matters.facts import AHEAD, Kind, Report
from service.matters.models import Matter
from service.matters.queries import Place
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
    codes = [each["external_id"] for each in sent]
    known, listed = _known(source, codes), queries.kinds()
    reports = [_report(source, each, caller, now) for each in sent]
    verdicts: dict[int, Verdict] = {}
    fresh: dict[str, tuple[Report, Place | None]] = {}
    for found, place in zip(reports, _places(reports, caller), strict=True):
        code = found.external_id or ""
        verdict = _judge(found, place, known, listed, caller)
        if verdict.status == "created" and code not in fresh:
            fresh[code] = found, place
        verdicts[id(found)] = verdict
    reporting.keep([found for found, _ in fresh.values()], [place for _, place in fresh.values()])
    known = _known(source, codes)
    seen = _seen(known.values(), caller)
    settled = iter(_settled(found, verdicts[id(found)], known, seen) for found in reports)
    return [each if isinstance(each, Verdict) else next(settled) for each in read]


def _places(reports: Sequence[Report], caller: Caller) -> list[Place | None]:
    """The grid around each, else the grid or area that it names, if the caller answers for that."""
    ground = prefix_of(caller.area)
    around = reporting.placed(reports) if reports else []
    return [
        place
        or (queries.place_for(found.place_code, ground, found.recorded_at) if found.place_code else None)
        for found, place in zip(reports, around, strict=True)
    ]


def _settled(found: Report, verdict: Verdict, known: dict[str, UUID], seen: Collection[UUID]) -> Verdict:
    if verdict.status == _REFUSED:
        return verdict
    id = known[found.external_id or ""]
    status = "created" if id == found.id else "known"
    return verdict._replace(id=id if id in seen else None, status=status)


def _seen(ids: Collection[UUID], caller: Caller) -> Collection[UUID]:
    """Which of these the caller sees: a case may be known of a place that is another's."""
    visible = queries.visible_to(caller, caller.scope("matters:read"))
    return set(session.scalars(visible.with_only_columns(Matter.id).where(Matter.id.in_(ids))))


def _known(source: str, external_ids: Sequence[str]) -> dict[str, UUID]:
    rows = select(Matter.external_id, Matter.id)
    known = rows.where(Matter.source == source, Matter.external_id.in_(external_ids))
    return {row.external_id: row.id for row in session.execute(known) if row.external_id}


def _judge(
    found: Report, place: Place | None, known: dict[str, UUID], listed: dict[str, Kind], caller: Caller
) -> Verdict:
    code, ground = found.external_id, prefix_of(caller.area)
    if code in known:
        return Verdict(code, "known")
    if found.recorded_at > found.received_at + AHEAD:
        return Verdict(code, _REFUSED, errors={"at": ["More than 24 hours ahead."]})
    if place is None or not place.place_code.startswith(ground):
        return Verdict(code, _REFUSED, errors={"place": ["Not a place that you answer for."]})
    kind = listed.get(found.class_code)
    if kind is None or not kind.is_valid(day_of(found.recorded_at)):
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
