"""Uploads over HTTP, as phones send them: how many a second, how long each takes, and where the time goes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from psycopg import Connection

from bench import parse, phones
from bench.database import connect
from bench.phones import Upload
from bench.stand import Stand
from bench.table import Figure, Mark
from bench.traffic import Send, Sent, drive, poster, serving
from service.db import transaction
from service.uploads.actions import Batch, receive

Each = TypeVar("Each")
Store = Callable[[Connection, str, "Rows"], None]

NAME = "ingest"
CONNECTIONS = 16
INBOXES = """
CREATE TEMPORARY TABLE inbox_fixes (LIKE fixes) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE inbox_check_ins (LIKE check_ins) ON COMMIT DELETE ROWS"""


class Rows(NamedTuple):
    """What an upload left."""

    binary: bytes  # as COPY has it
    first: Sequence[Any]  # the values of one row


class Kind(NamedTuple):
    """One way of uploading."""

    name: str
    table: str
    key: str  # the column that holds the ids of items
    rows: int  # that one request leaves
    share: float  # of the number of requests that is usual in this bench
    make: Callable[[list[phones.Phone], int, int], list[Upload]]

    @property
    def straight(self) -> str:
        """The way that asks for nothing back and would store everything twice."""
        return "COPY" if self.rows > 1 else "INSERT"

    def limit(self, way: "Round[float]") -> Mark:
        """What no service that may be sent the same twice can be faster than."""
        return Mark(way.by_inbox, "COPY and INSERT") if self.rows > 1 else Mark(way.straight, "INSERT")


KINDS = (
    Kind("50 fixes", "fixes", "track_id", 50, 1, phones.tracks),
    Kind("500 fixes", "fixes", "track_id", 500, 0.2, phones.tracks),
    Kind("50 check-ins", "check_ins", "id", 50, 0.5, phones.check_ins),
    Kind("1 check-in", "check_ins", "id", 1, 2, phones.check_ins),
)


class Desk(NamedTuple):
    """Whoever takes the same rows, over as many connections; a service drops those that were idle."""

    phones: list[phones.Phone]
    ours: Callable[[], list[Send]]
    theirs: Callable[[], list[Send]]
    database: list[Connection]


class Round(NamedTuple, Generic[Each]):
    """The same uploads, taken in each way."""

    ours: Each
    theirs: Each
    straight: Each
    by_inbox: Each
    inside: Each


def figures(stand: Stand) -> Iterator[Figure]:
    """Everything about uploads."""
    people = phones.phones(stand, CONNECTIONS)
    with ExitStack() as stack:
        database = [stack.enter_context(connect(stand.settings)) for _ in people]
        port, other = stack.enter_context(serving()), stack.enter_context(parse.serving(stand.settings))
        for connection in database:
            connection.autocommit = True
            connection.execute(INBOXES)
        for kind in KINDS:
            ours, theirs = partial(_ours, port, people), partial(_theirs, other, parse.path(kind.rows))
            yield from _kind(stand, Desk(people, ours, theirs, database), kind)


def _ours(port: int, people: list[phones.Phone]) -> list[Send]:
    heads = [{"Authorization": f"Bearer {each.token}"} for each in people]
    return [poster(port, "/api/v1/uploads", lambda upload: upload.body, head) for head in heads]


def _theirs(port: int, path: str) -> list[Send]:
    """parse-server's clients, that nobody has signed in."""
    return [
        poster(port, path, lambda upload: upload.theirs, parse.HEADERS, b'"objectId"')
        for _ in range(CONNECTIONS)
    ]


def _kind(stand: Stand, desk: Desk, kind: Kind) -> Iterator[Figure]:
    requests = max(2 * CONNECTIONS, round(stand.size.requests * kind.share))
    _round(desk, kind, 2 * CONNECTIONS)  # warms up
    rounds = [_round(desk, kind, requests) for _ in range(stand.runs)]
    rate = Round(
        *(median(kind.rows * requests / sent.took for sent in way) for way in zip(*rounds, strict=True))
    )
    limit, peer = kind.limit(rate), Mark(rate.theirs, parse.PEER)
    yield Figure(NAME, f"{kind.name} an upload", rate.ours, "/s", stand.runs, limit, peer)
    yield Figure(NAME, f"{kind.name}: without HTTP, one thread", rate.inside, "/s", stand.runs, limit)
    alone = f"{kind.name}: rows alone, COPY and INSERT"
    yield Figure(NAME, alone, rate.by_inbox, "/s", stand.runs, Mark(rate.straight, kind.straight))
    for percent in (50, 99):
        wait = Round(*(_wait(way, percent) for way in zip(*rounds, strict=True)))
        limit, peer = kind.limit(wait), Mark(wait.theirs, parse.PEER)
        case = f"{kind.name}: answered, p{percent}"
        yield Figure(NAME, case, wait.ours, "ms", requests * stand.runs, limit, peer)


def _wait(rounds: Sequence[Sent], percent: int) -> float:
    return float(np.percentile([wait for sent in rounds for wait in sent.waits], percent)) * 1000


def _round(desk: Desk, kind: Kind, requests: int) -> Round[Sent]:
    """New uploads to both services; then the rows that ours has stored, again and without any service."""
    uploads = kind.make(desk.phones, requests, kind.rows)
    ours, theirs = drive(desk.ours(), uploads), drive(desk.theirs(), uploads)
    rows = [_rows(desk.database[0], kind, upload) for upload in uploads]
    straight = _again(desk.database, kind, _copy if kind.rows > 1 else _insert, rows)
    by_inbox = _again(desk.database, kind, _copy_and_insert, rows)
    inside = drive([_receive], kind.make(desk.phones, requests, kind.rows))
    return Round(ours, theirs, straight, by_inbox, inside)


def _rows(database: Connection, kind: Kind, upload: Upload) -> Rows:
    """The rows of an upload as PostgreSQL's own binary COPY gives them, and the first of them as values."""
    rows = f"SELECT * FROM {kind.table} WHERE {kind.key} = ANY(%s)"
    first = database.execute(rows, [upload.ids]).fetchone()
    with database.cursor().copy(f"COPY ({rows}) TO STDOUT (FORMAT BINARY)", [upload.ids]) as copy:
        return Rows(b"".join(copy), first or ())


def _again(database: list[Connection], kind: Kind, way: Store, rows: list[Rows]) -> Sent:
    database[0].execute(f"TRUNCATE {kind.table} CASCADE")
    return drive([partial(way, connection, kind.table) for connection in database], rows)


def _copy(database: Connection, table: str, rows: Rows) -> None:
    with database.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(rows.binary)


def _insert(database: Connection, table: str, rows: Rows) -> None:
    database.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(rows.first))})", rows.first)


def _copy_and_insert(database: Connection, table: str, rows: Rows) -> None:
    """What is known already is left as it is."""
    with database.transaction():
        _copy(database, f"inbox_{table}", rows)
        database.execute(f"INSERT INTO {table} SELECT * FROM inbox_{table} ON CONFLICT DO NOTHING")


def _receive(upload: Upload) -> None:
    with transaction():
        receive(upload.phone.member_id, Batch(upload.ids[0], "wgs84", None, upload.items))
