"""Tell phones what was recorded away from the grids of a shift."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import numpy as np

from geo.plane import Floats
from geo.spread import Ints
from service.areas.places import unix_ms
from service.matters.facts import Report
from service.patrols.astray import astray, posts_of
from service.patrols.facts import CheckInFact
from service.uploads.evidence import Facts, spanning

Way = tuple[Ints, Floats, Floats]  # unix ms, lon, lat


def strays(told: Sequence[tuple[UUID, Facts]]) -> set[UUID]:
    """Which items have positions on a patrol during a shift of their member, and outside its grids."""
    spans = spanning((member_id, span) for member_id, facts in told for span in facts.times.values())
    posts = posts_of(spans) if spans else {}
    return {
        item_id
        for member_id, facts in told
        if member_id in posts
        for item_id, way in _ways(facts)
        if astray(*way, posts[member_id]).any()
    }


def _ways(facts: Facts) -> Iterator[tuple[UUID, Way]]:
    for track in facts.tracks:
        yield track.id, (track.fixes.at, track.fixes.lon, track.fixes.lat)
    placed: list[CheckInFact | Report] = [*facts.check_ins, *facts.matters]
    for found in placed:
        if found.position is not None and found.patrol_id is not None:
            lon, lat = np.array([found.position]).T
            yield found.id, (np.array([unix_ms(found.recorded_at)]), lon, lat)
