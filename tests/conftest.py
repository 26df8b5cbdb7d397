"""The migrated database, a session that is thrown away, and clients for every kind of caller."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from flask.testing import FlaskClient
from sqlalchemy import Connection
from xdist.scheduler import LoadScopeScheduling

from service import db
from service.app import create_app
from service.areas.actions import load_tree
from service.matters import classes
from service.settings import Settings
from service.web import Service
from tests.factories import a_session
from tests.servers import a_database, live_url, server, token

__all__ = ["live_url", "server", "token"]

REAL = ("browser", "live")  # folders of tests that run real processes
SHARED = Path(__file__).parents[2] / "shared"


class Caller(FlaskClient):
    """Sends requests; what the test has prepared is committed first, so that no rollback takes it away."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        db.session.commit()
        return super().open(*args, **kwargs)


class ByFile(LoadScopeScheduling):
    """Parallel processes take files whole; what runs real processes stays together."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        return "real" if file.parent.name in REAL else str(file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Events come first: a transaction that is held for long, as by the matrix at the end, would keep them
    back. Then come pages, before all kinds of requests have filled their database with odd things."""
    first = ("test_events", *REAL)
    items.sort(key=lambda item: [name not in (item.path.stem, item.path.parent.name) for name in first])


@pytest.fixture(scope="session")
def database_url(worker_id: str) -> Iterator[str]:
    """The database that scripts/test names, or one beside it for each of several processes."""
    url = os.environ.get("GRIDPATROL_TEST_DATABASE_URL")
    if not url:
        pytest.exit("GRIDPATROL_TEST_DATABASE_URL names no database; run scripts/test", returncode=3)
    if worker_id == "master":
        yield url
    else:
        with a_database(url, f"gridpatrol_test_{os.getpid()}") as own:
            yield own


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    os.environ["GRIDPATROL_DATABASE_URL"] = database_url
    os.environ["GRIDPATROL_DEMO_ACCOUNTS"] = "var/none.json"  # whatever scripts/serve has left here
    os.environ["GRIDPATROL_MEDIA_URL"] = str(tmp_path_factory.mktemp("media"))
    return Settings.from_env()


@pytest.fixture(scope="session")
def app(settings: Settings) -> Service:
    command.upgrade(Config("setup.cfg"), "head")
    app = create_app(settings)
    app.test_client_class = Caller
    with db.transaction():
        load_tree()
        classes.load()
    return app


@contextmanager
def thrown_away(app: Service) -> Iterator[Connection]:
    """A transaction in which the commits of the application are savepoints; nothing of it stays."""
    lanes, app.lanes = app.lanes, {}  # all of it happens on one connection
    with app.engine.connect() as connection:
        outer = connection.begin()
        db.session.remove()
        db.session.configure(bind=connection, join_transaction_mode="create_savepoint")
        yield connection
        db.session.remove()
        outer.rollback()
    app.lanes = lanes
    db.session.configure(bind=app.engine, join_transaction_mode="conditional_savepoint")


@pytest.fixture
def database(app: Service) -> Iterator[None]:
    """A transaction around the test."""
    with thrown_away(app):
        yield


@pytest.fixture
def client(app: Service, database: None) -> FlaskClient:
    """Somebody who has not signed in."""
    return app.test_client()


@pytest.fixture
def signed_in(app: Service, database: None) -> Callable[..., FlaskClient]:
    """A client for a member: `signed_in(role="officer", area="632802000000")`, or `signed_in(member)`."""

    def sign_in(*args: object, **kwargs: object) -> FlaskClient:
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {a_session(*args, **kwargs)}"
        return client

    return sign_in


@pytest.fixture
def shared() -> Path:
    """The folder of real payloads and tracks; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the shared folder is absent")
    return SHARED
