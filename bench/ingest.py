"""Uploads over HTTP, as phones send them: how many a second, how long each takes, and where the time goes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import NamedTuple

import numpy as np
from psycopg import Connection

from bench import phones
from bench.database import connect
from bench.phones import Upload
from bench.stand import Stand
from bench.table import Figure, Mark
from bench.traffic import Send, Sent, drive, poster, serving
from service.db import transaction
from service.uploads.actions import Batch, receive

NAME = "ingest"
CONNECTIONS = 4
PEER = "Flask + marshmallow + ORM"
INBOXES = """
CREATE TEMPORARY TABLE inbox_fixes (LIKE fixes) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE inbox_check_ins (LIKE check_ins) ON COMMIT DELETE ROWS"""


class Kind(NamedTuple):
    """One way of uploading."""

    name: str
    table: str
    key: str  # the column that holds the ids of items
    rows: int  # that one request leaves
    share: float  # of the number of requests that is usual in this bench
    make: Callable[[list[phones.Phone], int, int], list[Upload]]


KINDS = (
    Kind("50 fixes", "fixes", "track_id", 50, 1, phones.tracks),
    Kind("500 fixes", "fixes", "track_id", 500, 0.2, phones.tracks),
    Kind("50 check-ins", "check_ins", "id", 50, 0.5, phones.check_ins),
    Kind("1 check-in", "check_ins", "id", 1, 2, phones.check_ins),
)


class Desk(NamedTuple):
    """Whoever takes the same rows; each has one sender a connection."""

    phones: list[phones.Phone]
    ours: list[Send]
    usual: list[Send]
    database: list[Connection]


class Round(NamedTuple):
    """What the same uploads took in each way."""

    ours: Sent
    usual: Sent
    copied: Sent
    by_inbox: Sent
    inside: Sent


def figures(stand: Stand) -> Iterator[Figure]:
    """Everything about uploads."""
    people = phones.phones(stand, CONNECTIONS)
    with ExitStack() as stack:
        database = [stack.enter_context(connect(stand.settings)) for _ in people]
        port, other = (stack.enter_context(serving(*each)) for each in ((), ("bench.usual:create_app()",)))
        ours = [poster(port, "/api/v1/uploads", lambda upload: upload.body, each.token) for each in people]
        theirs = [poster(other, "/places", lambda upload: upload.plain) for _ in people]
        for connection in database:
            connection.autocommit = True
            connection.execute(INBOXES)
        for kind in KINDS:
            yield from _kind(stand, Desk(people, ours, theirs, database), kind)


def _kind(stand: Stand, desk: Desk, kind: Kind) -> Iterator[Figure]:
    requests = max(2 * CONNECTIONS, round(stand.size.requests * kind.share))
    _round(desk, kind, 2 * CONNECTIONS)  # warms up
    rounds = [_round(desk, kind, requests) for _ in range(stand.runs)]
    rate, *rest = (
        median(kind.rows * requests / sent.took for sent in way) for way in zip(*rounds, strict=True)
    )
    peer, limit, by_inbox, inside = rest
    straight = Mark(limit, "COPY straight")
    yield Figure(NAME, f"{kind.name} an upload", rate, "/s", stand.runs, straight, Mark(peer, PEER))
    yield Figure(NAME, f"{kind.name}: without HTTP, one thread", inside, "/s", stand.runs, straight)
    yield Figure(NAME, f"{kind.name}: rows alone, COPY and INSERT", by_inbox, "/s", stand.runs, straight)
    for percent in (50, 99):
        wait, peer, limit = (_wait([each[way] for each in rounds], percent) for way in range(3))
        marks = Mark(limit, "COPY straight"), Mark(peer, PEER)
        yield Figure(NAME, f"{kind.name}: answered, p{percent}", wait, "ms", requests * stand.runs, *marks)


def _wait(rounds: Sequence[Sent], percent: int) -> float:
    return float(np.percentile([wait for sent in rounds for wait in sent.waits], percent)) * 1000


def _round(desk: Desk, kind: Kind, requests: int) -> Round:
    """New uploads to both services; then the rows that ours has stored, again and without any service."""
    uploads = kind.make(desk.phones, requests, kind.rows)
    taken = drive(desk.ours, uploads), drive(desk.usual, uploads)
    rows = [_stored(desk.database[0], kind, upload) for upload in uploads]
    again = [_again(desk.database, kind, rows, way) for way in (_copy, _copy_and_insert)]
    return Round(*taken, *again, drive([_receive], kind.make(desk.phones, requests, kind.rows)))


def _stored(database: Connection, kind: Kind, upload: Upload) -> bytes:
    """The rows of an upload as PostgreSQL's own binary COPY gives them."""
    query = f"COPY (SELECT * FROM {kind.table} WHERE {kind.key} = ANY(%s)) TO STDOUT (FORMAT BINARY)"
    with database.cursor().copy(query, [upload.ids]) as rows:
        return b"".join(rows)


def _again(
    database: list[Connection], kind: Kind, rows: list[bytes], way: Callable[[Connection, str, bytes], None]
) -> Sent:
    database[0].execute(f"TRUNCATE {kind.table} CASCADE")
    return drive([partial(way, connection, kind.table) for connection in database], rows)


def _copy(database: Connection, table: str, rows: bytes) -> None:
    with database.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(rows)


def _copy_and_insert(database: Connection, table: str, rows: bytes) -> None:
    """What is known already is left as it is."""
    with database.transaction():
        _copy(database, f"inbox_{table}", rows)
        database.execute(f"INSERT INTO {table} SELECT * FROM inbox_{table} ON CONFLICT DO NOTHING")


def _receive(upload: Upload) -> None:
    with transaction():
        receive(upload.phone.member_id, Batch(upload.ids[0], "wgs84", None, upload.items))
