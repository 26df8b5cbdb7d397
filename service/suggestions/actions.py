"""Take a leader's question; have a worker answer it."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import shapely
from sqlalchemy import delete

from service import jobs
from service.areas.queries import prefix_of
from service.audit import actions as audit
from service.db import session, transaction, uuid7
from service.duty import actions as duty
from service.duty.actions import Author, Wanted
from service.duty.models import Assignment
from service.duty.pattern import Pattern
from service.errors import Conflict, Invalid
from service.settings import Settings
from service.suggestions import queries, solver
from service.suggestions.ground import site
from service.suggestions.models import Suggestion
from service.suggestions.problem import Ground, Home, Limits, Problem, visits_for
from service.suggestions.proposals import Frame, proposal, week_from
from service.suggestions.reasons import Sight
from service.telemetry import log

Period = tuple[datetime, datetime]
ANSWER = "suggestions.answer"
LOCAL = ZoneInfo("Asia/Shanghai")
MOST_GRIDS, MOST_TEAMS = 1000, 200
USUAL = 84  # hours that a grid may go unseen for which nothing was set: two visits a week
TRIES = 3
KEPT = timedelta(days=30)  # a suggestion that nobody has taken up by then is out of date
_SOLVER_LIMITS = set(Limits.__dataclass_fields__) - {"days"}


class Stale(Conflict):
    title, title_zh = (
        "Grids or assignments have changed since; ask again",
        "网格或任务区已变化，请重新生成建议",
    )


class NotApplicable(Conflict):
    title, title_zh = "This suggestion is not ready, over, or was applied", "该建议未就绪、已过期或已采用"


def ask(
    area: str, start: datetime, end: datetime, limits: dict[str, Any], teams: Sequence[UUID] | None = None
) -> Suggestion:
    """Have a suggestion worked out; raises Invalid when there is nothing to suggest, or too much."""
    prefix = prefix_of(area)
    grids = session.execute(queries.grids(prefix, start)).all()
    if not 0 < len(grids) <= MOST_GRIDS:
        raise Invalid(errors={"area": [f"Has {len(grids)} grids; must have 1 to {MOST_GRIDS:,}."]})
    suggestion = Suggestion(
        id=uuid7(),
        area_code=area,
        starts_at=start,
        ends_at=end,
        teams=[str(team) for team in _checked(prefix, teams)],
        limits=limits,
    )
    session.add(suggestion)
    session.flush()
    audit.record("assignments.suggest", "area", area)
    jobs.later(ANSWER)
    return suggestion


def _checked(prefix: str, ids: Sequence[UUID] | None) -> list[UUID]:
    found = [team.id for team in session.execute(queries.teams(prefix, ids)) if team.lon is not None]
    if ids is not None:
        known = set(found)
        wrong = {n: ["Not a team at home in this area."] for n, each in enumerate(ids) if each not in known}
        if wrong:
            raise Invalid(errors={"teams": wrong})
    if not 0 < len(found) <= MOST_TEAMS:
        raise Invalid(errors={"teams": [f"The area has {len(found)}; choose 1 to {MOST_TEAMS}."]})
    return found


@jobs.task(ANSWER, every="* * * * *", line="plans")
def answer_waiting() -> int:
    """Answer whatever waits, one after the other; gives how many were answered.

    No transaction is open while the solver works. What a worker left behind when it died is taken up again.
    """
    seconds, answered = Settings.from_env().suggest_seconds, 0
    with transaction():
        session.execute(delete(Suggestion).where(Suggestion.asked_at < datetime.now(UTC) - KEPT))
    while (taken := _take()) is not None:
        problem, frame = taken.problem, taken.frame
        answer = proposal(problem, solved(problem, seconds), frame)
        with transaction():
            found = session.get_one(Suggestion, taken.id, populate_existing=True)
            found.state, found.answer, found.basis = "ready", answer, taken.basis
        answered += 1
    return answered


class _Taken:
    """A question that this worker is at."""

    def __init__(self, suggestion: Suggestion) -> None:
        self.id = suggestion.id
        self.problem, self.frame, self.basis = _read(suggestion)


def _take() -> _Taken | None:
    with transaction():
        suggestion = session.scalars(queries.waiting()).one_or_none()
        if suggestion is None:
            return None
        suggestion.claimed_at, suggestion.tries = datetime.now(UTC), suggestion.tries + 1
        if suggestion.tries > TRIES:
            suggestion.state = "failed"
            return None
        return _Taken(suggestion)


def solved(problem: Problem, seconds: float) -> solver.Plan:
    """The plan, from a process of its own: if the solver's native code dies, the worker goes on."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(solver.solve, problem, seconds).result()
        except BrokenProcessPool:
            log.exception("the solver has died", grids=len(problem.grids), teams=len(problem.teams))
    return solver.solve(problem, 0)


def apply(suggestion: Suggestion, author: Author) -> list[Assignment]:
    """Put a suggestion in the place of what holds its grids in its period; all of it or nothing.

    Raises Stale when grids or assignments are other ones than it was worked out from. What has begun by then
    goes on to its end; assignments that reach beyond the area stay.
    """
    suggestion = session.scalars(queries.locked(suggestion)).one()
    now, answer = datetime.now(UTC), suggestion.answer
    if answer is None or suggestion.applied_at is not None or suggestion.ends_at <= now:
        raise NotApplicable
    prefix, period = prefix_of(suggestion.area_code), (suggestion.starts_at, suggestion.ends_at)
    grids = {grid.code: grid.id for grid in session.execute(queries.grids(prefix, period[0]))}
    duty.lock(grids.values(), None)
    if (
        _basis(grids.values(), session.execute(queries.held(list(grids.values()), *period)).all())
        != suggestion.basis
    ):
        raise Stale
    start = max(period[0], now)
    for before in session.scalars(queries.replaced(list(grids.values()), start, period[1])).all():
        duty.end(before, max(start, before.starts_at), None, author)
    reason = f"建议 {suggestion.id}" if suggestion.limits["max_teams_per_grid"] > 1 else None
    made = [_assign(line, grids, (start, period[1]), reason, author) for line in answer["lines"]]
    suggestion.applied_at, suggestion.applied_by = now, author.id
    session.flush()
    audit.record("assignments.apply", "suggestion", suggestion.id)
    return [each for each in made if each is not None]


def _assign(
    line: dict[str, Any], grids: dict[str, int], period: Period, reason: str | None, author: Author
) -> Assignment | None:
    """A line as an assignment; None if no day of it is left in the period."""
    asked = Pattern(*period, line["rrule"], line["starts_at"], line["minutes"])
    try:
        spans = duty.spans_of(asked)
    except Invalid:
        return None
    ids = tuple(grids[grid["code"]] for grid in line["grids"])
    return duty.put(Wanted(UUID(line["team"]["id"]), None, ids, asked, reason), spans, author)


def _basis(grid_ids: Iterable[int], held: Iterable[Any]) -> str:
    """Names a state of grids and of who has them."""
    told = sorted(grid_ids), sorted(f"{row.assignment_id} {row.grid_id} {row.times}" for row in held)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _read(suggestion: Suggestion) -> tuple[Problem, Frame, str]:
    prefix, start = prefix_of(suggestion.area_code), suggestion.starts_at
    grids = session.execute(queries.grids(prefix, start)).all()
    teams = session.execute(queries.teams(prefix, [UUID(each) for each in suggestion.teams])).all()
    limits = _limits(suggestion.limits)
    sights = _sights(grids, prefix, start, suggestion.limits["visits_per_week"], limits)
    days = week_from(start.astimezone(LOCAL).date(), suggestion.limits["days"])
    held = session.execute(queries.held([grid.id for grid in grids], start, suggestion.ends_at)).all()
    frame = Frame(
        [{"code": grid.code, "name": grid.name} for grid in grids],
        [{"id": str(team.id), "code": team.code, "name": team.name} for team in teams],
        sights,
        days,
        suggestion.limits["starts_at"],
    )
    at = {team.id: n for n, team in enumerate(teams)}, {grid.id: n for n, grid in enumerate(grids)}
    pairs = frozenset((at[0][row.team_id], at[1][row.grid_id]) for row in held if row.team_id in at[0])
    usual = suggestion.limits["visits_per_week"] or visits_for(USUAL, limits)
    problem = replace(_problem(grids, teams, sights, usual, limits), held=pairs)
    return problem, frame, _basis([grid.id for grid in grids], held)


def _limits(asked: dict[str, Any]) -> Limits:
    limits = {name: value for name, value in asked.items() if name in _SOLVER_LIMITS}
    return Limits(days=len(asked["days"]), **limits)


def _sights(
    grids: Sequence[Any], prefix: str, start: datetime, asked: int | None, limits: Limits
) -> list[Sight]:
    """What is known of each grid; its own target counts unless a number of visits was asked for."""
    seen = {row.grid_id: (start - row.at).days for row in session.execute(queries.last_seen(prefix, start))}
    found = {row.code: (row.matters, row.urgent) for row in session.execute(queries.open_matters(prefix))}
    targets = {} if asked else dict(map(tuple, session.execute(queries.targets(prefix))))
    own = {code: visits_for(hours, limits) for code, hours in targets.items()}
    return [Sight(seen.get(each.id), *found.get(each.code, (0, 0)), own.get(each.code)) for each in grids]


def _problem(
    grids: Sequence[Any], teams: Sequence[Any], sights: list[Sight], usual: int, limits: Limits
) -> Problem:
    plane, middles, borders = site([shapely.from_wkb(bytes(grid.shape)) for grid in grids])
    homes = (plane.to_metres(team.lon, team.lat) for team in teams)
    ground = zip(middles.tolist(), sights, borders, strict=True)
    return Problem(
        tuple(Ground(x, y, sight.visits or usual, sight.urgency, near) for (x, y), sight, near in ground),
        tuple(Home(float(x), float(y)) for x, y in homes),
        limits,
    )
