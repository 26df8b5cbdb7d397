"""64 people who act on the same matter at the same moment, on real connections: one wins each time."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from service.areas.models import Grid, GridRevision
from service.db import fetch, session, transaction, uuid7
from service.errors import Problem
from service.matters import actions, history, queries, reporting, workflow
from service.matters.actions import Said
from service.matters.facts import Report
from service.matters.models import Matter, MatterStep, MatterWords
from service.matters.sweep import sweep
from service.members.models import Consent, Member, SecondFactor
from service.policy import Caller
from service.teams.models import Membership, Team
from tests.factories import COMMUNITY, a_grid, a_member, a_team

ACTORS = 64
AREAS = (COMMUNITY, "632802001000", "632802000000", "632800000000")
DRAWS = st.lists(
    st.lists(st.sampled_from(workflow.BY_HAND), min_size=ACTORS, max_size=ACTORS), min_size=3, max_size=6
)


class World(NamedTuple):
    """Who may act, and the team and grid that they act in."""

    callers: list[Caller]
    team_id: UUID


@pytest.fixture(scope="module")
def world(app: Any) -> Iterator[World]:
    """People whom other connections see; whatever they did is taken away afterwards."""
    session.remove()
    with transaction():
        grid = a_grid()
        people = [a_member("leader", COMMUNITY), a_member("member", COMMUNITY)]
        people += [a_member("officer", area) for area in AREAS] + [a_member("centre", AREAS[2])]
        team = a_team(people[1], leader=people[0])
        callers = [Caller(each.id, each.name, each.role, each.area_code, uuid7()) for each in people]
        ids, grid_id, revision_id, team_id = [each.id for each in people], grid.id, grid.revision_id, team.id
    yield World(callers, team_id)
    session.remove()
    with transaction():
        mine = session.query(Matter.id).filter_by(grid_id=grid_id).subquery().select()
        for table in (MatterStep, MatterWords):
            session.execute(delete(table).where(table.matter_id.in_(mine)))
        session.execute(delete(Matter).where(Matter.grid_id == grid_id))
        for table, wanted in (
            (Membership, Membership.team_id == team_id), (Team, Team.id == team_id),
            (Consent, Consent.member_id.in_(ids)), (SecondFactor, SecondFactor.member_id.in_(ids)),
            (Member, Member.id.in_(ids)), (Grid, Grid.id == grid_id),
            (GridRevision, GridRevision.id == revision_id),
        ):  # fmt: skip
            session.execute(delete(table).where(wanted))
    session.remove()


def a_matter(world: World) -> UUID:
    """A matter that the worker has reported."""
    now, by = datetime.now(UTC), world.callers[1]
    found = Report(
        uuid7(), "fire_hazard", "楼道堆物", None, {}, [], (97.3712, 37.3712), 5.0, now, now, now, [],
        by.member_id, by.role, by.area,
    )  # fmt: skip
    with transaction():
        reporting.report(found)
    session.remove()
    return found.id


def said(world: World, step: str, version: int, stage: str) -> Said:
    """What somebody says who takes this step as well as it can be taken."""
    reasons = {**workflow.REASONS, "return": ("not_solved",) if stage == "fed_back" else ("not_ours",)}
    return Said(
        step,
        version,
        note="并发",
        reason=reasons[step][0] if step in reasons else None,
        review_at=datetime.now(UTC) + timedelta(days=1) if step == "suspend" else None,
        team_id=world.team_id if step == "dispatch" else None,
        party=str(uuid7()) if step == "add_party" else None,
    )


def stand(matter_id: UUID) -> tuple[int, str]:
    with transaction():
        matter = session.get_one(Matter, matter_id)
        found = matter.version, matter.stage
    session.remove()
    return found


def at_once(world: World, matter_id: UUID, steps: list[str]) -> list[str]:
    """What became of each step, when all are taken on the same state at the same moment."""
    version, stage = stand(matter_id)
    gate = Barrier(len(steps))

    def act(number: int) -> str:
        caller = world.callers[number % len(world.callers)]
        gate.wait()
        try:
            with transaction():
                visible = queries.visible_to(caller, caller.scope("matters:read"))
                matter = fetch(queries.locked(visible), id=matter_id)
                ground = queries.ground_of(caller)
                actions.take(matter, caller, said(world, steps[number], version, stage), ground)
            return "taken"
        except Problem as problem:
            return type(problem).__name__
        finally:
            session.remove()

    with ThreadPoolExecutor(len(steps)) as threads:
        return list(threads.map(act, range(len(steps))))


def check_history(matter_id: UUID) -> int:
    """The history is a path of the table, without gaps, and its chain holds; gives its length."""
    with transaction():
        matter = session.get_one(Matter, matter_id)
        steps = session.scalars(queries.steps_of(matter_id)).all()
        assert history.faults(steps, matter.head) == []
        assert [each.version for each in steps] == list(range(1, matter.version + 1))
        assert workflow.is_path([(each.step, each.stage, each.level) for each in steps])
    session.remove()
    return len(steps)


@given(rounds=DRAWS)
@settings(max_examples=4, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_of_64_who_act_at_once_at_most_one_wins_and_the_history_is_a_path(world, rounds):
    matter_id = a_matter(world)
    for steps in rounds:
        before = stand(matter_id)[0]
        told = Counter(at_once(world, matter_id, steps))
        assert stand(matter_id)[0] - before == told["taken"] <= 1
        assert set(told) <= {
            "taken",
            "Moved",
            "IllegalStep",
            "NotYours",
            "Invalid",
            "NotFound",
            "PartiesLeft",
        }
    check_history(matter_id)


def test_of_64_officers_who_file_at_once_one_wins_and_63_are_told_where_it_stands(world):
    officers = World([each for each in world.callers if each.role == "officer"], world.team_id)
    matter_id = a_matter(world)
    assert Counter(at_once(officers, matter_id, ["file"] * ACTORS)) == {"taken": 1, "Moved": ACTORS - 1}
    assert check_history(matter_id) == 2


def test_of_two_who_merge_matters_into_each_other_one_wins_and_nobody_waits_for_ever(world):
    for _ in range(8):
        pair = [a_matter(world), a_matter(world)]
        gate = Barrier(2)

        def merge(into: UUID, matter_id: UUID, gate: Barrier = gate) -> str:
            caller = world.callers[2]
            gate.wait()
            try:
                with transaction():
                    visible = queries.visible_to(caller, caller.scope("matters:read"))
                    matter = actions.locked(visible, matter_id, into)
                    actions.take(matter, caller, Said("merge", 1, into_id=into), queries.ground_of(caller))
                return "merged"
            except Problem as problem:
                return type(problem).__name__
            finally:
                session.remove()

        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(merge, pair, pair[::-1])) == ["Invalid", "merged"]


def test_a_matter_that_somebody_holds_is_left_to_the_next_sweep(world):
    held, free = a_matter(world), a_matter(world)
    later = datetime.now(UTC) + timedelta(hours=3)
    with ThreadPoolExecutor(1) as threads, transaction():
        session.scalars(queries.locked(queries.select(Matter).where(Matter.id == held))).one()
        threads.submit(_swept, later).result()
    session.remove()
    assert (stand(held)[0], stand(free)[0]) == (1, 2)
    _swept(later)
    assert check_history(held) == 2


def _swept(now: datetime) -> Any:
    try:
        return sweep(now)
    finally:
        session.remove()
