"""Uploads while workers and database processes are killed: what was acknowledged, and what is there."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from random import Random
from statistics import median
from threading import Event
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from bench import phones
from bench.database import connect
from bench.ground import FULL
from bench.phones import Items, Phone
from bench.stand import Stand, put_up_alone
from bench.table import Figure
from bench.traffic import HOST, started
from service.db import uuid7

NAME = "faults"
PHONES = 6
KILLS, FEW = 50, 6  # of a full run, and of one that shows only that it runs
PATIENCE = 60  # s, until uploads must go through again
PAUSE = 0.1  # s at most between two uploads of a phone
LOST_ANSWERS = 0.1  # of all answers never reach their phone
LENGTHS = (1, 20, 20, 50, 50, 1000)  # fixes of a track
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEED = 20261124
BUSY = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
ACTIVE = f"{BUSY} AND state <> 'idle'"
COPYING = f"{ACTIVE} AND query LIKE 'COPY %%'"
ROWS = {  # of one member's patrols: key, then what must be as it was sent
    "patrols": "SELECT id, member_id, mode, started_at, ended_at, first_at, last_at FROM patrols"
    " WHERE id = ANY(%(patrols)s)",
    "upload_items": "SELECT id, member_id FROM upload_items WHERE member_id = %(member)s",
    "patrol_moments": "SELECT id, patrol_id, kind, mode, phone_at, recorded_at FROM patrol_moments"
    " WHERE patrol_id = ANY(%(patrols)s)",
    "check_ins": "SELECT id, patrol_id, phone_at, recorded_at, ST_X(position), ST_Y(position), accuracy_m"
    " FROM check_ins WHERE patrol_id = ANY(%(patrols)s)",
    "fixes": "SELECT (track_id, place)::text, patrol_id, phone_at, recorded_at, ST_X(position),"
    " ST_Y(position), accuracy_m FROM fixes WHERE patrol_id = ANY(%(patrols)s)",
    "coverage_marks": "SELECT DISTINCT patrol_id FROM coverage_marks WHERE patrol_id = ANY(%(patrols)s)",
}

Rows = dict[str, dict[Any, tuple[Any, ...]]]  # table → key → values


@dataclass
class Ledger:
    """What one phone knows: what it recorded, what was acknowledged, how its requests ended."""

    phone: Phone
    recorded: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)  # answers that no phone should ever get
    heard: list[tuple[float, float]] = field(
        default_factory=list
    )  # when good answers were asked for, and came

    @property
    def waiting(self) -> list[str]:
        """The ids of the items that the phone still keeps."""
        return [id for id in self.recorded if id not in self.acknowledged]


class Strike(NamedTuple):
    """Something that was killed, and when."""

    kind: str
    at: float


class Difference(NamedTuple):
    """How many rows are not as the ledgers say."""

    lost: int  # rows of acknowledged items that are not there
    doubled: int  # rows beyond those of the items that were recorded
    altered: int  # rows with other values than were sent


class Outcome(NamedTuple):
    """What the phones were told, beside what the database holds."""

    ledgers: list[Ledger]
    strikes: list[Strike]
    difference: Difference

    @property
    def wrong(self) -> list[str]:
        """The answers that no phone should have got."""
        return [each for ledger in self.ledgers for each in ledger.wrong]

    @property
    def stuck(self) -> int:
        """The items that never got through."""
        return sum(len(ledger.waiting) for ledger in self.ledgers)

    def total(self, end: str) -> int:
        """How many requests ended so."""
        return sum(ledger.ends[end] for ledger in self.ledgers)


def figures(stand: Stand) -> Iterator[Figure]:
    """The ledger of many kills."""
    with put_up_alone(stand.size) as alone:
        outcome = ordeal(alone, KILLS if stand.size == FULL else FEW)
    n = len(outcome.strikes)
    acknowledged = sum(len(ledger.acknowledged) for ledger in outcome.ledgers)
    counts = {
        "items acknowledged": acknowledged,
        "rows of them lost": outcome.difference.lost,
        "rows doubled": outcome.difference.doubled,
        "rows altered": outcome.difference.altered,
        "items that never got through": outcome.stuck,
        "answers other than 200 and 503": len(outcome.wrong),
        "answers 503 with Retry-After": outcome.total("503"),
        "connections cut": outcome.total("cut"),
    }
    for kind in KINDS:
        waits = [_recovery(outcome, strike) for strike in outcome.strikes if strike.kind == kind]
        yield Figure(NAME, f"{kind}: kills", len(waits), "", n)
        if waits:
            yield Figure(NAME, f"{kind}: until the next 200, median", median(waits) * 1000, "ms", len(waits))
            yield Figure(NAME, f"{kind}: until the next 200, longest", max(waits) * 1000, "ms", len(waits))
    yield from (Figure(NAME, case, value, "", n) for case, value in counts.items())


def _recovery(outcome: Outcome, strike: Strike) -> float:
    """How long after a strike the first request was answered that was made after it; seconds."""
    heard = (end for ledger in outcome.ledgers for began, end in ledger.heard if began > strike.at)
    return min(heard) - strike.at


def ordeal(stand: Stand, kills: int) -> Outcome:
    """Phones upload while so many processes are killed, one kind after the other, at random moments."""
    people, over = phones.phones(stand, PHONES), Event()
    ledgers = [Ledger(each) for each in people]
    chance = Random(SEED)
    with started() as (port, arbiter), ThreadPoolExecutor(PHONES) as threads:
        done = [
            threads.submit(_use, ledger, port, Random(number), over) for number, ledger in enumerate(ledgers)
        ]
        try:
            _await_answer(ledgers, time.monotonic())
            strikes = [_strike(stand, arbiter, ledgers, chance, n) for n in range(kills)]
        finally:
            over.set()
        for each in done:
            each.result()
    with connect(stand.settings) as database:
        return Outcome(ledgers, strikes, compared(database, ledgers))


# --- a phone ------------------------------------------------------------------------------------------------


def _use(ledger: Ledger, port: int, chance: Random, over: Event) -> None:
    """Patrol and upload until it is over, then until everything has got through."""
    connection, give_up = HTTPConnection(HOST, port, timeout=PATIENCE), None
    while ledger.waiting or not over.is_set():
        give_up = give_up or (time.monotonic() + PATIENCE if over.is_set() else None)
        if give_up and time.monotonic() > give_up:
            break
        if not over.is_set() and len(ledger.waiting) < 20:
            ledger.recorded |= {item["id"]: item for item in _patrol(ledger.phone, chance)}
        _upload(ledger, connection, _choice(ledger, chance), chance)
        time.sleep(chance.uniform(0, PAUSE))
    connection.close()


def _patrol(phone: Phone, chance: Random) -> Items:
    """A walk: start, one to three tracks, some check-ins, end."""
    patrol, now = uuid7(), time.time_ns() // 1_000_000
    walk = phone.way + phone.way[::-1]
    tracks = []
    for _ in range(chance.randint(1, 3)):
        steps = range(chance.choice(LENGTHS))
        begin = now - chance.randint(1, 20) * 3_600_000
        tracks += phones.track_of(patrol, [(begin + 3_000 * n, *walk[n % len(walk)]) for n in steps])
    positions = [(now - n * 60_000, *chance.choice(phone.way)) for n in range(chance.randint(0, 4))]
    moment = {"patrol_id": str(patrol), "at": datetime.now(UTC).isoformat()}
    start = {"type": "patrol_start", "id": str(uuid7()), "mode": "bicycle", **moment}
    end = {"type": "patrol_end", "id": str(uuid7()), **moment}
    return [start, *tracks, *phones.check_ins_of(patrol, positions), end]


def _choice(ledger: Ledger, chance: Random) -> Items:
    """Some of what waits, in any order, and a few items that the phone could have deleted."""
    waiting, known = ledger.waiting, list(ledger.acknowledged)[:50]
    ids = chance.sample(waiting, min(len(waiting), chance.randint(1, 12)))
    return [ledger.recorded[id] for id in ids + chance.sample(known, min(len(known), chance.randint(0, 2)))]


def _upload(ledger: Ledger, connection: HTTPConnection, items: Items, chance: Random) -> None:
    body = {"batch_id": str(uuid7()), "crs": "wgs84", "items": items}
    body["clock"] = {"sent_at": datetime.now(UTC).isoformat()}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {ledger.phone.token}"}
    began = time.monotonic()
    try:
        connection.request("POST", "/api/v1/uploads", json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
    except (OSError, HTTPException):  # whoever would have answered is gone
        connection.close()
        ledger.ends["cut"] += 1
        return
    if response.status == 200 and chance.random() > LOST_ANSWERS:
        ledger.heard.append((began, time.monotonic()))
        _note(ledger, items, json.loads(text)["results"])
    elif response.status != 200:
        _refused(ledger, response, text)


def _note(ledger: Ledger, items: Items, verdicts: Sequence[dict[str, Any]]) -> None:
    """Delete what is durable; nothing but `stored` and `duplicate` is an answer to what was sent here."""
    ledger.ends["200"] += 1
    ids = [verdict["id"] for verdict in verdicts]
    if ids != [item["id"] for item in items]:
        ledger.wrong.append(f"verdicts on other items: {ids}")
    for verdict in verdicts:
        if verdict["status"] not in ("stored", "duplicate"):
            ledger.wrong.append(f"verdict {verdict}")
        elif verdict["durable"]:
            ledger.acknowledged.add(verdict["id"])


def _refused(ledger: Ledger, response: HTTPResponse, text: bytes) -> None:
    kind, wait = response.headers["Content-Type"], response.headers["Retry-After"]
    if (response.status, kind) == (503, "application/problem+json") and wait:
        ledger.ends["503"] += 1
        time.sleep(int(wait))
    else:
        ledger.wrong.append(f"{response.status} {kind} {wait} {text[:200]!r}")


# --- kills --------------------------------------------------------------------------------------------------


def _kill_worker(_: Stand, arbiter: int, chance: Random) -> bool:
    workers = Path(f"/proc/{arbiter}/task/{arbiter}/children").read_text().split()
    return bool(workers) and _killed(int(chance.choice(workers)))


def _end_session(stand: Stand, _: int, chance: Random) -> bool:
    with connect(stand.settings) as database:
        database.autocommit = True
        busy = database.execute(chance.choice([ACTIVE, COPYING])).fetchall()
        end = "SELECT pg_terminate_backend(%s)"
        return bool(busy) and database.execute(end, chance.choice(busy)).fetchone() == (True,)


def _kill_session(stand: Stand, _: int, chance: Random) -> bool:
    """PostgreSQL then ends all other sessions as well, and recovers from its log."""
    with connect(stand.settings) as database:
        database.autocommit = True
        busy = database.execute(chance.choice([ACTIVE, COPYING])).fetchall()
    return bool(busy) and _killed(chance.choice(busy)[0])


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


KINDS: dict[str, Callable[[Stand, int, Random], bool]] = {
    "worker, kill -9": _kill_worker,
    "database session, terminated": _end_session,
    "database process, kill -9": _kill_session,
}


def _strike(stand: Stand, arbiter: int, ledgers: list[Ledger], chance: Random, number: int) -> Strike:
    """Kill something that is at work, at a random moment; returns once uploads go through again."""
    kind = list(KINDS)[number % len(KINDS)]
    time.sleep(chance.uniform(0, 0.5))
    give_up = time.monotonic() + PATIENCE
    while not KINDS[kind](stand, arbiter, chance):
        if time.monotonic() > give_up:
            raise RuntimeError(f"found nothing at work to kill: {kind}")
    strike = Strike(kind, time.monotonic())
    _await_answer(ledgers, strike.at)
    return strike


def _await_answer(ledgers: list[Ledger], since: float) -> None:
    """Until a phone has had a good answer to a request that it made after a moment."""
    give_up = time.monotonic() + PATIENCE
    while not any(ledger.heard and ledger.heard[-1][0] > since for ledger in ledgers):
        if time.monotonic() > give_up:
            raise RuntimeError("uploads do not go through any more")
        time.sleep(0.01)


# --- the ledger beside the rows -----------------------------------------------------------------------------


def compared(database: psycopg.Connection, ledgers: list[Ledger]) -> Difference:
    """Every row of the phones' patrols beside what the phones sent and were told."""
    lost = doubled = altered = 0
    for ledger in ledgers:
        kept = _expected(ledger, ledger.acknowledged)
        known = _expected(ledger, set(ledger.recorded))
        patrols = [UUID(each) for each in {item["patrol_id"] for item in ledger.recorded.values()}]
        for table, question in ROWS.items():
            rows = database.execute(
                question, {"patrols": patrols, "member": ledger.phone.member_id}
            ).fetchall()
            found = {key: tuple(values) for key, *values in rows}
            lost += len(kept[table].keys() - found.keys())
            doubled += len(rows) - len(found.keys() & known[table].keys())
            altered += sum(known[table].get(key, values) != values for key, values in found.items())
    return Difference(lost, doubled, altered)


def _expected(ledger: Ledger, ids: set[str]) -> Rows:
    """The rows that these items must have left."""
    rows: Rows = {table: {} for table in ROWS}
    times: dict[UUID, list[datetime]] = {}
    for item in (ledger.recorded[id] for id in ids):
        id, patrol = UUID(item["id"]), UUID(item["patrol_id"])
        rows["upload_items"][id] = (ledger.phone.member_id,)
        rows["coverage_marks"][patrol] = ()
        times.setdefault(patrol, []).extend(_keep(rows, id, patrol, item))
    moments = {(of, kind): at for of, kind, _, at, _ in rows["patrol_moments"].values()}
    for patrol, all_times in times.items():
        start, end = (moments.get((patrol, kind)) for kind in ("start", "end"))
        mode = "bicycle" if start else "foot"
        span = min(all_times), max(all_times)
        rows["patrols"][patrol] = (ledger.phone.member_id, mode, start, end, *span)
    return rows


def _keep(rows: Rows, id: UUID, patrol: UUID, item: dict[str, Any]) -> list[datetime]:
    """The rows of one item; gives its times."""
    if item["type"] == "track":
        times = [EPOCH + timedelta(milliseconds=point[0]) for point in item["points"]]
        for place, (at, (_, lon, lat, accuracy)) in enumerate(zip(times, item["points"], strict=True)):
            rows["fixes"][f"({id},{place})"] = (patrol, at, at, lon, lat, accuracy)
        return times
    at = datetime.fromisoformat(item["at"])
    if item["type"] == "check_in":
        rows["check_ins"][id] = (patrol, at, at, item["lon"], item["lat"], item["accuracy_m"])
    else:
        rows["patrol_moments"][id] = (patrol, item["type"].removeprefix("patrol_"), item.get("mode"), at, at)
    return [at]
