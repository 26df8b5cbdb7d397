"""Uploads that meet each other on real connections: everything is kept once, and nobody waits for ever."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete

from service.coverage.models import CoverageMark
from service.db import session, transaction, uuid7
from service.members.models import Consent, Member
from service.patrols.models import CheckIn, Fix, Patrol, PatrolMoment
from service.uploads.actions import Batch, receive
from service.uploads.models import Item, QuarantinedItem
from tests.factories import a_member
from tests.service.phone import a_check_in, a_patrol, a_start, a_track, an_end, an_hour_ago

PHONES = 16


@pytest.fixture
def member(app: Any) -> Iterator[UUID]:
    """A member whom other connections see; whatever they send is taken away afterwards."""
    with transaction():
        id = a_member().id
    yield id
    session.remove()
    patrols = session.query(Patrol.id).filter_by(member_id=id).subquery()
    with transaction():
        for table in (Fix, CheckIn, PatrolMoment, CoverageMark):
            session.execute(delete(table).where(table.patrol_id.in_(patrols.select())))
        for table in (Item, QuarantinedItem, Consent, Patrol):
            session.execute(delete(table).where(table.member_id == id))
        session.execute(delete(Member).where(Member.id == id))
    session.remove()


def at_once(member: UUID, batches: list[list[Any]]) -> list[list[str]]:
    """The verdicts on batches that all begin at the same moment, each on a connection of its own."""
    gate = Barrier(len(batches))

    def send(items: list[Any]) -> list[str]:
        session.connection()
        gate.wait()
        try:
            with transaction():
                answer = receive(member, Batch(uuid7(), "wgs84", None, items))
        finally:
            session.remove()
        return [each["status"] for each in answer["results"]]

    with ThreadPoolExecutor(len(batches)) as threads:
        return list(threads.map(send, batches))


def some_items() -> list[Any]:
    bad = [a_check_in(str(uuid7()), an_hour_ago(), lat=95) for _ in range(4)]
    return [item for _ in range(3) for item in a_patrol()] + bad


def test_of_identical_batches_one_is_stored_and_the_others_are_duplicates(member):
    verdicts = at_once(member, [a_patrol()] * PHONES)
    assert Counter(map(tuple, verdicts)) == {("stored",) * 4: 1, ("duplicate",) * 4: PHONES - 1}


def test_identical_batches_leave_one_set_of_rows(member):
    items = a_patrol()
    at_once(member, [items] * PHONES)
    rows = [session.query(each).filter_by(patrol_id=items[0]["patrol_id"]).count()
            for each in (PatrolMoment, CheckIn, Fix)]  # fmt: skip
    assert rows == [2, 1, 3]


def test_overlapping_batches_in_any_order_are_stored_once_each(member):
    items, chance = some_items(), Random(4)
    batches = [chance.sample(items, k=12) for _ in range(PHONES)]
    verdicts = at_once(member, batches)
    stored = Counter(
        item["id"]
        for batch, told in zip(batches, verdicts, strict=True)
        for item, status in zip(batch, told, strict=True)
        if status == "stored"
    )
    good = {item["id"] for batch in batches for item in batch if item.get("lat") != 95}
    assert stored == dict.fromkeys(good, 1)


def test_of_overlapping_batches_each_bad_item_is_quarantined_once(member):
    items, chance = some_items(), Random(5)
    at_once(member, [chance.sample(items, k=len(items)) for _ in range(PHONES)])
    assert session.query(QuarantinedItem).filter_by(member_id=member).count() == 4


def test_every_start_and_end_that_came_at_once_counts(member):
    patrol, at = str(uuid7()), an_hour_ago()
    minutes = [timedelta(minutes=n) for n in range(PHONES // 2)]
    batches = [[a_start(patrol, at + each)] for each in minutes] + [
        [an_end(patrol, at + each)] for each in minutes
    ]
    at_once(member, [[a_track(patrol, at)], *batches[1:], *batches[:1]])
    row = session.get_one(Patrol, UUID(patrol))
    assert (row.started_at, row.ended_at) == (at, at + minutes[-1])
