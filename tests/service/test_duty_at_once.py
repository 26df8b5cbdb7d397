"""Leaders who assign at the same moment, on real connections: in the end nobody overlaps."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from sqlalchemy import delete, text

from service.areas.models import Grid, GridRevision
from service.audit.models import AuditRow
from service.db import session, transaction
from service.duty.models import Assignment, AssignmentGrid, AssignmentStep, Shift, ShiftMember
from service.members.models import Consent, Member, SecondFactor, Session
from service.teams.models import Membership, Team
from tests.factories import a_member, a_session, a_team
from tests.service.duty import URL, an_assignment, grids

WRITERS, CONNECTIONS = 64, 16
OVERLAPS = text(
    """
    SELECT count(*) FROM assignment_grids AS one JOIN assignment_grids AS other
        ON one.grid_id = other.grid_id AND one.team_id < other.team_id AND one.during && other.during
    """
)
DOUBLED = text(
    """
    SELECT count(*) FROM shift_members AS one JOIN shift_members AS other
        ON one.member_id = other.member_id AND one.shift_id < other.shift_id AND one.during && other.during
    """
)


@pytest.fixture
def world(app):
    """An officer's token, eight teams that share a member, and six grids, as other connections see them."""
    with transaction():
        officer, shared = a_member(role="officer"), a_member()
        teams = [a_team(shared) for _ in range(8)]
        ground = grids(6, "632802001003")
        token = a_session(officer)
    yield token, teams, ground, shared
    session.remove()
    with transaction():
        for table in (ShiftMember, AssignmentGrid, AssignmentStep, Shift, Assignment, Membership, Team):
            session.execute(delete(table))
        for table in (Session, SecondFactor, Consent):
            session.execute(delete(table).where(table.member_id.in_([officer.id, shared.id])))
        session.execute(delete(Grid).where(Grid.id.in_([each.id for each in ground])))
        session.execute(delete(GridRevision).where(GridRevision.area_code == "632802001003"))
        session.execute(delete(AuditRow).where(AuditRow.actor_id == officer.id))
        session.execute(delete(Member).where(Member.id.in_([officer.id, shared.id])))
    session.remove()


def at_once(app, token, bodies):
    """The answers to bodies that are posted by as many threads as there are connections."""

    def post(body):
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client.post(URL, json=body)

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        return list(threads.map(post, bodies))


def codes(answers):
    return Counter(each.status_code for each in answers)


def test_of_64_writers_none_overlaps_in_the_end(app, world):
    token, teams, ground, _ = world
    random = Random(64)
    bodies = [
        an_assignment(
            random.choice(teams), *random.sample(ground, 3), starts_at=random.choice(["18:00", "19:00"])
        )
        for _ in range(WRITERS)
    ]
    answers = codes(at_once(app, token, bodies))
    assert set(answers) == {201, 409} and session.scalar(OVERLAPS) == 0


def test_of_64_writers_for_one_person_one_wins(app, world):
    token, teams, ground, shared = world
    bodies = [
        an_assignment(teams[n % 8], ground[0], member_id=str(shared.id), reason=f"第{n}次", days=(1, 3))
        for n in range(WRITERS)
    ]
    answers = codes(at_once(app, token, bodies))
    assert (answers, session.scalar(DOUBLED)) == ({201: 1, 409: WRITERS - 1}, 0)


def test_of_two_leaders_who_assign_the_same_at_once_one_is_told_the_state(app, world):
    token, teams, ground, _ = world
    answers = at_once(app, token, [an_assignment(team, *ground) for team in teams[:2]])
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (201, 409)
    told = [(each["code"], each["team"]["id"], len(each["spans"])) for each in lost.json["errors"]["grids"]]
    assert told == [(grid.code, won.json["team"]["id"], 5) for grid in ground]
