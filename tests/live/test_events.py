"""Streams of events from a gevent process: nothing lost, nothing twice, nothing that is not one's own."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from random import Random
from threading import Barrier
from typing import Any, NamedTuple

import pytest

from service import db
from service.db import ask, session, transaction
from service.live.feed import BEHIND, HEARTBEAT
from service.members.tokens import hash_of
from service.outbox.actions import Event, renew_epoch, tell
from tests.factories import COMMUNITY, a_member, a_session
from tests.servers import PATIENCE, free_port, is_open, until

WRITERS, EACH, READERS = 64, 6, 6
LATE = 250
ELSEWHERE = "632801001001"  # in another county


class Told(NamedTuple):
    """One event as a client gets it."""

    id: str
    kind: str
    data: str


class Stream:
    """A client of the events, that can be cut off."""

    def __init__(self, port: int, token: str, last: str | None = None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        self.connection.request(
            "GET", "/api/v1/events", headers=headers | ({"Last-Event-ID": last} if last else {})
        )
        self.answer = self.connection.getresponse()

    def __iter__(self) -> Iterator[Told]:
        fields: dict[str, str] = {}
        end = time.monotonic() + PATIENCE
        for line in self.answer:  # a heartbeat keeps it open
            assert time.monotonic() < end, "waited in vain"
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "event" in fields:
                yield Told(fields.get("id", ""), fields["event"], fields["data"])
                fields, end = {}, time.monotonic() + PATIENCE

    def cut(self) -> None:
        self.answer.close()
        self.connection.close()


@pytest.fixture(scope="module")
def port(live_url) -> Iterator[int]:
    """Where a gevent process tells the events of the live database."""
    port = free_port()
    command = ["gunicorn", "--config", "docker/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    place = {"GRIDPATROL_WORKER_CLASS": "gevent", "GRIDPATROL_WORKERS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=os.environ | place | {"GRIDPATROL_DATABASE_URL": live_url},
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: is_open(port))
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture
def writing(app, settings, live_url) -> Iterator[None]:
    """The test's own transactions go to the live database."""
    session.remove()
    engine = db.connect(replace(settings, database_url=live_url, pool_size=WRITERS))
    yield
    session.remove()
    engine.dispose()
    session.configure(bind=app.engine)


@pytest.fixture
def watcher(writing) -> str:
    with transaction():
        return a_session()


def write(*events: Event) -> None:
    with transaction():
        tell(*events)


def rebuilt(subject: object, area: str = COMMUNITY) -> Event:
    return Event("coverage.rebuilt", area, subject=subject)


def first(stream: Stream, kind: str) -> Told:
    return next(each for each in stream if each.kind == kind)


def test_what_is_committed_is_told(port, watcher):
    stream = Stream(port, watcher)
    first(stream, "ready")
    write(rebuilt("here"))
    assert '"id":"here"' in first(stream, "coverage.rebuilt").data


def test_another_county_is_not_told(port, watcher):
    stream = Stream(port, watcher)
    first(stream, "ready")
    write(rebuilt("there", ELSEWHERE), rebuilt("here"))
    assert '"id":"here"' in first(stream, "coverage.rebuilt").data


def test_another_members_patrol_is_not_told(port, watcher):
    with transaction():
        stranger = a_member().id
    stream = Stream(port, watcher)
    first(stream, "ready")
    write(Event("patrol.started", COMMUNITY, member=stranger), rebuilt("last"))
    assert next(iter(stream)).kind == "coverage.rebuilt"


def test_who_comes_again_hears_what_came_meanwhile(port, watcher):
    stream = Stream(port, watcher)
    last = first(stream, "ready").id
    stream.cut()
    write(rebuilt("meanwhile"))
    assert '"id":"meanwhile"' in first(Stream(port, watcher, last), "coverage.rebuilt").data


@pytest.mark.parametrize("last", ["2.5.5", "1", "1.-1.0", "x", "1.9000000000.1", "1.99999999999999999999.1"])
def test_who_names_a_place_that_is_not_known_starts_afresh(port, watcher, last):
    assert next(iter(Stream(port, watcher, last))).kind == "reset"


def test_who_has_missed_what_is_erased_starts_afresh(port, watcher):
    stream = Stream(port, watcher)
    last = first(stream, "ready").id
    with transaction():
        ask("UPDATE outbox_floor SET xid = (pg_current_xact_id()::text)::bigint")
    assert next(iter(Stream(port, watcher, last))).kind == "reset"


def test_the_stream_of_who_is_signed_out_ends(port, watcher):
    stream = Stream(port, watcher)
    first(stream, "ready")
    with transaction():
        ask("UPDATE sessions SET revoked_at = now() WHERE token_hash = %(hash)s", hash=hash_of(watcher))
    assert list(stream) == []


def test_a_client_that_reads_late_gets_everything_once(port, watcher):
    stream = Stream(port, watcher)
    first(stream, "ready")
    wanted = [f"{n}-{'x' * 20_000}" for n in range(LATE)]
    for each in wanted:  # far more than the socket takes
        write(rebuilt(each))
    heard = [first(stream, "coverage.rebuilt").data for _ in wanted]
    assert [each in data for each, data in zip(wanted, heard, strict=True)] == [True] * LATE


def test_who_reads_nothing_is_dropped_and_resumes(port, watcher):
    stream, other = Stream(port, watcher), Stream(port, watcher)
    last = first(stream, "ready").id
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(lambda: [first(other, "coverage.rebuilt") for _ in range(BEHIND + LATE)])
        for n in range(BEHIND + LATE):
            write(rebuilt(f"{n}-{'x' * 20_000}"))
        reading.result()  # one has heard it all: the other has been dropped
    heard = []
    with suppress(http.client.HTTPException, OSError):
        for each in stream:
            heard, last = [*heard, each.data], each.id
    assert 0 < len(heard) < BEHIND + LATE
    resumed = Stream(port, watcher, last)
    heard += [first(resumed, "coverage.rebuilt").data for _ in range(BEHIND + LATE - len(heard))]
    assert [f'"id":"{n}-x' in data for n, data in enumerate(heard)] == [True] * (BEHIND + LATE)


def test_after_a_restore_who_watches_starts_afresh(port, watcher):
    stream = Stream(port, watcher)
    last = first(stream, "ready").id
    with transaction():
        renew_epoch(always=True)
    assert list(stream) == []
    assert next(iter(Stream(port, watcher, last))).kind == "reset"
    assert first(Stream(port, watcher), "ready").id != last


def test_a_stranger_hears_nothing(port):
    assert Stream(port, "nobody").answer.status == 401


def test_with_many_writers_and_cuts_nothing_is_lost_and_nothing_told_twice(port, watcher):
    ready = Barrier(WRITERS + READERS)

    def reader(seed: int) -> list[str]:
        chance, heard, last = Random(seed), [], None
        stream = Stream(port, watcher)
        last = first(stream, "ready").id
        ready.wait()
        while len(heard) < WRITERS * EACH:
            for told in stream:
                if told.kind == "coverage.rebuilt":
                    heard.append(told.data.partition('"id":"')[2].partition('"')[0])
                    last = told.id
                if chance.random() < 0.05 or len(heard) == WRITERS * EACH:
                    break
            stream.cut()
            stream = Stream(port, watcher, last)
        return heard

    def writer(seed: int) -> None:
        chance = Random(seed)
        ready.wait()
        for n in range(EACH):
            with transaction():
                tell(rebuilt(f"{seed}-{n}"))
                ask("SELECT pg_sleep(%(s)s)", s=chance.random() / 4)  # overtaken by younger transactions
        session.remove()

    with ThreadPoolExecutor(WRITERS + READERS) as threads:
        heard: list[Any] = [threads.submit(reader, seed) for seed in range(READERS)]
        list(threads.map(writer, range(WRITERS)))
        all_heard = [sorted(each.result(HEARTBEAT * 4)) for each in heard]
    assert all_heard == [sorted(f"{w}-{n}" for w in range(WRITERS) for n in range(EACH))] * READERS
