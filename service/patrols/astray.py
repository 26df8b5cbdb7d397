"""Positions away from the grids of a shift: worked out when asked, kept nowhere.

Who has which shift may change afterwards, and what is kept must not depend on what came first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np

from geo.plane import Floats
from geo.spread import Ints
from geo.tracks import Mask
from service.areas.places import place, unix_ms
from service.duty.queries import on_duty

OUTSIDE = "outside_assignment"


class Post(NamedTuple):
    """From when to when (unix ms) somebody should be in some grids (ids)."""

    start: int
    end: int
    grids: Sequence[int]


def posts_of(spans: Mapping[UUID, tuple[datetime, datetime]]) -> dict[UUID, list[Post]]:
    """The posts of people, each between a first and a last moment; people without any are empty."""
    found: dict[UUID, list[Post]] = defaultdict(list)
    for row in on_duty(spans):
        found[row.member_id].append(Post(unix_ms(row.starts_at), unix_ms(row.ends_at), row.grids))
    return found


def astray(at: Ints, lon: Floats, lat: Floats, posts: Iterable[Post]) -> Mask:
    """For each of N positions (unix ms, degrees) whether there was a post then, but not here."""
    here = place(lon, lat, at)
    due, kept = (np.zeros(len(at), np.bool_) for _ in range(2))
    for post in posts:
        during = (at >= post.start) & (at < post.end)
        due |= during
        kept |= during & np.isin(here, post.grids)
    return due & ~kept
