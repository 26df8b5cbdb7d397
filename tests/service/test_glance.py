"""One statement by itself, on a connection of the pool that is as it was afterwards."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from service import db
from service.errors import Invalid, Unavailable


@pytest.fixture
def pool(app, settings) -> Iterator[Engine]:
    """A pool of one connection, which the session takes."""
    engine = db.engine(settings, "200ms", 1)
    db.session.remove()
    db.session.configure(bind=engine)
    yield engine
    db.session.remove()
    db.session.configure(bind=app.engine)
    engine.dispose()


def is_plain(pool: Engine) -> bool:
    """Whether its connection is alive and commits nothing by itself."""
    with pool.connect() as connection:
        driver = connection.connection.driver_connection
        return not driver.autocommit and connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_each_glance_is_a_transaction_of_its_own(pool):
    first, second = (db.glance("SELECT %(n)s::int AS n, now() AS began", n=5)[0] for _ in range(2))
    assert first.n == 5 and first.began < second.began and is_plain(pool)


def test_after_a_glance_that_failed_nothing_commits_by_itself(pool):
    with pytest.raises(Invalid):
        db.glance("SELECT 1 / %(n)s", n=0)
    assert is_plain(pool)


def test_a_glance_that_takes_too_long_is_given_up(pool):
    with pytest.raises(Unavailable):
        db.glance("SELECT pg_sleep(5)")
    assert is_plain(pool)


def test_a_glance_over_a_connection_that_broke_is_unavailable_once(pool):
    db.glance("SELECT 1")
    with pytest.raises(Unavailable):
        db.glance("SELECT pg_terminate_backend(pg_backend_pid())")
    assert is_plain(pool)
