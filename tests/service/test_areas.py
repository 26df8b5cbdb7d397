"""The tree of areas, and how much of it one sees."""

import pytest

from tests.factories import COMMUNITY, COUNTY, a_grid, a_square

PREFECTURE, TOWNSHIP = "632800000000", "632802001000"
OTHER_COUNTY, OTHER_COMMUNITY = "632801000000", "632801001001"


def the_codes(answer):
    assert answer.status_code == 200, answer.json
    return [area["code"] for area in answer.json["items"]]


def test_a_stranger_sees_no_areas(client):
    assert client.get("/api/v1/areas").status_code == 401


def test_an_auditor_sees_no_areas(signed_in):
    assert signed_in(role="auditor").get("/api/v1/areas").status_code == 403


def test_the_whole_tree_is_seen_from_its_root(signed_in):
    centre = signed_in(role="centre", area=PREFECTURE)
    assert len(the_codes(centre.get("/api/v1/areas?level=county"))) == 7
    assert len(the_codes(centre.get("/api/v1/areas?level=township"))) == 46
    assert len(the_codes(centre.get("/api/v1/areas?level=community&limit=500"))) == 389


def test_an_officer_sees_the_own_area_what_is_below_and_what_is_above(officer):
    codes = the_codes(officer.get("/api/v1/areas?limit=500"))
    assert codes[:2] == [PREFECTURE, COUNTY]
    assert all(code.startswith("632802") for code in codes[1:])


def test_a_member_sees_the_county_around(signed_in):
    member = signed_in(role="member", area=COMMUNITY)
    assert the_codes(member.get("/api/v1/areas?level=county")) == [COUNTY]
    assert len(the_codes(member.get("/api/v1/areas?level=township"))) == 7


@pytest.mark.parametrize("code", [OTHER_COUNTY, OTHER_COMMUNITY, "632899000000", "63280200000%00", "x"])
def test_what_lies_outside_the_scope_is_not_there(officer, code):
    assert officer.get(f"/api/v1/areas/{code}").status_code == 404


def test_a_parent_outside_the_scope_is_not_there(officer):
    assert officer.get(f"/api/v1/areas?parent={OTHER_COUNTY}").status_code == 404


def test_a_parent_has_its_children(officer):
    codes = the_codes(officer.get(f"/api/v1/areas?parent={TOWNSHIP}"))
    assert len(codes) == 11
    assert all(code.startswith("632802001") for code in codes)


def test_a_list_goes_on_where_the_cursor_says(officer):
    first = officer.get("/api/v1/areas?limit=40")
    assert f"cursor={first.json['next_cursor']}" in first.headers["Link"].replace("%3D", "=")
    second = officer.get("/api/v1/areas", query_string={"limit": 40, "cursor": first.json["next_cursor"]})
    assert the_codes(first) + the_codes(second) == the_codes(officer.get("/api/v1/areas?limit=500"))
    assert second.json["next_cursor"] is None


def test_an_area_knows_its_path_and_its_children(officer):
    area = officer.get(f"/api/v1/areas/{TOWNSHIP}").json
    assert [each["code"] for each in area["path"]] == [PREFECTURE, COUNTY, TOWNSHIP]
    assert (area["name"], area["level"], area["parent"], area["children"]) == (
        "河西街道",
        "township",
        COUNTY,
        11,
    )


def test_an_area_without_a_shape_lies_where_its_current_grids_lie(officer):
    a_grid(COMMUNITY + "001", a_square(97.37, 37.37, 0.01))
    a_grid(COMMUNITY + "002", a_square(97.39, 37.37, 0.01))
    area = officer.get(f"/api/v1/areas/{COMMUNITY}").json
    assert area["bbox"] == pytest.approx([97.37, 37.37, 97.40, 37.38])
    assert area["centre"] == pytest.approx([97.385, 37.375])
    assert area["grids"] == 2


def test_an_area_without_shape_and_grids_lies_nowhere(officer):
    area = officer.get(f"/api/v1/areas/{COMMUNITY}").json
    assert (area["bbox"], area["centre"], area["grids"]) == (None, None, 0)


def test_counts_and_boxes_leave_out_what_lies_outside_the_scope(officer):
    a_grid(COMMUNITY + "001", a_square(97.37, 37.37, 0.01))
    a_grid(OTHER_COMMUNITY + "001", a_square(94.9, 36.4))
    prefecture = officer.get(f"/api/v1/areas/{PREFECTURE}").json
    assert (prefecture["grids"], prefecture["children"]) == (1, 1)
    assert prefecture["bbox"] == pytest.approx([97.37, 37.37, 97.38, 37.38])


@pytest.mark.parametrize("query", ["level=village", "parent=1", "limit=0", "limit=501", "cursor=x", "up=1"])
def test_a_list_refuses_what_it_does_not_know(officer, query):
    assert officer.get(f"/api/v1/areas?{query}").status_code == 422
