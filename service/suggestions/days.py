"""On which days of the week the visits of a plan are made.

A team makes at most so many visits a day, and a grid is visited at most once a day. Days for all visits exist
whenever no team has more visits than its days have room for and no grid more than there are days: visits are
the edges between teams and grids, days their colours (de Werra 1971, balanced edge colouring of a bipartite
multigraph).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from service.suggestions.problem import Pair, Visits

Days = dict[Pair, frozenset[int]]


def spread(visits: Visits, days: int, per_day: int, urgency: Callable[[int], int] = lambda _: 0) -> Days:
    """The days (0 is the first) of each pair's visits, apart from each other, those of urgent grids first.

    Grids of a team that are visited equally often share their days as far as they fit. Raises ValueError when
    a team or a grid has more visits than there is room for.
    """
    week = _Week(days, per_day)
    order = sorted(visits, key=lambda pair: (pair[0], -visits[pair], -urgency(pair[1]), pair[1]))
    late: list[Pair] = []
    for pair in order:
        pattern = next((p for p in patterns(visits[pair], days) if week.fits(pair, p)), None)
        if pattern is None:
            late.append(pair)
        else:
            week.put(pair, pattern)
    for pair in late:
        for _ in range(visits[pair]):
            week.squeeze_in(pair)
    return {pair: frozenset(week.days_of(pair)) for pair in visits}


def patterns(count: int, days: int) -> list[tuple[int, ...]]:
    """The ways to make so many visits evenly over the days, the one that begins first before the others."""
    first = [i * days // count for i in range(count)]
    return list(dict.fromkeys(tuple(sorted((day + turn) % days for day in first)) for turn in range(days)))


class _Week:
    """Who goes where on which day."""

    def __init__(self, days: int, per_day: int) -> None:
        self.days, self.per_day = range(days), per_day
        self.of_team: dict[tuple[int, int], list[int]] = defaultdict(list)  # team, day: grids
        self.of_grid: dict[tuple[int, int], int] = {}  # grid, day: team

    def fits(self, pair: Pair, days: Iterable[int]) -> bool:
        team, grid = pair
        return all(self._has_room(team, day) and (grid, day) not in self.of_grid for day in days)

    def put(self, pair: Pair, days: Iterable[int]) -> None:
        team, grid = pair
        for day in days:
            self.of_team[team, day].append(grid)
            self.of_grid[grid, day] = team

    def days_of(self, pair: Pair) -> list[int]:
        team, grid = pair
        return [day for day in self.days if self.of_grid.get((grid, day)) == team]

    def squeeze_in(self, pair: Pair) -> None:
        """Make one more visit, if need be by moving others along a chain between two days."""
        team, grid = pair
        at_team = [day for day in self.days if self._has_room(team, day)]
        at_grid = [day for day in self.days if (grid, day) not in self.of_grid]
        if not at_team or not at_grid:
            raise ValueError("there are more visits than a week has room for")
        both = [day for day in at_team if day in at_grid]
        if not both:
            self._swap(grid, at_team[0], at_grid[0])
        self.put(pair, (both or at_team)[:1])

    def _has_room(self, team: int, day: int) -> bool:
        return len(self.of_team[team, day]) < self.per_day

    def _swap(self, grid: int, day: int, other: int) -> None:
        """Free `day` at a grid that has `other` free: its visit moves there, and whatever that pushes out.

        A team that gets one too many on `other` gives one that has not moved yet back to `day`, where it has
        just lost one; so each visit moves at most once, and the chain ends.
        """
        moved: set[int] = set()
        team = self.of_grid.get((grid, day))
        while team is not None:
            self._move(team, grid, day, other)
            moved.add(grid)
            if len(self.of_team[team, other]) <= self.per_day:
                return
            grid = self._movable(team, other, day, moved)
            following = self.of_grid.get((grid, day))
            self._move(team, grid, other, day)
            team = following

    def _movable(self, team: int, day: int, other: int, moved: set[int]) -> int:
        grids = self.of_team[team, day]
        return next(g for g in grids if g not in moved and self.of_grid.get((g, other)) != team)

    def _move(self, team: int, grid: int, day: int, other: int) -> None:
        if self.of_grid.get((grid, day)) == team:
            del self.of_grid[grid, day]
        self.of_team[team, day].remove(grid)
        self.of_team[team, other].append(grid)
        self.of_grid[grid, other] = team
