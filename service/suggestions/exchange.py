"""A plan made cheaper by moving grids from team to team, alone or in exchange; no grid is visited less."""

from service.suggestions.problem import CHANGED, DETACHED, UNEVEN, Pair, Problem, Visits

ROUNDS = 10
NEAREST = 8  # teams that a grid may move to


def improve(problem: Problem, visits: Visits) -> dict[Pair, int]:
    """The same visits to every grid, and no limit broken that was kept, for no more points."""
    teams: list[dict[int, int]] = [{} for _ in problem.teams]
    for (team, grid), count in visits.items():
        teams[team][grid] = count
    market = _Market(problem, teams)
    for _ in range(ROUNDS):
        pairs = [(team, grid) for team, grids in enumerate(teams) for grid in sorted(grids)]
        if not sum(market.improve(*pair) for pair in pairs):
            break
    return {(team, grid): count for team, grids in enumerate(teams) for grid, count in sorted(grids.items())}


class _Market:
    """What each team has, and what it costs."""

    def __init__(self, problem: Problem, teams: list[dict[int, int]]) -> None:
        self.problem, self.teams = problem, teams
        self._known: dict[Pair, list[int]] = {}
        self.taken = {grid for _, grid in problem.held}
        self.reach = [set(able) for able in problem.reach]
        most = problem.limits.grids_per_team
        self.room = len(problem.grids) if most is None else most
        self.prices = [self._price(team, grids) for team, grids in enumerate(teams)]

    def improve(self, team: int, grid: int) -> bool:
        """Give the grid away or exchange it, if that is to the good of all; whether it was."""
        if grid not in self.teams[team]:
            return False
        best, saved = None, 0
        for other in self.problem.reach[grid][:NEAREST]:
            if other == team or grid in self.teams[other]:
                continue
            for back in (None, *self.teams[other]):
                deal = self._deal(team, grid, other, back)
                gain = self._gain(deal) if deal else 0
                if gain > saved:
                    best, saved = deal, gain
        for each, grids in (best or {}).items():
            self.teams[each].clear()
            self.teams[each].update(grids)
            self.prices[each] = self._price(each, grids)
        return best is not None

    def _deal(self, team: int, grid: int, other: int, back: int | None) -> dict[int, dict[int, int]] | None:
        """What both teams have afterwards; None if that breaks a limit."""
        gives, takes = dict(self.teams[team]), dict(self.teams[other])
        takes[grid] = gives.pop(grid)
        if back is not None:
            if back in gives or team not in self.reach[back]:
                return None
            gives[back] = takes.pop(back)
        most = self.problem.limits.visits_per_week
        if len(takes) > self.room or max(sum(gives.values()), sum(takes.values())) > most:
            return None
        return {team: gives, other: takes}

    def _gain(self, deal: dict[int, dict[int, int]]) -> int:
        return sum(self.prices[team] - self._price(team, grids) for team, grids in deal.items())

    def _price(self, team: int, grids: dict[int, int]) -> int:
        problem, steps = self.problem, self.problem.steps[team]
        away = abs(sum(grids.values()) - problem.share)
        loose = sum(not any(other in grids for other in self._nearer(team, grid)) for grid in grids)
        changed = sum(grid in self.taken and (team, grid) not in problem.held for grid in grids)
        ways = sum(steps[grid] * count for grid, count in grids.items())
        return ways + UNEVEN * away + DETACHED * max(0, loose - 1) + CHANGED * changed

    def _nearer(self, team: int, grid: int) -> list[int]:
        key = team, grid
        if key not in self._known:
            self._known[key] = list(self.problem.nearer(team, grid))
        return self._known[key]
