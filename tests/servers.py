"""Real processes on a database of their own."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from service import db
from service.areas.actions import load_tree
from service.members.actions import passwords
from service.web import Service
from tests.factories import COMMUNITY, a_grid, a_member, a_square

SECOND = COMMUNITY + "002"  # walked by nobody but the test of the page
PASSWORD = "wind over the salt lake"
PATIENCE = 60  # s, until a process must have done what it is asked for


class Server:
    """gunicorn and a worker on a database of their own."""

    def __init__(self, url: str):
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        place = {
            "GRIDPATROL_BIND": "127.0.0.1",
            "GRIDPATROL_PORT": str(port),
            "GRIDPATROL_SUGGEST_SECONDS": "2",
            "GRIDPATROL_THREADS": "32",  # a page that has gone may hold one for some heartbeats
        }
        environ = os.environ | place | {"GRIDPATROL_DATABASE_URL": url}
        gunicorn = ["gunicorn", "--config", "docker/gunicorn.conf.py"]
        gunicorn += ["--graceful-timeout", "1"]  # a stream that nobody reads any more would hold it up
        commands = (gunicorn, ["service.cli", "work"])
        self.processes = [
            subprocess.Popen([sys.executable, "-m", *command], env=environ, stderr=subprocess.DEVNULL)
            for command in commands
        ]

    def ask(self, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        """Status and JSON of an answer."""
        request = urllib.request.Request(self.base + path)
        request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as problem:
            return problem.code, json.load(problem)
        except OSError:
            return 0, None

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(PATIENCE)


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def is_open(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


def until(question: Any) -> Any:
    """The first true answer to a question that is asked again and again."""
    end = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return answer


@contextmanager
def inside(app: Service, url: str) -> Iterator[None]:
    """One transaction in the database of other processes; afterwards the session is the tests' own again."""
    engine = db.connect(replace(app.settings, database_url=url))
    try:
        with db.transaction():
            yield
    finally:
        db.session.remove()
        engine.dispose()
        db.session.configure(bind=app.engine)


@contextmanager
def a_database(beside: str, name: str) -> Iterator[str]:
    """The URL of an empty database on the same server, with the extensions; it is dropped afterwards."""
    plain = beside.replace("+psycopg", "")
    base, query = beside.split("?")
    url = f"{base.rsplit('/', 1)[0]}/{name}?{query}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for extension in ("postgis", "btree_gist", "pg_trgm"):
            connection.execute(f"CREATE EXTENSION {extension}")
    yield url
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def live_url(app, settings) -> Iterator[str]:
    """A migrated database in which one member can sign in and two grids can be walked."""
    with a_database(settings.database_url, f"gridpatrol_live_{os.getpid()}") as url:
        environ = os.environ | {"GRIDPATROL_DATABASE_URL": url}
        subprocess.run(
            [sys.executable, "-m", "service.cli", "migrate"], env=environ, check=True, capture_output=True
        )
        with inside(app, url):
            load_tree()
            a_grid()
            a_grid(SECOND, a_square(97.38))
            a_member(username="batu", password_hash=passwords.hash(PASSWORD))
        yield url


@pytest.fixture(scope="session")
def server(live_url) -> Iterator[Server]:
    server = Server(live_url)
    try:
        until(lambda: server.ask("/readyz")[0] == 200)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def token(server) -> str:
    credentials = {"username": "batu", "password": PASSWORD, "device": {"id": "d", "name": "a phone"}}
    return server.ask("/api/v1/sessions", credentials)[1]["token"]


def send(server: Server, token: str, items: list[dict[str, Any]]) -> list[str]:
    """The verdicts on items that a phone sends now."""
    sent_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    batch = {"batch_id": items[0]["id"], "crs": "wgs84", "clock": {"sent_at": sent_at}, "items": items}
    status, answer = server.ask("/api/v1/uploads", batch, token)
    assert status == 200, answer
    return [each["status"] for each in answer["results"]]
