"""Grids that tile their area, are numbered as read, and are checked before they are believed."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import mapping, shape

from geo.grids import check, lay_around, lay_count, lay_squares, read_geometry, reading_order
from geo.plane import area_m2

TOWN = shapely.box(97.3, 37.3, 97.32, 37.315)
HORSESHOE = TOWN.difference(shapely.box(97.305, 37.304, 97.315, 37.32)).difference(
    shapely.Point(97.31, 37.302).buffer(2e-4)
)
POINTS = st.lists(
    st.tuples(st.floats(97.3, 97.32), st.floats(37.3, 37.315)), min_size=1, max_size=9, unique=True
)


def an_area(seed: int) -> shapely.Polygon:
    """A crooked area of some square kilometres."""
    rng = np.random.default_rng(seed)
    angle, reach = np.sort(rng.uniform(0, 2 * np.pi, 14)), rng.uniform(0.003, 0.015, 14)
    return shapely.Polygon(
        np.column_stack([97.37 + reach * np.cos(angle), 37.37 + reach * np.sin(angle)])
    ).buffer(1e-4)


def assert_tiles(grids: list[shapely.Polygon], area: shapely.Polygon) -> None:
    assert shapely.coverage_is_valid(grids)
    assert all(grid.geom_type == "Polygon" and grid.is_valid for grid in grids)
    assert shapely.symmetric_difference(shapely.union_all(grids), area).area < 1e-10 * area.area


@given(st.integers(0, 999), st.floats(150, 400))
def test_squares_tile_any_area(seed: int, size_m: float) -> None:
    assert_tiles(lay_squares(an_area(seed), size_m), an_area(seed))


@given(st.integers(0, 999), st.integers(1, 12))
def test_cells_tile_any_area(seed: int, count: int) -> None:
    assert_tiles(lay_count(an_area(seed), count), an_area(seed))


@given(POINTS, st.integers(0, 5))
def test_cells_around_places_tile_the_area(places: list[tuple[float, float]], more: int) -> None:
    assert_tiles(lay_around(HORSESHOE, places, len(places) + more), HORSESHOE)


@given(POINTS)
def test_every_place_has_a_cell_of_its_own(places: list[tuple[float, float]]) -> None:
    assert len(lay_around(TOWN, places)) == len(places)


def test_laying_is_repeatable() -> None:
    assert lay_count(HORSESHOE, 12) == lay_count(HORSESHOE, 12)


def test_cells_are_balanced() -> None:
    sizes = [area_m2(cell) for cell in lay_count(TOWN, 12)]
    assert len(sizes) == 12 and max(sizes) < 2 * min(sizes)


def test_slivers_join_a_neighbour() -> None:
    grids = lay_squares(TOWN, 400)
    assert min(area_m2(grid) for grid in grids) >= 0.25 * 400**2 * 0.999


def test_an_exclave_without_neighbours_is_a_grid_of_its_own() -> None:
    exclave = shapely.box(97.5, 37.3, 97.5005, 37.3005)
    assert_tiles(
        lay_squares(shapely.MultiPolygon([TOWN, exclave]), 500), shapely.MultiPolygon([TOWN, exclave])
    )


@pytest.mark.parametrize("size_m", [1, 0.001])
def test_more_grids_than_codes_are_refused(size_m: float) -> None:
    with pytest.raises(ValueError, match="more than 999"):
        lay_squares(TOWN, size_m)


def test_numbers_run_from_west_to_east_then_from_north_to_south() -> None:
    west, south = 97.3, 37.3
    squares = [shapely.box(x, y, x + 0.005, y + 0.005) for x in (west, 97.305) for y in (south, 37.305)]
    assert reading_order(squares) == [1, 3, 0, 2]
    assert reading_order([]) == []


def kinds(*proposed: Any, community: Any = None, neighbours: Any = ()) -> list[tuple[str, str, bool]]:
    return [(at.code, at.kind, at.error) for at in check(proposed, community, neighbours)]


def test_grids_that_tile_their_community_are_fine() -> None:
    assert kinds(*((str(at), grid) for at, grid in enumerate(lay_squares(TOWN, 300))), community=TOWN) == []


def test_an_overlap_is_found_between_siblings_and_with_grids_that_stay() -> None:
    one, other = shapely.box(97.3, 37.3, 97.31, 37.31), shapely.box(97.309, 37.3, 97.32, 37.31)
    assert kinds(("a", one), ("b", other)) == [("a", "overlap", True)]
    assert kinds(("b", other), neighbours=[("a", one)]) == [("b", "overlap", True)]


def test_what_lies_outside_the_community_is_an_error_and_a_gap_in_it_a_warning() -> None:
    assert kinds(("a", TOWN), community=shapely.box(97.3, 37.3, 97.31, 37.31)) == [
        ("a", "outside_community", True)
    ]
    (gap,) = check([("a", shapely.box(97.3, 37.3, 97.31, 37.315))], TOWN)
    assert (gap.kind, gap.error) == ("gap", False) and gap.area_m2 == pytest.approx(
        area_m2(TOWN) / 2, rel=1e-3
    )


def test_a_sliver_between_siblings_is_a_warning() -> None:
    one, other = shapely.box(97, 37, 97.01, 37.01), shapely.box(97.010001, 37, 97.02, 37.01)
    assert kinds(("a", one), ("b", other)) == [("a", "sliver", False), ("b", "sliver", False)]


@pytest.mark.parametrize(
    ("kind", "geometry"),
    [
        ("not_polygon", shapely.Point(97, 37)),
        ("empty", shapely.Polygon()),
        ("out_of_world", shapely.box(179, 0, 181, 1)),
        ("out_of_world", shapely.Polygon([(0, 0), (1, 0), (np.nan, 1)])),
        ("invalid", shapely.Polygon([(97, 37), (98, 38), (98, 37), (97, 38)])),
        ("zero_area", shapely.box(97, 37, 97.000001, 37.000001)),
        ("too_many_vertices", shapely.Point(97, 37).buffer(0.1, 2000)),
        ("too_many_parts", shapely.MultiPolygon([shapely.box(at, 0, at + 0.5, 1) for at in range(101)])),
    ],
)
def test_an_unsound_outline_is_refused(kind: str, geometry: Any) -> None:
    assert kinds(("a", geometry), community=TOWN, neighbours=[("b", TOWN)])[0] == ("a", kind, True)


def test_a_code_is_given_once() -> None:
    assert kinds(("a", shapely.box(98, 37, 98.1, 38)), ("a", TOWN)) == [("a", "duplicate_code", True)]


def test_outlines_that_would_take_minutes_to_overlay_are_refused() -> None:
    rakes = [[shapely.box(0, at * 2, 2400, at * 2 + 1) for at in range(1200)] + [shapely.box(-1, 0, 0, 2400)]]
    rakes += [
        [shapely.box(at * 2, 0, at * 2 + 1, 2400) for at in range(1200)] + [shapely.box(0, -1, 2400, 0)]
    ]
    one, other = (
        shapely.transform(shapely.union_all(rake), lambda at: at * 1e-5 + [97, 37]) for rake in rakes
    )
    assert kinds(("a", one), ("b", other)) == [("a", "tangled", True)]
    assert kinds(("a", one), community=other) == [("a", "tangled", True)]


@settings(max_examples=10)
@given(st.integers(0, 999))
def test_what_was_written_as_geojson_is_read_back(seed: int) -> None:
    assert read_geometry(mapping(an_area(seed))) == an_area(seed)
    assert read_geometry(mapping(shapely.MultiPolygon([an_area(seed)]))) == shapely.MultiPolygon(
        [an_area(seed)]
    )


SQUARE = [[97, 37], [98, 37], [98, 38], [97, 38], [97, 37]]


@pytest.mark.parametrize(
    ("reason", "kind", "coordinates"),
    [
        ("Polygon or a MultiPolygon", "polygon", [SQUARE]),
        ("Polygon or a MultiPolygon", "GeometryCollection", [SQUARE]),
        ("Polygon or a MultiPolygon", ["Polygon"], [SQUARE]),
        ("has rings", "Polygon", []),
        ("has rings", "Polygon", None),
        ("has polygons", "MultiPolygon", {}),
        ("has positions", "Polygon", [[]]),
        ("has positions", "Polygon", [5]),
        ("at least four", "Polygon", [SQUARE[:2] + SQUARE[:1]]),
        ("ends where it begins", "Polygon", [SQUARE[:4]]),
        ("three different", "Polygon", [[[97, 37]] * 4]),
        ("two or three numbers", "Polygon", [[[97, 37, 1, 2]] * 4]),
        ("two or three numbers", "Polygon", [[97, 37, 98, 37]]),
        ("two or three numbers", "Polygon", [[*SQUARE[:1], "98", *SQUARE[2:]]]),
        ("made of numbers", "Polygon", [[["97", 37], *SQUARE[1:]]]),
        ("made of numbers", "Polygon", [[[True, 37], *SQUARE[1:]]]),
        ("longitude nan", "Polygon", [[[float("nan"), 37], *SQUARE[1:]]]),
        ("longitude", "Polygon", [[[10**400, 37], *SQUARE[1:]]]),
        ("longitude", "Polygon", [[[float("inf"), 37], *SQUARE[1:]]]),
        ("longitude comes first", "Polygon", [[[37, 97], *SQUARE[1:]]]),
        ("finite", "Polygon", [[[97, 37, float("inf")], *SQUARE[1:]]]),
        ("finite", "Polygon", [[[97, 37, 10**400], *SQUARE[1:]]]),
        ("have a height or none", "Polygon", [[SQUARE[0], [98, 37, 5], *SQUARE[2:]]]),
    ],
)
def test_a_geometry_is_read_strictly(reason: str, kind: Any, coordinates: Any) -> None:
    with pytest.raises(ValueError, match=reason):
        read_geometry({"type": kind, "coordinates": coordinates})


@pytest.mark.parametrize("geojson", [None, [], "Polygon", 5, {}, {"type": "Polygon"}])
def test_what_is_no_geometry_is_refused(geojson: Any) -> None:
    with pytest.raises(ValueError):
        read_geometry(geojson)


def test_another_datum_is_refused() -> None:
    with pytest.raises(ValueError, match="crs"):
        read_geometry({"type": "Polygon", "coordinates": [SQUARE], "crs": {"type": "name"}})


def test_a_height_is_read_and_forgotten() -> None:
    raised = [[*position, 2980.5] for position in SQUARE]
    assert not read_geometry({"type": "Polygon", "coordinates": [raised]}).has_z


def test_hostile_imports_are_refused(shared: Path) -> None:
    cases = json.loads((shared / "cases/bad_inputs.json").read_text())
    cases = [
        case
        for case in cases
        if case["target"] == "grid_import" and "FeatureCollection" in case.get("generator", "")
    ]
    for case in cases:
        made = eval(case["generator"].removeprefix("py:"), {"__builtins__": __builtins__, "random": random})
        if isinstance(made, dict):
            assert refused(made["features"]) == (case["expect"] != "accept"), case["name"]


def refused(features: list[dict[str, Any]]) -> bool:
    try:
        read = [(feature["properties"]["code"], read_geometry(feature["geometry"])) for feature in features]
    except ValueError:
        return True
    return any(finding.error for finding in check(read))


def test_real_counties_are_tiled(shared: Path) -> None:
    counties = json.loads((shared / "data/haixi_counties_tianditu_cgcs2000.geojson").read_text())["features"]
    for county in (shape(feature["geometry"]) for feature in counties):
        assert_tiles(lay_count(county, 12), county)
