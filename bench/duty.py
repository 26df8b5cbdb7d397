"""Suggesting who patrols which grids: CP-SAT beside the greedy way, and beside the bound on any plan."""

from collections.abc import Iterator
from statistics import median

import numpy as np

from bench.ground import FULL, SEED, TOWNS, Size, towns
from bench.stand import Stand
from bench.table import Figure, Mark, seconds
from service.suggestions import greedy, solver
from service.suggestions.ground import site
from service.suggestions.problem import Ground, Home, Limits, Problem, cost, missed

NAME = "duty"
CASES = {
    (100, 20): Limits(max_teams_per_grid=2),
    (400, 60): Limits(max_teams_per_grid=2),
    (400, 55): Limits(hours_per_week=7),  # fewer hours than the targets need
}
SMALL = {(30, 6): Limits()}
ALLOWED = 20.0  # s, for a suggestion
VISITS = (1, 2, 3)  # a week, of a grid


def figures(stand: Stand) -> Iterator[Figure]:
    """Everything about suggestions: points that a plan costs, and seconds until it is there."""
    for (grids, teams), limits in (CASES if stand.size == FULL else SMALL).items():
        yield from _measured(f"{grids} × {teams}", problem(grids, teams, limits), stand.runs)


def problem(grids: int, teams: int, limits: Limits) -> Problem:
    """Grids of a made-up town, and teams at home in some of them; seeded, so always the same."""
    chance = np.random.default_rng(SEED)
    drawn = towns(Size(round(grids * 1.05) * len(TOWNS), 0, 0, 0, 0))[0].grids[:grids]
    _, middles, borders = site(drawn)
    targets, urgency = chance.choice(VISITS, len(drawn)), chance.integers(0, 4, len(drawn))
    ground = zip(*middles.T.tolist(), targets.tolist(), urgency.tolist(), borders, strict=True)
    homes = middles[chance.integers(0, len(drawn), teams)]
    return Problem(tuple(Ground(*each) for each in ground), tuple(Home(*at) for at in homes.tolist()), limits)


def _measured(name: str, asked: Problem, runs: int) -> Iterator[Figure]:
    plan, simple = solver.solve(asked, ALLOWED), greedy.plan(asked)
    took = [seconds(solver.solve, asked, ALLOWED) for _ in range(runs)]
    quick = [seconds(greedy.plan, asked) for _ in range(runs)]
    short, simply_short = sum(missed(asked, plan.visits)), sum(missed(asked, simple))
    bound, peer = Mark(float(plan.bound or 0), "OR-tools' bound"), Mark(float(cost(asked, simple)), "greedy")
    yield Figure(NAME, f"{name}, cost", plan.cost, "points", runs, bound, peer)
    allowed = Mark(ALLOWED, "s allowed")
    yield Figure(NAME, f"{name}, time", median(took), "s", runs, allowed, Mark(median(quick), "s, greedy"))
    if simply_short:
        missing = Mark(float(simply_short), "greedy")
        yield Figure(NAME, f"{name}, visits missed", short, "visits", runs, None, missing)
