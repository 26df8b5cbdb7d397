"""How much of the grids was seen: exact, three-valued, and right when data comes late."""

import csv
import io
from datetime import timedelta

import numpy as np
import pytest
from shapely import box

from geo.coverage import exact_share
from service.coverage import scratch
from service.coverage.actions import rebuild_marked
from service.coverage.models import CoverageMark, Footprint
from service.db import announce, session, uuid7
from tests.factories import COMMUNITY, a_grid, a_square
from tests.service.coverage import DAY, THESE_DAYS
from tests.service.phone import WALK, a_check_in, a_patrol, a_track, an_hour_ago, rfc3339, send

DELINGHA, GOLMUD = "632802000000", "632801000000"


def walked(phone, items):
    send(phone, items)
    rebuild_marked()


def the_grid(client, code=COMMUNITY + "001", **query):
    return client.get("/api/v1/coverage", query_string={"area": code} | query).json["items"][0]


def test_a_grid_nobody_walked_is_unseen(centre, grid):
    assert the_grid(centre)["state"] == "unseen"


def test_a_walk_is_seen_within_sight_of_it(centre, phone, grid):
    walked(phone, a_patrol())
    exact = exact_share(a_square(), [np.array(WALK)], 25)
    assert abs(the_grid(centre)["share_seen"] - exact) < 0.01


def test_a_walk_late_by_a_batch_ends_in_the_same_state(centre, phone, grid):
    patrol, at = str(uuid7()), an_hour_ago()
    whole = a_track(patrol, at, WALK)
    walked(phone, [whole | {"id": str(uuid7()), "points": whole["points"][2:]}])
    walked(phone, [whole | {"points": whole["points"][:2]}])
    in_parts = session.query(Footprint.seen, Footprint.person_seconds).all()
    session.query(Footprint).delete()
    walked(phone, [whole | {"id": str(uuid7())}])
    assert session.query(Footprint.seen, Footprint.person_seconds).all() == in_parts


def test_what_was_kept_patrol_by_patrol_is_what_all_facts_show_together(phone, grid):
    walked(phone, a_patrol())
    walked(phone, [a_track(str(uuid7()), an_hour_ago(), WALK[::-1])])
    assert scratch.check(*THESE_DAYS) == (1, [])


def test_a_footprint_that_was_altered_is_found(phone, grid):
    walked(phone, a_patrol())
    session.query(Footprint).update({"seen": b""})
    assert scratch.check(*THESE_DAYS) == (1, [grid.code])


def test_whole_days_and_the_hours_around_them_are_read_as_one_window(centre, phone, grid):
    walked(phone, a_patrol())
    week = {"from": rfc3339(an_hour_ago() - 7 * DAY), "to": rfc3339(an_hour_ago() + 2 * DAY)}
    alone, within = the_grid(centre), the_grid(centre, **week)
    assert within == alone and within["visits"] == 1


def test_a_check_in_without_a_track_is_no_evidence(centre, phone, grid):
    walked(phone, [a_check_in(str(uuid7()), an_hour_ago())])
    found = the_grid(centre)
    assert (found["state"], found["share_no_evidence"], found["check_ins"]["B"]) == ("no_evidence", 1.0, 1)


def test_mock_positions_see_nothing(centre, phone, grid):
    patrol = str(uuid7())
    track = a_track(patrol, an_hour_ago())
    track["points"] = [[*point, 1.2, 90, 80, 1] for point in track["points"]]
    walked(phone, [track])
    assert the_grid(centre)["share_seen"] == 0


def test_visits_and_time_are_counted_per_grid(centre, phone, grid):
    at = an_hour_ago().replace(minute=10)
    walked(phone, a_patrol(at) + a_patrol(at + timedelta(minutes=10)))
    found = the_grid(centre)
    assert (found["visits"], found["person_minutes"]) == (2, 2.0)


def test_what_was_seen_before_the_window_does_not_count(centre, phone, grid):
    walked(phone, a_patrol(an_hour_ago() - timedelta(hours=30)))
    assert the_grid(centre)["state"] == "unseen"


def test_a_community_weighs_its_grids_by_area(centre, phone, grid):
    a_grid(COMMUNITY + "002", box(97.373, 37.37, 97.379, 37.373))
    walked(phone, a_patrol())
    one = the_grid(centre)
    both = the_grid(centre, COMMUNITY, by="community")
    assert both["share_seen"] == pytest.approx(one["share_seen"] * one["area_m2"] / both["area_m2"])


def test_grids_of_another_county_are_not_there(signed_in, grid):
    stranger = signed_in(role="officer", area=GOLMUD)
    assert stranger.get(f"/api/v1/coverage?area={grid.code}").status_code == 404
    assert stranger.get("/api/v1/coverage").json["items"] == []


def test_geojson_has_the_same_fields_as_properties(centre, grid):
    feature = centre.get("/api/v1/coverage", headers={"Accept": "application/geo+json"}).json["features"][0]
    assert (feature["properties"], feature["geometry"]["type"]) == (the_grid(centre), "MultiPolygon")


def test_csv_has_a_row_a_grid(centre, grid):
    text = centre.get("/api/v1/coverage", headers={"Accept": "text/csv"}).text
    assert [row["code"] for row in csv.DictReader(io.StringIO(text))] == [grid.code]


def test_pages_follow_each_other_by_code(centre, grid):
    a_grid(COMMUNITY + "002", box(97.373, 37.37, 97.376, 37.373))
    first = centre.get("/api/v1/coverage?limit=1").json
    second = centre.get(f"/api/v1/coverage?limit=1&cursor={first['next_cursor']}").json
    assert [first["items"][0]["code"][-3:], second["items"][0]["code"][-3:], second["next_cursor"]] == [
        "001",
        "002",
        None,
    ]


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=2021-01-01T00:00:00Z&to=2099-01-01T00:00:00Z",
        "from=2026-01-01T00:00:00",
        "from=yesterday",
        "area=1",
        "by=street",
        "limit=1000000",
        "limit=१०",
        "cursor=%%%",
        "gird_id=5",
        "by=grid&by=county",
        "area=632802001001001%00",
    ],
)
def test_a_question_that_makes_no_sense_is_refused(centre, query):
    answer = centre.get(f"/api/v1/coverage?{query}")
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")


def test_a_query_that_is_not_utf_8_is_unreadable(centre):
    assert centre.get("/api/v1/coverage?area=%ff%fe").status_code == 400


def test_a_new_grid_shows_what_was_walked_before_it_was_drawn(centre, phone):
    walked(phone, a_patrol())
    grid = a_grid()
    announce("grids revised", grids=[grid.id], retired=[])
    rebuild_marked()
    assert the_grid(centre)["share_seen"] > 0


def test_a_revision_rebuilds_only_who_was_there(phone, signed_in, grid):
    walked(phone, a_patrol())
    far = a_grid(COMMUNITY + "002", a_square(97.6))
    announce("grids revised", grids=[far.id], retired=[])
    assert session.query(CoverageMark).count() == 0


def test_an_unknown_form_is_not_acceptable(centre):
    assert centre.get("/api/v1/coverage", headers={"Accept": "image/png"}).status_code == 406


def test_an_unchanged_answer_is_not_sent_again(centre, grid):
    tag = centre.get("/api/v1/coverage").headers["ETag"]
    again = centre.get("/api/v1/coverage", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_an_answer_changes_as_soon_as_a_check_in_arrives(centre, phone, grid):
    tag = centre.get("/api/v1/coverage").headers["ETag"]
    send(phone, [a_check_in(str(uuid7()), an_hour_ago())])
    assert centre.get("/api/v1/coverage", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    "query", ["by=community", "limit=7", "area=632802001000", "from=2026-01-01T00:00:00Z"]
)
def test_another_question_has_another_tag(centre, grid, query):
    tag = centre.get("/api/v1/coverage").headers["ETag"]
    assert centre.get(f"/api/v1/coverage?{query}", headers={"If-None-Match": tag}).status_code == 200


def test_csv_does_not_pass_for_json(centre, grid):
    tag = centre.get("/api/v1/coverage").headers["ETag"]
    answer = centre.get("/api/v1/coverage", headers={"If-None-Match": tag, "Accept": "text/csv"})
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
