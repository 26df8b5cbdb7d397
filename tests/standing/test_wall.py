"""The role that serves can do its work, and nothing to the tables themselves or to what must stay."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from service import db, grants
from service.app import REQUEST
from service.coverage.actions import rebuild_marked
from service.db import session
from tests.factories import a_grid, a_member, a_team
from tests.service.phone import a_patrol, verdicts

ROLE = "gridpatrol_on_trial"


@pytest.fixture
def serving(database, settings):
    """From here on, everything is done as the role that serves; it goes with the test's transaction."""
    session.execute(text(f"CREATE ROLE {ROLE}"))
    for table in grants.APPEND_ONLY:
        session.execute(text(f"CREATE TABLE IF NOT EXISTS {table} (id uuid)"))
    grants.apply(settings, ROLE)
    session.commit()
    yield lambda: session.execute(text(f"SET LOCAL ROLE {ROLE}"))
    session.execute(text("RESET ROLE"))


DDL = [
    "CREATE TABLE mine (id int)",
    "CREATE TABLE fixes_2099_01 PARTITION OF fixes FOR VALUES FROM ('2099-01-01Z') TO ('2099-02-01Z')",
    "CREATE SCHEMA mine",
    "ALTER TABLE members ADD COLUMN mine text",
    "ALTER TABLE members DISABLE TRIGGER ALL",
    "CREATE INDEX mine ON members (name)",
    "DROP TABLE consents",
    "TRUNCATE fixes",
    "UPDATE alembic_version SET version_num = '0'",
]


@pytest.mark.parametrize("statement", DDL)
def test_tables_cannot_be_changed(serving, statement):
    serving()
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        session.execute(text(statement))
    session.rollback()


@pytest.mark.parametrize("table", grants.APPEND_ONLY)
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET {}"])
def test_what_is_only_added_to_stays(serving, table, verb):
    column = session.scalar(
        text(f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum = 2")
    )
    serving()
    with pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text(verb.format(table, f"{column} = {column}")))
    session.rollback()


@pytest.mark.parametrize("table", grants.APPEND_ONLY)
@pytest.mark.parametrize("verb", ["INSERT", "SELECT"])
def test_what_is_only_added_to_is_added_and_read(serving, table, verb):
    assert session.scalar(text(f"SELECT has_table_privilege('{ROLE}', '{table}', '{verb}')"))


def test_normal_work_passes(serving, signed_in):
    a_grid()
    member, officer = a_member(), signed_in(role="officer")
    team = a_team()
    phone = signed_in(member)
    session.commit()
    session.connection().exec_driver_sql(f"SET ROLE {ROLE}")
    session.commit()
    assert verdicts(phone, a_patrol()) == ["stored"] * 4
    rebuild_marked()
    url = f"/api/v1/teams/{team.id}"
    joined = officer.post(f"{url}/members", json={"member_id": str(member.id)})
    left = officer.delete(f"{url}/members/{member.id}")
    assert (joined.status_code, left.status_code) == (201, 204)
    assert officer.get("/api/v1/coverage?area=632802001001001").json["items"][0]["visits"] == 1
    assert session.scalar(text("SELECT current_user")) == ROLE


def test_grants_may_be_applied_again(serving, settings):
    grants.apply(settings, ROLE)


def test_one_role_for_everything_needs_no_grants(settings):
    assert grants.serving_role(settings) is None


@pytest.mark.parametrize(("setting", "value"), [("statement_timeout", REQUEST), ("lock_timeout", "3s")])
def test_a_request_does_not_wait_for_ever(app, setting, value):
    with app.engine.connect() as connection:
        assert connection.scalar(text(f"SHOW {setting}")) == value


def test_a_worker_takes_the_time_it_needs(app, settings):
    try:
        with db.connect(settings).connect() as connection:
            assert connection.scalar(text("SHOW statement_timeout")) == "0"
    finally:
        db.session.remove()
        db.session.configure(bind=app.engine)
