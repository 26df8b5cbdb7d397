"""What items are worth: times corrected, places found, doubts marked, check-ins graded."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np

from geo.index import NOWHERE
from geo.tracks import ACCURATE, Fixes, marks, ordered
from service.areas.places import Places, places, unix_ms
from service.patrols.facts import CheckInFact, MomentFact, TrackFact
from service.uploads.items import AHEAD, BadItem, CheckIn, Item, Moment, Track, first_and_last
from service.values import EARLIEST

_ABSURD = "Before 2020 or more than 24 hours ahead, once the phone's clock is corrected."


class Clock(NamedTuple):
    """The server's time, and how far the phone's clock is ahead of it: zero while that hardly matters."""

    now: datetime
    ahead: timedelta

    def true(self, phone_at: datetime) -> datetime:
        """The time by a right clock."""
        return phone_at - self.ahead

    def span(self, item: Item) -> tuple[datetime, datetime]:
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
    times: dict[UUID, tuple[datetime, datetime]]  # of each patrol, the first and the last thing in the batch


def weigh(items: Sequence[Item], clock: Clock) -> Facts:
    """The facts in these items."""
    facts, where = Facts([], [], [], [], {}), places()
    grid_ids = iter(_grid_ids([item for item in items if isinstance(item, CheckIn)], clock, where))
    for item in items:
        doubts = ["clock_skew"] if clock.ahead else []
        if isinstance(item, Moment):
            facts.moments.append(_moment(item, clock))
        elif isinstance(item, Track):
            facts.tracks.append(_track(item, clock))
            doubts += _track_doubts(facts.tracks[-1].fixes, where)
        else:
            facts.check_ins.append(_check_in(item, clock, next(grid_ids), doubts))
            doubts = facts.check_ins[-1].marks
        facts.marks.append(doubts)
        first, last = clock.span(item)
        known = facts.times.get(item.patrol_id, (first, last))
        facts.times[item.patrol_id] = min(first, known[0]), max(last, known[1])
    return facts


def _moment(item: Moment, clock: Clock) -> MomentFact:
    return MomentFact(item.id, item.patrol_id, item.kind, item.mode, clock.true(item.at), item.at, clock.now)


def _track(item: Track, clock: Clock) -> TrackFact:
    phone_at, fixes = item.fixes.at, item.fixes
    true = fixes._replace(at=phone_at - round(clock.ahead.total_seconds() * 1000))
    return TrackFact(
        item.id, item.patrol_id, true, phone_at, item.speed_mps, item.heading_deg, item.battery_pct
    )


def _track_doubts(fixes: Fixes, places: Places) -> list[str]:
    doubts = {mark for each in marks(ordered(fixes), "car") for mark in each}
    if (places.index.locate(fixes.lon, fixes.lat, fixes.at) == NOWHERE).any():
        doubts.add("outside_grids")
    return sorted(doubts)


def _check_in(item: CheckIn, clock: Clock, grid_id: int | None, doubts: list[str]) -> CheckInFact:
    doubts = doubts + _doubts(item, grid_id)
    return CheckInFact(
        item.id,
        item.patrol_id,
        clock.true(item.at),
        item.at,
        clock.now,
        item.position,
        item.accuracy_m,
        item.method,
        item.proof,
        item.note,
        item.photos,
        doubts,
        "C" if {"mock", "inaccurate"} & set(doubts) or item.position is None else "B",
        grid_id,
    )


def _grid_ids(items: Sequence[CheckIn], clock: Clock, places: Places) -> list[int | None]:
    """The grid that each was made in, all found at once; None for nowhere."""
    if not items:
        return []
    lon, lat = np.array([item.position or (np.nan, np.nan) for item in items]).T
    found = places.index.locate(lon, lat, np.array([unix_ms(clock.true(item.at)) for item in items]))
    return [grid_id or None for grid_id in places.ids_at(found).tolist()]


def _doubts(item: CheckIn, grid_id: int | None) -> list[str]:
    doubts = []
    if (item.accuracy_m or 0) > ACCURATE:
        doubts.append("inaccurate")
    if item.is_mock:
        doubts.append("mock")
    if item.position is not None and grid_id is None:
        doubts.append("outside_grids")
    return doubts
