"""Repeating patterns (RFC 5545, recurrence rules) in local time, and the shifts that they stand for."""

import re
from calendar import isleap
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

LOCAL = ZoneInfo("Asia/Shanghai")
MOST = 400  # shifts of one assignment: one a day for a year, and some
LONGEST_RULE = 200
LONGEST_PERIOD = timedelta(days=731)
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAYS = r"[+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU)"
_NUMBERS = r"-?\d{1,3}(,-?\d{1,3}){0,30}"
_PARTS = {
    "FREQ": "|".join(FREQUENCIES),
    "INTERVAL": r"[1-9]\d{0,2}",
    "COUNT": r"[1-9]\d{0,6}",
    "UNTIL": r"\d{8}(T\d{6}Z?)?",
    "BYDAY": f"{_DAYS}(,{_DAYS}){{0,30}}",
    "BYMONTHDAY": _NUMBERS,
    "BYMONTH": r"\d{1,2}(,\d{1,2}){0,11}",
    "BYSETPOS": _NUMBERS,
    "WKST": "MO|TU|WE|TH|FR|SA|SU",
}


class Span(NamedTuple):
    """From when to when, in UTC; the end is not part of it."""

    start: datetime
    end: datetime


class Pattern(NamedTuple):
    """When shifts are: from when to when they may begin, how often, at which local time, how long."""

    start: datetime
    end: datetime
    rrule: str
    begins: str  # HH:MM
    minutes: int


def read_rule(value: object) -> str:
    """The rule in capitals with its parts checked; raises ValueError with a sentence for the sender.

    A rule repeats by the day at most; the hour belongs to the assignment.
    """
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_RULE or not value.isascii():
        raise ValueError("Not a recurrence rule of RFC 5545.")
    parts = [part.partition("=") for part in value.upper().removeprefix("RRULE:").split(";")]
    names = [name for name, _, _ in parts]
    for name, _, content in parts:
        if name not in _PARTS or names.count(name) > 1:
            raise ValueError(
                f"{name[:20] or 'Nothing'} is not a part that a rule may have here, or is twice."
            )
        if not re.fullmatch(_PARTS[name], content):
            raise ValueError(f"{name} cannot be {content[:30] or 'empty'}.")
    if "FREQ" not in names or {"COUNT", "UNTIL"} <= {*names}:
        raise ValueError("A rule has FREQ, and either COUNT or UNTIL or neither.")
    rule = ";".join("=".join((name, content)) for name, _, content in parts)
    _parse(rule, datetime(2026, 1, 1))
    return rule


def without_end(rule: str) -> str:
    """The same rule for ever: without COUNT and UNTIL."""
    return ";".join(part for part in rule.split(";") if not part.startswith(("COUNT=", "UNTIL=")))


def shifts(pattern: Pattern) -> list[Span]:
    """The dated shifts of a pattern, the first one first; raises ValueError if there is none, or too many."""
    if not timedelta() < pattern.end - pattern.start <= LONGEST_PERIOD:
        raise ValueError("A period ends after it begins, at most two years later.")
    found = list(_shifts(pattern))
    if not found:
        raise ValueError("This pattern never occurs in its period.")
    if len(found) > MOST:
        raise ValueError(f"This pattern occurs more than {MOST} times in its period.")
    return found


@lru_cache(maxsize=256)
def _shifts(pattern: Pattern) -> tuple[Span, ...]:
    return tuple(islice(_found(pattern), MOST + 1))


def _found(pattern: Pattern) -> Iterator[Span]:
    begins = time.fromisoformat(pattern.begins)
    start = pattern.start.astimezone(LOCAL)
    first = start.date() + timedelta(days=start.time() > begins)
    last = pattern.end.astimezone(LOCAL).date()
    later = _twin(first, last.year - first.year + 1)
    away, length = later - first, timedelta(minutes=pattern.minutes)
    found, limit = _parse(pattern.rrule, datetime.combine(later, begins))
    for moved in found:
        local = moved - away
        at = local.replace(tzinfo=LOCAL).astimezone(UTC)
        if at >= pattern.end or (limit is not None and local > limit):
            return
        yield Span(at, at + length)


def _twin(day: date, years: int) -> date:
    """The same day as late as there are years, of the same weekdays and lengths as those from `day` on.

    A search for what never occurs goes on to the year 9999; from there it is short.
    """
    wanted = [_calendar(day.year + n) for n in range(years)]
    for year in range(9999 - years, day.year, -1):
        if [_calendar(year + n) for n in range(years)] == wanted:
            return day.replace(year=year)
    return day


def _calendar(year: int) -> tuple[int, bool]:
    return date(year, 1, 1).weekday(), isleap(year)


def _parse(rule: str, start: datetime) -> tuple[Iterable[datetime], datetime | None]:
    """The local moments of a rule from a first one on, and the last one that it allows, if it says so."""
    until = re.search(r";?UNTIL=(\d{8})(T\d{6})?(Z?)", rule)
    endless = (rule[: until.start()] + rule[until.end() :]).removeprefix(";") if until else rule
    try:
        return rrulestr(endless, dtstart=start), _until(*until.groups()) if until else None
    except (ValueError, OverflowError, TypeError, IndexError) as error:
        raise ValueError(f"Not a recurrence rule of RFC 5545: {error}.") from None


def _until(day: str, clock: str | None, zulu: str) -> datetime:
    """The last local moment that a rule allows; a bare date is the whole day."""
    at = datetime.strptime(day + (clock or "T235959"), "%Y%m%dT%H%M%S")
    return at.replace(tzinfo=UTC).astimezone(LOCAL).replace(tzinfo=None) if zulu else at
