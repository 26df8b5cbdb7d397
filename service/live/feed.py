"""One reader of the outbox a process, which writes to every client's socket itself.

Made for a gevent worker: one thread, so what does not wait is not interrupted. A client whose socket takes no
more for now, and one that has none of gevent's, has a queue from which its own thread goes on.
"""

import errno
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Lock, Thread
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from gevent.socket import socket as Socket
from psycopg.rows import namedtuple_row

from service.db import session, transaction
from service.live.queries import sights
from service.live.sight import Sight
from service.outbox.actions import CHANNEL
from service.outbox.queries import AFTER, Position, epoch, settled
from service.telemetry import log

TICK = 0.05  # s; for what nobody has woken us for, or what an older transaction held back
HEARTBEAT = 15  # s
RECHECK = 2.0  # s, until who has signed out or changed role hears nothing more
AT_ONCE = 100  # clients that are looked at again together, so that nobody's event waits for all
BEHIND = 256  # blocks that wait for one client; whoever is further behind comes again and resumes
PAGE = 1000  # events read at once
RESET = b"event: reset\ndata: {}\n\n"


class Block(NamedTuple):
    """What goes over the wire, and the same as a chunk of HTTP/1.1; made once for all who hear the same."""

    plain: bytes
    chunk: bytes


def block_of(*parts: bytes) -> Block:
    """The parts as one block."""
    plain = b"".join(parts)
    return Block(plain, b"%x\r\n%s\r\n" % (len(plain), plain))


PULSE = block_of(b": \n\n")


class Client:
    """One open stream. With a `socket` its answer is sent in chunks, and the feed writes them itself."""

    def __init__(self, session_id: UUID, sight: Sight, position: Position, socket: Socket | None = None):
        self.session_id, self.sight, self.position, self.socket = session_id, sight, position, socket
        self.waiting: Queue[bytes] = Queue(BEHIND)
        self.takes = False  # whether the socket has taken everything so far
        self.is_over = False

    def blocks(self, greeting: bytes) -> Iterator[bytes]:
        """What the worker has to write, until somebody ends it."""
        yield greeting
        if self.socket is not None:
            self._stay(self.socket)
        while not self.is_over:
            try:
                yield self.waiting.get(timeout=HEARTBEAT)
            except Empty:
                yield PULSE.plain

    def _stay(self, socket: Socket) -> None:
        """Send what could not be sent at once; raises ConnectionResetError if the client takes too long."""
        while not self.is_over:
            self.takes = self.waiting.empty()
            try:
                rest = self.waiting.get(timeout=HEARTBEAT)
                if not self.is_over:
                    socket.sendall(rest)
            except Empty:
                self._write(socket, PULSE.chunk)
            except TimeoutError:
                break
        if not self.takes:  # in the middle of a chunk
            raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")

    def tell(self, block: Block) -> None:
        """Have a block sent without waiting; raises Full for who is far behind, OSError for who is gone."""
        if self.socket is None:
            self.waiting.put_nowait(block.plain)
        elif self.takes:
            self._write(self.socket, block.chunk)
        else:
            self.waiting.put_nowait(block.chunk)

    def _write(self, socket: Socket, chunk: bytes) -> None:
        try:
            sent = os.write(socket.fileno(), chunk)  # gevent's sockets never block
        except BlockingIOError:
            sent = 0
        if sent < len(chunk):
            self.takes = False
            self.waiting.put_nowait(chunk[sent:])

    def end(self) -> None:
        """Let the stream end; the client comes again and is looked at anew."""
        self.is_over = True
        with suppress(Full):  # it will see when it wakes
            self.waiting.put_nowait(b"")


class Feed:
    """Reads on from where it was, whatever happens to its connection, and hands out what each may hear."""

    def __init__(self, database_url: str, schema: str):
        self.dsn = database_url.replace("postgresql+psycopg://", "postgresql://")
        self.options = f"-csearch_path={schema},public -ctimezone=UTC"
        self.clients: set[Client] = set()
        self.epoch = 0
        self.position: Position | None = None
        self.lock = Lock()

    def join(self, session_id: UUID, sight: Sight, socket: Socket | None = None) -> Client:
        """A new client that hears all behind its `position`. Called in a transaction."""
        with self.lock:
            if self.position is None:
                self.epoch, self.position = epoch(), settled()
                for each in (self._run, self._recheck_on):
                    Thread(target=each, name="feed", daemon=True).start()
            client = Client(session_id, sight, self.position, socket)
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
                with psycopg.connect(
                    self.dsn, autocommit=True, options=self.options, row_factory=namedtuple_row
                ) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._follow(connection)
            except Exception:
                log.exception("the feed was cut off and begins again")
            time.sleep(1)

    def _follow(self, connection: psycopg.Connection[Any]) -> None:
        while True:
            for _ in connection.notifies(timeout=TICK, stop_after=1):
                pass
            while self._read(connection) == PAGE:
                pass

    def _read(self, connection: psycopg.Connection[Any]) -> int:
        begun = self.position or Position(0, 0)
        events = connection.execute(AFTER, begun._asdict() | {"limit": PAGE}).fetchall()
        if events:
            with self.lock:
                if self.position == begun:  # not begun anew meanwhile
                    self.position = Position(events[-1].xid, events[-1].seq)
                    self._hand_out([(event, self.block(event)) for event in events])
        return len(events)

    def _hand_out(self, told: Sequence[tuple[Any, bytes]]) -> None:
        first = Position(told[0][0].xid, told[0][0].seq)
        made: dict[Sight, Block | None] = {}  # for those who hear of all these events
        for client in list(self.clients):
            if client.position >= first:
                block = _heard(client.sight, [each for each in told if each[0][:2] > client.position])
            elif client.sight in made:
                block = made[client.sight]
            else:
                block = made[client.sight] = _heard(client.sight, told)
            try:
                if block:
                    client.tell(block)
            except (Full, OSError):
                client.end()
                self.clients.discard(client)

    def _recheck_on(self) -> None:
        while True:
            watching = list(self.clients)
            groups = [watching[n : n + AT_ONCE] for n in range(0, len(watching), AT_ONCE)] or [[]]
            for group in groups:
                time.sleep(RECHECK / len(groups))
                try:
                    self._recheck(group)
                except Exception:
                    log.exception("who watches could not be looked at again")

    def _recheck(self, watching: Iterable[Client]) -> None:
        try:
            with transaction():
                life, last = epoch(), settled()
                now = sights({client.session_id for client in watching})
        finally:
            session.remove()
        if life != self.epoch:
            self._begin_anew(life, last)
        for client in watching:
            if now.get(client.session_id) != client.sight:
                self.leave(client)
                client.end()

    def _begin_anew(self, life: int, last: Position) -> None:
        """The database was restored: what anybody knows of it is of another life."""
        with self.lock:
            self.epoch, self.position = life, last
            for client in self.clients:
                client.end()
            self.clients.clear()


def _heard(sight: Sight, told: Iterable[tuple[Any, bytes]]) -> Block | None:
    mine = [block for event, block in told if sight.sees(event)]
    return block_of(*mine) if mine else None
