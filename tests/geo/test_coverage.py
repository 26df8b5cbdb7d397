"""What a patrol contributes to grids and hours."""

from collections.abc import Sequence
from functools import cache
from random import Random

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage import Cells, Piece, Presences, cells_of, exact_share, pieces, share_seen, unpack
from geo.index import GridIndex
from geo.plane import Plane
from geo.spread import HOUR, take
from geo.tracks import Fixes, usable, walks

PLANE = Plane(97.37, 37.367)
SIDE = 400  # m; three by three grids, the middle of the middle one is the origin
SQUARES = [shapely.box(x, y, x + SIDE, y + SIDE) for y in (200, -200, -600) for x in (-600, -200, 200)]
GRIDS = [PLANE.unflatten(square) for square in SQUARES]
INDEX = GridIndex(GRIDS)
MIDDLE, EAST, WEST = 4, 5, 3
NINE = 498_746 * HOUR  # 2026-11-24 02:00 UTC


@cache
def raster(position: int) -> Cells:
    return cells_of(GRIDS[position])


def cells(positions: Sequence[int]) -> list[Cells]:
    return [raster(each) for each in positions]


def fixes_at(seconds: list[float], metres: list[tuple[float, float]], accuracy_m: float = 5) -> Fixes:
    """Fixes some seconds after nine, some metres east and north of the middle of town."""
    lon, lat = PLANE.to_degrees(*np.array(metres, float).reshape(-1, 2).T)
    at = NINE + (np.array(seconds) * 1000).astype(np.int64)
    return Fixes(at, lon, lat, np.full(len(at), float(accuracy_m)), np.zeros(len(at), bool))


def check_ins_at(seconds: list[float], metres: list[tuple[float, float]]) -> Presences:
    return Presences(*fixes_at(seconds, metres)[:3])


NONE = check_ins_at([], [])


def wander(seed: int, count: int = 60) -> Fixes:
    """A patrol on foot with vague, mock and lying fixes and silences."""
    rng = np.random.default_rng(seed)
    heading = np.cumsum(rng.normal(0, 0.5, count))
    steps = 36 * np.column_stack([np.cos(heading), np.sin(heading)])
    seconds = np.cumsum(rng.choice([30, 30, 30, 400, 5000], count, p=[0.3, 0.3, 0.3, 0.08, 0.02]))
    fixes = fixes_at(seconds.tolist(), np.cumsum(steps, axis=0).tolist())
    lies = np.where(rng.random(count) < 0.05, 0.5, 0)
    accuracy_m = rng.choice([5.0, np.nan, 80.0, 3000.0], count, p=[0.7, 0.1, 0.15, 0.05])
    return fixes._replace(lat=fixes.lat + lies, accuracy_m=accuracy_m, mock=rng.random(count) < 0.05)


def cover(
    fixes: Fixes, presences: Presences = NONE, mode: str = "foot", index: GridIndex = INDEX
) -> list[Piece]:
    return pieces(fixes, presences, mode, index, cells)


def share_of(piece: Piece) -> float:
    return share_seen(unpack(piece.seen, raster(piece.grid)), raster(piece.grid))


@given(st.integers(0, 9999), st.randoms(use_true_random=False))
def test_order_and_repetition_change_no_bit(seed: int, random: Random) -> None:
    fixes, check_ins = wander(seed), Presences(*wander(seed + 1, 5)[:3])
    again = [*range(60), *(random.randrange(60) for _ in range(20))]
    random.shuffle(again)
    shuffled = Presences(*(np.concatenate([column[::-1], column]) for column in check_ins))
    assert cover(take(fixes, np.array(again)), shuffled) == cover(fixes, check_ins)


@given(st.integers(0, 9999))
def test_the_pieces_of_every_grid_make_what_the_exact_union_of_the_walks_makes(seed: int) -> None:
    fixes = wander(seed)
    walked = [
        np.column_stack([fixes.lon[walk], fixes.lat[walk]]) for walk in walks(fixes.at, usable(fixes, "foot"))
    ]
    shown = cover(fixes)
    for grid in {piece.grid for piece in shown}:
        seen = np.bitwise_or.reduce(
            [unpack(piece.seen, raster(grid)) for piece in shown if piece.grid == grid]
        )
        assert share_seen(seen, raster(grid)) == pytest.approx(exact_share(GRIDS[grid], walked, 25), abs=0.01)


@given(st.integers(0, 9999))
def test_time_walked_in_town_is_shared_out_among_grids_and_hours(seed: int) -> None:
    fixes = fixes_at(list(range(0, 6000, 30)), np.random.default_rng(seed).uniform(-5, 5, (200, 2)).tolist())
    shown = cover(fixes)
    assert sum(piece.person_seconds for piece in shown) == 5970
    assert sum(piece.silent_seconds for piece in shown) == 0
    assert sum(piece.person_seconds for piece in shown if piece.hour == NINE // HOUR) == 3600


def test_a_step_is_cut_at_the_whole_hour() -> None:
    before, after = cover(fixes_at([3580, 3620], [(-20, 10), (20, 10)]))
    assert (before.hour, after.hour) == (NINE // HOUR, NINE // HOUR + 1)
    assert before.person_seconds == after.person_seconds == 20
    assert (before.last_seen_at, after.last_seen_at) == (NINE + HOUR, NINE + HOUR + 20_000)
    here = raster(before.grid)
    west, east = (unpack(piece.seen, here) for piece in (before, after))
    assert west.any() and east.any() and not np.array_equal(west, east)


def test_three_fixes_in_an_hour_are_three_discs_and_a_silence() -> None:
    places = [(-60.0, 20.0), (0.0, 20.0), (60.0, 20.0)]
    shown = cover(fixes_at([0, 1200, 2400], places))
    (piece,) = [piece for piece in shown if piece.seen]
    discs = [np.array([PLANE.to_degrees(*place)]) for place in places]
    assert share_of(piece) == pytest.approx(exact_share(GRIDS[piece.grid], discs, 25), abs=0.005)
    assert (piece.person_seconds, piece.silent_seconds) == (0, 2400)


def test_a_line_is_never_drawn_across_a_silence() -> None:
    ends = [(-100.0, 20.0), (100.0, 20.0)]
    assert share_of(cover(fixes_at([0, 300], ends))[0]) > 2 * share_of(cover(fixes_at([0, 301], ends))[0])


def test_a_silence_is_shared_out_among_the_check_ins_inside_it() -> None:
    here, there = (-400.0, 20.0), (400.0, 20.0)
    shown = cover(fixes_at([0, 2000], [here, here]), check_ins_at([1000], [there]))
    silent = {piece.grid: piece.silent_seconds for piece in shown}
    assert silent == {WEST: 1000, EAST: 1000}
    assert [piece.seen for piece in shown if piece.grid == EAST] == [b""]


def test_vague_fixes_anchor_a_silence_but_lies_mock_and_hopeless_ones_do_not() -> None:
    here, there = (-400.0, 20.0), (400.0, 20.0)
    fixes = fixes_at([0, 1000, 2000], [here, there, here])
    vague = fixes._replace(accuracy_m=np.array([5, 200.0, 5]))
    assert {piece.grid for piece in cover(vague)} == {WEST, EAST}
    for accuracy_m, mock, second in ((200, True, 1000), (3000, False, 1000), (200, False, 10)):
        doubtful = fixes_at([0, second, 2000], [here, there, here])
        doubtful = doubtful._replace(
            accuracy_m=np.array([5.0, accuracy_m, 5]), mock=np.array([False, mock, False])
        )
        assert {piece.grid for piece in cover(doubtful)} == {WEST}


def test_a_check_in_alone_is_presence_without_evidence() -> None:
    hour = NINE // HOUR
    assert cover(fixes_at([], []), check_ins_at([60], [(5, 20)])) == [Piece(MIDDLE, hour, b"", 0, 0, None)]


def test_a_check_in_near_in_time_to_a_usable_track_adds_nothing() -> None:
    track = fixes_at([0, 30, 60], [(0, 20)] * 3)
    assert cover(track, check_ins_at([200], [(400, 20)])) == cover(track)


def test_a_check_in_long_after_the_track_is_presence_without_evidence() -> None:
    shown = cover(fixes_at([0, 30], [(-400, 20)] * 2), check_ins_at([900], [(400, 20)]))
    (piece,) = [piece for piece in shown if piece.grid == EAST]
    assert (piece.seen, piece.silent_seconds, piece.last_seen_at) == (b"", 435, None)


def test_a_grid_is_seen_only_while_in_force() -> None:
    turn = NINE + 60_000
    index = GridIndex(GRIDS[MIDDLE:EAST] * 2, since=[0, turn], until=[turn, turn + HOUR])
    shown = pieces(
        fixes_at([0, 120], [(-60, 0), (60, 0)]),
        NONE,
        "foot",
        index,
        lambda some: [raster(MIDDLE)] * len(some),
    )
    assert [(piece.grid, piece.person_seconds, piece.last_seen_at) for piece in shown] == [
        (0, 60, turn),
        (1, 60, turn + 60_000),
    ]


def test_one_sees_farther_from_a_car_and_settings_may_say_how_far() -> None:
    drive = fixes_at([0, 20], [(-50, 20), (50, 20)])
    near, far = cover(drive, mode="foot"), cover(drive, mode="car")
    assert share_of(far[0]) > 1.5 * share_of(near[0])
    assert pieces(drive, NONE, "foot", INDEX, cells, radius_m=60)[0].seen == far[0].seen


def test_a_grid_beside_the_walk_is_seen_without_being_entered() -> None:
    shown = cover(fixes_at([0, 30], [(210, 0), (210, 30)]))
    assert [(piece.grid, piece.person_seconds) for piece in shown if piece.seen] == [(MIDDLE, 0), (EAST, 30)]


def test_a_patrol_outside_all_grids_contributes_nothing() -> None:
    assert cover(fixes_at([0, 30], [(90_000, 0)] * 2), check_ins_at([900], [(90_000, 0)])) == []


def test_a_gap_longer_than_any_patrol_is_not_time_in_a_grid() -> None:
    shown = cover(fixes_at([0, 90 * 24 * 3600], [(0, 20), (0, 20)]))
    assert len(shown) == 2 and all(piece.silent_seconds == 0 for piece in shown)
