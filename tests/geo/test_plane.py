"""Places in metres and back."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.plane import Plane, area_m2, plane_at

LAT = st.floats(-70, 70)
NEAR = st.floats(-0.02, 0.02)


@given(LAT, NEAR, NEAR)
def test_degrees_survive_the_way_to_metres_and_back(lat: float, east: float, north: float) -> None:
    plane = Plane(97.37, lat)
    lon_back, lat_back = plane.to_degrees(*plane.to_metres(97.37 + east, lat + north))
    assert abs(lon_back - 97.37 - east) < 1e-12 and abs(lat_back - lat - north) < 1e-12


@given(st.floats(30, 40), NEAR, NEAR)
def test_distances_from_the_origin_are_geodesic_within_two_thousandths(
    lat: float, east: float, north: float
) -> None:
    x, y = Plane(97.37, lat).to_metres(97.37 + east, lat + north)
    _, _, metres = Geod(ellps="WGS84").inv(97.37, lat, 97.37 + east, lat + north)
    assert float(np.hypot(x, y)) == pytest.approx(metres, rel=2e-3, abs=1e-6)


def test_the_plane_of_a_geometry_is_at_the_centre_of_its_bounds() -> None:
    assert plane_at(shapely.box(97, 37, 98, 39)) == (97.5, 38)


def test_a_hole_is_not_area_and_ring_direction_does_not_matter() -> None:
    outer, hole = shapely.box(97.3, 37.3, 97.32, 37.32), shapely.box(97.305, 37.305, 97.31, 37.31)
    holed = shapely.Polygon(outer.exterior.coords, [hole.exterior.coords[::-1]])
    wrong_way = shapely.Polygon(outer.exterior.coords[::-1], [hole.exterior.coords])
    assert area_m2(holed) == pytest.approx(area_m2(outer) - area_m2(hole))
    assert area_m2(wrong_way) == pytest.approx(area_m2(holed))


def test_the_parts_of_a_multipolygon_add_up() -> None:
    one, other = shapely.box(97.3, 37.3, 97.31, 37.31), shapely.box(97.4, 37.3, 97.41, 37.31)
    both = shapely.MultiPolygon([one, shapely.Polygon(other.exterior.coords[::-1])])
    assert area_m2(both) == pytest.approx(area_m2(one) + area_m2(other))
    assert plane_at(both).flatten(both).area == pytest.approx(area_m2(both), rel=1e-3)
