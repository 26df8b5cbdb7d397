"""Jobs stand in lines: whatever takes long in one of them, an unanswered call for help climbs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import psycopg
import pytest

from service import jobs
from service.alarms.actions import ESCALATE
from service.alarms.models import Alarm
from service.coverage.actions import REBUILD
from service.db import session, uuid7
from service.suggestions.actions import ANSWER
from tests.factories import COMMUNITY, a_member
from tests.servers import inside, until

LATE = datetime(2026, 1, 1, tzinfo=UTC)
BLOCKED = """
SELECT count(*) FROM pg_locks
WHERE NOT granted AND relation IN ('coverage_stale'::regclass, 'suggestions'::regclass)"""


@pytest.fixture
def database(live_url) -> Iterator[psycopg.Connection]:
    path = "-csearch_path=haixi,jobs,public"
    with psycopg.connect(live_url.replace("+psycopg", ""), options=path, autocommit=True) as connection:
        yield connection


@pytest.fixture
def held_up(app, server, live_url, database) -> Iterator[None]:
    """The rebuilding of coverage and the solver's line are at jobs that do not end."""
    with database.transaction():
        database.execute("LOCK TABLE coverage_stale, suggestions IN ACCESS EXCLUSIVE MODE")
        with inside(app, live_url):
            jobs.later(REBUILD)
            jobs.later(ANSWER)
        until(lambda: database.execute(BLOCKED).fetchone() == (2,))
        yield


@pytest.fixture
def overdue(app, live_url) -> SimpleNamespace:
    """An alarm that nobody has answered, and an officer who has not been told of it."""
    with inside(app, live_url):
        officer, caller = a_member("officer", COMMUNITY), a_member(area=COMMUNITY)
        about = {"member_id": caller.id, "content": b"", "way": "phone", "area_code": COMMUNITY, "marks": []}
        at = {"recorded_at": LATE, "received_at": LATE, "due_at": LATE}
        session.add(alarm := Alarm(id=uuid7(), **about, **at))
        session.flush()
        jobs.later(ESCALATE)
        return SimpleNamespace(alarm=str(alarm.id), officer=officer.id)


def test_an_alarm_climbs_while_long_jobs_run(held_up, overdue, database):
    climbed = "SELECT kind, level FROM alarm_steps WHERE alarm_id = %s"
    assert until(lambda: database.execute(climbed, [overdue.alarm]).fetchone()) == ("climb", "community")
    assert database.execute(BLOCKED).fetchone() == (2,)


def test_whoever_is_told_hears_of_the_climbing(overdue, database):
    told = "SELECT seq FROM outbox WHERE kind = 'alarm.changed' AND subject_id = %s AND %s = ANY(told)"
    assert until(lambda: database.execute(told, [overdue.alarm, overdue.officer]).fetchone())
