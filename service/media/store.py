"""Where pictures lie: a folder, or a bucket of an object store; both are spoken to alike."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from service.errors import NotFound, Problem, Unavailable
from service.telemetry import log

SIZES = ("full", "thumb")
PATIENCE: Any = {"timeout": timedelta(seconds=8), "connect_timeout": timedelta(seconds=3)}  # with a bucket
RETRIES: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}


class NoRoom(Problem):
    status, title, title_zh = 507, "There is no room left for photos", "照片存储空间已满"


class Store:
    """The pictures of one installation."""

    def __init__(self, url: str):
        self.folder = None if "://" in url else Path(url).absolute()
        self._objects: Any = LocalStore(self.folder, mkdir=True) if self.folder else _bucket(url)

    def put(self, id: UUID, pictures: dict[str, bytes]) -> None:
        """Keep the pictures of a photo by size; raises NoRoom or Unavailable, and then keeps none."""
        try:
            for size, picture in pictures.items():
                obstore.put(self._objects, path_of(id, size), picture)
                self._make_durable(path_of(id, size))
        except (BaseError, OSError) as error:
            self.forget(id)
            raise _problem(error) from error

    def get(self, id: UUID, size: str) -> bytes:
        """A picture; raises NotFound or Unavailable."""
        try:
            return bytes(obstore.get(self._objects, path_of(id, size)).bytes())
        except FileNotFoundError:
            log.error("a picture is missing", photo=str(id), size=size)
            raise NotFound from None
        except (BaseError, OSError) as error:
            raise _problem(error) from error

    def delete(self, id: UUID) -> None:
        """Let the pictures of a photo be gone; those that are gone already do not matter."""
        for size in SIZES:
            try:
                obstore.delete(self._objects, path_of(id, size))
            except FileNotFoundError:
                continue

    def older_than(self, before: datetime) -> Iterator[set[UUID]]:
        """The ids of the photos of which something was written before a time, some at once."""
        for chunk in obstore.list(self._objects, chunk_size=1000):
            yield {
                UUID(each["path"].rsplit("/", 1)[-1].partition(".")[0])
                for each in chunk
                if each["last_modified"] < before
            }

    def clear_unfinished(self, before: datetime) -> None:
        """Remove what a process that was killed has left half written in a folder, where no list shows it."""
        if self.folder:
            for file in self.folder.rglob("*#*"):
                if file.stat().st_mtime < before.timestamp():
                    file.unlink(missing_ok=True)

    def forget(self, id: UUID) -> None:
        """Delete the pictures of a photo that was not kept; what cannot go now is swept away later."""
        try:
            self.delete(id)
        except (BaseError, OSError):
            log.warning("a picture is left behind", photo=str(id))

    def _make_durable(self, path: str) -> None:
        """See that a file outlives a loss of power; a bucket promises that itself."""
        if self.folder:
            for each in (self.folder / path, (self.folder / path).parent):
                handle = os.open(each, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)


def _bucket(url: str) -> Any:
    """A bucket, over plain HTTP only where AWS_ALLOW_HTTP says so, as the options given here hide it."""
    options = PATIENCE | {"allow_http": os.environ.get("AWS_ALLOW_HTTP") == "true"}
    return from_url(url, client_options=options, retry_config=RETRIES)


def path_of(id: UUID, size: str) -> str:
    """Where a picture lies; the last two digits of an id are random, so folders stay small."""
    return f"{id.hex[-2:]}/{id}.{size}.jpg"


def _problem(error: Exception) -> Problem:
    log.error("the store of photos fails", error=type(error).__name__)
    if "os error 28" in str(error) or getattr(error, "errno", None) == 28:  # no space left on device
        return NoRoom(retry_after=600)
    return Unavailable(retry_after=30)


@cache
def at(url: str) -> Store:
    """The store at a URL (`s3://bucket/path`, credentials in AWS_*), or in a folder; raises Unavailable."""
    try:
        return Store(url)
    except (BaseError, OSError, ValueError) as error:
        raise _problem(error) from error
