"""What items are worth: times corrected, places found, doubts marked, check-ins graded."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from geo.index import NOWHERE
from geo.plane import degree_lengths
from geo.tracks import ACCURATE, Fixes, marks, ordered
from service.areas.places import Places, unix_ms
from service.checkpoints import actions as checkpoints
from service.checkpoints.proofs import Finding
from service.checkpoints.proofs import read as read_proof
from service.matters.facts import Report
from service.patrols.facts import CheckInFact, MomentFact, TrackFact
from service.uploads.items import (
    AHEAD,
    BadItem,
    CheckIn,
    Found,
    Moment,
    Span,
    Track,
    Walked,
    first_and_last,
)
from service.values import EARLIEST

_ABSURD = "Before 2020 or more than 24 hours ahead, once the phone's clock is corrected."
NEAR = 100.0  # m, beside the accuracy: how far from a checkpoint its proof may be shown
_TOLD = ("id", "class_code", "title", "text", "facts", "photos", "position", "accuracy_m", "patrol_id")
_WORDS = {"stale": "stale_proof", "forged": "forged_proof", "unknown": "unknown_proof"}


class Proven(NamedTuple):
    """What the proof of a check-in is worth, and the checkpoint where it holds."""

    finding: Finding | None
    where: checkpoints.Place | None

    @property
    def holds(self) -> bool:
        """Whether it proves that the phone was there."""
        return self.finding is not None and self.finding.verdict == "ok"


NO_PROOF = Proven(None, None)


class Clock(NamedTuple):
    """The server's time, and how far the phone's clock is ahead of it: zero while that hardly matters."""

    now: datetime
    ahead: timedelta

    def true(self, phone_at: datetime) -> datetime:
        """The time by a right clock."""
        return phone_at - self.ahead

    @property
    def phone_span(self) -> Span:
        """Between which times of the phone's clock an item is not absurd."""
        try:
            earliest = EARLIEST + self.ahead
        except OverflowError:
            earliest = datetime.min.replace(tzinfo=UTC)
        return earliest, self.now + self.ahead + AHEAD

    def span(self, item: Walked) -> Span:
        """When the first and the last thing in an item really happened; raises BadItem if absurd."""
        try:
            first, last = map(self.true, first_and_last(item))
        except OverflowError:
            raise BadItem(at=_ABSURD) from None
        if first < EARLIEST or last > self.now + AHEAD:
            raise BadItem(at=_ABSURD)
        return first, last


class Facts(NamedTuple):
    """What is to be kept of a batch, and the marks of each of its items, in order."""

    marks: list[list[str]]
    moments: list[MomentFact]
    tracks: list[TrackFact]
    check_ins: list[CheckInFact]
    times: dict[UUID, Span]  # of each patrol, the first and the last thing in the batch
    matters: list[Report]  # whose reporter is not known yet


def weigh(items: Sequence[Walked], clock: Clock, where: Places) -> Facts:
    """The facts in these items."""
    facts, modes = Facts([], [], [], [], {}, []), _modes(items)
    check_ins = [item for item in items if isinstance(item, CheckIn)]
    proven = _proven(check_ins, clock)
    grid_ids = iter(_grid_ids(check_ins, proven, clock, where))
    for item in items:
        doubts = ["clock_skew"] if clock.ahead else []
        if isinstance(item, Moment):
            facts.moments.append(_moment(item, clock))
        elif isinstance(item, Track):
            facts.tracks.append(_track(item, clock))
            doubts += _track_doubts(facts.tracks[-1].fixes, where, modes.get(item.patrol_id, "car"))
        elif isinstance(item, Found):
            facts.matters.append(_matter(item, clock, where, doubts))
            doubts = facts.matters[-1].marks
        else:
            judged = proven.get(item.id, NO_PROOF)
            facts.check_ins.append(_check_in(item, clock, next(grid_ids), judged, doubts))
            doubts = facts.check_ins[-1].marks
        facts.marks.append(doubts)
    facts.times.update(spanning((item.patrol_id, clock.span(item)) for item in items if item.patrol_id))
    return facts


def spanning(spans: Iterable[tuple[UUID, Span]]) -> dict[UUID, Span]:
    """Of each patrol, the first and the last of all that is told of it."""
    whole: dict[UUID, Span] = {}
    for patrol_id, (first, last) in spans:
        known = whole.get(patrol_id, (first, last))
        whole[patrol_id] = min(first, known[0]), max(last, known[1])
    return whole


def _moment(item: Moment, clock: Clock) -> MomentFact:
    return MomentFact(item.id, item.patrol_id, item.kind, item.mode, clock.true(item.at), item.at, clock.now)


def _track(item: Track, clock: Clock) -> TrackFact:
    phone_at, fixes = item.fixes.at, item.fixes
    true = fixes._replace(at=phone_at - round(clock.ahead.total_seconds() * 1000))
    values = item.speed_mps, item.heading_deg, item.battery_pct
    return TrackFact(item.id, item.patrol_id, clock.now, true, phone_at, *values)


def _track_doubts(fixes: Fixes, places: Places, mode: str) -> list[str]:
    doubts = {mark for each in marks(ordered(fixes), mode) for mark in each}
    if (places.index.locate(fixes.lon, fixes.lat, fixes.at) == NOWHERE).any():
        doubts.add("outside_grids")
    return sorted(doubts)


def _modes(items: Sequence[Walked]) -> dict[UUID, str]:
    """How the patrols whose start is in the batch move; the earliest start tells."""
    starts = [each for each in items if isinstance(each, Moment) and each.mode]
    starts.sort(key=lambda each: (each.at, each.id), reverse=True)
    return {each.patrol_id: each.mode for each in starts if each.mode}


def _proven(check_ins: Sequence[CheckIn], clock: Clock) -> dict[UUID, Proven]:
    """What the proofs of check-ins are worth, by the time of each check-in."""
    shown = [each for each in check_ins if each.proof and each.method != "position"]
    claims = {each.id: read_proof(each.proof or "") for each in shown}
    known = checkpoints.named_by([claim for claim in claims.values() if claim])
    proven = {}
    for each in shown:
        claim = claims[each.id]
        judged = checkpoints.judge(claim, known, clock.true(each.at)) if claim else (Finding("unknown"), None)
        proven[each.id] = Proven(*judged)
    return proven


def _check_in(
    item: CheckIn, clock: Clock, grid_id: int | None, proven: Proven, doubts: list[str]
) -> CheckInFact:
    doubts = doubts + _doubts(item, grid_id) + _doubts_about_proof(item, proven)
    where = proven.where if proven.holds else None
    return CheckInFact(
        item.id,
        item.patrol_id,
        clock.true(item.at),
        item.at,
        clock.now,
        item.position,
        item.accuracy_m,
        item.method,
        proven.finding.text if proven.holds and proven.finding else item.proof,
        item.note,
        item.photos,
        doubts,
        _grade(item, proven, doubts),
        grid_id,
        where.id if where else None,
    )


def _grid_ids(
    items: Sequence[CheckIn], proven: Mapping[UUID, Proven], clock: Clock, places: Places
) -> list[int | None]:
    """The grid that each was made in, all found at once: where the phone was, else where the proof holds."""
    if not items:
        return []
    lon, lat = np.array([_place(item, proven.get(item.id, NO_PROOF)) for item in items]).T
    found = places.index.locate(lon, lat, np.array([unix_ms(clock.true(item.at)) for item in items]))
    return [grid_id or None for grid_id in places.ids_at(found).tolist()]


def _place(item: CheckIn, proven: Proven) -> tuple[float, float]:
    proven_at = proven.where.position if proven.holds and proven.where else None
    return item.position or proven_at or (math.nan, math.nan)


def _matter(item: Found, clock: Clock, where: Places, doubts: list[str]) -> Report:
    at = clock.true(item.at)
    lon, lat = np.array([item.position]).T
    found = where.index.locate(lon, lat, np.array([unix_ms(at)]))
    doubts = doubts + _doubts(item, int(where.ids_at(found)[0]) or None)
    told: dict[str, Any] = {name: getattr(item, name) for name in _TOLD}
    times: dict[str, Any] = {"recorded_at": at, "phone_at": item.at, "received_at": clock.now}
    return Report(**told, **times, marks=doubts, reporter_id=None, role="member", area_code="")


def _grade(item: CheckIn, proven: Proven, doubts: Sequence[str]) -> str:
    """A to D; what contradicts a check-in weighs more than what speaks for it.

    D: proof and position are apart, or the proof is forged. A stale proof may come of a wrong clock: C.
    """
    if {"far_from_checkpoint", "forged_proof"} & set(doubts):
        return "D"
    if {"mock", "stale_proof"} & set(doubts):
        return "C"
    is_placed = item.position is not None and "inaccurate" not in doubts
    if not proven.holds:
        return "B" if is_placed else "C"
    return "A" if is_placed and proven.finding and proven.finding.is_fresh else "B"


def _doubts(item: CheckIn | Found, grid_id: int | None) -> list[str]:
    doubts = []
    if (item.accuracy_m or 0) > ACCURATE:
        doubts.append("inaccurate")
    if item.is_mock:
        doubts.append("mock")
    if item.position is not None and grid_id is None:
        doubts.append("outside_grids")
    return doubts


def _doubts_about_proof(item: CheckIn, proven: Proven) -> list[str]:
    if proven.finding is None:
        return []
    if not proven.holds or proven.where is None:
        return [_WORDS[proven.finding.verdict]]
    if item.position is None:
        return []
    far = _distance(item.position, proven.where.position) > NEAR + (item.accuracy_m or 0)
    return ["far_from_checkpoint"] if far else []


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres between two places that are near; for others, far enough."""
    east, north = degree_lengths((one[1] + other[1]) / 2)
    return float(np.hypot((one[0] - other[0]) * east, (one[1] - other[1]) * north))
