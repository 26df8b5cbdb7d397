"""The store of pictures: a folder and a bucket behave alike."""

import os
import re
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from service.db import uuid7
from service.errors import NotFound, Unavailable
from service.media import store
from service.media.store import NoRoom, Store, path_of

PICTURES = {"full": b"large", "thumb": b"small"}


class Bucket(BaseHTTPRequestHandler):
    """As much of an S3 server as a store asks for, on this machine."""

    objects: ClassVar[dict[str, bytes]] = {}

    def do_PUT(self):
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200)

    def do_GET(self):
        if "list-type=2" in self.path:
            self.answer(200, self.listing())
        elif self.path in self.objects:
            self.answer(200, self.objects[self.path])
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_DELETE(self):
        self.answer(204 if self.objects.pop(self.path, None) else 404)

    def do_POST(self):
        """Several are deleted at once."""
        keys = re.findall("<Key>(.*?)</Key>", self.rfile.read(int(self.headers["Content-Length"])).decode())
        for key in keys:
            self.objects.pop(f"/photos/{key}", None)
        self.answer(
            200,
            b"<DeleteResult>"
            + b"".join(f"<Deleted><Key>{key}</Key></Deleted>".encode() for key in keys)
            + b"</DeleteResult>",
        )

    def listing(self):
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        each = "<Contents><Key>{}</Key><LastModified>{}</LastModified><Size>1</Size><ETag>x</ETag></Contents>"
        keys = "".join(each.format(key.removeprefix("/photos/"), now) for key in self.objects)
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>".encode()

    def answer(self, status, body=b""):
        self.send_response(status)
        headers = {"Content-Length": len(body), "ETag": '"x"', "Last-Modified": formatdate(usegmt=True)}
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def bucket(monkeypatch):
    """The URL of an empty bucket, with its credentials where a store looks for them."""
    Bucket.objects.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    Thread(target=server.serve_forever, daemon=True).start()
    credentials = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "cn-1"}
    place = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_ALLOW_HTTP": "true"}
    for name, value in (credentials | place).items():
        monkeypatch.setenv(name, value)
    yield "s3://photos"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["folder", "bucket"])
def keeper(request, tmp_path, bucket):
    """A store of either kind."""
    return Store(str(tmp_path) if request.param == "folder" else bucket)


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


def test_a_bucket_that_cannot_be_reached_is_not_available(bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        Store(bucket).put(uuid7(), PICTURES)
