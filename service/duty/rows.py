"""Rows of a table of assignments: from text to what is wished. No database."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from service.duty.pattern import LOCAL, Pattern, read_rule
from service.duty.seasons import SEASONS
from service.teams.rows import Reader
from service.teams.sheets import Columns, Fault
from service.values import read_text, read_time

BEGINS = r"([01][0-9]|2[0-3]):[0-5][0-9]"
MOST_GRIDS = 1000
COLUMNS = Columns(
    {"队伍": "team", "队员": "member", "网格": "grids", "区域": "area", "季节": "season", "年份": "year"}
    | {"开始": "from", "结束": "to", "规则": "rrule", "上岗": "starts_at", "分钟": "minutes"}
    | {"理由": "reason"}
    | {
        name: name
        for name in ("team", "member", "grids", "area", "season", "year", "from", "to", "rrule", "starts_at",
                     "minutes", "reason")
    },
    frozenset(("team",)),
)  # fmt: skip


class Wish(NamedTuple):
    """Who should have which grids when, as a row has it; people and grids by their codes."""

    number: int
    team: str
    member: str | None
    grids: tuple[str, ...]
    area: str | None  # all of its grids
    pattern: Pattern
    reason: str | None


def read_wish(reader: Reader) -> Wish | None:
    """A row of a table of assignments; None where something is wrong with it."""
    before = len(reader.faults)
    team = reader.take("team", _code)
    member = reader.take("member", _code, blank=None)
    grids = reader.take("grids", _grids, blank=())
    area = reader.take("area", _area, blank=None)
    reason = reader.take("reason", lambda cell: read_text(cell, 200), blank=None)
    pattern = _season(reader) if "season" in reader.row else _pattern(reader)
    if bool(grids) == bool(area) and len(reader.faults) == before:
        reader.faults.append(Fault(reader.number, "grids", "Give either grids or an area."))
    if len(reader.faults) > before or pattern is None:
        return None
    return Wish(reader.number, team, member, grids, area, pattern, reason)


def _season(reader: Reader) -> Pattern | None:
    season, year = reader.take("season", _season_code), reader.take("year", _year)
    return season.pattern(year) if season and year else None


def _pattern(reader: Reader) -> Pattern | None:
    values: tuple[Any, ...] = (
        reader.take("from", lambda cell: read_day(cell, timedelta())),
        reader.take("to", lambda cell: read_day(cell, timedelta(days=1))),
        reader.take("rrule", read_rule),
        reader.take("starts_at", _begins),
        reader.take("minutes", _minutes),
    )
    return None if None in values else Pattern(*values)


def read_day(cell: str, more: timedelta) -> datetime:
    """A time, or the beginning of a local day and some more."""
    if re.fullmatch(r"20\d\d-\d\d-\d\d", cell, re.ASCII):
        try:
            return (datetime.fromisoformat(cell).replace(tzinfo=LOCAL) + more).astimezone(UTC)
        except ValueError:
            raise ValueError("Not a day that exists.") from None
    return read_time(cell)


def _code(cell: str) -> str:
    return read_text(cell, 50)


def _grids(cell: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(re.split(r"[\s,;，；、]+", cell)))
    if len(codes) > MOST_GRIDS or not all(re.fullmatch(r"\d{15}", code, re.ASCII) for code in codes):
        raise ValueError(f"Not grid codes of 15 digits with spaces between, at most {MOST_GRIDS}.")
    return codes


def _area(cell: str) -> str:
    if not re.fullmatch(r"\d{12}", cell, re.ASCII):
        raise ValueError("Not a code of 12 digits.")
    return cell


def _season_code(cell: str) -> Any:
    known = {season.zh: season for season in SEASONS.values()} | SEASONS
    if cell not in known:
        raise ValueError(f"Not one of {', '.join(SEASONS)}.")
    return known[cell]


def _year(cell: str) -> int:
    if not re.fullmatch(r"20\d\d", cell, re.ASCII):
        raise ValueError("Not a year.")
    return int(cell)


def _begins(cell: str) -> str:
    if not re.fullmatch(BEGINS, cell, re.ASCII):
        raise ValueError("Not a time of the day as HH:MM.")
    return cell


def _minutes(cell: str) -> int:
    if not re.fullmatch(r"\d{1,4}", cell, re.ASCII) or not 5 <= int(cell) <= 1440:
        raise ValueError("Not 5 to 1440 minutes.")
    return int(cell)
