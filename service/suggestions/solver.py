"""The best plan that CP-SAT finds in its time, how far from the best it can be, and which limits collide."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

from ortools.sat.python import cp_model

from service.suggestions import exchange, flows, greedy
from service.suggestions.problem import (
    CHANGED,
    DETACHED,
    UNEVEN,
    Pair,
    Problem,
    cost,
    loads,
    missed,
    price_of_missing,
)

SEED = 20261124
EFFORT = 0.5  # of the seconds, as CP-SAT's own count of work: reached first unless the machine is busy
NEAREST = 10  # teams that a grid may choose from in the first model, beside who has it
CLOSE_ENOUGH = 0.001  # a gap at which the search stops
LIFTABLE = ("hours_per_week", "shift_minutes", "days", "grids_per_team", "max_distance_m",
            "max_teams_per_grid", "min_teams_per_grid")  # fmt: skip
NO, YES = (cp_model.INFEASIBLE,), (cp_model.OPTIMAL, cp_model.FEASIBLE)


@dataclass(frozen=True)
class Plan:
    """Visits a week by team and grid, their cost, and below which cost no plan can be."""

    visits: dict[Pair, int]
    cost: int
    bound: int | None  # None when only the greedy way was gone
    made_by: str  # cp_sat or greedy
    is_repeatable: bool  # the clock did not cut the search short: the same question gives the same plan
    collisions: tuple[tuple[str, ...], ...] = ()

    @property
    def gap(self) -> float | None:
        """How much of its cost the best plan can save at most: 0 is proved best, 0.05 is 5 %."""
        if self.bound is None:
            return None
        return max(0.0, (self.cost - self.bound) / self.cost) if self.cost else 0.0


def solve(problem: Problem, seconds: float) -> Plan:
    """A plan that breaks no limit, within about so many seconds; with none, what greed and exchange give.

    Targets that the limits do not allow are met as far as can be, the urgent grids first, and the limits that
    collide are named. The bound holds among plans in which every grid goes to one of its `NEAREST` teams, to
    those who have it today, or to those whom the greedy way gave it.
    """
    end = time.monotonic() + seconds
    start, complete = exchange.improve(problem, greedy.plan(problem)), True
    named: tuple[tuple[str, ...], ...] = ()
    first = Plan(start, cost(problem, start), None, "greedy", True)
    if seconds <= 0 or not problem.teams or not problem.grids:
        return first
    if any(missed(problem, start)):
        named = collisions(problem, seconds / 40)
        found = None if named else _Search(problem, _all(problem), {}, is_free=True).run(seconds / 5).plan
        complete = found is not None
        start = found.visits if found else start
    search = _Search(problem, _near(problem, start), start, complete=complete)
    plan = search.run(end - time.monotonic()).plan
    if plan is None:
        plan = Plan(start, cost(problem, start), None, "greedy", False)
    return replace(plan, collisions=named)


def collisions(problem: Problem, seconds: float) -> tuple[tuple[str, ...], ...]:
    """Sets of limits that cannot be kept together; each is enough to miss targets, and none has one too many.

    Found by lifting limits one by one; the sets share no limit. `seconds` is for each try, of which a set
    takes at most eight; a limit that a try cannot clear in that time stays named.
    """
    found: list[tuple[str, ...]] = []
    while _is_impossible(problem, seconds) and (named := _one_collision(problem, seconds)):
        found.append(named)
        problem = problem.without(*named)
    return tuple(found)


def _one_collision(problem: Problem, seconds: float) -> tuple[str, ...]:
    lifted: list[str] = []
    for name in LIFTABLE:
        if _is_impossible(problem.without(*lifted, name), seconds):
            lifted.append(name)
    return () if len(lifted) == len(LIFTABLE) else tuple(name for name in LIFTABLE if name not in lifted)


def _is_impossible(problem: Problem, seconds: float) -> bool:
    if flows.are_short(problem):
        return True
    if flows.are_enough(problem):
        return False
    return _Search(problem, _all(problem), {}, is_free=True).run(seconds).status in NO


def _all(problem: Problem) -> list[Pair]:
    return [(team, grid) for grid, teams in enumerate(problem.reach) for team in teams]


def _near(problem: Problem, start: dict[Pair, int]) -> list[Pair]:
    near = {(team, grid) for grid, teams in enumerate(problem.reach) for team in teams[:NEAREST]}
    return sorted(near | start.keys() | problem.held & set(_all(problem)))


class _Found(NamedTuple):
    status: Any
    plan: Plan | None


class _Search:
    """One CP-SAT model of the problem, over the given pairs of team and grid."""

    def __init__(
        self,
        problem: Problem,
        pairs: list[Pair],
        hint: dict[Pair, int],
        *,
        complete: bool = True,
        is_free: bool = False,
    ) -> None:
        self.problem, self.model, self.complete = problem, cp_model.CpModel(), complete
        self.chosen = {pair: self.model.new_bool_var("") for pair in pairs}
        self.by_grid: dict[int, list[Pair]] = {grid: [] for grid in range(len(problem.grids))}
        self.by_team: dict[int, list[Pair]] = {}
        for team, grid in pairs:
            self.by_grid[grid].append((team, grid))
            self.by_team.setdefault(team, []).append((team, grid))
        self.visits: dict[Pair, list[Any]] = {}
        self.away: dict[int, Any] = {}
        self.loose: dict[Pair, Any] = {}
        self.count = {pair: self._count(pair) for pair in pairs}
        self.lacking: list[Any] = [0 if complete else self._lacking(grid) for grid in self.by_grid]
        self._limit()
        if not is_free:
            self.model.minimize(sum(self._costs()))
        if hint:
            self._hint(hint)

    def _count(self, pair: Pair) -> Any:
        """How often the team visits the grid: all its visits or none, where no one can share them."""
        wanted, chosen = self.problem.grids[pair[1]].visits, self.chosen[pair]
        if self.complete and self.problem.limits.max_teams_per_grid == 1:
            return wanted * chosen
        most = min(wanted, self.problem.limits.days)
        visits = [chosen, *(self.model.new_bool_var("") for _ in range(most - 1))]
        for fewer, more in pairwise(visits):
            self.model.add_implication(more, fewer)
        self.visits[pair] = visits
        return sum(visits)

    def _lacking(self, grid: int) -> Any:
        return self.model.new_int_var(0, self.problem.grids[grid].visits, "")

    def _limit(self) -> None:
        model, limits = self.model, self.problem.limits
        for grid, pairs in self.by_grid.items():
            wanted, teams = self.problem.grids[grid].visits, sum(self.chosen[pair] for pair in pairs)
            model.add(sum(self.count[pair] for pair in pairs) + self.lacking[grid] == wanted)
            if pairs and len(pairs) > limits.max_teams_per_grid:
                model.add(teams <= limits.max_teams_per_grid)
            if limits.min_teams_per_grid > 1 or (self.complete and wanted > limits.days):
                self._need_teams(grid, teams)
        for pairs in self.by_team.values():
            model.add(sum(self.count[pair] for pair in pairs) <= limits.visits_per_week)
            if limits.grids_per_team is not None:
                model.add(sum(self.chosen[pair] for pair in pairs) <= limits.grids_per_team)

    def _need_teams(self, grid: int, teams: Any) -> None:
        """As many teams as the grid needs, unless it lacks visits anyway."""
        least = self.problem.limits.min_teams_per_grid
        if self.complete:
            self.model.add(teams >= least)
        else:
            lacks = self.model.new_bool_var("")
            self.model.add(teams >= least).only_enforce_if(~lacks)
            self.model.add(self.lacking[grid] >= 1).only_enforce_if(lacks)

    def _costs(self) -> Iterator[Any]:
        problem, taken = self.problem, {grid for _, grid in self.problem.held}
        for (team, grid), chosen in self.chosen.items():
            yield problem.steps[team][grid] * self.count[team, grid]
            if grid in taken and (team, grid) not in problem.held:
                yield CHANGED * chosen
        for grid, lacking in enumerate(self.lacking):
            yield price_of_missing(problem, grid) * lacking
        able = {team for teams in problem.reach for team in teams}
        for team in sorted(able):
            pairs = self.by_team.get(team, [])
            yield UNEVEN * self._uneven(team, sum(self.count[pair] for pair in pairs))
            yield DETACHED * self._detached(pairs)

    def _uneven(self, team: int, load: Any) -> Any:
        away = self.away[team] = self.model.new_int_var(0, self.problem.wanted, "")
        self.model.add(away >= load - self.problem.share)
        self.model.add(away >= self.problem.share - load)
        return away

    def _detached(self, pairs: list[Pair]) -> Any:
        """How many of a team's grids border none of its grids that lie nearer to its home, but for one."""
        for team, grid in pairs:
            nearer = [self.chosen[team, other] for other in self.problem.nearer(team, grid)
                      if (team, other) in self.chosen]  # fmt: skip
            loose = self.loose[team, grid] = self.model.new_bool_var("")
            self.model.add_bool_or([~self.chosen[team, grid], loose, *nearer])
        count = self.model.new_int_var(0, len(pairs), "")
        self.model.add(count >= sum(self.loose[pair] for pair in pairs) - 1)
        return count

    def _hint(self, visits: dict[Pair, int]) -> None:
        """Begin at a plan that is known."""
        for pair, chosen in self.chosen.items():
            self.model.add_hint(chosen, pair in visits)
            for already, visit in enumerate(self.visits.get(pair, [])[1:], 1):
                self.model.add_hint(visit, visits.get(pair, 0) > already)
        for grid, count in enumerate(missed(self.problem, visits)):
            if not self.complete:
                self.model.add_hint(self.lacking[grid], count)
        made = loads(self.problem, visits)
        for team, away in self.away.items():
            self.model.add_hint(away, abs(made[team] - self.problem.share))
        for (team, grid), loose in self.loose.items():
            hangs = any((team, other) in visits for other in self.problem.nearer(team, grid))
            self.model.add_hint(loose, (team, grid) in visits and not hangs)

    def run(self, seconds: float) -> _Found:
        """Search for about so many seconds."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1  # more would race each other: another answer every time
        solver.parameters.linearization_level = 2  # the bound comes from the linear relaxation
        solver.parameters.random_seed = SEED
        solver.parameters.relative_gap_limit = CLOSE_ENOUGH
        solver.parameters.max_time_in_seconds = max(0.05, seconds)
        solver.parameters.max_deterministic_time = max(0.05, seconds) * EFFORT
        status = solver.solve(self.model)
        if status not in YES:
            return _Found(status, None)
        visits = {pair: n for pair, count in self.count.items() if (n := solver.value(count))}
        points = cost(self.problem, visits)
        bound = min(points, math.ceil(solver.best_objective_bound - 1e-6))
        repeatable = status == cp_model.OPTIMAL or solver.wall_time < seconds
        return _Found(status, Plan(visits, points, bound, "cp_sat", repeatable))
