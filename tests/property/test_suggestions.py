"""Whatever the grids, teams and limits: a plan breaks no limit, says how good it is, and gets its days."""

from itertools import combinations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from service.suggestions import exchange, flows, greedy, solver
from service.suggestions.days import patterns, spread
from service.suggestions.problem import (
    Ground,
    Home,
    Limits,
    Problem,
    broken,
    cost,
    loads,
    missed,
    price_of_missing,
)

few = settings(deadline=None, max_examples=40)
places = st.tuples(st.integers(0, 20), st.integers(0, 20))


@st.composite
def limits(draw):
    least = draw(st.integers(1, 2))
    return Limits(
        visit_minutes=30,
        shift_minutes=draw(st.sampled_from([30, 60, 120])),
        days=draw(st.integers(1, 7)),
        hours_per_week=draw(st.none() | st.integers(1, 8)),
        grids_per_team=draw(st.none() | st.integers(1, 4)),
        max_distance_m=draw(st.none() | st.integers(300, 2000)),
        min_teams_per_grid=least,
        max_teams_per_grid=draw(st.integers(least, 3)),
    )


@st.composite
def problems(draw, lax=False):
    spots = draw(st.lists(places, min_size=1, max_size=9, unique=True))
    near = {
        pair for pair in combinations(range(len(spots)), 2)
        if max(abs(a - b) for a, b in zip(*(spots[each] for each in pair), strict=True)) <= 2
    }  # fmt: skip
    borders = [[j for pair in near if i in pair for j in pair if j != i] for i in range(len(spots))]
    grids = tuple(
        Ground(x * 100.0, y * 100.0, draw(st.integers(1, 4)), draw(st.integers(0, 9)), tuple(sorted(border)))
        for (x, y), border in zip(spots, borders, strict=True)
    )
    homes = draw(st.lists(places, min_size=1, max_size=4))
    teams = tuple(Home(x * 100.0, y * 100.0) for x, y in homes)
    pairs = st.tuples(st.integers(0, len(teams) - 1), st.integers(0, len(grids) - 1))
    held = frozenset(draw(st.lists(pairs, max_size=5)))
    return Problem(grids, teams, Limits(days=7, shift_minutes=600) if lax else draw(limits()), held)


@few
@given(problems())
def test_the_greedy_plan_breaks_no_limit(problem):
    assert broken(problem, greedy.plan(problem)) == []


@settings(deadline=None, max_examples=200)
@given(problems())
def test_exchanging_grids_breaks_no_limit(problem):
    assert broken(problem, exchange.improve(problem, greedy.plan(problem))) == []


@settings(deadline=None, max_examples=200)
@given(problems())
def test_exchanging_grids_takes_no_visit_from_a_grid(problem):
    start = greedy.plan(problem)
    assert missed(problem, exchange.improve(problem, start)) == missed(problem, start)


@settings(deadline=None, max_examples=200)
@given(problems())
def test_exchanging_grids_costs_nothing(problem):
    start = greedy.plan(problem)
    assert cost(problem, exchange.improve(problem, start)) <= cost(problem, start)


@few
@given(problems())
def test_the_solved_plan_breaks_no_limit(problem):
    assert broken(problem, solver.solve(problem, 1).visits) == []


@few
@given(problems())
def test_the_solved_plan_costs_no_more_than_the_greedy_one(problem):
    plan = solver.solve(problem, 2)
    assert plan.cost == cost(problem, plan.visits) <= cost(problem, greedy.plan(problem))


@few
@given(problems(lax=True))
def test_no_plan_is_cheaper_than_the_bound(problem):
    bound = solver.solve(problem, 2).bound
    assert bound <= cost(problem, greedy.plan(problem))


@few
@given(problems(lax=True))
def test_the_same_question_gives_the_same_plan(problem):
    assert solver.solve(problem, 2) == solver.solve(problem, 2)


@few
@given(problems(lax=True))
def test_with_room_for_all_every_grid_meets_its_target(problem):
    assert not any(missed(problem, solver.solve(problem, 2).visits))


@few
@given(problems())
def test_whenever_a_target_is_missed_the_colliding_limits_are_named(problem):
    plan = solver.solve(problem, 4)
    assert bool(plan.collisions) == any(missed(problem, plan.visits))


@few
@given(problems())
def test_lifting_what_collides_lets_every_target_be_met(problem):
    named = solver.collisions(problem, 1)
    assume(named)
    lifted = problem.without(*(name for each in named for name in each))
    assert not any(missed(lifted, solver.solve(lifted, 4).visits))


@few
@given(problems())
def test_a_flow_that_is_short_is_right(problem):
    assume(flows.are_short(problem))
    assert any(missed(problem, solver.solve(problem, 2).visits))


@few
@given(problems())
def test_missing_a_visit_costs_more_than_making_the_dearest_one(problem):
    dearest = max(max(row) for row in problem.steps)
    assert all(price_of_missing(problem, grid) > dearest for grid in range(len(problem.grids)))


@st.composite
def weeks(draw):
    """Visits for which there is just room: no team and no grid has more than its days hold."""
    days, per_day = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    teams, grids = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    left, free = [days * per_day] * teams, [days] * grids
    visits = {}
    for team, grid in draw(st.permutations([(t, g) for t in range(teams) for g in range(grids)])):
        if count := min(draw(st.integers(0, days)), left[team], free[grid]):
            visits[team, grid] = count
            left[team] -= count
            free[grid] -= count
    return visits, days, per_day


@settings(deadline=None, max_examples=300)
@given(weeks())
def test_every_visit_gets_a_day(week):
    visits, days, per_day = week
    assert {pair: len(on) for pair, on in spread(visits, days, per_day).items()} == visits


@settings(deadline=None, max_examples=300)
@given(weeks())
def test_no_team_makes_more_visits_on_a_day_than_fit(week):
    visits, days, per_day = week
    made = spread(visits, days, per_day)
    assert all(
        sum(day in on for (team, _), on in made.items() if team == each) <= per_day
        for each in {team for team, _ in visits}
        for day in range(days)
    )


@settings(deadline=None, max_examples=300)
@given(weeks())
def test_no_grid_is_visited_twice_on_a_day(week):
    visits, days, per_day = week
    made = spread(visits, days, per_day)
    assert all(
        sum(day in on for (_, grid), on in made.items() if grid == each) <= 1
        for each in {grid for _, grid in visits}
        for day in range(days)
    )


def test_more_visits_than_a_week_holds_are_refused():
    with pytest.raises(ValueError, match="room"):
        spread({(0, 0): 2, (0, 1): 1}, days=2, per_day=1)


def test_three_visits_a_week_lie_apart():
    assert patterns(3, 7)[0] == (0, 2, 4)


def test_grids_that_are_visited_equally_often_share_their_days():
    made = spread({(0, grid): 2 for grid in range(4)}, days=7, per_day=4)
    assert len(set(made.values())) == 1


def test_the_most_urgent_grid_is_visited_first():
    made = spread({(0, grid): 1 for grid in range(3)}, days=7, per_day=1, urgency=[0, 5, 9].__getitem__)
    assert sorted(made, key=lambda pair: min(made[pair])) == [(0, 2), (0, 1), (0, 0)]


def test_a_team_is_not_given_a_far_grid_while_a_near_team_has_room():
    grids = tuple(Ground(x * 300.0, 0.0, 1) for x in range(10))
    problem = Problem(grids, (Home(0, 0), Home(2700, 0)), Limits())
    visits = solver.solve(problem, 2).visits
    assert sorted(visits) == [(0, g) for g in range(5)] + [(1, g) for g in range(5, 10)]


def test_loads_are_even_where_distances_are():
    grids = tuple(Ground(0.0, y * 300.0, 1) for y in range(12))
    problem = Problem(grids, (Home(-500, 1500), Home(500, 1500), Home(500, 1800)), Limits())
    assert loads(problem, solver.solve(problem, 2).visits) == [4, 4, 4]


def test_what_a_team_has_today_stays_with_it_where_nothing_is_gained():
    grids = tuple(Ground(0.0, y * 300.0, 1) for y in range(6))
    held = frozenset([(1, 0), (0, 5), (1, 2), (0, 3), (0, 1), (1, 4)])
    problem = Problem(grids, (Home(-500, 750), Home(500, 750)), Limits(), held)
    assert set(solver.solve(problem, 2).visits) == held


def test_the_urgent_grid_is_visited_when_there_is_no_room_for_all():
    grids = (Ground(0, 0, 1), Ground(900, 0, 1, urgency=5), Ground(0, 300, 1))
    problem = Problem(grids, (Home(0, 0),), Limits(days=1, shift_minutes=30))
    assert list(solver.solve(problem, 2).visits) == [(0, 1)]


def test_two_collisions_are_both_named():
    grids = (Ground(0, 0, 7), Ground(100, 0, 7), Ground(90_000, 0, 1))
    problem = Problem(grids, (Home(0, 0),), Limits(hours_per_week=2, max_distance_m=1000))
    assert solver.collisions(problem, 1) == (("max_distance_m",), ("hours_per_week",))
