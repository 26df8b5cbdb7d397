"""After a restore the database begins another life: phones and watchers see that, and load afresh."""

import pytest

from service.db import ask
from service.outbox.actions import Event, renew_epoch, tell
from service.outbox.queries import is_known, settled
from tests.factories import COMMUNITY, a_member
from tests.service.phone import a_patrol, send


@pytest.fixture
def walker(database):
    return a_member(area=COMMUNITY)


def epoch_told(phone):
    return send(phone, a_patrol()).json["server_epoch"]


def test_phones_are_told_of_another_life(phone):
    before = epoch_told(phone)
    renew_epoch(always=True)
    assert epoch_told(phone) > before


def test_what_is_missing_is_told_with_the_life_that_misses_it(phone):
    renewed = renew_epoch(always=True)
    answer = phone.post("/api/v1/uploads/receipts", json={"ids": []}).json
    assert answer == {"missing": [], "server_epoch": renewed}


def test_a_life_has_no_number_that_was_there_before_the_restore(phone):
    first = renew_epoch(always=True)
    ask("UPDATE server_epoch SET epoch = 1")  # the copy that was restored knows nothing of it
    assert renew_epoch(always=True) >= first > 1_000_000_000
    assert renew_epoch(always=True) > first


def test_the_cursor_of_another_life_is_gone(phone):
    cursor = phone.get("/api/v1/changes").json["cursor"]
    renew_epoch(always=True)
    assert phone.get("/api/v1/changes", query_string={"cursor": cursor}).status_code == 410


def test_a_database_that_has_moved_begins_another_life_once(database):
    ask("UPDATE server_epoch SET place = '1/00000001/5'")
    assert [renew_epoch(always=False) is not None for _ in range(3)] == [True, False, False]


def test_a_database_that_has_not_moved_goes_on(database):
    assert renew_epoch(always=False) is None


def test_events_and_their_floor_do_not_outlive_a_restore(database):
    tell(Event("coverage.rebuilt", COMMUNITY, subject="x"))
    ask("UPDATE outbox_floor SET xid = 4000000000000")  # as counted in the cluster of before
    renew_epoch(always=True)
    assert not ask("SELECT seq FROM outbox")
    assert is_known(settled())
