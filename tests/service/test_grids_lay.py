"""Grids laid over a community: proposals that can be sent as they are."""

import pytest
from shapely import box
from shapely.geometry import mapping

from tests.factories import COMMUNITY, a_grid, a_square

ELSEWHERE = "632801001001"  # a community in Golmud
WHOLE = box(97.370, 37.370, 97.376, 37.376)
REVISIONS = "/api/v1/grid-revisions"
BOWTIE = {"type": "Polygon", "coordinates": [[[97, 37], [98, 38], [98, 37], [97, 38], [97, 37]]]}


def test_laid_grids_can_be_proposed_as_they_are(officer):
    order = {"community": COMMUNITY, "shape": mapping(WHOLE), "by": "size", "size_m": 200}
    laid = officer.post("/api/v1/grids/lay", json=order)
    assert laid.content_type == "application/geo+json"
    codes = [each["properties"]["code"] for each in laid.json["features"]]
    assert codes == [f"{COMMUNITY}{n:03}" for n in range(1, len(codes) + 1)]
    answer = officer.post(REVISIONS, json=laid.json, content_type="application/geo+json")
    assert answer.status_code == 201, answer.json


@pytest.mark.parametrize(
    "how", [{"by": "count", "count": 5}, {"by": "places", "places": [[97.371, 37.372], [97.375, 37.375]]}]
)
def test_grids_are_laid_by_count_or_around_places(officer, how):
    order = {"community": COMMUNITY, "shape": mapping(WHOLE), **how}
    laid = officer.post("/api/v1/grids/lay", json=order).json["features"]
    assert len(laid) == len(how.get("places", range(5)))


def test_laying_goes_on_behind_the_last_number(officer):
    a_grid(COMMUNITY + "041", a_square(97.5))
    order = {"community": COMMUNITY, "shape": mapping(WHOLE), "by": "count", "count": 1}
    [laid] = officer.post("/api/v1/grids/lay", json=order).json["features"]
    assert laid["properties"]["code"] == COMMUNITY + "042"


SCATTERED = {
    "type": "MultiPolygon",
    "coordinates": [[[[x, y], [x + 0.001, y], [x, y + 0.001], [x, y]]] for x, y in ((-170, -80), (170, 80))],
}


@pytest.mark.parametrize(
    "order",
    [
        {"by": "size"},
        {"by": "size", "size_m": 1},
        {"by": "size", "size_m": 20},
        {"by": "count", "count": 1000},
        {"by": "count", "count": True},
        {"by": "places", "places": []},
        {"by": "places", "places": [[97.37, 137.37]]},
        {"by": "hand"},
        {"by": "count", "count": 5, "shape": BOWTIE},
        {"by": "count", "count": 5, "shape": SCATTERED},
        {"by": "size", "size_m": 20, "shape": SCATTERED},
        {"by": "count", "count": 5, "shape": None},
        {"by": "count", "count": 5, "shape": []},
    ],
)
def test_what_cannot_be_laid_is_refused(officer, order):
    body = {"community": COMMUNITY, "shape": mapping(box(97, 37, 98, 38)), **order}
    assert officer.post("/api/v1/grids/lay", json=body).status_code == 422


def test_nothing_is_laid_outside_the_scope(officer):
    order = {"community": ELSEWHERE, "shape": mapping(WHOLE), "by": "count", "count": 2}
    assert officer.post("/api/v1/grids/lay", json=order).status_code == 404
