"""What is to be decided: which team visits which grids how often a week; and what a decision costs.

Plain values in metres, minutes and visits. A cost is a whole number of points; ten points are a visit that
lies one grid's spacing away from the team's home.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np

from geo.plane import Floats

STEP = 10  # points for a visit one spacing away from home
FARTHEST = 2000  # points for a visit at most, however far it lies
DETACHED = 60  # for a grid that no chain of the team's own grids joins to the others
UNEVEN = 30  # for each visit that a team has more or fewer than its even share
CHANGED = 20  # for a grid that goes to a team which does not have it today
MOST_URGENT = 9
WEEK_HOURS = 168

Pair = tuple[int, int]  # a team and a grid, by their places in the problem
Visits = Mapping[Pair, int]  # how often a week the team visits the grid


@dataclass(frozen=True)
class Ground:
    """A grid: where its middle lies (m), its target, and which others it borders."""

    x: float
    y: float
    visits: int  # a week
    urgency: int = 0  # 0 to MOST_URGENT: long unseen, open matters
    borders: tuple[int, ...] = ()


@dataclass(frozen=True)
class Home:
    """Where a team is at home (m)."""

    x: float
    y: float


@dataclass(frozen=True)
class Limits:
    """What no plan may break; None is no limit."""

    visit_minutes: int = 30
    shift_minutes: int = 120  # at most one shift a day
    days: int = 7  # of the week on which a shift may be
    hours_per_week: float | None = None  # of a team
    grids_per_team: int | None = None
    max_distance_m: float | None = None  # from home to the middle of a grid
    min_teams_per_grid: int = 1
    max_teams_per_grid: int = 1

    @property
    def visits_per_shift(self) -> int:
        """How many visits fit into one shift."""
        return self.shift_minutes // self.visit_minutes

    @property
    def visits_per_week(self) -> int:
        """How many visits a team can make in a week."""
        most = self.days * self.visits_per_shift
        if self.hours_per_week is None:
            return most
        return min(most, int(self.hours_per_week * 60) // self.visit_minutes)


@dataclass(frozen=True)
class Problem:
    """Grids, teams, limits, and who has what today."""

    grids: tuple[Ground, ...]
    teams: tuple[Home, ...]
    limits: Limits
    held: frozenset[Pair] = frozenset()

    @cached_property
    def distances(self) -> Floats:
        """Metres from each team's home to the middle of each grid, T × G."""
        homes = np.array([(team.x, team.y) for team in self.teams]).reshape(-1, 1, 2)
        middles = np.array([(grid.x, grid.y) for grid in self.grids]).reshape(1, -1, 2)
        return np.hypot(*np.moveaxis(homes - middles, -1, 0))

    @cached_property
    def spacing(self) -> float:
        """How far a grid's nearest neighbour lies, in the middle of all; at least a metre."""
        at = np.array([(grid.x, grid.y) for grid in self.grids])
        apart = [np.partition(np.hypot(*(at - each).T), 1)[1] for each in at] if len(at) > 1 else [1.0]
        return max(1.0, float(median(apart)))

    @cached_property
    def steps(self) -> list[list[int]]:
        """Points for one visit of each team to each grid, T × G."""
        points = np.minimum(np.rint(self.distances * STEP / self.spacing), FARTHEST)
        return points.astype(int).tolist()

    @cached_property
    def reach(self) -> list[list[int]]:
        """The teams that may visit each grid, the nearest first."""
        most = self.limits.max_distance_m
        order = np.argsort(self.distances, axis=0, kind="stable")
        allowed = self.distances <= (np.inf if most is None else most)
        return [[int(t) for t in order[:, g] if allowed[t, g]] for g in range(len(self.grids))]

    @cached_property
    def share(self) -> int:
        """How many visits a week each team would have if all were even."""
        able = len({team for teams in self.reach for team in teams})
        return round(self.wanted / able) if able else 0

    @property
    def wanted(self) -> int:
        """All visits of a week."""
        return sum(grid.visits for grid in self.grids)

    def nearer(self, team: int, grid: int) -> Iterator[int]:
        """The grids that border this one and lie nearer to the team's home."""
        row = self.distances[team]
        for other in self.grids[grid].borders:
            if (row[other], other) < (row[grid], grid):
                yield other

    def without(self, *limits: str) -> "Problem":
        """The same problem with some limits lifted."""
        loose: dict[str, Any] = {
            "days": 7,
            "shift_minutes": 7 * 24 * 60,
            "min_teams_per_grid": 1,
            "max_teams_per_grid": len(self.teams),
        }
        lifted: dict[str, Any] = {name: loose.get(name) for name in limits}
        return replace(self, limits=replace(self.limits, **lifted))


def visits_for(hours: int, limits: Limits) -> int:
    """How often a week a grid is visited that may go unseen for so many hours; at most once a day."""
    return max(limits.min_teams_per_grid, min(limits.days, -(-WEEK_HOURS // hours)))


def missed(problem: Problem, visits: Visits) -> list[int]:
    """How many visits a week each grid lacks."""
    lacking = [grid.visits for grid in problem.grids]
    for (_, grid), count in visits.items():
        lacking[grid] -= count
    return lacking


def loads(problem: Problem, visits: Visits) -> list[int]:
    """How many visits a week each team makes."""
    made = [0] * len(problem.teams)
    for (team, _), count in visits.items():
        made[team] += count
    return made


def detached(problem: Problem, visits: Visits) -> list[int]:
    """How many grids of each team hang together with none of its grids that lie nearer, but for one."""
    loose = [0] * len(problem.teams)
    for team, grid in visits:
        loose[team] += not any((team, other) in visits for other in problem.nearer(team, grid))
    return [max(0, count - 1) for count in loose]


def price_of_missing(problem: Problem, grid: int) -> int:
    """Points for each visit that a grid lacks, more where it is urgent; more than any other cost of it."""
    return (FARTHEST + DETACHED + UNEVEN + CHANGED) * 2 * (1 + problem.grids[grid].urgency)


def cost(problem: Problem, visits: Visits) -> int:
    """The points of a plan; fewer are better."""
    taken = {grid for _, grid in problem.held}
    able = {team for teams in problem.reach for team in teams}
    return (
        sum(count * price_of_missing(problem, grid) for grid, count in enumerate(missed(problem, visits)))
        + sum(count * problem.steps[team][grid] for (team, grid), count in visits.items())
        + DETACHED * sum(detached(problem, visits))
        + UNEVEN
        * sum(abs(made - problem.share) for t, made in enumerate(loads(problem, visits)) if t in able)
        + CHANGED * sum(pair not in problem.held and pair[1] in taken for pair in visits)
    )


def broken(problem: Problem, visits: Visits) -> list[str]:
    """The limits that a plan breaks; none of a plan that may stand."""
    limits, made = problem.limits, loads(problem, visits)
    teams_of = [sum(grid == each for _, each in visits) for grid in range(len(problem.grids))]
    grids_of = [sum(team == each for each, _ in visits) for team in range(len(problem.teams))]
    lacking = missed(problem, visits)
    room = len(problem.grids) if limits.grids_per_team is None else limits.grids_per_team
    least = [0 if lack else limits.min_teams_per_grid for lack in lacking]
    wrong = {
        "visits": min(lacking, default=0) < 0 or any(count < 1 for count in visits.values()),
        "hours_per_week": any(count > limits.visits_per_week for count in made),
        "days": any(count > limits.days for count in visits.values()),
        "max_distance_m": any(team not in problem.reach[grid] for team, grid in visits),
        "grids_per_team": max(grids_of, default=0) > room,
        "max_teams_per_grid": max(teams_of, default=0) > limits.max_teams_per_grid,
        "min_teams_per_grid": any(count < most for count, most in zip(teams_of, least, strict=True)),
    }
    return [name for name, is_broken in wrong.items() if is_broken]
