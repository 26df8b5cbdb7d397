"""What a page is told to offer can be done, and what a matter's parties and dates forbid is not offered."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from service.db import session
from service.matters.actions import REOPENS
from service.matters.models import Matter
from tests.service.matter_steps import URL, report, step, steps

pytestmark = pytest.mark.usefixtures("grid")


@pytest.fixture
def given(clerk, worker, team):
    """A matter that the worker has handled, with the fire brigade as a party."""
    matter = report(clerk)
    steps(clerk, matter, ("dispatch", {"team_id": str(team.id)}), ("add_party", {"party": "fire"}))
    return steps(worker, matter, "accept", "handle")


@pytest.fixture
def closed(given, clerk, worker):
    steps(worker, given, ("party_done", {"party": "fire"}), "feed_back")
    return steps(clerk, given, "verify", ("close", {"reason": "resolved"}))


def offered(client, matter):
    return client.get(f"{URL}/{matter['id']}/steps/allowed").json


def test_feedback_is_not_offered_while_parties_are_at_work(given, worker):
    assert "feed_back" not in offered(worker, given)["allowed"]
    refused = step(worker, given, "feed_back")
    assert refused.status_code == 409
    assert refused.json["errors"]["parties"] == ["消防救援支队"]
    assert "party_done" in refused.json["errors"]["allowed"]


def test_no_party_is_done_where_none_is_left(given, worker):
    steps(worker, given, ("party_done", {"party": "fire"}))
    assert "party_done" not in offered(worker, given)["allowed"]


@pytest.mark.parametrize(("late", "status"), [(timedelta(minutes=-1), 201), (timedelta(minutes=1), 409)])
def test_reopening_is_offered_to_the_last_minute_of_its_window(closed, clerk, late, status):
    long_ago = datetime.fromisoformat(closed["closed_at"]) - REOPENS - late
    session.execute(update(Matter).where(Matter.id == closed["id"]).values(closed_at=long_ago))
    assert ("reopen" in offered(clerk, closed)["allowed"]) is (status == 201)
    answer = step(clerk, closed, "reopen", reason="not_solved")
    assert answer.status_code == status
    assert status == 201 or "evaluate" in answer.json["errors"]["allowed"]


def test_a_joint_class_asks_for_parties_until_there_is_one(clerk, team):
    facts = {"people": 3, "amount_yuan": 9000}
    matter = report(clerk, **{"class": "wage_arrears", "text": "工地欠薪", "facts": facts})
    assert offered(clerk, matter)["wanted"] == []  # nobody has it yet
    steps(clerk, matter, ("dispatch", {"team_id": str(team.id)}))
    assert offered(clerk, matter)["wanted"] == ["add_party"]
    steps(clerk, matter, ("add_party", {"party": "human_resources"}))
    assert offered(clerk, matter)["wanted"] == []
