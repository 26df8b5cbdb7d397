"""Which fixes are believed, and what is said of the others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.spread import take
from geo.tracks import Fixes, joined, marks, ordered, usable, walks

START = 1_795_486_500_000
METRE = 1 / 111_000  # degrees of latitude


def a_track(
    count: int, seconds: float = 30, speed: float = 1.2, accuracy_m: float = 5, since: float = 0
) -> Fixes:
    """Northwards from Delingha at an even pace."""
    elapsed = since + np.arange(count) * seconds
    at = START + (elapsed * 1000).astype(np.int64)
    lat = 37.37 + elapsed * speed * METRE
    return Fixes(at, np.full(count, 97.37), lat, np.full(count, float(accuracy_m)), np.zeros(count, bool))


def moved(fixes: Fixes, which: slice | int, north_m: float) -> Fixes:
    lat = fixes.lat.copy()
    lat[which] += north_m * METRE
    return fixes._replace(lat=lat)


def test_an_honest_walk_is_usable_as_a_whole() -> None:
    assert usable(a_track(200), "foot").all()


@given(st.integers(0, 999))
def test_gps_noise_at_one_second_does_not_make_an_honest_fix_a_lie(seed: int) -> None:
    walk = a_track(200, seconds=1, accuracy_m=8)
    lat = walk.lat + np.random.default_rng(seed).uniform(-8, 8, 200) * METRE
    assert usable(walk._replace(lat=lat), "foot").all()


@given(st.integers(0, 49), st.floats(600, 1e6))
def test_a_single_leap_between_consistent_neighbours_is_the_liar(liar: int, north_m: float) -> None:
    believed = usable(moved(a_track(50), liar, north_m), "foot")
    assert np.flatnonzero(~believed).tolist() == [liar]


def test_the_first_fix_may_be_the_liar() -> None:
    assert usable(moved(a_track(5), 0, 9000), "foot").tolist() == [False, True, True, True, True]


def test_of_a_track_torn_in_two_the_longer_part_is_believed() -> None:
    assert usable(moved(a_track(100), slice(60, 100), 50_000), "foot").tolist() == [True] * 60 + [False] * 40
    assert usable(moved(a_track(100), slice(40, 100), 50_000), "foot").tolist() == [False] * 40 + [True] * 60


def test_a_stay_elsewhere_does_not_spoil_what_came_before_and_after() -> None:
    believed = usable(moved(a_track(1500, seconds=2), slice(500, 1000), 50_000), "foot")
    assert believed.tolist() == [True] * 500 + [False] * 500 + [True] * 500


def test_a_liar_that_its_predecessor_could_have_reached_is_still_found_out() -> None:
    before, after = a_track(20), a_track(20, since=1800)
    liar = moved(a_track(1, since=1770), 0, 5000)
    assert usable(joined(joined(before, liar), after), "foot").tolist() == [True] * 20 + [False] + [True] * 20


def test_of_two_places_at_one_instant_the_more_accurate_is_believed() -> None:
    vaguer = moved(a_track(1, accuracy_m=50), 0, 800)
    both = ordered(joined(vaguer, a_track(1, accuracy_m=5)))
    assert both.accuracy_m[usable(both, "foot")].tolist() == [5]


def test_the_way_of_moving_decides_which_leap_is_possible() -> None:
    drive = a_track(20, seconds=10, speed=30)
    assert usable(drive, "car").all()
    assert usable(drive, "foot").sum() < 20


def test_vague_and_mock_fixes_are_not_usable_but_unknown_accuracy_is() -> None:
    track = a_track(5)._replace(
        accuracy_m=np.array([50, 50.1, 0, np.nan, 5]), mock=np.array([0, 0, 0, 0, 1], bool)
    )
    assert usable(track, "foot").tolist() == [True, False, True, True, False]


def test_a_fix_without_a_position_is_not_usable() -> None:
    assert usable(a_track(2)._replace(lon=np.array([np.nan, 97.37])), "foot").tolist() == [False, True]


def test_marks_say_what_is_doubtful_about_each_fix() -> None:
    track = moved(a_track(5), 2, 5000)
    track = track._replace(accuracy_m=np.array([5, 80, 5, 5, 5.0]), mock=np.array([0, 0, 0, 1, 0], bool))
    assert marks(track, "foot") == [(), ("inaccurate",), ("implausible_speed",), ("mock",), ()]


@given(st.permutations(range(12)), st.lists(st.integers(0, 11)))
def test_the_order_of_arrival_and_repetition_leave_no_trace(order: list[int], again: list[int]) -> None:
    track = a_track(12)._replace(accuracy_m=np.array([np.nan, 5, 0, 70] * 3))
    shuffled = ordered(take(track, np.array(order + again)))
    assert all(np.array_equal(one, other, equal_nan=True) for one, other in zip(shuffled, track, strict=True))


def test_a_walk_ends_where_the_phone_was_silent_for_over_five_minutes() -> None:
    at = START + np.array([0, 300, 601, 700]) * 1000
    assert [walk.tolist() for walk in walks(at, np.ones(4, bool))] == [[0, 1], [2, 3]]
    assert [walk.tolist() for walk in walks(at, np.array([1, 0, 1, 0], bool))] == [[0], [2]]


def test_nothing_sent_is_nothing_believed() -> None:
    nothing = a_track(0)
    assert len(ordered(nothing).at) == len(usable(nothing, "foot")) == len(marks(nothing, "foot")) == 0
    assert walks(nothing.at, usable(nothing, "foot")) == []
