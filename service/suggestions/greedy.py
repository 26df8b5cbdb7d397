"""A plan in milliseconds: the most urgent grids choose first, each the team that costs least."""

from service.suggestions.problem import CHANGED, DETACHED, UNEVEN, Pair, Problem


def plan(problem: Problem) -> dict[Pair, int]:
    """Visits that break no limit; as many as this simple way finds room for."""
    made = _Plan(problem)
    grids = range(len(problem.grids))
    for grid in sorted(
        grids, key=lambda g: (-problem.grids[g].urgency, len(problem.reach[g]), _far(problem, g))
    ):
        made.place(grid)
    return made.visits


def _far(problem: Problem, grid: int) -> float:
    """Grids near some home go first: what follows can then hang on to them."""
    nearest = problem.reach[grid][:1]
    return float(problem.distances[nearest[0], grid]) if nearest else 0.0


class _Plan:
    """A plan as it grows."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.visits: dict[Pair, int] = {}
        self.left = [problem.limits.visits_per_week] * len(problem.teams)
        most = problem.limits.grids_per_team
        self.room = [len(problem.grids) if most is None else most] * len(problem.teams)
        self.taken = {grid for _, grid in problem.held}

    def place(self, grid: int) -> None:
        """Give a grid to as few teams as it needs."""
        limits, wanted = self.problem.limits, self.problem.grids[grid].visits
        chosen: dict[int, int] = {}
        while wanted and len(chosen) < limits.max_teams_per_grid:
            able = [t for t in self.problem.reach[grid] if t not in chosen and self.left[t] and self.room[t]]
            if not able:
                break
            others = max(0, limits.min_teams_per_grid - len(chosen) - 1)
            part = min(limits.days, -(-wanted // (others + 1)) if others else wanted)
            team = min(able, key=lambda t: (-min(part, self.left[t]), self._price(t, grid, part), t))
            chosen[team] = min(part, self.left[team])
            wanted -= chosen[team]
        if not wanted and len(chosen) < limits.min_teams_per_grid:
            chosen[max(chosen)] -= 1  # its target is not met by so few teams
        for team, count in ((team, count) for team, count in chosen.items() if count):
            self.visits[team, grid] = count
            self.left[team] -= count
            self.room[team] -= 1

    def _price(self, team: int, grid: int, count: int) -> int:
        problem = self.problem
        load = problem.limits.visits_per_week - self.left[team]
        uneven = abs(load + count - problem.share) - abs(load - problem.share)
        holds = load > 0 and not any((team, other) in self.visits for other in problem.grids[grid].borders)
        changed = grid in self.taken and (team, grid) not in problem.held
        return problem.steps[team][grid] * count + UNEVEN * uneven + DETACHED * holds + CHANGED * changed
