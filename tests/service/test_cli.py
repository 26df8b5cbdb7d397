"""What an operator can mend is said in one line, without a traceback."""

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, text

from service import db
from service.cli import main
from service.settings import Misconfigured, Settings

COMMANDS = (["audit", "verify"], ["work", "default"], ["migrate"], ["epoch", "renew"])


def told(monkeypatch, url, command):
    """The exit code and the lines of a command on a database."""
    monkeypatch.setenv("GRIDPATROL_DATABASE_URL", url)
    done = CliRunner().invoke(main, command)
    return done.exit_code, done.output.splitlines()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"database": "no_such"}, 'database "no_such" does not exist'),
        ({"username": "nobody_here"}, 'role "nobody_here" does not exist'),
        ({"host": "127.0.0.1", "port": 1, "query": {}}, "Connection refused"),
        ({"drivername": "postgres"}, "GRIDPATROL_DATABASE_URL does not begin with postgresql+psycopg://"),
    ],
    ids=["database", "role", "port", "driver"],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(monkeypatch, database_url, changes, why, command):
    url = make_url(database_url).set(**changes).render_as_string(hide_password=False)
    code, lines = told(monkeypatch, url, command)
    assert (code, len(lines), why in lines[0]) == (1, 1, True), lines


@pytest.mark.parametrize(
    "command", [["audit", "verify"], ["work", "default"], ["epoch", "renew"]], ids=" ".join
)
def test_tables_that_are_not_there_are_told_in_one_line(monkeypatch, database_url, app, command):
    monkeypatch.setenv("GRIDPATROL_SCHEMA", "nowhere")
    monkeypatch.setenv("GRIDPATROL_JOBS_SCHEMA", "nowhere")
    code, lines = told(monkeypatch, database_url, command)
    assert (code, len(lines), "gridpatrol migrate" in lines[0]) == (1, 1, True), lines


@pytest.fixture
def committed_version(app):
    """The tables of a version that is not known here."""
    change = text(
        "UPDATE alembic_version SET version_num = :to RETURNING (SELECT version_num FROM alembic_version)"
    )
    with app.engine.begin() as connection:
        before = connection.scalar(change, {"to": "9999"})
    yield
    with app.engine.begin() as connection:
        connection.execute(change, {"to": before})


@pytest.fixture(autouse=True)
def own_session(app):
    """The commands bind the session to another database; afterwards it is the tests' own again."""
    yield
    db.session.remove()
    db.session.configure(bind=app.engine)


def test_a_database_of_a_newer_version_is_told_in_one_line(monkeypatch, database_url, committed_version):
    code, lines = told(monkeypatch, database_url, ["migrate"])
    assert (code, len(lines), "9999" in lines[0]) == (1, 1, True), lines


def test_every_wrong_knob_is_named():
    with pytest.raises(Misconfigured, match=r"POOL_SIZE is not a int; GRIDPATROL_DATABASE_URL is missing"):
        Settings.from_env({"GRIDPATROL_POOL_SIZE": "many"})
