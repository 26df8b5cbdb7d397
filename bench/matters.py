"""Matters over HTTP: whole life cycles, lists and the sweep, among 100,000 and a million of them."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from statistics import median
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from psycopg import Connection
from sqlalchemy import insert

from bench.database import connect
from bench.ground import FULL
from bench.stand import Stand
from bench.table import Figure, Mark, seconds
from bench.traffic import HOST, PATIENCE, drive, serving
from service.db import session, transaction, uuid7
from service.matters.sweep import sweep
from service.members.actions import hash_of
from service.members.models import Member, SecondFactor, Session

NAME = "matters"
SIZES = {True: (100_000, 1_000_000), False: (2_000, 20_000)}  # by whether it is for real
CLIENTS = 8
CYCLES, LISTS = 240, 200
DUE_SHARE = 0.1  # of the matters, when the sweep begins
SINGLES = (  # what a life cycle writes at least, each as a transaction of its own
    "UPDATE matters SET version = version + 1, stage = %(stage)s, entered_at = now() WHERE id = %(id)s",
    "INSERT INTO matter_steps SELECT id, version, 'note', stage, level, now(), NULL, 'system', NULL, NULL,"
    " NULL, '{}', '{}', NULL, NULL, head, head FROM matters WHERE id = %(id)s",
)
FILL = """
INSERT INTO matters (id, class_code, title, text, facts, photos, position, grid_id, place_code,
    recorded_at, phone_at, received_at, marks, level, stage, version, head, entered_at, due_at,
    look_at)
SELECT id, class, title, text, '{}', '{}',
    ST_SetSRID(ST_MakePoint(lon + 0.02 * random(), lat + 0.02 * random()), 4326), grid, code, at, at,
    at, '{}', 'grid', stage, 1, sha256(id::text::bytea), at, due, due
FROM (
    SELECT overlay(replace(gen_random_uuid()::text, '-', '') PLACING
            lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') FROM 1 FOR 12) AS raw, made.*
    FROM (
        SELECT n, %(until)s::timestamptz - (%(count)s::int - n + 1) * interval '20 seconds' AS at,
            (%(classes)s::text[])[1 + n %% 14] AS class,
            (ARRAY['楼道堆物', '路灯不亮', '草场界桩被移动', '井盖缺失', '邻里争吵'])[1 + n %% 5]
                || ' ' || n AS title,
            '第 ' || n %% 977 || ' 号巷口发现，' || md5(n::text) AS text,
            CASE WHEN n %% 20 = 0 THEN 'filed' WHEN n %% 20 = 1 THEN 'accepted' ELSE 'closed' END AS stage,
            CASE WHEN n %% 20 < 2 THEN %(until)s::timestamptz + interval '30 days' END AS due,
            1 + (n::bigint * 7919) %% %(grids)s::int AS place
        FROM generate_series(%(first)s::int, %(count)s::int) AS n
    ) AS made
) AS told
JOIN LATERAL (SELECT (left(raw, 8) || '-' || substr(raw, 9, 4) || '-7' || substr(raw, 14, 3) || '-8'
    || substr(raw, 18, 3) || '-' || right(raw, 12))::uuid AS id) AS named ON true
JOIN (SELECT id AS grid, code, row_number() OVER (ORDER BY code) AS place,
    ST_X(ST_Centroid(shape)) AS lon, ST_Y(ST_Centroid(shape)) AS lat FROM grids) AS places USING (place)"""
HISTORY = """
INSERT INTO matter_steps
SELECT id, 1, 'report', 'reported', level, received_at, NULL, 'member', NULL, NULL, NULL, '{}', '{}', NULL,
    NULL, sha256(''), head
FROM matters WHERE received_at >= %(since)s"""
WORDS = """
INSERT INTO matter_words SELECT id, lower(title || E'\\n' || text) FROM matters
WHERE received_at >= %(since)s AND NOT EXISTS (SELECT FROM matter_words WHERE matter_id = id)"""
QUERIES = (
    "limit=100",
    "limit=100&open=true",
    "limit=100&stage=filed&area={community}",
    "limit=100&class=fire_hazard&area={county}000000",
    "limit=100&text=界桩被移动 4242",
    "limit=100&text=井盖&grid={community}001",
    "limit=100&due_before=2030-01-01T00:00:00Z&level=grid",
)


class Seat(NamedTuple):
    """An officer and a worker of one town, each with a connection."""

    code: str
    officer: "Client"
    worker: "Client"
    worker_id: UUID
    place: tuple[float, float]


class Client:
    """Somebody who is signed in, over one connection."""

    def __init__(self, port: int, token: str):
        self.connection = HTTPConnection(HOST, port, timeout=PATIENCE)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; anything but success ends the bench."""
        sent = None if body is None else json.dumps(body).encode()
        self.connection.request(method, f"/api/v1{path}", sent, self.headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status not in (200, 201):
            raise RuntimeError(f"{path} answered {response.status}: {text[:500]!r}")
        return json.loads(text)


def figures(stand: Stand) -> Iterator[Figure]:
    """Everything about matters."""
    small, large = SIZES[stand.size == FULL]
    with connect(stand.settings) as database, serving() as port:
        database.autocommit = True
        seats = _seats(stand, port)
        rates = []
        for first, count in ((1, small), (small + 1, large)):
            _fill(database, first, count)
            rates.append(_cycles(stand, seats))
            alone = _alone(database)
            case = f"life cycles among {count:,}: report to close, and found again"
            yield Figure(
                NAME, case, rates[-1], "/s", CYCLES * stand.runs, Mark(alone, "UPDATE and INSERT alone")
            )
            for name, value, limit in _lists(database, seats):
                yield Figure(
                    NAME, f"list among {count:,}: {name}, p95", value, "ms", LISTS, Mark(limit, "its SQL")
                )
        case = f"life cycles among {small:,}, over those among {large:,}"
        yield Figure(NAME, case, rates[0] / rates[1], "×", stand.runs, Mark(1.2, "allowed"))
        yield from _sweeps(database, large)


def _seats(stand: Stand, port: int) -> list[Seat]:
    """In each of several towns an officer and a worker."""
    seats, rows = [], []
    with transaction():
        for number in range(CLIENTS):
            town = stand.towns[number % len(stand.towns)]
            people = {role: uuid7() for role in ("officer", "member")}
            for role, id in people.items():
                code = f"bench-matters-{role}-{number}"
                person = {"id": id, "code": code, "name": "巴图", "role": role, "area_code": town.code}
                session.execute(insert(Member), [person])
                rows.append(_sign_in(id, code))
            factor = {"member_id": people["officer"], "secret": "A" * 32, "confirmed_at": datetime.now(UTC)}
            session.execute(insert(SecondFactor), [factor])
            clients = [Client(port, f"bench-matters-{role}-{number}") for role in people]
            spot = town.grids[0].representative_point()
            seats.append(Seat(town.code, clients[0], clients[1], people["member"], (spot.x, spot.y)))
        session.execute(insert(Session), rows)
    return seats


def _sign_in(member_id: UUID, token: str) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(days=1)
    sign_in = {"id": uuid7(), "token_hash": hash_of(token), "member_id": member_id, "expires_at": until}
    return sign_in | {"device_id": token, "device_name": "bench"}


def _fill(database: Connection, first: int, count: int) -> None:
    """So many matters in all; indexes of words and places are made once the rows are there."""
    later = [row[0] for row in database.execute(
        "SELECT indexdef FROM pg_indexes WHERE tablename IN ('matters', 'matter_words')"
        " AND schemaname = current_schema() AND indexname NOT LIKE '%%key'"
    )]  # fmt: skip
    for definition in later:
        database.execute(f"DROP INDEX {definition.split()[2]}")  # type: ignore[call-overload]
    until = datetime.now(UTC)
    classes = [row[0] for row in database.execute("SELECT code FROM matter_classes ORDER BY code")]
    (grids,) = database.execute("SELECT count(*) FROM grids").fetchone() or (0,)
    told = {"first": first, "count": count, "until": until, "classes": classes, "grids": grids}
    database.execute(FILL, told)
    since = {"since": until - timedelta(seconds=20) * (count + 1)}
    database.execute(WORDS, since)
    database.execute(HISTORY + " AND NOT EXISTS (SELECT FROM matter_steps WHERE matter_id = id)", since)
    for definition in later:
        database.execute(definition)
    database.execute("VACUUM ANALYZE matters, matter_words, matter_steps")
    database.execute("CHECKPOINT")  # so that the next figure does not pay for writing these rows


def _cycles(stand: Stand, seats: list[Seat]) -> float:
    """Life cycles a second, the median of the rounds; each client does its own, one after another."""
    _reconnect(seats)
    drive([partial(_cycle, seat) for seat in seats], range(2 * CLIENTS))  # warms up
    rounds = [drive([partial(_cycle, seat) for seat in seats], range(CYCLES)) for _ in range(stand.runs)]
    return median(CYCLES / each.took for each in rounds)


def _reconnect(seats: list[Seat]) -> None:
    """The service hangs up on whoever was silent for a while."""
    for client in (each for seat in seats for each in (seat.officer, seat.worker)):
        client.connection.close()


def _cycle(seat: Seat, number: int) -> None:
    """Report, dispatch, handle, feed back, verify, close, and find it again."""
    lon, lat = seat.place
    found = {"class": "utility_damage", "title": f"井盖缺失 {number}", "lon": lon, "lat": lat}
    matter = seat.officer.ask("POST", "/matters", found)
    path, version = f"/matters/{matter['id']}/steps", matter["version"]
    for who, said in (
        (seat.officer, {"step": "dispatch", "assignee_id": str(seat.worker_id)}),
        (seat.worker, {"step": "handle", "note": "已更换井盖"}),
        (seat.worker, {"step": "feed_back"}),
        (seat.officer, {"step": "verify"}),
        (seat.officer, {"step": "close", "reason": "resolved"}),
    ):
        version = who.ask("POST", path, said | {"version": version})["version"]
    listed = seat.officer.ask("GET", f"/matters?limit=20&stage=closed&area={seat.code}")
    if all(each["id"] != matter["id"] for each in listed["items"]) and len(listed["items"]) < 20:
        raise RuntimeError("a closed matter is not in the list")


def _alone(database: Connection) -> float:
    """What a life cycle's steps write, each in its transaction, without a service: cycles a second."""
    ids = [row[0] for row in database.execute("SELECT id FROM matters ORDER BY id DESC LIMIT %s", [CYCLES])]
    start = time.perf_counter()
    for id in ids:
        for stage in ("filed", "dispatched", "handled", "fed_back", "verified", "closed"):
            with database.transaction():
                for statement in SINGLES:
                    database.execute(statement, {"id": id, "stage": stage})
    return len(ids) / (time.perf_counter() - start)


def _lists(database: Connection, seats: list[Seat]) -> Iterator[tuple[str, float, float]]:
    """How long lists take, beside the rows that they show read by their keys: name, ms, ms."""
    _reconnect(seats)
    for query in QUERIES:
        waits, keys = [], []
        for number in range(LISTS // len(QUERIES) + 1):
            seat = seats[number % len(seats)]
            path = "/matters?" + query.format(community=seat.code, county=seat.code[:6]).replace(" ", "%20")
            path = path.encode().decode("ascii", "ignore") if path.isascii() else _quoted(path)
            start = time.perf_counter()
            ids = [each["id"] for each in seat.officer.ask("GET", path)["items"]]
            waits.append(time.perf_counter() - start)
            keys.append(
                seconds(
                    lambda ids=ids: database.execute(
                        "SELECT * FROM matters WHERE id = ANY(%s)", [ids]
                    ).fetchall()
                )
            )
        yield query.split("&", 1)[-1], *(float(np.percentile(each, 95)) * 1000 for each in (waits, keys))


def _quoted(path: str) -> str:
    return "".join(c if c.isascii() else "".join(f"%{byte:02X}" for byte in c.encode()) for c in path)


def _sweeps(database: Connection, count: int) -> Iterator[Figure]:
    """The sweep of a tenth of all matters, at once overdue."""
    due = round(count * DUE_SHARE)
    database.execute(
        "UPDATE matters SET due_at = now() - interval '1 hour', look_at = now() - interval '1 hour'"
        " WHERE id IN (SELECT id FROM matters WHERE stage IN ('filed', 'accepted') AND version = 1 LIMIT %s)",
        [due],
    )  # fmt: skip
    database.execute("VACUUM ANALYZE matters")
    start = time.perf_counter()
    with ThreadPoolExecutor(1) as threads:
        swept = threads.submit(_swept).result()
    took = time.perf_counter() - start
    if swept.set_aside or swept.examined < due:
        raise RuntimeError(f"the sweep left something out: {swept}")
    straight = seconds(database.execute, """
        WITH due AS (SELECT id FROM matters WHERE look_at > now() AND is_late LIMIT %s)
        UPDATE matters SET version = version + 1, look_at = look_at + interval '1 s' FROM due
        WHERE matters.id = due.id""", [due])  # fmt: skip
    case = f"sweep of {due:,} overdue among {count:,}"
    yield Figure(NAME, case, swept.examined / took, "/s", 1, Mark(due / straight, "one UPDATE alone"))


def _swept() -> Any:
    try:
        return sweep(datetime.now(UTC))
    finally:
        session.remove()
