"""From a call for help to a connected screen, while phones upload all they can; beside a screen that asks."""

import http.client
import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import NamedTuple
from uuid import UUID

import numpy as np

from bench import live, phones
from bench.ground import QUICK
from bench.stand import Stand
from bench.table import Figure, Mark
from bench.traffic import HOST, PATIENCE, Send, poster, serving
from service.db import session, transaction, uuid7
from service.members.models import Member, Session
from service.members.tokens import hash_of, new_token

NAME = "alarms"
TARGET_MS = 3000.0  # 99 of 100
CALLS = 54  # four a pause would be in step with the asking; so many see it at every moment of its pause
EVERY = 0.37  # s
ASKING = 5.0  # s, the pause of a screen that asks
CONNECTIONS = 16
FIXES = 50
UPLOADS = 250  # a second, more than are ever taken


class Waits(NamedTuple):
    """How long each call took to a screen, ms: one that listens and one that asks."""

    told: list[float]
    asked: list[float]


def figures(stand: Stand) -> Iterator[Figure]:
    """How late a call for help is on a screen."""
    calls = 10 if stand.size == QUICK else CALLS
    os.environ["GRIDPATROL_REQUIRE_TOTP"] = "false"  # this officer has none
    caller, officer = _sign_in(stand)
    people = phones.phones(stand, CONNECTIONS)
    loaded, quiet = Waits([], []), Waits([], [])
    with ExitStack() as stack:
        port = stack.enter_context(serving())
        events = stack.enter_context(live.events(stand.settings))
        for _ in range(stand.runs):
            _add(quiet, _measure(port, events, caller, officer, calls))
            with _ingest(port, people, calls * EVERY + ASKING):
                _add(loaded, _measure(port, events, caller, officer, calls))
    for percent in (50, 99):
        mine, alone, asked = (
            float(np.percentile(each, percent)) for each in (loaded.told, quiet.told, loaded.asked)
        )
        case = f"call to screen under full uploads, p{percent}"
        limit, peer = Mark(alone, "without uploads"), Mark(asked, f"asking every {ASKING:g} s")
        yield Figure(NAME, case, mine, "ms", len(loaded.told), limit, peer)
    worst = float(np.percentile(loaded.told, 99))
    yield Figure(
        NAME,
        "the same beside what was promised, p99",
        worst,
        "ms",
        len(loaded.told),
        Mark(TARGET_MS, "target"),
    )


def _add(all_waits: Waits, waits: Waits) -> None:
    all_waits.told.extend(waits.told)
    all_waits.asked.extend(waits.asked)


def _sign_in(stand: Stand) -> tuple[str, str]:
    """The tokens of a member and of an officer of the same community."""
    tokens = new_token(), new_token()
    until = datetime.now(UTC) + timedelta(days=1)
    with transaction():
        caller = session.get_one(Member, stand.members[0])
        officer = Member(
            id=uuid7(), code="bench-officer", name="央金", role="officer", area_code=caller.area_code
        )
        session.add(officer)
        session.flush()
        for member, token in zip((caller, officer), tokens, strict=True):
            about = {"member_id": member.id, "device_id": token, "device_name": "d", "expires_at": until}
            session.add(Session(id=uuid7(), token_hash=hash_of(token), **about))
    session.remove()
    return tokens


@contextmanager
def _ingest(port: int, people: Sequence[phones.Phone], lasts: float) -> Iterator[None]:
    """Uploads over all connections, as fast as they are taken."""
    uploads = phones.tracks(list(people), round(lasts * UPLOADS), FIXES)
    over = Event()

    def send_all(number: int) -> None:
        head = {"Authorization": f"Bearer {people[number].token}"}
        send: Send = poster(port, "/api/v1/uploads", lambda upload: upload.body, head)
        for upload in uploads[number::CONNECTIONS]:
            if over.is_set():
                return
            send(upload)

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        sending = [threads.submit(send_all, number) for number in range(CONNECTIONS)]
        try:
            yield
        finally:
            over.set()
        for each in sending:
            each.result()


def _measure(port: int, events: int, caller: str, officer: str, calls: int) -> Waits:
    """Call for help again and again; when a screen that listens has heard of each, and one that asks.

    As the proxy does it, calls go to the process that tells events, and whoever asks to the api.
    """
    ids = [uuid7() for _ in range(calls)]
    told, asked = _Screen(ids), _Screen(ids)
    ready = Event()
    for way in ((_listen, events, officer, told, ready), (_ask, port, officer, asked)):
        Thread(target=way[0], args=way[1:], daemon=True).start()  # type: ignore[arg-type]
    ready.wait(PATIENCE)
    send = poster(events, "/api/v1/alarms", _call, {"Authorization": f"Bearer {caller}"}, b'"raised"')
    begun, called = time.monotonic(), []
    for number, id in enumerate(ids):
        time.sleep(max(0.0, begun + number * EVERY - time.monotonic()))
        called.append(time.monotonic())
        send(id)
    seen = (zip(each.times(), called, strict=True) for each in (told, asked))
    return Waits(*([(at - call) * 1000 for at, call in pairs] for pairs in seen))


def _call(id: UUID) -> bytes:
    return json.dumps({"id": str(id)}).encode()


class _Screen:
    """When each alarm was first seen."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        self.ids = [str(id) for id in ids]
        self.seen: dict[str, float] = {}
        self.is_full = Event()

    def see(self, id: str) -> None:
        if id in self.ids:
            self.seen.setdefault(id, time.monotonic())
        if len(self.seen) == len(self.ids):
            self.is_full.set()

    def times(self) -> list[float]:
        """The moments, once all are there."""
        if not self.is_full.wait(PATIENCE):
            raise RuntimeError(f"{len(self.ids) - len(self.seen)} of {len(self.ids)} calls reached no screen")
        return [self.seen[id] for id in self.ids]


def _listen(port: int, token: str, screen: _Screen, ready: Event) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    head = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    connection.request("GET", "/api/v1/events", headers=head)
    for line in connection.getresponse():
        if line.startswith(b"event: ready"):
            ready.set()
        if line.startswith(b"data: ") and (id := json.loads(line[6:]).get("id")):
            screen.see(id)
        if screen.is_full.is_set():
            return connection.close()


def _ask(port: int, token: str, screen: _Screen) -> None:
    while not screen.is_full.is_set():
        connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        connection.request("GET", "/api/v1/alarms?limit=500", headers={"Authorization": f"Bearer {token}"})
        for each in json.loads(connection.getresponse().read())["items"]:
            screen.see(each["id"])
        connection.close()
        screen.is_full.wait(ASKING)
