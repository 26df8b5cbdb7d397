"""What every bench stands on: ground laid in a throw-away database, and how much to measure."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import UUID

from bench import ground
from bench.cluster import own_cluster
from bench.database import migrated, throw_away
from service.db import ask, session, transaction
from service.demo.actions import Size, load
from service.settings import Settings


class Stand(NamedTuple):
    """Towns with their grids and one member each, in a database of their own."""

    settings: Settings
    size: ground.Size
    runs: int
    towns: list[ground.Town]
    members: list[UUID]


@contextmanager
def put_up(size: ground.Size, runs: int) -> Iterator[Stand]:
    """A stand, gone without a trace at the end."""
    with throw_away() as settings:
        towns = ground.towns(size)
        yield Stand(settings, size, runs, towns, ground.lay(towns))


@contextmanager
def put_up_alone(size: ground.Size) -> Iterator[Stand]:
    """A stand on a cluster of its own, which may be made to crash."""
    before = os.environ["GRIDPATROL_DATABASE_URL"]
    with own_cluster() as url:
        try:
            towns, settings = ground.towns(size), migrated(url)
            yield Stand(settings, size, 1, towns, ground.lay(towns))
        finally:
            session.remove()
            os.environ["GRIDPATROL_DATABASE_URL"] = before


@contextmanager
def demonstration(size: Size) -> Iterator[Settings]:
    """The demonstration, or a part of it, in a cluster of its own."""
    before = os.environ["GRIDPATROL_DATABASE_URL"]
    with own_cluster() as url, TemporaryDirectory() as folder:
        try:
            settings = replace(migrated(url), demo_accounts=Path(folder) / "accounts.json")
            load(settings, lambda *_: None, size)
            with transaction():
                ask("ANALYZE")
            yield settings
        finally:
            session.remove()
            os.environ["GRIDPATROL_DATABASE_URL"] = before
