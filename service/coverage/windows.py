"""Time windows, of whole hours: that is how finely coverage is kept. Days are those of local time."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LOCAL = timezone(timedelta(hours=8))  # Asia/Shanghai, where clocks have not been changed since 1991


class Window(NamedTuple):
    """From the start of one hour to the start of another."""

    start: datetime
    end: datetime


class Parts(NamedTuple):
    """A window as whole local days, none if they are not one after the other, and the hours around them."""

    first_day: date
    last_day: date  # the one after the last
    hours: tuple[Window, ...]


def whole_hours(start: datetime, end: datetime) -> Window:
    """The hours that a span of time touches."""
    first, last = _hour(start), _hour(end)
    return Window(first, last if last == end else last + HOUR)


def local_day(moment: datetime) -> date:
    """The day of local time that a moment belongs to."""
    return moment.astimezone(LOCAL).date()


def begin_of(day: date) -> datetime:
    """When a local day begins."""
    return datetime.combine(day, time(), LOCAL).astimezone(UTC)


def parts(window: Window) -> Parts:
    """The whole days inside a window, and what is left of it."""
    first = local_day(window.start + DAY - HOUR)
    last = local_day(window.end)
    if first >= last:
        return Parts(last, last, (window,))
    around = Window(window.start, begin_of(first)), Window(begin_of(last), window.end)
    return Parts(first, last, tuple(each for each in around if each.start < each.end))


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)
