"""Grids as GeoJSON, at any time, and the grid around a position."""

from datetime import UTC, datetime

import pytest
from shapely.geometry import shape

from tests.factories import BEGINNING, COMMUNITY, COUNTY, a_grid, a_square

FIRST, SECOND = COMMUNITY + "001", COMMUNITY + "002"
ELSEWHERE = "632801001001001"  # in Golmud
CHANGE = datetime(2026, 6, 1, tzinfo=UTC)


def the_codes(answer):
    assert answer.status_code == 200, answer.json
    return [feature["properties"]["code"] for feature in answer.json["features"]]


def test_grids_are_geojson(officer):
    grid = a_grid(FIRST)
    answer = officer.get("/api/v1/grids")
    assert answer.content_type == "application/geo+json"
    [feature] = answer.json["features"]
    assert (feature["type"], feature["id"]) == ("Feature", FIRST)
    assert shape(feature["geometry"]).equals_exact(a_square(), 1e-7, normalize=True) or shape(
        feature["geometry"]
    ).equals(a_square())
    assert feature["properties"] == {
        "code": FIRST,
        "name": "网格001",
        "basis": "area",
        "area_m2": pytest.approx(grid.area_m2),
        "community": {"code": COMMUNITY, "name": "建设路社区居委会"},
        "valid_from": "2020-01-01T00:00:00Z",
        "retired_at": None,
    }


def test_a_grid_names_the_areas_that_it_lies_in(officer):
    a_grid(FIRST)
    properties = officer.get(f"/api/v1/grids/{FIRST}").json["properties"]
    assert properties["township"] == {"code": "632802001000", "name": "河西街道"}
    assert properties["county"] == {"code": COUNTY, "name": "德令哈市"}


def test_a_list_keeps_to_an_area(officer):
    a_grid(FIRST)
    a_grid("632802002001001", a_square(97.4))
    assert the_codes(officer.get(f"/api/v1/grids?area={COMMUNITY}")) == [FIRST]
    assert the_codes(officer.get(f"/api/v1/grids?area={FIRST}")) == [FIRST]
    assert len(the_codes(officer.get(f"/api/v1/grids?area={COUNTY}"))) == 2


def test_a_list_keeps_to_a_box(officer):
    a_grid(FIRST)
    a_grid(SECOND, a_square(97.4))
    assert the_codes(officer.get("/api/v1/grids?bbox=97.39,37.3,97.5,37.4")) == [SECOND]


def test_a_list_goes_on_where_the_cursor_says(officer):
    a_grid(FIRST)
    a_grid(SECOND, a_square(97.4))
    first = officer.get("/api/v1/grids?limit=1")
    second = officer.get("/api/v1/grids", query_string={"limit": 1, "cursor": first.json["next_cursor"]})
    assert the_codes(first) + the_codes(second) == [FIRST, SECOND]
    assert 'rel="next"' in first.headers["Link"]


def test_a_list_is_of_now_or_of_a_time(officer):
    a_grid(FIRST, retired_at=CHANGE)
    a_grid(FIRST, a_square(97.4), since=CHANGE)
    now, then = officer.get("/api/v1/grids"), officer.get("/api/v1/grids?at=2026-05-31T23:59:59Z")
    assert [f["properties"]["valid_from"] for f in now.json["features"]] == ["2026-06-01T00:00:00Z"]
    assert [f["properties"]["valid_from"] for f in then.json["features"]] == ["2020-01-01T00:00:00Z"]


@pytest.mark.parametrize(
    "path",
    [
        f"/grids/{ELSEWHERE}",
        f"/grids/{ELSEWHERE}/lineage",
        "/grids?area=632801000000",
        f"/grids?area={ELSEWHERE}",
        "/grids?area=632800000000",
        "/grids/locate?lon=94.901&lat=36.401",
    ],
)
def test_what_lies_outside_the_scope_is_not_there(officer, path):
    a_grid(ELSEWHERE, a_square(94.9, 36.4))
    assert officer.get(f"/api/v1{path}").status_code == 404


def test_a_list_leaves_out_what_lies_outside_the_scope(officer):
    a_grid(ELSEWHERE, a_square(94.9, 36.4))
    assert the_codes(officer.get("/api/v1/grids?bbox=-180,-90,180,90")) == []


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3",
        "bbox=98,37,97,38",
        "bbox=nan,0,1,1",
        "at=yesterday",
        "at=2026-05-31",
        "area=6328",
        "gird=1",
    ],
)
def test_a_list_refuses_what_it_cannot_mean(officer, query):
    assert officer.get(f"/api/v1/grids?{query}").status_code == 422


def test_a_position_is_in_the_grid_around_it(officer):
    a_grid(FIRST)
    a_grid(SECOND, a_square(97.373))
    assert officer.get("/api/v1/grids/locate?lon=97.371&lat=37.371").json["code"] == FIRST
    assert officer.get("/api/v1/grids/locate?lon=97.374&lat=37.371").json["code"] == SECOND


def test_a_position_on_a_shared_border_is_always_in_the_same_grid(officer):
    a_grid(SECOND)
    a_grid(FIRST, a_square(97.373))
    found = {officer.get("/api/v1/grids/locate?lon=97.373&lat=37.371").json["code"] for _ in range(3)}
    assert found == {FIRST}


def test_a_position_outside_all_grids_is_in_none(officer):
    a_grid(FIRST)
    assert officer.get("/api/v1/grids/locate?lon=97.38&lat=37.371").status_code == 404


def test_a_position_is_in_the_grid_of_today(officer):
    a_grid(FIRST, retired_at=CHANGE)
    a_grid(SECOND, since=CHANGE)
    assert officer.get("/api/v1/grids/locate?lon=97.371&lat=37.371").json["code"] == SECOND


def test_a_position_may_come_from_a_chinese_map(officer):
    a_grid(FIRST, a_square(97.370, 37.370, 0.001))
    here = {"lon": 97.3705, "lat": 37.3705}
    assert officer.get("/api/v1/grids/locate", query_string=here | {"crs": "cgcs2000"}).status_code == 200
    assert officer.get("/api/v1/grids/locate", query_string=here | {"crs": "gcj02"}).status_code == 404


@pytest.mark.parametrize(
    "query", ["lon=97", "lat=37", "lon=181&lat=37", "lon=97&lat=37&crs=utm", "lon=x&lat=37"]
)
def test_a_position_that_cannot_be_is_refused(officer, query):
    assert officer.get(f"/api/v1/grids/locate?{query}").status_code == 422


def test_a_grid_that_has_ended_is_found_in_its_lineage_only(officer):
    a_grid(FIRST, retired_at=CHANGE)
    assert officer.get(f"/api/v1/grids/{FIRST}").status_code == 404
    [version] = officer.get(f"/api/v1/grids/{FIRST}/lineage").json["items"]
    assert (version["kind"], version["predecessors"], version["successors"]) == ("new", [], [])
    assert version["retired_at"] == "2026-06-01T00:00:00Z"
    assert version["valid_from"] == BEGINNING.isoformat().replace("+00:00", "Z")
