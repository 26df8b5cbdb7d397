"""What a maximum flow says at once about whether targets can be met (Ford and Fulkerson 1956).

Visits flow from teams to grids. One flow knows of hours, days and distance, the other of how many grids a
team and how many teams a grid may have; only a search can tell how the two go together.
"""

from collections.abc import Sequence

from ortools.graph.python import max_flow

from service.suggestions.problem import Problem


def are_short(problem: Problem) -> bool:
    """Whether some limits can be seen to collide."""
    return _visits_are_short(problem) or _teams_are_short(problem)


def are_enough(problem: Problem) -> bool:
    """Whether targets can be met for certain: the flow of visits reaches them, and no limit counts teams."""
    limits = problem.limits
    uncounted = limits.grids_per_team is None and limits.min_teams_per_grid == 1
    return uncounted and limits.max_teams_per_grid >= len(problem.teams) and not _visits_are_short(problem)


def _visits_are_short(problem: Problem) -> bool:
    limits = problem.limits
    needs = [grid.visits for grid in problem.grids]
    return _flow(problem, limits.visits_per_week, limits.days, needs) < sum(needs)


def _teams_are_short(problem: Problem) -> bool:
    limits = problem.limits
    most = min(limits.days, limits.visits_per_week)
    if most == 0:
        return bool(problem.grids)
    needs = [max(limits.min_teams_per_grid, -(-grid.visits // most)) for grid in problem.grids]
    room = len(problem.grids) if limits.grids_per_team is None else limits.grids_per_team
    return max(needs) > limits.max_teams_per_grid or _flow(problem, room, 1, needs) < sum(needs)


def _flow(problem: Problem, per_team: int, per_pair: int, needs: Sequence[int]) -> int:
    """How much reaches the grids."""
    flow, teams = max_flow.SimpleMaxFlow(), len(problem.teams)
    source, sink = teams + len(needs), teams + len(needs) + 1
    for team in range(teams):
        flow.add_arc_with_capacity(source, team, per_team)
    for grid, able in enumerate(problem.reach):
        flow.add_arc_with_capacity(teams + grid, sink, needs[grid])
        for team in able:
            flow.add_arc_with_capacity(team, teams + grid, per_pair)
    flow.solve(source, sink)
    return int(flow.optimal_flow())
