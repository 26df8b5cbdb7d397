"""Whoever a matter concerns hears of each step with it, once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from service.db import ask, session
from service.live.queries import sights
from service.matters.sweep import sweep
from service.members.models import Member, Session
from tests.factories import COMMUNITY, COUNTY, a_member, a_session, a_team
from tests.service.matter_steps import TOWNSHIP, report, step

pytestmark = pytest.mark.usefixtures("grid")

ELSEWHERE = "632801001001"  # in another county


@pytest.fixture
def known(leader, member, team):
    """Everybody by what they are to a matter that the worker has reported."""
    reporter = member
    mate, handler = a_member("member", COMMUNITY), a_member("member", COMMUNITY)
    other_leader = a_member("leader", COMMUNITY)
    other_team = a_team(handler, leader=other_leader)
    return {
        "reporter": reporter,
        "handler": handler,
        "their leader": leader,
        "mate": mate,
        "team": team,
        "other team": other_team,
        "other leader": other_leader,
        "officer": a_member("officer", COMMUNITY),
        "county": a_member("centre", COUNTY),
        "foreign officer": a_member("officer", ELSEWHERE),
        "foreign member": a_member("member", ELSEWHERE),
        "auditor": a_member("auditor", COUNTY),
    }


def forget():
    ask("DELETE FROM outbox")


def times_heard(member: Member) -> int:
    """How often a member's stream tells of matters."""
    a_session(member)
    id = session.scalars(select(Session.id).where(Session.member_id == member.id).limit(1)).one()
    sight = sights([id])[id]
    events = ask("SELECT * FROM outbox WHERE kind = 'matter.changed'")
    return sum(sight.sees(event) for event in events)


def heard_by(known):
    times = {name: times_heard(who) for name, who in known.items() if isinstance(who, Member)}
    return {name: count for name, count in times.items() if count}


def test_the_reporter_hears_of_a_step_once_and_so_do_officers(clerk, worker, known):
    matter = report(worker)
    forget()
    step(clerk, matter, "file")
    assert heard_by(known) == {"reporter": 1, "officer": 1, "county": 1}


def test_whoever_gets_a_matter_hears_of_it(clerk, worker, known):
    matter = report(worker)
    step(clerk, matter, "file")
    forget()
    step(clerk, matter, "dispatch", assignee_id=str(known["handler"].id))
    assert heard_by(known) == {"reporter": 1, "handler": 1, "officer": 1, "county": 1}


def test_the_whole_team_hears_of_what_it_is_given(clerk, worker, known):
    matter = report(worker)
    step(clerk, matter, "file")
    forget()
    step(clerk, matter, "dispatch", team_id=str(known["other team"].id))
    assert heard_by(known) == {"reporter": 1, "handler": 1, "other leader": 1, "officer": 1, "county": 1}


def test_whoever_loses_a_matter_hears_that_it_is_gone(clerk, signed_in, worker, known):
    matter = report(worker)
    step(clerk, matter, "file")
    step(clerk, matter, "dispatch", assignee_id=str(known["handler"].id))
    step(signed_in(known["handler"]), matter, "return", reason="not_ours")
    forget()
    answer = step(signed_in(role="officer", area=TOWNSHIP), matter, "uphold")
    assert (answer.status_code, times_heard(known["handler"])) == (201, 1)


def test_the_sweep_is_heard_by_those_whom_it_concerns(clerk, worker, known):
    matter = report(worker)
    step(clerk, matter, "file")
    step(clerk, matter, "dispatch", assignee_id=str(known["handler"].id))
    forget()
    session.commit()
    assert sweep(datetime.now(UTC) + timedelta(hours=3)).examined == 1
    assert heard_by(known) == {"reporter": 1, "handler": 1, "officer": 1, "county": 1}
