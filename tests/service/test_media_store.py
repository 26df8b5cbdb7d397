"""The store of pictures: a folder and a bucket behave alike."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from service.db import uuid7
from service.errors import NotFound, Unavailable
from service.media import store
from service.media.store import NoRoom, Store, path_of

PICTURES = {"full": b"large", "thumb": b"small"}


@pytest.fixture(params=["folder", "bucket"])
def keeper(request, tmp_path):
    """A folder, and a bucket that lives in memory."""
    return Store(str(tmp_path) if request.param == "folder" else "memory:///")


def tomorrow():
    return datetime.now(UTC) + timedelta(days=1)


def test_what_is_put_is_got(keeper):
    id = uuid7()
    keeper.put(id, PICTURES)
    assert [keeper.get(id, size) for size in store.SIZES] == [b"large", b"small"]


def test_what_is_deleted_is_gone(keeper):
    id = uuid7()
    keeper.put(id, PICTURES)
    keeper.delete(id)
    with pytest.raises(NotFound):
        keeper.get(id, "full")


def test_deleting_twice_is_deleting_once(keeper):
    keeper.delete(uuid7())
    assert list(keeper.older_than(tomorrow())) == []


def test_what_lies_in_the_store_is_listed(keeper):
    ids = {uuid7() for _ in range(5)}
    for id in ids:
        keeper.put(id, PICTURES)
    assert set().union(*keeper.older_than(tomorrow())) == ids


def test_what_is_new_is_not_listed_as_old(keeper):
    keeper.put(uuid7(), PICTURES)
    assert set().union(*keeper.older_than(datetime.now(UTC) - timedelta(hours=1))) == set()


@pytest.mark.parametrize(("error", "kind"), [(OSError(28, "full"), NoRoom), (OSError(5, "I/O"), Unavailable)])
def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch, error, kind):
    def fail(handle):
        raise error

    monkeypatch.setattr(store.os, "fsync", fail)
    with pytest.raises(kind):
        Store(str(tmp_path)).put(uuid7(), PICTURES)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_what_a_killed_process_has_left_half_written_goes(tmp_path):
    keeper = Store(str(tmp_path))
    half = tmp_path / f"{path_of(uuid7(), 'full')}#1"
    half.parent.mkdir()
    half.write_bytes(b"half")
    os.utime(half, (0, 0))
    keeper.clear_unfinished(datetime.now(UTC) - timedelta(hours=1))
    assert not half.exists()


def test_a_store_that_cannot_be_opened_is_not_available(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable):
        store.at(str(tmp_path / "file" / "media"))
