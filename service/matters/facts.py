"""A matter as it was found, before it is kept."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

INCOMPLETE, OUTSIDE_GRIDS = "incomplete", "outside_grids"  # marks
NUMBERS = ("people", "amount_yuan")  # facts that are counted and added up
AHEAD = timedelta(hours=24)  # a time farther in the future is absurd


class Kind(NamedTuple):
    """What of a class decides over a matter and its clocks."""

    code: str
    is_round: bool  # its limits count day and night
    limits: dict[str, float]  # stage → hours
    required: list[str]
    valid_from: date
    valid_to: date | None

    def is_valid(self, day: date) -> bool:
        """Whether a matter of a day may have it."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class Report(NamedTuple):
    """What somebody, or another platform, has found."""

    id: UUID
    class_code: str
    title: str
    text: str | None
    facts: dict[str, Any]
    photos: list[str]  # SHA-256 in hexadecimal
    position: tuple[float, float] | None  # lon, lat in WGS-84
    accuracy_m: float | None
    recorded_at: datetime
    phone_at: datetime
    received_at: datetime
    marks: list[str]
    reporter_id: UUID | None
    role: str
    area_code: str  # of the reporter; where it belongs if it lies in no grid
    patrol_id: UUID | None = None
    place_code: str | None = None  # where the sender says that it belongs: a grid or an area
    source: str | None = None
    external_id: str | None = None


def lacking(report: Report, required: list[str]) -> list[str]:
    """What its class asks for and it does not have; what is added up must be a number, and not below zero."""
    given = {"text": report.text, "photos": report.photos, **report.facts}
    return [name for name in required if given.get(name) in (None, "", []) or not _counts(name, given[name])]


def _counts(name: str, value: Any) -> bool:
    return name not in NUMBERS or (isinstance(value, int | float) and value >= 0)
