"""Time windows, of whole hours: that is how finely coverage is kept."""

from datetime import datetime, timedelta
from typing import NamedTuple

HOUR = timedelta(hours=1)


class Window(NamedTuple):
    """From the start of one hour to the start of another."""

    start: datetime
    end: datetime


def whole_hours(start: datetime, end: datetime) -> Window:
    """The hours that a span of time touches."""
    first, last = _hour(start), _hour(end)
    return Window(first, last if last == end else last + HOUR)


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)
