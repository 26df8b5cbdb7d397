"""No change, deletion, swap, insertion or cut tail of the audit trail goes unseen."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from service import db
from service.audit import actions
from service.audit.models import AuditSeal
from service.cli import main
from service.db import session, uuid7
from tests.servers import until

THEN = datetime(2022, 1, 1, tzinfo=UTC)
EVERYTHING = 2**62  # a transaction that never comes
ELSEWHERE = 4_000_000_000  # transactions that another cluster has counted
UUIDS = ("actor_id", "session_id", "subject_id")
TEXTS = ("role", "action", "object_kind", "object_id", "purpose", "result", "trace_id", "area_code")


@pytest.fixture
def heads(database):
    """Thirty sealed rows, and the heads that were written down."""
    session.execute(text("DELETE FROM audit_rows"))
    for each in range(30):
        actions.record("track.read", "patrol", uuid7(), subject=uuid7(), purpose=f"why {each}")
    session.execute(text("UPDATE audit_rows SET trace_id = repeat('a', 32), area_code = '632802000000'"))
    session.execute(text("UPDATE audit_rows SET actor_id = subject_id, session_id = subject_id"))
    reseal()
    return {seal.seq: seal.digest.hex() for seal in session.query(AuditSeal) if seal.seq % 10 == 0}


def reseal():
    session.execute(text("DELETE FROM audit_seals"))
    session.expire_all()
    actions.seal(EVERYTHING)


def findings(heads):
    return actions.verify(heads).findings


def a_flipped_bit(chance):
    """SQL that flips one bit of one value of one row or link."""
    seq, column = chance.randint(1, 30), chance.choice([*TEXTS, *UUIDS, "at", "xid", "previous", "digest"])
    if column in ("previous", "digest"):
        bit = chance.randrange(256)
        return f"UPDATE audit_seals SET {column} = {in_bytes(column, bit)} WHERE seq = {seq}"
    changed = {
        "at": f"at + {2 ** chance.randrange(40)} * interval '1 microsecond'",
        "xid": f"xid # {2 ** chance.randrange(32)}",
    } | dict.fromkeys(
        UUIDS, f"encode({in_bytes(f'uuid_send({column})', chance.randrange(128))}, 'hex')::uuid"
    )
    text_changed = (
        f"convert_from({in_bytes(f'convert_to({column}, $$UTF8$$)', 8 * chance.randrange(4))}, 'UTF8')"
    )
    row = f"id = (SELECT row_id FROM audit_seals WHERE seq = {seq})"
    return f"UPDATE audit_rows SET {column} = {changed.get(column, text_changed)} WHERE {row}"


def in_bytes(value, bit):
    return f"set_bit({value}, {bit}, 1 - get_bit({value}, {bit}))"


def test_an_honest_trail_has_no_findings(heads):
    assert actions.verify(heads)[:4] == (30, 30, 0, 0)
    assert findings(heads) == []


@pytest.mark.parametrize("seed", range(100))
def test_a_flipped_bit_is_found(heads, seed):
    changed = session.execute(text(a_flipped_bit(random.Random(seed)))).rowcount
    assert (changed, findings(heads) != []) == (1, True)


FORGERIES = {
    "a deleted row": "DELETE FROM audit_rows WHERE id = (SELECT row_id FROM audit_seals WHERE seq = 7)",
    "a deleted link": "DELETE FROM audit_seals WHERE seq = 7",
    "the oldest deleted": """
        WITH gone AS (DELETE FROM audit_seals WHERE seq = 1 RETURNING row_id)
        DELETE FROM audit_rows WHERE id IN (SELECT row_id FROM gone)""",
    "a row and its link deleted": """
        WITH gone AS (DELETE FROM audit_seals WHERE seq = 7 RETURNING row_id)
        DELETE FROM audit_rows WHERE id IN (SELECT row_id FROM gone)""",
    "two rows swapped": """
        UPDATE audit_rows a SET purpose = b.purpose, object_id = b.object_id, subject_id = b.subject_id
        FROM audit_rows b, audit_seals s, audit_seals t
        WHERE (s.seq, t.seq) IN ((7, 8), (8, 7)) AND a.id = s.row_id AND b.id = t.row_id""",
    "two links swapped": """
        UPDATE audit_seals a SET digest = b.digest, previous = b.previous FROM audit_seals b
        WHERE (a.seq, b.seq) IN ((7, 8), (8, 7))""",
    "a row slipped in": """
        INSERT INTO audit_rows (role, action, object_kind, result, xid)
        SELECT 'officer', 'track.read', 'patrol', 'done', min(xid) - 1 FROM audit_rows""",
    "a cut tail": """
        WITH gone AS (DELETE FROM audit_seals WHERE seq > 25 RETURNING row_id)
        DELETE FROM audit_rows WHERE id IN (SELECT row_id FROM gone)""",
    "everything gone": "WITH gone AS (DELETE FROM audit_seals) DELETE FROM audit_rows",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_found(heads, forgery):
    session.execute(text(FORGERIES[forgery]))
    assert findings(heads) != []


def test_a_chain_that_was_worked_out_anew_differs_from_the_heads(heads):
    session.execute(text("UPDATE audit_rows SET purpose = 'other'"))
    reseal()
    assert (findings({}), len(findings(heads))) == ([], 3)


def test_a_row_that_is_not_sealed_yet_is_no_finding(heads):
    actions.record("track.read", "patrol", uuid7())
    report = actions.verify(heads)
    assert (report.waiting, report.findings) == (1, [])


def test_sealing_goes_on_where_it_stopped(heads):
    actions.record("track.read", "patrol", uuid7())
    sealed, head = actions.seal(EVERYTHING)
    assert (sealed, head.seq, findings(heads | {head.seq: head.digest})) == (1, 31, [])


def test_nothing_is_sealed_twice(heads):
    assert actions.seal(EVERYTHING) == (0, None)


def make_old(first, last):
    chosen = "id IN (SELECT row_id FROM audit_seals WHERE seq BETWEEN :first AND :last)"
    old = text(f"UPDATE audit_rows SET at = '2021-01-01Z' WHERE {chosen}")
    session.execute(old, {"first": first, "last": last})
    reseal()


def test_rows_that_were_erased_by_age_leave_the_chain_whole(heads):
    make_old(1, 10)
    noted = {seal.seq: seal.digest.hex() for seal in session.query(AuditSeal)}
    erased = actions.trim(THEN)
    report = actions.verify(noted)
    assert (erased, report.trimmed, report.checked, report.findings) == (10, 10, 20, [])


def test_more_than_was_erased_by_age_is_missed(heads):
    make_old(1, 10)
    actions.trim(THEN)
    session.execute(text("DELETE FROM audit_rows WHERE id = (SELECT row_id FROM audit_seals WHERE seq = 11)"))
    assert [finding.seq for finding in findings({})] == [11]


def test_old_rows_among_younger_ones_wait(heads):
    make_old(9, 9)
    assert actions.trim(THEN) == 0


@pytest.fixture
def committed(app):
    """Real transactions on an empty trail; what they leave is taken away."""
    empty(app.engine)
    yield app.engine
    empty(app.engine)


def empty(engine):
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_seals"))
        connection.execute(text("DELETE FROM audit_rows"))
        connection.execute(text("UPDATE audit_origin SET xid = 0"))


INSERT = text(
    "INSERT INTO audit_rows (role, action, object_kind, result) VALUES ('system', :action, 'x', 'done')"
)


def test_a_row_that_is_committed_late_is_not_passed_over(committed):
    with committed.connect() as slow:
        slow.execute(INSERT, {"action": "slow"})
        with committed.begin() as quick:
            quick.execute(INSERT, {"action": "quick"})
        with db.transaction():
            early = actions.seal()[0]
        slow.commit()
    with db.transaction():
        actions.seal(EVERYTHING)
    order = [row.action for _, row in session.execute(actions.queries.chain())]
    db.session.remove()
    assert (early, order) == (0, ["slow", "quick"])


def test_two_workers_seal_one_chain(committed):
    with committed.begin() as connection:
        for _ in range(50):
            connection.execute(INSERT, {"action": "quick"})

    def work():
        with db.transaction():
            count = actions.seal(EVERYTHING)[0]
        db.session.remove()
        return count

    with ThreadPoolExecutor(4) as workers:
        counts = [each.result() for each in [workers.submit(work) for _ in range(4)]]
    found = actions.verify({})
    db.session.remove()
    assert (sorted(counts), found.findings) == ([0, 0, 0, 50], [])


def test_the_job_notes_the_head_and_the_command_verifies(committed, tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDPATROL_AUDIT_HEADS", str(tmp_path / "heads.jsonl"))
    with committed.begin() as connection:
        connection.execute(INSERT, {"action": "quick"})
    with db.transaction():
        actions.note(actions.seal(EVERYTHING)[1], tmp_path / "heads.jsonl")
    honest = CliRunner().invoke(main, ["audit", "verify"])
    empty(committed)
    cut = CliRunner().invoke(main, ["audit", "verify"])
    assert (honest.exit_code, cut.exit_code, "cut off" in cut.output) == (0, 1, True), honest.output


def restore_elsewhere():
    """What the trail is when a copy of it comes to a cluster that has counted fewer transactions."""
    for table in ("audit_rows", "audit_seals"):
        session.execute(text(f"UPDATE {table} SET xid = xid + {ELSEWHERE}"))
    reseal()


def test_in_another_cluster_the_chain_goes_on(committed):
    with db.transaction():
        actions.record("track.read", "patrol", uuid7())
        restore_elsewhere()
        actions.count_on(7)
    with db.transaction():
        actions.record("track.read", "patrol", uuid7())
    with db.transaction():
        sealed, head = actions.seal(EVERYTHING)
        is_beyond = session.scalars(actions.queries.horizon()).one() > ELSEWHERE
    report = actions.verify({head.seq: head.digest})
    db.session.remove()
    assert is_beyond and (sealed, report.sealed, report.waiting, report.findings) == (2, 3, 0, [])


def test_the_trail_tells_of_another_life(database):
    session.execute(text("DELETE FROM audit_rows"))
    actions.count_on(7)
    assert session.execute(text("SELECT action, object_id FROM audit_rows")).all() == [("epoch.renewed", "7")]


def test_a_row_of_before_is_sealed_before_what_comes_after(committed):
    with committed.connect() as slow:
        slow.execute(INSERT, {"action": "slow"})
        with ThreadPoolExecutor(1) as workers:
            renewing = workers.submit(renew)
            until(lambda: is_waiting(committed))
            slow.commit()
            renewing.result()
    with db.transaction():
        actions.seal(EVERYTHING)
    order = [row.action for _, row in session.execute(actions.queries.chain())]
    db.session.remove()
    assert order == ["slow", "epoch.renewed"]


def renew():
    with db.transaction():
        actions.count_on(7)
    db.session.remove()


def is_waiting(engine):
    waits = "SELECT count(*) FROM pg_locks WHERE relation = 'audit_rows'::regclass AND NOT granted"
    with engine.connect() as connection:
        return connection.scalar(text(waits)) == 1
