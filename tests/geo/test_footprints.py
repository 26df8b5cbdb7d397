"""Rasters, what is drawn on them, and how they merge."""

import csv
import gzip
import json
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage import (
    Cells,
    Presences,
    cells_of,
    exact_seen,
    exact_share,
    merge,
    pack,
    pack_cells,
    pieces,
    seen_of,
    seen_together,
    share_seen,
    unpack,
    unpack_cells,
)
from geo.grids import lay_squares
from geo.index import GridIndex
from geo.plane import area_m2
from geo.spread import take
from geo.tracks import Fixes, ordered, usable, walks

SEEDS = st.integers(0, 9999)
NONE = Presences(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def a_grid(seed: int, metres: float = 300) -> shapely.Polygon:
    """A random convex grid in Delingha."""
    corners = np.random.default_rng(seed).uniform(0, metres, (12, 2)) / [88_800, 111_000]
    return shapely.MultiPoint(np.add(corners, [97.37, 37.37])).convex_hull


def a_walk(seed: int, cells: Cells, count: int = 15) -> np.ndarray:
    """Some hundred metres around the middle of a grid, in metres of its plane."""
    rng = np.random.default_rng(seed)
    heading = rng.uniform(0, 7) + np.cumsum(rng.normal(0, 0.4, count))
    way = np.cumsum(30 * np.column_stack([np.cos(heading), np.sin(heading)]), axis=0)
    return way - way.mean(axis=0)


def drawn(walk: np.ndarray, cells: Cells, radius_m: float = 25) -> np.ndarray:
    return seen_of(cells, np.hstack([walk[:-1], walk[1:]]), radius_m)


def off(seed: int, radius_m: float = 25) -> float:
    """Percentage points between the raster and the exact union for a random walk over a random grid."""
    grid = a_grid(seed)
    cells = cells_of(grid)
    walk = a_walk(seed, cells)
    exact = exact_share(grid, [np.column_stack(cells.plane.to_degrees(*walk.T))], radius_m)
    return 100 * (share_seen(drawn(walk, cells, radius_m), cells) - exact)


@given(SEEDS)
def test_those_cells_lie_inside_whose_centre_does(seed: int) -> None:
    holed = a_grid(seed).difference(a_grid(seed + 1, 60)).union(shapely.box(97.375, 37.37, 97.376, 37.371))
    cells = cells_of(holed)
    col, row = np.meshgrid(np.arange(cells.cols) + 0.5, np.arange(cells.rows) + 0.5)
    x, y = cells.x0 + col * cells.cell_m, cells.y0 + row * cells.cell_m
    flat = cells.plane.flatten(holed)
    inside = np.unpackbits(cells.inside, axis=1).astype(bool)
    certain = shapely.distance(shapely.boundary(flat), shapely.points(x, y)) > 1e-6
    assert np.array_equal(inside[certain], shapely.contains_xy(flat, x, y)[certain])
    assert cells.number == inside.sum()


def test_a_sliver_between_centres_has_a_cell() -> None:
    sliver = shapely.box(97.37, 37.37, 97.3700001, 37.371)
    assert cells_of(sliver).number == 1


@pytest.mark.parametrize(
    ("degrees", "cell_m"),
    [(0.0003, 1), (0.001, 2.5), (0.009, 5), (0.03, 10), (0.09, 10), (0.2, 20), (1.6, 160)],
)
def test_larger_grids_have_larger_cells(degrees: float, cell_m: float) -> None:
    cells = cells_of(shapely.box(97, 37, 97 + degrees, 37 + degrees))
    assert cells.cell_m == cell_m and cells.rows * cells.cols <= 1.01 * 2**20


def test_cells_are_as_large_as_is_said() -> None:
    assert cells_of(a_grid(1), 2.5).cell_m == 2.5


@given(SEEDS)
def test_cells_survive_packing_and_the_same_cells_give_the_same_bytes(seed: int) -> None:
    packed = pack_cells(cells_of(a_grid(seed)))
    assert pack_cells(unpack_cells(packed)) == packed == pack_cells(cells_of(a_grid(seed)))


@given(SEEDS)
def test_merging_is_idempotent_commutative_and_associative(seed: int) -> None:
    cells = cells_of(a_grid(seed))
    one, two, three = (pack(drawn(a_walk(seed + more, cells), cells)) for more in range(3))
    once = merge([one, two, three], cells)
    assert np.array_equal(merge([three, one, two, one, b""], cells), once)
    assert np.array_equal(merge([pack(merge([one, two], cells)), three], cells), once)
    assert pack(merge([pack(once), one], cells)) == pack(once)


@given(SEEDS)
def test_a_footprint_survives_packing(seed: int) -> None:
    cells = cells_of(a_grid(seed))
    seen = drawn(a_walk(seed, cells), cells)
    assert np.array_equal(unpack(pack(seen), cells), seen)


def test_nothing_seen_is_no_bytes() -> None:
    cells = cells_of(a_grid(1))
    assert pack(merge([], cells)) == b"" and share_seen(unpack(b"", cells), cells) == 0


@given(SEEDS)
def test_a_walk_in_two_parts_shows_what_it_shows_as_a_whole(seed: int) -> None:
    cells = cells_of(a_grid(seed))
    walk = a_walk(seed, cells)
    parts = [drawn(walk[:8], cells), drawn(walk[7:], cells)]
    assert np.array_equal(np.bitwise_or(*parts), drawn(walk, cells))


def test_standing_in_a_small_grid_shows_all_of_it() -> None:
    cells = cells_of(shapely.box(97.37, 37.37, 97.3702, 37.3702))
    assert share_seen(seen_of(cells, np.zeros((1, 4)), 60), cells) == 1


@given(SEEDS, st.sampled_from([25, 40, 60]))
def test_the_raster_is_within_a_point_of_the_exact_union(seed: int, radius_m: float) -> None:
    assert abs(off(seed, radius_m)) <= 1


def test_the_raster_of_a_partly_seen_grid_is_on_the_average_within_a_fifth_of_a_point() -> None:
    assert np.mean(np.abs([off(seed) for seed in range(150)])) <= 0.2


@pytest.mark.parametrize("north", np.linspace(0, 10, 7))
def test_a_street_along_the_cells_is_measured_without_error_wherever_it_runs(north: float) -> None:
    grid = shapely.box(97.37, 37.37, 97.373, 37.373)
    cells = cells_of(grid)
    street = np.array([[-1000, north], [1000, north]])
    exact = exact_share(grid, [np.column_stack(cells.plane.to_degrees(*street.T))], 25)
    assert share_seen(drawn(street, cells), cells) == pytest.approx(exact, abs=4e-3)


@given(SEEDS, st.sampled_from([25.0, 40.0, 60.0]))
def test_a_cell_is_seen_if_its_centre_is_within_the_radius(seed: int, radius_m: float) -> None:
    cells = cells_of(a_grid(seed))
    walk = a_walk(seed, cells)
    col, row = np.meshgrid(np.arange(cells.cols) + 0.5, np.arange(cells.rows) + 0.5)
    centres = shapely.points(cells.x0 + col * cells.cell_m, cells.y0 + row * cells.cell_m)
    away = shapely.distance(centres, shapely.linestrings(walk))
    inside = np.unpackbits(cells.inside, axis=1).astype(bool)
    certain = np.abs(away - radius_m) > 1e-3
    seen = np.unpackbits(drawn(walk, cells, radius_m), axis=1).astype(bool)
    assert np.array_equal(seen[certain], (inside & (away < radius_m))[certain])


@given(SEEDS, st.integers(1, 40))
def test_walks_drawn_together_show_what_their_footprints_show_merged(seed: int, count: int) -> None:
    tracks = [around(seed + number) for number in range(count)]
    assert_together_is_apart(tracks, ["foot"] * count, seed)


@given(SEEDS, st.integers(1, 30))
def test_so_do_those_of_all_ways_of_moving_with_long_steps(seed: int, count: int) -> None:
    modes = np.random.default_rng(seed).choice(["foot", "bicycle", "horse", "car"], count).tolist()
    tracks = [around(seed + number, 60) for number in range(count)]
    assert_together_is_apart(tracks, modes, seed)


def assert_together_is_apart(tracks: list[Fixes], modes: list[str], seed: int) -> None:
    """Drawn at once, in any order, with one fix twice, they show the same bits as patrol by patrol."""
    grids = [
        a_grid(seed),
        shapely.box(97.374, 37.37, 97.378, 37.373),
        shapely.box(97.36, 37.36, 97.38, 37.38),
    ]
    rasters, index = [cells_of(grid) for grid in grids], GridIndex(grids)

    def cells(some: Sequence[int]) -> list[Cells]:
        return [rasters[each] for each in some]

    every = Fixes(*(np.concatenate(column) for column in zip(*tracks, strict=True)))
    owner = np.repeat(np.arange(len(tracks)), [len(track.at) for track in tracks])
    order = np.random.default_rng(seed).permutation(np.append(np.arange(len(owner)), 0))
    together = seen_together(take(every, order), owner[order], modes, index, cells)
    walked = zip(tracks, modes, strict=True)
    apart = [piece for track, mode in walked for piece in pieces(track, NONE, mode, index, cells)]
    for at, raster in enumerate(rasters):
        merged = merge([piece.seen for piece in apart if piece.grid == at], raster)
        assert np.array_equal(together.get(at, np.zeros_like(raster.inside)), merged)


def around(seed: int, step: float = 18) -> Fixes:
    """A quarter of an hour in Delingha, a fix every half minute and about so many metres."""
    rng = np.random.default_rng(seed)
    metres = np.cumsum(rng.normal(0, step, (30, 2)), axis=0) + rng.uniform(0, 300, 2)
    degrees = metres / [88_800, 111_000] + [97.37, 37.37]
    at = 1_795_486_500_000 + 30_000 * np.arange(30)
    degrees[rng.random(30) < 0.05] += 0.1  # lies
    at[rng.random(30) < 0.05] -= 30_000  # two at once
    return Fixes(at, *degrees.T, np.full(30, 5.0), rng.random(30) < 0.03)


@given(SEEDS)
def test_what_was_seen_lies_in_the_grid_and_has_its_share(seed: int) -> None:
    grid = a_grid(seed)
    cells = cells_of(grid)
    walk = [np.column_stack(cells.plane.to_degrees(*a_walk(seed, cells).T))]
    seen = exact_seen(grid, walk, 25)
    assert seen.area / grid.area == pytest.approx(exact_share(grid, walk, 25))
    assert seen.difference(grid).area < 1e-9 * grid.area


def assert_within_a_point(tracks: list[Fixes], mode: str, radius_m: float) -> None:
    """Every grid laid over the tracks is measured to a percentage point."""
    lon, lat = (np.concatenate([track[axis] for track in tracks]) for axis in (1, 2))
    area = shapely.box(lon.min(), lat.min(), lon.max(), lat.max())
    grids = lay_squares(area, max(280, np.sqrt(area_m2(area) / 600)))
    rasters, index = [cells_of(grid) for grid in grids], GridIndex(grids)
    shown = [
        piece
        for track in tracks
        for piece in pieces(track, NONE, mode, index, lambda some: [rasters[each] for each in some])
    ]
    walked = [way for track in tracks for way in believed(track, mode)]
    bounds = shapely.box(*np.array([shapely.MultiPoint(way).bounds for way in walked]).T)
    for grid in sorted({piece.grid for piece in shown}):
        near = np.flatnonzero(shapely.intersects(shapely.buffer(grids[grid], 0.001), bounds))
        exact = exact_share(grids[grid], [walked[way] for way in near], radius_m)
        seen = merge([piece.seen for piece in shown if piece.grid == grid], rasters[grid])
        assert share_seen(seen, rasters[grid]) == pytest.approx(exact, abs=0.01)


def believed(track: Fixes, mode: str) -> list[np.ndarray]:
    """The walks of a track, lon and lat, in parts as short as the exact union likes them."""
    track = ordered(track)
    ways = [np.column_stack([track.lon, track.lat])[walk] for walk in walks(track.at, usable(track, mode))]
    return [way[at : at + 21] for way in ways for at in range(0, max(1, len(way) - 1), 20)]


def a_track(times: list[str], places: np.ndarray) -> Fixes:
    at = np.array([datetime.fromisoformat(time).timestamp() * 1000 for time in times], np.int64)
    return Fixes(at, places[:, 0], places[:, 1], np.full(len(at), 5.0), np.zeros(len(at), bool))


@pytest.mark.parametrize(("mode", "radius_m"), [("foot", 25), ("car", 60)])
def test_real_tracks_in_haixi_are_measured_to_a_point_in_every_grid(
    shared: Path, mode: str, radius_m: float
) -> None:
    features = json.loads((shared / "data/relocated_tracks_haixi.geojson").read_text())["features"]
    for feature in features:
        places = np.array(feature["geometry"]["coordinates"], float)
        assert_within_a_point([a_track(feature["properties"]["coordTimes"], places)], mode, radius_m)


@pytest.fixture(scope="module")
def beijing(shared: Path) -> list[Fixes]:
    """Every track of the file."""
    with gzip.open(shared / "data/geolife_beijing_tracks.csv.gz", "rt") as lines:
        rows = list(csv.DictReader(lines))
    tracks = [list(track) for _, track in groupby(rows, key=lambda row: (row["user"], row["track"]))]
    places = [np.array([(row["lon"], row["lat"]) for row in track], float) for track in tracks]
    times = [[row["t_utc"] for row in track] for track in tracks]
    return [a_track(*track) for track in zip(times, places, strict=True)]


def test_real_tracks_in_beijing_are_measured_to_a_point_in_every_grid(beijing: list[Fixes]) -> None:
    for track in sorted(beijing, key=lambda track: len(track.at))[5:15]:
        assert_within_a_point([track], "car", 60)


def test_all_of_beijing_drawn_together_is_measured_to_a_point_in_every_grid(beijing: list[Fixes]) -> None:
    grids = lay_squares(shapely.box(116.25, 39.9, 116.45, 40.05), 600)
    rasters, index = [cells_of(grid) for grid in grids], GridIndex(grids)
    every = Fixes(*(np.concatenate(column) for column in zip(*beijing, strict=True)))
    owner = np.repeat(np.arange(len(beijing)), [len(track.at) for track in beijing])
    modes = ["foot"] * len(beijing)
    seen = seen_together(every, owner, modes, index, lambda some: [rasters[each] for each in some])
    walked = [way for track in beijing for way in believed(track, "foot")]
    bounds = shapely.box(*np.array([shapely.MultiPoint(way).bounds for way in walked]).T)
    for grid, polygon in enumerate(grids):
        near = np.flatnonzero(shapely.intersects(shapely.buffer(polygon, 0.001), bounds))
        exact = exact_share(polygon, [walked[way] for way in near], 25) if len(near) else 0.0
        found = share_seen(seen[grid], rasters[grid]) if grid in seen else 0.0
        assert found == pytest.approx(exact, abs=0.01)
