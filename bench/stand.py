"""What every bench stands on: ground laid in a throw-away database, and how much to measure."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from bench import ground
from bench.database import throw_away
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
