"""Which grid a place lies in."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.grids import lay_squares
from geo.index import GridIndex

TOWN = shapely.box(97.3, 37.3, 97.32, 37.315)
GRIDS = lay_squares(TOWN, 300)
INDEX = GridIndex(GRIDS)


@given(st.integers(0, len(GRIDS) - 1), st.integers(0, 3), st.floats(0, 1))
def test_a_point_on_a_border_belongs_to_the_first_grid_that_covers_it(
    grid: int, side: int, along: float
) -> None:
    (x, y), (x_end, y_end) = list(GRIDS[grid].exterior.coords)[side : side + 2]
    place = shapely.Point(x + (x_end - x) * along, y + (y_end - y) * along)
    covering = [position for position, outline in enumerate(GRIDS) if outline.covers(place)]
    assert INDEX.locate(place.x, place.y).tolist() == covering[:1] or not covering


@given(st.floats(97.3, 97.32), st.floats(37.3, 37.315))
def test_every_place_in_town_lies_in_one_grid(lon: float, lat: float) -> None:
    (found,) = INDEX.locate(lon, lat)
    assert GRIDS[found].covers(shapely.Point(lon, lat))


def test_every_corner_lies_in_one_grid_and_always_the_same() -> None:
    corners = np.unique(shapely.get_coordinates(GRIDS), axis=0)
    found = INDEX.locate(*corners.T)
    assert (found >= 0).all()
    assert found.tolist() == [INDEX.locate(*corner)[0] for corner in corners]


def test_nowhere_and_not_a_number_are_in_no_grid() -> None:
    assert INDEX.locate([0, np.nan, 97.31, np.inf], [0, 37.31, np.nan, 37.31]).tolist() == [-1] * 4


def test_a_grid_is_in_force_from_its_first_instant_until_before_its_last() -> None:
    index = GridIndex([TOWN, TOWN], since=[0, 100], until=[100, 200])
    assert index.locate([97.31] * 4, [37.31] * 4, [0, 99, 100, 200]).tolist() == [0, 0, 1, -1]


def test_touching_gives_the_grids_that_meet_a_geometry_while_in_force() -> None:
    index = GridIndex([TOWN, TOWN, shapely.box(98, 37, 98.1, 37.1)], since=[0, 100, 0], until=[100, 200, 200])
    line = shapely.LineString([(97.2, 37.31), (97.4, 37.31)])
    assert index.touching(line).tolist() == [0, 1]
    assert index.touching(line, 100, 200).tolist() == [1]
    assert index.touching(line, 50, 100).tolist() == [0]


def test_without_grids_nothing_is_found() -> None:
    assert GridIndex([]).locate([97.3], [37.3]).tolist() == [-1]
    assert GridIndex([]).touching(TOWN).tolist() == []
