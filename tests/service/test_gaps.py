"""Where nobody has been, and for how long."""

from datetime import timedelta

import pytest
from shapely.geometry import shape

from service.coverage.actions import rebuild_marked
from tests.factories import COMMUNITY, a_checkpoint, a_grid, a_member, a_square
from tests.service.phone import a_patrol, an_hour_ago, rfc3339, send

DELINGHA, GOLMUD = "632802000000", "632801000000"
GAPS, OVERDUE, TARGETS = "/api/v1/coverage/gaps", "/api/v1/coverage/overdue", "/api/v1/coverage/targets"


@pytest.fixture
def grid(database):
    return a_grid()


@pytest.fixture
def walked(grid, signed_in):
    send(signed_in(a_member()), a_patrol())
    rebuild_marked()
    return grid


@pytest.fixture
def officer(signed_in):
    return signed_in(role="officer", area=DELINGHA)


def features(client, **query):
    return client.get(GAPS, query_string=query).json["features"]


def overdue(client, **query):
    return [each["code"] for each in client.get(OVERDUE, query_string=query).json["items"]]


def aim(client, code, hours):
    tag = client.get(f"{TARGETS}/{code}").headers["ETag"]
    return client.put(f"{TARGETS}/{code}", json={"hours": hours}, headers={"If-Match": tag})


def test_a_grid_nobody_walked_is_one_gap_with_its_outline(officer, grid):
    [gap] = features(officer)
    assert shape(gap["geometry"]).normalize().equals_exact(a_square().normalize(), 1e-6)


def test_the_gaps_and_what_was_seen_make_up_the_grid(officer, walked):
    [measure] = officer.get("/api/v1/coverage").json["items"]
    dark = sum(gap["properties"]["area_m2"] for gap in features(officer))
    assert dark / measure["area_m2"] + measure["share_seen"] == pytest.approx(1, abs=0.01)


def test_the_largest_gap_comes_first(officer, walked):
    a_grid(COMMUNITY + "002", a_square(97.38, size=0.001))
    sizes = [gap["properties"]["area_m2"] for gap in features(officer)]
    assert len(sizes) > 1 and sizes == sorted(sizes, reverse=True)


def test_pages_of_gaps_follow_each_other(officer, walked):
    a_grid(COMMUNITY + "002", a_square(97.38, size=0.001))
    paged, cursor = [], {}
    while cursor is not None:
        body = officer.get(GAPS, query_string={"limit": 1} | cursor).json
        paged += body["features"]
        cursor = {"cursor": body["next_cursor"]} if body["next_cursor"] else None
    assert paged == features(officer)


def test_small_gaps_are_left_out_when_asked(officer, grid):
    assert features(officer, smallest_m2=1e6) == []


def test_a_gap_lies_within_its_grid(officer, walked):
    outside = [shape(gap["geometry"]).difference(a_square().buffer(1e-6)).area for gap in features(officer)]
    assert max(outside) == 0


def test_gaps_of_another_county_are_not_there(signed_in, grid):
    assert features(signed_in(role="centre", area=GOLMUD)) == []


def test_unchanged_gaps_are_not_sent_again(officer, grid):
    tag = officer.get(GAPS).headers["ETag"]
    assert officer.get(GAPS, headers={"If-None-Match": tag}).status_code == 304


def test_a_grid_measured_by_checkpoints_has_no_gaps(officer, database):
    a_grid(basis="checkpoints")
    assert features(officer) == []


@pytest.mark.parametrize(
    "query", ["cursor=bm9uZQ==", "smallest_m2=nan", "smallest_m2=0", "limit=0", "from=2026-13-01T00:00:00Z"]
)
def test_a_question_about_gaps_that_makes_no_sense_is_refused(officer, query):
    assert officer.get(f"{GAPS}?{query}").status_code == 422


def test_a_grid_that_was_never_seen_is_overdue(officer, grid):
    assert overdue(officer) == [grid.code]


def test_a_grid_that_was_just_seen_is_not_overdue(officer, walked):
    assert overdue(officer) == []


def test_a_grid_is_overdue_once_its_target_has_passed(officer, walked):
    in_a_week = an_hour_ago() + timedelta(days=7, hours=1)
    assert overdue(officer, at=rfc3339(in_a_week)) == [walked.code]


def test_a_new_grid_is_not_overdue_before_its_target_has_passed(officer, database):
    a_grid(since=an_hour_ago())
    assert overdue(officer) == []


def test_a_proved_visit_of_a_checkpoint_counts_as_seen(officer, database):
    a_checkpoint(a_grid(basis="checkpoints"))
    assert overdue(officer) == [COMMUNITY + "001"]


def test_the_target_of_a_grid_goes_before_that_of_its_area(officer, grid):
    aim(officer, DELINGHA, 24)
    aim(officer, grid.code, 48)
    found = officer.get(f"{TARGETS}/{grid.code}").json
    assert found == {"code": grid.code, "hours": 48, "set_for": grid.code}


def test_an_areas_target_holds_for_its_grids(officer, grid):
    aim(officer, DELINGHA, 24)
    [item] = officer.get(OVERDUE).json["items"]
    assert (item["target_hours"], officer.get(f"{TARGETS}/{grid.code}").json["set_for"]) == (24, DELINGHA)


def test_a_target_that_is_taken_away_gives_way_to_the_one_above(officer, grid):
    tag = aim(officer, grid.code, 48).headers["ETag"]
    officer.delete(f"{TARGETS}/{grid.code}", headers={"If-Match": tag})
    assert officer.get(f"{TARGETS}/{grid.code}").json["set_for"] is None


def test_set_targets_are_listed(officer, grid):
    aim(officer, grid.code, 48)
    assert [each["code"] for each in officer.get(TARGETS).json["items"]] == [grid.code]


def test_a_target_that_another_has_changed_is_not_overwritten(officer, grid):
    tag = officer.get(f"{TARGETS}/{grid.code}").headers["ETag"]
    aim(officer, grid.code, 48)
    again = officer.put(f"{TARGETS}/{grid.code}", json={"hours": 5}, headers={"If-Match": tag})
    assert again.status_code == 412


@pytest.mark.parametrize("hours", [0, 8785, 1.5, "24", True, None])
def test_a_target_is_a_whole_number_of_hours_up_to_a_year(officer, grid, hours):
    assert aim(officer, grid.code, hours).status_code == 422


@pytest.mark.parametrize("code", [GOLMUD, "632802001001999", "1", "６３２８０２０００００"])
def test_a_target_of_what_is_not_seen_is_not_there(officer, code):
    put = officer.put(f"{TARGETS}/{code}", json={"hours": 5}, headers={"If-Match": "*"})
    assert put.status_code == 404


def test_who_only_watches_sets_no_target(signed_in, grid):
    centre = signed_in(role="centre", area=DELINGHA)
    assert centre.put(f"{TARGETS}/{grid.code}", json={"hours": 5}).status_code == 403
