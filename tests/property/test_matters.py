"""Properties of a matter's table of steps and of its clocks, for any input."""

import csv
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.matters import clocks, workflow
from service.matters.clocks import CALENDAR, ZONE, Clock, calendar
from service.matters.workflow import LEVELS, OVER, STAGES, STEPS, Actor, State

TIMES = st.datetimes(datetime(2025, 12, 1), datetime(2027, 12, 1), timezones=st.just(UTC))
NEEDS = st.timedeltas(timedelta(minutes=1), timedelta(hours=300))
CLOCKS = st.booleans().map(lambda is_round: Clock(is_round, calendar()))
TIES = st.frozensets(st.sampled_from(["handler", "team", "reporter", "leader"]))
ACTORS = st.builds(
    Actor, st.sampled_from(["member", "leader", "officer", "centre"]), st.sampled_from(LEVELS), TIES
)
GRID = st.just("grid")
LIVE = st.sampled_from(STAGES[:-3])
STATES = st.one_of(
    st.builds(State, LIVE, st.sampled_from(LEVELS), st.none(), st.none()),
    st.builds(
        State, st.sampled_from(["returned", "suspended"]), st.sampled_from(LEVELS), st.just("filed"), GRID
    ),
)  # fmt: skip


def beijing(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE)


@given(CLOCKS, TIMES, NEEDS)
def test_a_limit_is_used_up_exactly_when_it_is_due(clock: Clock, start: datetime, need: timedelta) -> None:
    assert clock.used(start, clock.advance(start, need)) == need


@given(CLOCKS, TIMES, NEEDS, NEEDS)
def test_a_limit_in_two_parts_is_due_like_the_whole(
    clock: Clock, start: datetime, one: timedelta, other: timedelta
) -> None:
    assert clock.advance(clock.advance(start, one), other) == clock.advance(start, one + other)


@given(TIMES, NEEDS)
def test_working_hours_end_only_while_people_work(start: datetime, need: timedelta) -> None:
    due = Clock(False, calendar()).advance(start, need).astimezone(ZONE)
    assert calendar().is_working(due.date())
    assert any(opens <= due.time() <= closes for opens, closes in clocks.HOURS)


FIRST_DAY = datetime(2025, 11, 1, tzinfo=ZONE)
MINUTE = timedelta(minutes=1)
MINUTES = st.integers(30 * 1440, 700 * 1440)  # after the first day


@cache
def worked() -> NDArray[np.int64]:
    """How many minutes of work lie before each minute, counted one by one as the file and the week say."""
    with CALENDAR.open(encoding="utf-8", newline="") as file:
        kinds = {row["day"]: row["kind"] for row in csv.DictReader(file)}
    of_day = np.zeros(1440, np.int64)
    of_day[9 * 60 : 12 * 60 + 30] = of_day[13 * 60 + 30 : 18 * 60] = 1
    days = [FIRST_DAY + timedelta(days=n) for n in range(900)]
    is_work = [kinds.get(f"{day:%Y-%m-%d}", "holiday" if day.isoweekday() > 5 else "workday") for day in days]
    minutes = np.concatenate([of_day if kind == "workday" else 0 * of_day for kind in is_work])
    return np.concatenate([[0], np.cumsum(minutes)])


@given(MINUTES, st.integers(1, 300 * 60))
def test_a_limit_is_due_when_its_minutes_of_work_have_been_counted_one_by_one(begin: int, need: int) -> None:
    counted = worked()
    end = int(np.searchsorted(counted, counted[begin] + need))
    due = Clock(False, calendar()).advance(FIRST_DAY + MINUTE * begin, MINUTE * need)
    assert due == FIRST_DAY + MINUTE * end


@given(MINUTES, st.integers(0, 60 * 1440))
def test_what_has_been_used_is_each_minute_of_work_between(begin: int, length: int) -> None:
    counted = worked()
    used = Clock(False, calendar()).used(FIRST_DAY + MINUTE * begin, FIRST_DAY + MINUTE * (begin + length))
    assert used == MINUTE * int(counted[begin + length] - counted[begin])


@given(CLOCKS, TIMES, st.floats(1, 100), st.timedeltas(timedelta(), timedelta(days=60)))
def test_a_pause_moves_what_is_left_and_no_more(
    clock: Clock, start: datetime, hours: float, pause: timedelta
) -> None:
    limit = timedelta(hours=hours)
    stopped = clock.advance(start, limit / 2)
    left = limit - clock.used(start, stopped)
    due = clocks.resumed(clock, stopped + pause, hours, left, 0).due_at
    assert due is not None
    assert clock.used(stopped + pause, due) == left


@given(CLOCKS, TIMES, st.floats(0.5, 200), st.timedeltas(timedelta(), timedelta(days=90)))
def test_the_next_look_is_never_in_the_past(
    clock: Clock, start: datetime, hours: float, later: timedelta
) -> None:
    was = clocks.entered(clock, start, hours)
    assert was.look_at is not None
    now = was.look_at + later
    ladder = clocks.next_rung(clock, was, hours, now)
    assert ladder.look_at is not None
    assert ladder.look_at > now or ladder.look_at == was.due_at > now
    assert ladder.due_at == was.due_at


def test_the_clock_crosses_the_national_day_with_its_make_up_day() -> None:
    clock = Clock(False, calendar())  # 30 September is a Wednesday; 10 October a Saturday of work
    assert clock.advance(beijing(2026, 9, 30, 14, 0), timedelta(hours=8)) == beijing(
        2026, 10, 8, 13, 30
    ) + timedelta(minutes=30)
    assert clock.advance(beijing(2026, 10, 9, 17, 0), timedelta(hours=2)) == beijing(2026, 10, 10, 10, 0)
    assert clock.advance(beijing(2026, 9, 19, 9, 0), timedelta(hours=1)) == beijing(2026, 9, 20, 10, 0)


NOTICE = (
    "国办发明电〔2025〕7号"  # of 4 November 2025: its holidays, first and last day, and days worked instead
)
REST_2026 = (("01-01", "01-03"), ("02-15", "02-23"), ("04-04", "04-06"), ("05-01", "05-05"),
             ("06-19", "06-21"), ("09-25", "09-27"), ("10-01", "10-07"))  # fmt: skip
WORK_2026 = ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")


def test_the_calendar_of_2026_is_what_the_state_council_announced() -> None:
    days, one = calendar(), timedelta(days=1)
    rest = [
        (date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last}")) for first, last in REST_2026
    ]
    announced = {first + one * n for first, last in rest for n in range((last - first).days + 1)}
    assert {day for day in days.holidays if day.year == 2026} == announced
    worked = {date.fromisoformat(f"2026-{day}") for day in WORK_2026}
    assert {day for day in days.workdays if day.year == 2026} == worked


def test_each_day_names_its_source_and_what_was_not_announced_yet_says_so() -> None:
    with CALENDAR.open(encoding="utf-8", newline="") as file:
        sources = {(row["day"][:4], row["source"].partition(":")[0]) for row in csv.DictReader(file)}
    assert sources == {("2026", NOTICE), ("2027", "provisional")}


def test_an_ordinary_weekend_is_no_working_time() -> None:
    assert not calendar().is_working(date(2026, 11, 22))
    assert Clock(False, calendar()).used(beijing(2026, 11, 20, 18), beijing(2026, 11, 23, 9)) == timedelta()


@given(STATES, ACTORS)
def test_whatever_is_allowed_is_a_step_of_the_table(state: State, actor: Actor) -> None:
    for step, stage in workflow.allowed(state, actor).items():
        then = workflow.after(state, step, actor)
        assert then and then.stage == stage


@given(st.lists(st.tuples(ACTORS, st.sampled_from(workflow.BY_HAND)), max_size=60))
def test_whatever_people_do_the_history_is_a_path_of_the_table(tries: list[tuple[Actor, str]]) -> None:
    state, taken = State("reported", "grid"), [("report", "reported", "grid")]
    for actor, step in tries:
        if then := workflow.after(state, step, actor):
            state = then
            taken.append((step, then.stage, then.level))
    assert workflow.is_path(taken)


def test_a_history_with_a_link_left_out_is_no_path() -> None:
    assert not workflow.is_path([("report", "reported", "grid"), ("dispatch", "dispatched", "grid")])
    assert not workflow.is_path([("file", "filed", "grid")])


@given(st.sampled_from(LEVELS), ACTORS.map(lambda who: who._replace(ties=who.ties | {"handler"})))
def test_nobody_verifies_what_they_handled(level: str, handler: Actor) -> None:
    assert not {"verify", "return"} & set(workflow.allowed(State("fed_back", level), handler))


@given(STATES, ACTORS)
def test_a_step_climbs_at_most_one_level(state: State, actor: Actor) -> None:
    for step in workflow.allowed(state, actor):
        then = workflow.after(state, step, actor)
        assert then and LEVELS.index(then.level) - LEVELS.index(state.level) <= 1


@given(st.sampled_from(LEVELS[2:]), st.sampled_from(["handler", "team", "reporter"]))
def test_who_stands_lower_does_not_run_a_higher_matter(level: str, tie: str) -> None:
    low = Actor("officer", "community")
    steps = workflow.allowed(State("filed", level), low)
    assert set(steps) == {"note"}


@given(st.sampled_from(OVER), ACTORS)
def test_what_is_over_is_only_noted_evaluated_or_reopened(stage: str, actor: Actor) -> None:
    assert set(workflow.allowed(State(stage, "grid"), actor)) <= {"note", "evaluate", "reopen"}


def test_every_stage_is_reached_and_every_open_one_left() -> None:
    reached = {rule.to for rule in workflow.RULES} | {"reported"}
    assert set(STAGES) <= reached
    assert all(
        any(stage in rule.stages and rule.to not in ("same", stage) for rule in workflow.RULES)
        for stage in (*workflow.OPEN, "suspended")
    )
    assert {rule.step for rule in workflow.RULES} == set(STEPS)
