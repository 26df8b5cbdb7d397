"""Who has which grids in the demonstration: two teams of each community, and between them the holes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from service.demo.ground import GridPlan
from service.duty.pattern import Pattern

DAYS = 30  # ahead
DAILY = "FREQ=DAILY"
WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"


class Duty(NamedTuple):
    """A team, the codes of its grids, and when."""

    team: Mapping[str, Any]
    grids: list[str]
    pattern: Pattern


def rota(grids: Sequence[GridPlan], teams: Sequence[Mapping[str, Any]], now: datetime) -> list[Duty]:
    """From a day before now until a month after: one team every evening, one on weekday mornings."""
    at_home: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for team in teams:
        at_home[team["area_code"]].append(team)
    ground: dict[str, list[str]] = defaultdict(list)
    for grid in grids:
        ground[grid.code[:12]].append(grid.code)
    duties: list[Duty] = []
    for community, codes in sorted(ground.items()):
        shares = (
            (codes[::2], _pattern(now, DAILY, "20:00", 180)),
            (codes[1::2], _pattern(now, WEEKDAYS, "09:00", 120)),
        )
        for team, (share, pattern) in zip(at_home[community], shares, strict=False):
            if share:
                duties.append(Duty(team, share, pattern))
    return duties


def _pattern(now: datetime, rule: str, begins: str, minutes: int) -> Pattern:
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return Pattern(hour - timedelta(days=1), hour + timedelta(days=DAYS), rule, begins, minutes)
