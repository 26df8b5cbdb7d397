"""What is left dark of a grid, as polygons."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, affinity

from geo.cells import cells_of
from geo.footprints import seen_of, share_seen
from geo.gaps import at_most, gaps
from geo.plane import area_m2

ROUND = Polygon(
    [
        (97.37 + 0.002 * math.cos(n / 20 * math.tau), 37.37 + 0.0015 * math.sin(n / 20 * math.tau))
        for n in range(20)
    ]
)
CELLS = cells_of(ROUND)
WEST, SOUTH, EAST, NORTH = CELLS.plane.flatten(ROUND).bounds


@st.composite
def walks(draw):
    """Up to four segments across the round grid, N × 4 in metres."""
    x, y = st.floats(WEST, EAST), st.floats(SOUTH, NORTH)
    return np.array(draw(st.lists(st.tuples(x, y, x, y), max_size=4))).reshape(-1, 4)


def dark_of(segments):
    seen = seen_of(CELLS, segments, 25.0)
    return seen, gaps(ROUND, seen, CELLS)


@settings(max_examples=60, deadline=None)
@given(walks())
def test_gaps_and_what_was_seen_make_up_the_grid(segments):
    seen, found = dark_of(segments)
    dark = sum(gap.area_m2 for gap in found) / area_m2(ROUND)
    assert dark + share_seen(seen, CELLS) == pytest.approx(1, abs=0.02)


@settings(max_examples=60, deadline=None)
@given(walks())
def test_no_gap_is_larger_than_was_said_without_drawing_it(segments):
    seen, found = dark_of(segments)
    assert max((gap.area_m2 for gap in found), default=0) <= at_most(seen, CELLS) * 1.001


@settings(max_examples=60, deadline=None)
@given(walks())
def test_gaps_are_valid_and_lie_within_the_grid(segments):
    _, found = dark_of(segments)
    around = ROUND.buffer(1e-9)
    assert all(gap.shape.is_valid and around.covers(gap.shape) for gap in found)


@settings(max_examples=60, deadline=None)
@given(walks())
def test_no_way_leads_through_a_gap(segments):
    _, found = dark_of(segments)
    lines = shapely.linestrings(segments.reshape(-1, 2, 2))
    drawn = [CELLS.plane.flatten(gap.shape).buffer(-2 * gap.tolerance_m) for gap in found]
    assert not any(shape.intersects(line) for shape in drawn for line in lines)


def test_what_nobody_saw_is_the_outline():
    assert [gap.shape for gap in dark_of(np.empty((0, 4)))[1]] == [ROUND]


def test_a_grid_that_was_wholly_seen_has_no_gaps():
    assert gaps(ROUND, CELLS.inside, CELLS) == []


def test_a_way_through_the_middle_leaves_two_gaps():
    assert len(dark_of(np.array([[WEST - 30, 0, EAST + 30, 0]]))[1]) == 2


def test_each_part_of_a_grid_that_nobody_saw_is_a_gap():
    parts = shapely.MultiPolygon([ROUND, affinity.translate(ROUND, 0.01)])
    cells = cells_of(parts)
    assert len(gaps(parts, np.zeros_like(cells.inside), cells)) == 2
