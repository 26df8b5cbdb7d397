"""A plan as what a leader reads: lines of team, grids and weekly pattern, with their reasons."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.suggestions import reasons
from service.suggestions.days import spread
from service.suggestions.problem import Problem, loads, missed
from service.suggestions.reasons import Sight
from service.suggestions.solver import Plan

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")  # RFC 5545


@dataclass(frozen=True)
class Frame:
    """What a problem's grids and teams are called, how long unseen the grids are, and when shifts may be."""

    grids: Sequence[dict[str, Any]]  # code, name
    teams: Sequence[dict[str, Any]]  # id, code, name
    sights: Sequence[Sight]
    days: Sequence[str]  # of the week, the first one of the period first
    starts_at: str  # local time, HH:MM


def week_from(day: date, allowed: Sequence[str]) -> list[str]:
    """The allowed days of the week in the order in which they come from a day on."""
    return [name for name in DAYS[day.weekday() :] + DAYS[: day.weekday()] if name in allowed]


def proposal(problem: Problem, plan: Plan, frame: Frame) -> dict[str, Any]:
    """The answer to a leader's question, ready for JSON."""
    lacking = missed(problem, plan.visits)
    short = [frame.grids[grid] | {"visits": count} for grid, count in enumerate(lacking) if count]
    return {
        "outcome": "short" if short else "complete",
        "made_by": plan.made_by,
        "is_repeatable": plan.is_repeatable,
        "cost": plan.cost,
        "bound": plan.bound,
        "gap": None if plan.gap is None else round(plan.gap, 4),
        "lines": _lines(problem, plan, frame),
        "diff": _diff(problem, plan, frame),
        "team_hours": _team_hours(problem, plan, frame),
        "missed": short,
        "collisions": [reasons.collision(problem, names) for names in plan.collisions],
    }


def _lines(problem: Problem, plan: Plan, frame: Frame) -> list[dict[str, Any]]:
    """A line for each team and set of days; grids that share their days share a shift."""
    limits = problem.limits
    urgency = [grid.urgency for grid in problem.grids]
    days = spread(plan.visits, limits.days, limits.visits_per_shift, urgency.__getitem__)
    lines: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
    for (team, grid), on in days.items():
        lines[team, tuple(sorted(on))].append(grid)
    return [
        {
            "team": frame.teams[team],
            "grids": [_grid(problem, frame, team, grid) for grid in sorted(grids)],
            "rrule": f"FREQ=WEEKLY;BYDAY={_by_day(frame, on)}",
            "starts_at": frame.starts_at,
            "minutes": len(grids) * limits.visit_minutes,
            "hours_per_week": round(len(grids) * len(on) * limits.visit_minutes / 60, 1),
            "reasons": reasons.why(problem, plan.visits, frame.sights, team, grids),
        }
        for (team, on), grids in sorted(lines.items())
    ]


def _diff(problem: Problem, plan: Plan, frame: Frame) -> dict[str, Any]:
    """What would change against what these teams have in the period already."""
    planned = frozenset(plan.visits)
    sets = {
        "added": planned - problem.held,
        "removed": problem.held - planned,
        "kept": planned & problem.held,
    }
    return {
        name: [{"team": frame.teams[team], "grid": frame.grids[grid]["code"]} for team, grid in sorted(pairs)]
        for name, pairs in sets.items()
    }


def _by_day(frame: Frame, on: Sequence[int]) -> str:
    chosen = {frame.days[day] for day in on}
    return ",".join(name for name in DAYS if name in chosen)


def _grid(problem: Problem, frame: Frame, team: int, grid: int) -> dict[str, Any]:
    return frame.grids[grid] | {"distance_m": round(float(problem.distances[team][grid]))}


def _team_hours(problem: Problem, plan: Plan, frame: Frame) -> list[dict[str, Any]]:
    hours = (round(made * problem.limits.visit_minutes / 60, 1) for made in loads(problem, plan.visits))
    return [{"team": team, "hours_per_week": each} for team, each in zip(frame.teams, hours, strict=True)]
