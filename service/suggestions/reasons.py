"""Why a team gets its grids, and why targets are missed: a code, its numbers, a sentence in zh and en."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.suggestions.problem import MOST_URGENT, Problem, Visits, loads

LONG = 7  # days without having been seen
NEVER = 5  # how urgent a grid is that was never seen
UNSEEN, OPEN = 6, 3  # how urgent being unseen, and open matters, make a grid at most
SENTENCES = {
    "near_home": (
        "最远的网格距队伍驻地 {metres} 米",
        "The farthest of the grids lies {metres} m from the team's home",
    ),
    "connected": ("本队 {grids} 个网格连成一片", "All {grids} grids of the team hang together"),
    "apart": ("本队网格分为 {parts} 片", "The team's grids lie in {parts} parts"),
    "load": (
        "本队每周 {hours} 小时，各队平均 {mean} 小时",
        "The team has {hours} h a week, all teams {mean} h on average",
    ),
    "only_team": ("{grids} 个网格只有本队可到", "No other team can reach {grids} of the grids"),
    "long_unseen": (
        "{grids} 个网格久未巡到，最久 {days} 天",
        "{grids} of the grids were unseen for up to {days} days",
    ),
    "never_seen": ("{grids} 个网格从未巡到", "{grids} of the grids were never seen"),
    "open_matters": (
        "{grids} 个网格有 {matters} 件未结事项，其中紧急 {urgent} 件",
        "{matters} matters are open in {grids} of the grids, {urgent} of them urgent",
    ),
    "own_target": (
        "{grids} 个网格按各自目标安排，最多每周 {visits} 次",
        "{grids} of the grids have a target of their own, up to {visits} visits a week",
    ),
}
LIMITS = {
    "hours_per_week": ("每队每周 {} 小时", "{} h a week of each team"),
    "shift_minutes": ("每班 {} 分钟", "shifts of {} minutes"),
    "days": ("每周 {} 天", "{} days a week"),
    "grids_per_team": ("每队至多 {} 个网格", "at most {} grids a team"),
    "max_distance_m": ("距驻地至多 {} 米", "at most {} m from home"),
    "max_teams_per_grid": ("每个网格至多 {} 支队伍", "at most {} teams a grid"),
    "min_teams_per_grid": ("每个网格至少 {} 支队伍", "at least {} teams a grid"),
}


@dataclass(frozen=True)
class Sight:
    """What is known of a grid: how long it was not seen, what is open there, and its own target."""

    days: int | None = None  # whole ones since it was seen; None for never
    matters: int = 0  # that are open
    urgent: int = 0  # of those
    visits: int | None = None  # a week, where a target was set for it or for an area around it

    @property
    def urgency(self) -> int:
        """How much sooner than others the grid should be visited, 0 to MOST_URGENT.

        A point for each week unseen and each open matter, two for an urgent one.
        """
        unseen = NEVER if self.days is None else max(0, self.days) // LONG
        return min(MOST_URGENT, min(UNSEEN, unseen) + min(OPEN, self.matters + self.urgent))


def why(
    problem: Problem, visits: Visits, sights: Sequence[Sight], team: int, grids: Sequence[int]
) -> list[Any]:
    """The reasons why a team is to visit these of its grids."""
    far = max(problem.distances[team][grid] for grid in grids)
    alone = sum(problem.reach[grid] == [team] for grid in grids)
    unseen = [days for grid in grids if (days := sights[grid].days) is not None and days >= LONG]
    never = sum(sights[grid].days is None for grid in grids)
    asked = [own for grid in grids if (own := sights[grid].visits) is not None]
    return [
        _reason("near_home", metres=round(far)),
        _shape(problem, {grid for each, grid in visits if each == team}),
        _load(problem, visits, team),
        *([_reason("only_team", grids=alone)] if alone else []),
        *([_reason("long_unseen", grids=len(unseen), days=max(unseen))] if unseen else []),
        *([_reason("never_seen", grids=never)] if never else []),
        *_open([sights[grid] for grid in grids if sights[grid].matters]),
        *([_reason("own_target", grids=len(asked), visits=max(asked))] if asked else []),
    ]


def _open(sights: Sequence[Sight]) -> list[dict[str, Any]]:
    matters, urgent = sum(each.matters for each in sights), sum(each.urgent for each in sights)
    return [_reason("open_matters", grids=len(sights), matters=matters, urgent=urgent)] if sights else []


def _shape(problem: Problem, grids: set[int]) -> dict[str, Any]:
    parts = _parts(problem, grids)
    return _reason("connected", grids=len(grids)) if parts == 1 else _reason("apart", parts=parts)


def _parts(problem: Problem, grids: set[int]) -> int:
    """How many parts grids fall into that border each other."""
    left, parts = set(grids), 0
    while left:
        parts += 1
        edge = {left.pop()}
        while edge:
            edge = {other for grid in edge for other in problem.grids[grid].borders} & left
            left -= edge
    return parts


def _load(problem: Problem, visits: Visits, team: int) -> dict[str, Any]:
    made, minutes = loads(problem, visits), problem.limits.visit_minutes
    mean = sum(made) / len(made)
    return _reason("load", hours=round(made[team] * minutes / 60, 1), mean=round(mean * minutes / 60, 1))


def _reason(code: str, **numbers: float) -> dict[str, Any]:
    zh, en = SENTENCES[code]
    return {"code": code, "numbers": numbers, "zh": zh.format(**numbers), "en": en.format(**numbers)}


def collision(problem: Problem, names: Sequence[str]) -> dict[str, Any]:
    """A set of limits that cannot be kept together, with what is needed beside what there is."""
    limits: Mapping[str, Any] = vars(problem.limits)
    reached = sum(bool(teams) for teams in problem.reach)
    minutes = problem.limits.visit_minutes
    needed, there = problem.wanted, problem.limits.visits_per_week * len(problem.teams)
    numbers = {
        "hours_needed": round(needed * minutes / 60, 1),
        "hours_available": round(there * minutes / 60, 1),
        "grids": len(problem.grids),
        "grids_in_reach": reached,
    }
    zh = "、".join(LIMITS[name][0].format(limits[name]) for name in names)
    en = " and ".join(LIMITS[name][1].format(limits[name]) for name in names)
    return {
        "limits": list(names),
        "numbers": numbers,
        "zh": f"无法达到目标：{zh}",
        "en": f"Targets cannot be met with {en}",
    }
