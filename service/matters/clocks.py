"""How long a stage may take: hours around the clock, or working hours of a calendar with make-up days.

No database, no clock of its own. Times are aware; working hours are those of Asia/Shanghai, which knows no
summer time. Where the calendar says nothing, Monday to Friday are working days.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

ZONE = timezone(timedelta(hours=8))
HOURS = ((time(9), time(12, 30)), (time(13, 30), time(18)))  # eight a day
WARNING = 0.8  # the share of a limit after which a reminder is due
_DAY, _FULL = timedelta(days=1), timedelta(hours=8)
CALENDAR = Path(__file__).parent / "data" / "calendar.csv"


def day_of(at: datetime) -> date:
    """The day that it is in Qinghai at a time."""
    return at.astimezone(ZONE).date()


class Calendar(NamedTuple):
    """The days that are not what their weekday says."""

    holidays: frozenset[date]
    workdays: frozenset[date]  # made up for on a weekend

    def is_working(self, day: date) -> bool:
        """Whether people work on a day."""
        if day in self.workdays:
            return True
        return day.weekday() < 5 and day not in self.holidays


@cache
def calendar() -> Calendar:
    """The calendar of China as it is shipped; its file names the source of each day."""
    with CALENDAR.open(encoding="utf-8", newline="") as file:
        days = [(date.fromisoformat(row["day"]), row["kind"]) for row in csv.DictReader(file)]
    of = {kind: frozenset(day for day, each in days if each == kind) for kind in ("holiday", "workday")}
    return Calendar(of["holiday"], of["workday"])


def _spells(since: datetime, days: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of work from a moment on, without an end."""
    day = day_of(since)
    while True:
        if days.is_working(day):
            for opens, closes in HOURS:
                start = max(since, datetime.combine(day, opens, ZONE))
                end = datetime.combine(day, closes, ZONE)
                if start < end:
                    yield start, end
        day += _DAY


class Clock(NamedTuple):
    """How a class counts: around the clock, or the working hours of a calendar."""

    is_round: bool
    days: Calendar

    def advance(self, start: datetime, need: timedelta) -> datetime:
        """When `need` has been used up, if it counts from `start`; UTC."""
        if self.is_round or need <= timedelta():
            return (start + need if self.is_round else start).astimezone(UTC)
        return _advance(self.days, start, need)

    def used(self, start: datetime, end: datetime) -> timedelta:
        """How much counts between two times; nothing if they are in the wrong order."""
        if end <= start:
            return timedelta()
        if self.is_round:
            return end - start
        return sum(self._parts(start, end), timedelta())

    def _parts(self, start: datetime, end: datetime) -> Iterable[timedelta]:
        for opens, closes in _spells(start, self.days):
            if opens >= end:
                return
            yield min(closes, end) - opens


@lru_cache(maxsize=1024)  # a sweep asks the same for many
def _advance(days: Calendar, start: datetime, need: timedelta) -> datetime:
    for opens, closes in _spells(start, days):
        if need <= closes - opens:
            return (opens + need).astimezone(UTC)
        need -= closes - opens
    raise AssertionError("work goes on for ever")


def of(is_round: bool) -> Clock:
    """The clock of a class, by the calendar that is shipped."""
    return Clock(is_round, calendar())


class Deadline(NamedTuple):
    """When a stage is due, when to look at it next, and how often it was looked at."""

    due_at: datetime | None
    look_at: datetime | None
    rung: int = 0  # of the ladder: 0 nothing told, 1 reminded before, 2 overdue, 3… overdue still


def entered(clock: Clock, at: datetime, hours: float | None) -> Deadline:
    """The deadline of a stage that is entered now; a stage without a limit has none."""
    if hours is None:
        return Deadline(None, None)
    limit = timedelta(hours=hours)
    return Deadline(clock.advance(at, limit), clock.advance(at, WARNING * limit))


def resumed(clock: Clock, at: datetime, hours: float | None, left: timedelta, rung: int) -> Deadline:
    """The deadline that goes on with what was left of the limit when it was paused."""
    if hours is None:
        return Deadline(None, None)
    warning = left - (1 - WARNING) * timedelta(hours=hours) if rung == 0 else left
    due = clock.advance(at, left) if left > timedelta() else at.astimezone(UTC) + left
    return Deadline(due, max(clock.advance(at, max(warning, timedelta())), at.astimezone(UTC)), rung)


def next_rung(clock: Clock, was: Deadline, hours: float, now: datetime) -> Deadline:
    """The next rung of the ladder: at the limit, and again after each further limit, never in the past."""
    if was.due_at is None:
        return Deadline(None, None, was.rung + 1)
    if now < was.due_at:
        return was._replace(look_at=was.due_at, rung=max(was.rung, 1))
    step = max(timedelta(hours=hours), timedelta(hours=1))
    return was._replace(look_at=clock.advance(max(now, was.due_at), step), rung=max(was.rung, 1) + 1)
