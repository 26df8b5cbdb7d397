"""From a commit to two thousand open streams: ours beside a bare asyncio fan-out."""

import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from statistics import median

import numpy as np
import psycopg

from bench.stand import Stand
from bench.table import Figure, Mark
from service.db import session, transaction, uuid7
from service.members.models import Member, Session
from service.members.tokens import hash_of, new_token
from service.outbox.actions import Event, tell
from service.settings import Settings

NAME = "live"
STREAMS = 2000
RATE = 10  # events a second
SECONDS = 8
LIMIT_MS = 150.0  # from the commit to the client, 99 of 100
SIGN = b'"id":"'


def figures(stand: Stand) -> Iterator[Figure]:
    """How late events are at the clients."""
    _let_many_in()
    tokens, area = _sign_in(stand)
    ours, peer = [], []
    for _ in range(stand.runs):
        with _serving(_ours(), stand.settings) as port:
            ours.append(asyncio.run(_measure(port, tokens, area, None)))
        with _serving(_bare(), stand.settings) as port:
            peer.append(asyncio.run(_measure(port, tokens, area, _plain(stand.settings))))
    wanted = STREAMS * RATE * SECONDS
    for name, at in (("p50", 50), ("p99", 99)):
        mine, theirs = (median(float(np.percentile(run, at)) for run in runs) for runs in (ours, peer))
        case = f"{STREAMS:,} streams, {RATE} events/s, commit to client, {name}"
        yield Figure(
            NAME, case, mine, "ms", len(ours), Mark(LIMIT_MS, "target"), Mark(theirs, "bare asyncio")
        )
    arrived = median(len(run) / wanted for run in ours)
    yield Figure(NAME, "events that arrived, of all", arrived, "share/s", len(ours), Mark(1.0, "all"), None)


@contextmanager
def events(settings: Settings) -> Iterator[int]:
    """The port of a process that tells events, as the product is served."""
    with _serving(_ours(), settings) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/healthz")  # it listens before its worker has started
        connection.getresponse().read()
        yield port


def _let_many_in() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _sign_in(stand: Stand) -> tuple[list[str], str]:
    tokens = [new_token() for _ in range(STREAMS)]
    with transaction():
        member = session.get_one(Member, stand.members[0])
        until = datetime.now(UTC) + timedelta(days=1)
        session.add_all(
            Session(
                id=uuid7(),
                token_hash=hash_of(token),
                member_id=member.id,
                device_id="d",
                device_name="d",
                expires_at=until,
            )
            for token in tokens
        )
        area = member.area_code
    return tokens, area


def _plain(settings: Settings) -> str:
    return settings.database_url.replace("+psycopg", "", 1)


def _ours() -> list[str]:
    return ["-m", "gunicorn", "--config", "docker/gunicorn.conf.py", "--bind", "127.0.0.1:{port}"]


def _bare() -> list[str]:
    return ["-m", "bench.live", "{port}"]


@contextmanager
def _serving(command: Sequence[str], settings: Settings) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = os.environ | {"GRIDPATROL_DATABASE_URL": settings.database_url, "GRIDPATROL_LOG_LEVEL": "ERROR"}
    environ |= {"GRIDPATROL_WORKER_CLASS": "gevent", "GRIDPATROL_WORKERS": "1"}
    words = [sys.executable, *(word.format(port=port) for word in command)]
    process = subprocess.Popen(words, env=environ, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while not _is_open(port):
            if time.monotonic() > end:
                raise TimeoutError("the server does not open its door")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(40)


def _is_open(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


class _Client(asyncio.Protocol):
    """A stream that notes how late each event is, in ms."""

    def __init__(self, token: str, late: list[float], ready: asyncio.Semaphore):
        self.token, self.late, self.ready, self.is_ready = token, late, ready, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        head = f"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}"
        transport.write(f"{head}\r\nAccept: text/event-stream\r\n\r\n".encode())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now = time.time_ns()
        if not self.is_ready and b"event: ready" in data:
            self.is_ready = True
            self.ready.release()
        self.late += [(now - int(part[:19])) / 1e6 for part in data.split(SIGN)[1:]]


async def _measure(port: int, tokens: Sequence[str], area: str, bare: str | None) -> list[float]:
    late: list[float] = []
    ready, loop = asyncio.Semaphore(0), asyncio.get_running_loop()
    opened = []
    for token in tokens:
        made = await loop.create_connection(
            lambda token=token: _Client(token, late, ready),
            "127.0.0.1",
            port,  # type: ignore[misc]
        )
        opened.append(made[0])
        await asyncio.wait_for(ready.acquire(), 30)
    await asyncio.to_thread(_write, area, bare)
    await asyncio.sleep(2)
    for transport in opened:
        transport.abort()
    return late


def _write(area: str, bare: str | None) -> None:
    """Commit events at an even pace, each with the time at which its commit began."""
    begun = time.monotonic()
    for n in range(RATE * SECONDS):
        time.sleep(max(0, begun + n / RATE - time.monotonic()))
        if bare:
            with psycopg.connect(bare) as connection:
                connection.execute("SELECT pg_notify('bare', %s)", [str(time.time_ns())])
        else:
            with transaction():
                tell(Event("coverage.rebuilt", area, subject=time.time_ns()))
    session.remove()


async def _fan_out(port: int) -> None:
    """What the peer does: no policy, no resuming, no outbox; a notification is written to every socket."""
    writers: list[asyncio.StreamWriter] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: ready\ndata: {}\n\n")
        writers.append(writer)

    url = os.environ["GRIDPATROL_DATABASE_URL"].replace("+psycopg", "", 1)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("LISTEN bare")
        await asyncio.start_server(greet, "127.0.0.1", port, backlog=4096)
        async for told in connection.notifies():
            block = b'event: coverage.rebuilt\ndata: {"id":"%s"}\n\n' % told.payload.encode()
            for writer in writers:
                writer.write(block)


if __name__ == "__main__":
    _let_many_in()
    asyncio.run(_fan_out(int(sys.argv[1])))
