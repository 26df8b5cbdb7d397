"""What all grids of a place add up to on each local day, from what is kept of each grid and day.

Nothing that was seen is joined again: the share of every grid and day stands beside it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import fsum
from typing import Any, NamedTuple

import numpy as np

from geo.plane import Floats
from geo.spread import Ints, take
from geo.tracks import Mask
from service.areas.models import DIGITS
from service.areas.places import place, places, unix_ms
from service.checkpoints.queries import standing_until
from service.coverage import queries
from service.coverage.measure import (
    EPOCH,
    GRADES,
    MICROSECOND,
    SEEN,
    Merged,
    Question,
    merged,
    minutes,
    weighted,
)
from service.coverage.queries import EVERYONE, Kept, Present
from service.coverage.sums import unix_us
from service.coverage.windows import DAY, Window, days
from service.db import session

FOREVER = np.iinfo(np.int64).max


class Day(NamedTuple):
    """What the grids of a place add up to on a day of local time."""

    day: date
    grids: int
    grids_seen: int
    share_seen: float
    share_no_evidence: float
    person_minutes: float
    visits: int  # patrols
    check_ins: dict[str, int]


class Grids(NamedTuple):
    """Grids, in order of id."""

    ids: Ints
    by_area: Mask  # else by checkpoints
    area_m2: Floats
    since: Ints  # unix µs
    until: Ints

    def at(self, time: datetime) -> "Grids":
        """Those in force at a time."""
        return take(self, (self.since <= _us(time)) & (_us(time) < self.until))

    def find(self, ids: Ints) -> tuple[Ints, Mask]:
        """Where those ids stand that are among the grids, and which of them are."""
        after = np.searchsorted(self.ids, ids)
        here = np.append(self.ids, -1)[after] == ids
        return after[here], here


class Known(NamedTuple):
    """What is known of some grids on one day."""

    ids: Ints
    share_seen: Floats
    was_silent: Mask
    person_seconds: Floats


class CheckIns(NamedTuple):
    """Check-ins, in order of their day."""

    day: Ints  # of the window, from 0
    grid: Ints  # id
    grade: Ints  # 0 is A

    def on(self, day: int, grids: Grids) -> dict[str, int]:
        """How many of each grade these grids had on a day."""
        some = slice(*np.searchsorted(self.day, [day, day + 1]))
        _, here = grids.find(self.grid[some])
        return dict(
            zip(GRADES, np.bincount(self.grade[some][here], minlength=len(GRADES)).tolist(), strict=True)
        )


class Marks(NamedTuple):
    """Checkpoints, and by day at its end: where they stood, and whether somebody proved to be there."""

    since: Ints  # unix µs
    until: Ints
    grid: Ints  # days × checkpoints: id
    seen: Mask  # days × checkpoints

    def shares(self, day: int, end: datetime, grids: Grids) -> Floats:
        """The share of each grid's checkpoints that somebody visited on a day; none of none."""
        stood = (self.since < _us(end)) & (self.until >= _us(end))
        at, here = grids.find(self.grid[day][stood])
        count = np.bincount(at, minlength=len(grids.ids))
        visited = np.bincount(at[self.seen[day][stood][here]], minlength=len(grids.ids))
        return visited / np.maximum(count, 1)


NOTHING = Known(*(np.zeros(0, kind) for kind in (np.int64, float, bool, float)))


def by_day(window: Window, question: Question) -> list[Day]:
    """What all grids with the prefix add up to, day by day; a window of whole local days.

    Each day is what `measure.by_grid` says of it, added up: to the last bit.
    """
    every = _grids(question.prefix)
    grids = {day: every.at(question.as_of or each.end) for day, each in days(window)}
    known, patrols = (_kept if question.only == EVERYONE else _counted)(window, question, grids)
    visited = _visited(window, question, grids) if not every.by_area.all() else {}
    check_ins = _check_ins(window, question, every)
    return [
        Day(
            day,
            *_measured(here, known.get(day, NOTHING), visited.get(day, np.zeros(len(here.ids)))),
            _different(patrols.get(day, b"")),
            check_ins.on(number, here),
        )
        for number, (day, here) in enumerate(grids.items())
    ]


def _measured(grids: Grids, known: Known, visited: Floats) -> tuple[int, int, float, float, float]:
    """How many grids, how many of them seen, the shares of the whole, and person-minutes."""
    at, here = grids.find(known.ids)
    seen, is_doubtful = np.zeros(len(grids.ids)), np.zeros(len(grids.ids), bool)
    seen[at] = known.share_seen[here]
    seen = np.where(grids.by_area, seen, visited)
    is_doubtful[at] = known.was_silent[here] | ~grids.by_area[at]
    share, doubtful = _whole(seen, grids), _whole(np.where(is_doubtful, 1 - seen, 0), grids)
    time = minutes(fsum(known.person_seconds[here].tolist()))
    return len(seen), int(np.count_nonzero(seen >= SEEN)), share, doubtful, time


def _whole(shares: Floats, grids: Grids) -> float:
    """Weighted by ground, where grids are measured by area unless there are none of these."""
    if not len(grids.ids):
        return 0.0
    speaking = grids.by_area if grids.by_area.any() else ~grids.by_area
    ground = grids.area_m2[speaking]
    return weighted((shares[speaking] * ground).tolist(), fsum(ground.tolist()))


def _different(numbers: bytes) -> int:
    """How many different numbers of four bytes there are; those of one day follow each other closely."""
    found = np.frombuffer(numbers, "<u4")
    return int(np.count_nonzero(np.bincount(found - found.min()))) if len(found) else 0


def _grids(prefix: str) -> Grids:
    rows = session.execute(queries.versions_of(prefix)).all()
    ids, basis, area_m2, since, until = zip(*rows, strict=True) if rows else ((),) * 5
    by_area = np.array([each == "area" for each in basis], bool)
    return Grids(np.array(ids, np.int64), by_area, np.array(area_m2, float), _times(since), _times(until))


def _times(times: Sequence[datetime | None]) -> Ints:
    return np.array([FOREVER if each is None else _us(each) for each in times], np.int64)


def _us(time: datetime) -> int:
    return (time - EPOCH) // MICROSECOND


Found = tuple[Mapping[date, Known], Mapping[date, bytes]]  # of each day, and numbers of the patrols


def _kept(window: Window, question: Question, grids: Mapping[date, Grids]) -> Found:
    """What is kept; where it tells of grids that do not count, patrols are read grid by grid."""
    prefix = question.prefix
    known = {day: _unpacked(each) for day, each in queries.kept(window, prefix).items()}
    is_one = len(prefix) > DIGITS["community"]
    apart = [day for day, each in known.items() if is_one or not grids[day].find(each.ids)[1].all()]
    patrols = {} if is_one else queries.visits(window, prefix)
    there = queries.visits_by_grid(apart, prefix) if apart else {}
    return known, patrols | {day: _within(grids[day], each) for day, each in there.items()}


def _unpacked(kept: Kept) -> Known:
    return Known(
        _integers(kept.grids),
        np.frombuffer(kept.share_seen, ">f8"),
        np.frombuffer(kept.was_silent, bool),
        np.frombuffer(kept.person_seconds, ">f8"),
    )


def _within(grids: Grids, present: Present) -> bytes:
    """The numbers of the patrols that were in these grids."""
    _, here = grids.find(_integers(present.grids))
    numbers = np.frombuffer(present.patrols, "<u4")
    return numbers[np.repeat(here, _integers(present.counts) // 4)].tobytes()


def _integers(sent: bytes) -> Ints:
    return np.frombuffer(sent, ">i4").astype(np.int64)


def _counted(window: Window, question: Question, grids: Mapping[date, Grids]) -> Found:
    """The same of those patrols that are asked for, from their footprints."""
    found = {day: merged(each, question.prefix, question.only) for day, each in days(window)}
    patrols = {
        day: b"".join(rows[each].patrols for each in grids[day].ids.tolist() if each in rows)
        for day, rows in found.items()
    }
    return {day: _known(rows) for day, rows in found.items()}, patrols


def _known(found: Mapping[int, Merged]) -> Known:
    rows = list(found.values())
    return Known(
        np.array(list(found), np.int64),
        np.array([row.share_seen for row in rows], float),
        np.array([row.was_silent for row in rows], bool),
        np.array([row.person_seconds for row in rows], float),
    )


def _check_ins(window: Window, question: Question, grids: Grids) -> CheckIns:
    rows = session.execute(queries.check_in_times(window, grids.ids.tolist(), question.only)).all()
    day = _days_of(b"".join(row.times for row in rows), window)
    which = [[row.grid_id, GRADES.index(row.grade)] for row in rows]
    grid, grade = np.repeat(np.reshape(which, (-1, 2)), [len(row.times) // 8 for row in rows], axis=0).T
    order = np.argsort(day, kind="stable")
    return CheckIns(day[order], grid[order].astype(np.int64), grade[order].astype(np.int64))


def _days_of(times: bytes, window: Window) -> Ints:
    """Which day of a window times lie in, counted from 0; given as PostgreSQL sends them."""
    return (unix_us(np.frombuffer(times, ">i8").astype(np.int64)) - _us(window.start)) // (DAY // MICROSECOND)


def _visited(window: Window, question: Question, grids: Mapping[date, Grids]) -> dict[date, Floats]:
    """By day, the share of each grid's checkpoints that somebody visited; none of none."""
    rows = session.execute(standing_until(window.end)).all()
    if not rows:
        return {}
    ids, lon, lat, since, until = zip(*rows, strict=True)
    seen = np.zeros((len(grids), len(ids)), bool)
    number = {each: at for at, each in enumerate(ids)}
    for checkpoint, times in session.execute(queries.visit_times(window, list(ids), question.only)):
        seen[_days_of(times, window), number[checkpoint]] = True
    ends = [each.end for _, each in days(window)]
    marks = Marks(_times(since), _times(until), _placed(lon, lat, ends), seen)
    return {
        day: marks.shares(at, end, here)
        for at, (end, (day, here)) in enumerate(zip(ends, grids.items(), strict=True))
    }


def _placed(lon: Any, lat: Any, times: Sequence[datetime]) -> Ints:
    """Times × points: the id of the grid around each; looked up again only once grids have changed."""
    at_ms = np.array([unix_ms(each) for each in times])
    _, first, again = np.unique(
        np.searchsorted(places().index.turns, at_ms, "right"), return_index=True, return_inverse=True
    )
    return np.array([place(lon, lat, [at_ms[each]] * len(lon)) for each in first])[again]
