"""Where nobody has been, and for how long."""

from datetime import timedelta

import numpy as np
import pytest
from shapely.geometry import shape

from geo.coverage import cells_of, pack
from service.checkpoints import proofs
from service.coverage.actions import rebuild_marked
from service.coverage.models import Footprint
from service.coverage.overdue import is_enough
from service.db import session, uuid7
from tests.factories import COMMUNITY, a_checkpoint, a_grid, a_member, a_square
from tests.service.coverage import TARGETS, aim
from tests.service.phone import a_check_in, a_start, a_track, an_hour_ago, rfc3339, send

DELINGHA, GOLMUD = "632802000000", "632801000000"
GAPS, OVERDUE = "/api/v1/coverage/gaps", "/api/v1/coverage/overdue"


def features(client, **query):
    return client.get(GAPS, query_string=query).json["features"]


def overdue(client, **query):
    return [each["code"] for each in client.get(OVERDUE, query_string=query).json["items"]]


def walk_along_its_western_side(phone, lats, at=None, east=97.3699):
    patrol, at = str(uuid7()), at or an_hour_ago()
    track = a_track(patrol, at, [(east, lat) for lat in lats], every=60)
    send(phone, [a_start(patrol, at), track])
    rebuild_marked()


def test_a_grid_nobody_walked_is_one_gap_with_its_outline(officer, grid):
    [gap] = features(officer)
    assert shape(gap["geometry"]).normalize().equals_exact(a_square().normalize(), 1e-6)


def test_the_outline_of_a_gap_runs_counterclockwise_and_its_holes_do_not(officer, walked):
    for gap in features(officer):
        drawn = shape(gap["geometry"])
        assert drawn.exterior.is_ccw and not any(hole.is_ccw for hole in drawn.interiors)


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


def test_a_grid_that_was_only_grazed_is_overdue(officer, grid, signed_in):
    walk_along_its_western_side(signed_in(a_member()), [37.3700, 37.3710, 37.3720, 37.3730])
    [found] = officer.get("/api/v1/coverage").json["items"]
    assert (0.05 < found["share_seen"] < 0.1, overdue(officer)) == (True, [grid.code])


def test_what_a_patrol_sees_of_a_grid_adds_up_over_the_hours(officer, grid, signed_in):
    phone, before = signed_in(a_member()), an_hour_ago().replace(minute=58) - timedelta(hours=1)
    walk_along_its_western_side(phone, [37.3700, 37.3710, 37.3720, 37.3730], before, east=97.3701)
    hours = session.query(Footprint.is_enough).order_by(Footprint.hour).all()
    assert ([each.is_enough for each in hours], overdue(officer)) == ([False, True], [])


def test_a_proved_visit_is_worth_a_look_at_a_grid_measured_by_area_too(officer, grid, signed_in):
    phone, patrol, at = signed_in(a_member()), str(uuid7()), an_hour_ago()
    mark = a_checkpoint(grid)
    proof = proofs.make(mark.secret, mark.code, proofs.step_at(at))
    send(phone, [a_start(patrol, at), a_check_in(patrol, at, method="qr", proof=proof)])
    assert overdue(officer) == []


@pytest.mark.parametrize(
    ("side", "share", "enough"),  # 0.03 degrees are 880 hectares here
    [(0.003, 0.098, False), (0.003, 0.102, True), (0.03, 0.022, False), (0.03, 0.024, True)],
)
def test_enough_is_a_tenth_of_a_grid_or_what_one_sees_in_an_hour(side, share, enough):
    cells = cells_of(a_square(size=side))
    seen = np.unpackbits(cells.inside, axis=1)
    seen.ravel()[seen.ravel().nonzero()[0][round(share * cells.number) :]] = 0
    assert is_enough([pack(np.packbits(seen, axis=1))], cells) is enough


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
