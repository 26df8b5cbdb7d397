"""Processes are killed while phones upload: what was acknowledged is there, once, and as it was sent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import requests

from bench.database import connect
from bench.faults import FEW, KINDS, Difference, Outcome, compared, ordeal
from bench.ground import QUICK
from bench.stand import Stand, put_up_alone
from service import db
from service.db import uuid7
from tests.servers import until
from tests.service.phone import a_patrol


@pytest.fixture(scope="module")
def stand(app: Any) -> Iterator[Stand]:
    """A cluster of our own, which may crash."""
    try:
        with put_up_alone(QUICK) as stand:
            yield stand
    finally:
        db.session.remove()
        db.session.configure(bind=app.engine)


@pytest.fixture(scope="module")
def outcome(stand: Stand) -> Outcome:
    """The ledgers of phones after a few kills."""
    return ordeal(stand, FEW)


def test_every_kind_of_process_was_killed_while_phones_uploaded(outcome):
    assert {strike.kind for strike in outcome.strikes} == KINDS.keys()
    assert outcome.total("cut") and outcome.total("503") and outcome.total("200")


def test_nothing_that_was_acknowledged_is_lost_doubled_or_altered(outcome):
    assert outcome.difference == Difference(lost=0, doubled=0, altered=0)


ONE = "(SELECT id FROM check_ins LIMIT 1)"
TAMPERINGS = {
    f"DELETE FROM check_ins WHERE id = {ONE}": Difference(1, 0, 0),
    "INSERT INTO upload_items SELECT gen_random_uuid(), content, member_id FROM upload_items LIMIT 1":
        Difference(0, 1, 0),
    f"UPDATE check_ins SET recorded_at = recorded_at + '1 ms' WHERE id = {ONE}": Difference(0, 0, 1),
}  # fmt: skip


@pytest.mark.parametrize(("tampering", "difference"), TAMPERINGS.items(), ids=["lost", "doubled", "altered"])
def test_one_row_that_is_not_as_it_was_sent_is_found(stand, outcome, tampering, difference):
    with connect(stand.settings) as database:
        database.execute(tampering)
        found = compared(database, outcome.ledgers)
        database.rollback()
    assert found == difference


def test_every_phone_gets_everything_through(outcome):
    assert outcome.stuck == 0


def test_whoever_cannot_be_served_is_told_when_to_try_again(outcome):
    assert outcome.wrong == []


# --- a session that is ended at a known moment ---

FACTS = ("patrol_moments", "fixes", "check_ins")  # tables that an upload writes, one after the other


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """A connection to the server's database that commits each statement."""
    where, path = url.replace("+psycopg", ""), "-csearch_path=haixi,public"
    with psycopg.connect(where, options=path, autocommit=True) as connection:
        yield connection


@pytest.fixture
def database(live_url: str) -> Iterator[psycopg.Connection]:
    with connected(live_url) as connection:
        yield connection


@pytest.fixture
def cut_short(live_url: str, database: psycopg.Connection, server: Any, token: str) -> Any:
    """Gives the answer to an upload whose database session is ended while it writes into a table."""

    def cut(items: list[Any], table: str) -> Any:
        writing = """SELECT pid FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE %s"""
        with ThreadPoolExecutor(1) as thread, connected(live_url) as other:
            with other.transaction():
                other.execute(f"LOCK TABLE {table} IN SHARE MODE")  # whoever writes into it waits
                answer = thread.submit(upload, server, token, items)
                (pid,) = until(lambda: database.execute(writing, [f"%{table}%"]).fetchone())
                database.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            return answer.result()

    return cut


def upload(server: Any, token: str, items: list[Any]) -> Any:
    batch = {"batch_id": str(uuid7()), "crs": "wgs84", "items": items}
    path, headers = f"{server.base}/api/v1/uploads", {"Authorization": f"Bearer {token}"}
    return requests.post(path, json=batch, headers=headers, timeout=20)


@pytest.mark.parametrize("table", FACTS)
def test_an_upload_that_is_cut_short_is_told_to_come_again(cut_short, table):
    answer = cut_short(a_patrol(), table)
    told = answer.status_code, answer.headers["Content-Type"], answer.json()["type"]
    assert told == (503, "application/problem+json", "/problems/unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("table", FACTS)
def test_an_upload_that_is_cut_short_leaves_nothing_and_stores_all_of_it_when_it_comes_again(
    cut_short, server, token, table
):
    items = a_patrol()
    cut_short(items, table)
    again = upload(server, token, items).json()["results"]
    assert [each["status"] for each in again] == ["stored"] * 4


def test_an_upload_that_comes_again_is_stored_once(cut_short, database, server, token):
    items = a_patrol()
    cut_short(items, "fixes")
    upload(server, token, items), upload(server, token, items)
    counts = [
        database.execute(
            f"SELECT count(*) FROM {table} WHERE patrol_id = %s", [items[0]["patrol_id"]]
        ).fetchone()
        for table in FACTS
    ]
    assert counts == [(2,), (3,), (1,)]
