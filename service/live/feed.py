"""One reader of the outbox a process, and a queue for each client.

Made for a gevent worker, whose locks, queues and threads these become; it works with plain threads as well.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Lock, Thread
from typing import Any
from uuid import UUID

import orjson
import psycopg

from service.db import session, transaction
from service.live.queries import sights
from service.live.sight import Sight
from service.outbox.actions import CHANNEL
from service.outbox.queries import Position, after, settled
from service.telemetry import log

TICK = 0.1  # s; for what nobody has woken us for, or what an older transaction held back
HEARTBEAT = 15  # s
RECHECK = 2.0  # s, until who has signed out or changed role hears nothing more
BEHIND = 256  # blocks that wait for one client; whoever is further behind comes again and resumes
PAGE = 1000  # events read at once
RESET = b"event: reset\ndata: {}\n\n"
PULSE = b": \n\n"


class Client:
    """One open stream."""

    def __init__(self, session_id: UUID, sight: Sight, position: Position):
        self.session_id, self.sight, self.position = session_id, sight, position
        self.waiting: Queue[bytes] = Queue(BEHIND)
        self.is_over = False

    def blocks(self, greeting: bytes) -> Iterator[bytes]:
        """What goes over the wire, until somebody ends it."""
        yield greeting
        while not self.is_over:
            try:
                yield self.waiting.get(timeout=HEARTBEAT)
            except Empty:
                yield PULSE

    def end(self) -> None:
        """Let the stream end; the client comes again and is looked at anew."""
        self.is_over = True
        with suppress(Full):  # it will see when it wakes
            self.waiting.put_nowait(PULSE)


class Feed:
    """Reads on from where it was, whatever happens to its connection, and hands out what each may hear."""

    def __init__(self, database_url: str, schema: str, epoch: int):
        self.dsn = database_url.replace("postgresql+psycopg://", "postgresql://")
        self.options, self.epoch = f"-csearch_path={schema},public -ctimezone=UTC", epoch
        self.clients: set[Client] = set()
        self.position: Position | None = None
        self.lock = Lock()

    def join(self, session_id: UUID, sight: Sight) -> Client:
        """A new client that hears all behind its `position`. Called in a transaction."""
        with self.lock:
            if self.position is None:
                self.position = settled()
                for each in (self._run, self._recheck_on):
                    Thread(target=each, name="feed", daemon=True).start()
            client = Client(session_id, sight, self.position)
            self.clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        with self.lock:
            self.clients.discard(client)

    def block(self, event: Any) -> bytes:
        """An event as it goes over the wire."""
        told = {
            "area": event.area_code,
            "grid": event.grid_code,
            "team_id": event.team_id,
            "member_id": event.member_id,
            "id": event.subject_id,
            "at": event.at,
        }
        data = orjson.dumps({name: value for name, value in told.items() if value is not None})
        return b"id: %s\nevent: %s\ndata: %s\n\n" % (self.name(event), event.kind.encode(), data)

    def name(self, position: Any) -> bytes:
        """A position as the client gives it back."""
        return f"{self.epoch}.{position.xid}.{position.seq}".encode()

    def _run(self) -> None:
        while True:
            try:
                with psycopg.connect(self.dsn, autocommit=True, options=self.options) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._follow(connection)
            except Exception:
                log.exception("the feed was cut off and begins again")
            time.sleep(1)

    def _follow(self, connection: psycopg.Connection) -> None:
        while True:
            for _ in connection.notifies(timeout=TICK, stop_after=1):
                pass
            while self._read() == PAGE:
                pass

    def _read(self) -> int:
        try:
            with transaction():
                events = after(self.position or Position(0, 0), PAGE)
        finally:
            session.remove()
        if events:
            with self.lock:
                self.position = Position(events[-1].xid, events[-1].seq)
                self._hand_out([(event, self.block(event)) for event in events])
        return len(events)

    def _hand_out(self, told: list[tuple[Any, bytes]]) -> None:
        for client in list(self.clients):
            mine = [
                block
                for event, block in told
                if (event.xid, event.seq) > client.position and client.sight.sees(event)
            ]
            try:
                if mine:
                    client.waiting.put_nowait(b"".join(mine))
            except Full:
                client.end()
                self.clients.discard(client)

    def _recheck_on(self) -> None:
        while True:
            time.sleep(RECHECK)
            try:
                self._recheck()
            except Exception:
                log.exception("who watches could not be looked at again")

    def _recheck(self) -> None:
        with self.lock:
            watching = list(self.clients)
        try:
            with transaction():
                now = sights({client.session_id for client in watching})
        finally:
            session.remove()
        for client in watching:
            if now.get(client.session_id) != client.sight:
                self.leave(client)
                client.end()
