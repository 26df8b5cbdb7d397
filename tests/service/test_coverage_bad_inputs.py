"""Careless and hostile questions about coverage and tiles: each is answered clearly, with bounded work."""

from datetime import datetime, timedelta

import pytest

from geo.tiles import DEEPEST
from service.coverage.actions import rebuild_marked
from service.tiles.layers import LAYERS
from tests.factories import COMMUNITY, a_grid, a_member, a_square
from tests.service.coverage import tile_at
from tests.service.phone import a_patrol, an_hour_ago, rfc3339, send

COVERAGE = "/api/v1/coverage"
ASKED = (COVERAGE, f"{COVERAGE}/trend", f"{COVERAGE}/gaps", tile_at(layer="coverage"), tile_at(layer="gaps"))
WITH_AREA = (COVERAGE, f"{COVERAGE}/trend", f"{COVERAGE}/gaps", f"{COVERAGE}/overdue", f"{COVERAGE}/targets")
PROBLEM = "application/problem+json"
DAY = timedelta(days=1)


@pytest.fixture
def centre(signed_in):
    """Of the whole prefecture."""
    return signed_in(role="centre", area="632800000000")


@pytest.mark.parametrize("url", ASKED)
@pytest.mark.parametrize(
    ("window", "said"),
    [
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "before"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "before"),
        ("from=2026-01-01T23:00:00%2B08:00&to=2026-01-01T15:00:00Z", "before"),
        ("from=2090-01-01T00:00:00Z", "before"),
        ("from=2021-01-01T00:00:00Z&to=2031-01-01T00:00:00Z", "at most"),
        ("from=2021-01-01T00:00:00Z", "at most"),
        ("from=2025-01-01T00:00:00Z&to=2026-01-03T00:00:00Z", "at most"),
    ],
)
def test_a_window_that_is_reversed_empty_or_of_years_is_refused(centre, url, window, said):
    answer = centre.get(f"{url}?{window}")
    assert (answer.status_code, answer.content_type) == (422, PROBLEM)
    assert said in str(answer.json["errors"]["from"])


@pytest.mark.parametrize("url", ASKED)
@pytest.mark.parametrize(
    "time",
    ["2026-01-01", "2026-02-30T00:00:00Z", "2026-01-01T24:01:00Z", "2026-01-01T00:00:00+25:00", "-1", ""],
)
def test_what_is_no_time_is_refused(centre, url, time):
    answer = centre.get(url, query_string={"from": time})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["from"])


def test_a_year_may_be_asked_at_once(centre, walked):
    end = an_hour_ago() + DAY
    year = {"from": rfc3339(end - 366 * DAY), "to": rfc3339(end)}
    assert centre.get(COVERAGE, query_string=year).json["items"][0]["visits"] == 1


@pytest.mark.parametrize("url", [COVERAGE, f"{COVERAGE}/gaps", tile_at(layer="coverage")])
def test_the_same_window_with_another_offset_is_the_same_question(centre, walked, url):
    noon = an_hour_ago().replace(minute=0, second=0)
    utc = {"from": rfc3339(noon - DAY), "to": rfc3339(noon + DAY)}
    there = {"from": f"{noon - DAY + 9.5 * DAY / 24:%Y-%m-%dT%H:%M:%S}+09:30"} | {"to": utc["to"]}
    same = [centre.get(url, query_string=window) for window in (utc, there)]
    assert (same[0].status_code, same[0].data) == (200, same[1].data)


def test_a_local_day_begins_at_sixteen_hours_of_the_day_before(centre, grid, signed_in):
    midnight = (an_hour_ago() - 3 * DAY).replace(hour=16, minute=0, second=0)  # of local time, all year round
    send(signed_in(a_member()), a_patrol(midnight - timedelta(minutes=10)))
    rebuild_marked()
    window = {"from": rfc3339(midnight - DAY), "to": rfc3339(midnight + DAY)}
    days = centre.get(f"{COVERAGE}/trend", query_string=window).json["items"]
    assert [each["visits"] for each in days] == [1, 0]


@pytest.mark.parametrize("url", WITH_AREA)
@pytest.mark.parametrize("code", ["632802999000", "632802001001999", "630100000000"])
def test_an_area_that_is_not_known_is_not_there(centre, grid, url, code):
    answer = centre.get(url, query_string={"area": code})
    assert (answer.status_code, answer.content_type) == (404, PROBLEM)


@pytest.mark.parametrize("url", WITH_AREA)
@pytest.mark.parametrize("code", ["", "6328", "63280200100A", "６３２８０２００１００１", "632802001001 "])
def test_what_is_no_code_is_refused(centre, url, code):
    answer = centre.get(url, query_string={"area": code})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["area"])


@pytest.mark.parametrize("by", ["grid", "community", "township", "county"])
@pytest.mark.parametrize("form", ["application/json", "application/geo+json"])
def test_an_area_without_grids_has_an_empty_answer(centre, grid, by, form):
    query = {"area": "632801000000", "by": by}
    body = centre.get(COVERAGE, query_string=query, headers={"Accept": form}).json
    assert (body.get("items", body.get("features")), body["next_cursor"]) == ([], None)


def test_an_area_without_grids_has_a_csv_of_a_head_alone(centre, grid):
    query = {"area": "632801000000"}
    rows = centre.get(COVERAGE, query_string=query, headers={"Accept": "text/csv"}).text.splitlines()
    assert len(rows) == 1 and rows[0].startswith("code,name,basis")


@pytest.mark.parametrize("url", [f"{COVERAGE}/gaps", f"{COVERAGE}/overdue"])
def test_an_area_without_grids_has_neither_gaps_nor_anything_overdue(centre, grid, url):
    body = centre.get(url, query_string={"area": "632801000000"}).json
    assert body.get("items", body.get("features")) == []


@pytest.mark.parametrize(
    ("by", "code"),
    [
        ("grid", COMMUNITY + "001"),
        ("community", COMMUNITY),
        ("township", "632802001000"),
        ("county", "632802000000"),
    ],
)
def test_every_level_says_all_that_is_known_of_its_ground(centre, walked, by, code):
    [found] = centre.get(COVERAGE, query_string={"by": by}).json["items"]
    assert (found["code"], found["state"], found["visits"], found["person_minutes"]) == (
        code,
        "partly",
        1,
        1.0,
    )
    assert (found["check_ins"], found["share_no_evidence"]) == ({"A": 0, "B": 1, "C": 0, "D": 0}, 0.0)
    ago = an_hour_ago() - datetime.fromisoformat(found["last_seen_at"])
    assert timedelta(minutes=-2) < ago < timedelta(minutes=1) and 0.1 < found["share_seen"] < 0.15


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_every_zoom_of_the_world_has_its_tile(centre, walked, layer):
    tiles = [tile_at(z=z, layer=layer) for z in (0, 1, 5, DEEPEST)]
    corners = [f"/api/v1/tiles/{layer}/22/{x}/{y}.mvt" for x in (0, 2**22 - 1) for y in (0, 2**22 - 1)]
    assert {centre.get(url).status_code for url in tiles + corners} == {200}


@pytest.mark.parametrize(
    ("tile", "status"),
    [
        ("23/0/0", 422),
        ("22/4194304/0", 404),
        ("22/0/4194304", 404),
        ("0/1/0", 404),
        ("0/0/1", 404),
        ("1/0/99999999999999999999999999", 404),
        ("99999999999999999999999999/0/0", 422),
        ("1/-1/0", 404),
        ("1/0.5/0", 404),
        ("1/１/0", 404),
        ("1/0x1/0", 404),
    ],
)
def test_a_tile_beyond_the_world_is_a_problem(centre, tile, status):
    answer = centre.get(f"/api/v1/tiles/coverage/{tile}.mvt")
    assert (answer.status_code, answer.content_type) == (status, PROBLEM)


@pytest.mark.parametrize(
    "query", ["frm=2026-01-01T00:00:00Z", "area=632802000000", "from=x&from=y", "to=%00"]
)
def test_a_tile_takes_no_parameter_that_it_does_not_know(centre, query):
    assert centre.get(f"{tile_at()}?{query}").status_code == 422


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_a_description_is_valid_tilejson_3_and_leads_to_its_tiles(centre, layer):
    about = centre.get(f"/api/v1/tiles/{layer}.json").json
    west, south, east, north = about["bounds"]
    assert about["tilejson"] == "3.0.0" and -180 <= west < east <= 180 and -90 <= south < north <= 90
    assert 0 <= about["minzoom"] <= about["maxzoom"] <= 30
    types = [kind for each in about["vector_layers"] for kind in each["fields"].values()]
    assert set(types) <= {"String", "Number", "Boolean"} and types
    [template] = about["tiles"]
    tile = template.format(z=about["maxzoom"], x=0, y=0)
    assert centre.get(tile).content_type == "application/vnd.mapbox-vector-tile"


@pytest.mark.parametrize("as_of", ["2019-12-31T00:00:00Z", "2101-01-01T00:00:00Z", "now", "2026-01-01"])
def test_a_date_of_grids_that_is_none_is_refused(centre, as_of):
    answer = centre.get(COVERAGE, query_string={"as_of": as_of})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["as_of"])


def test_as_of_a_time_before_there_were_grids_nothing_is_measured(centre, database):
    a_grid(since=an_hour_ago())
    assert centre.get(COVERAGE, query_string={"as_of": "2020-01-02T00:00:00Z"}).json["items"] == []


def test_a_grid_far_from_every_walk_has_no_time_in_which_it_was_seen(centre, walked):
    a_grid(COMMUNITY + "002", a_square(97.6))
    [far] = centre.get(COVERAGE, query_string={"area": COMMUNITY + "002"}).json["items"]
    assert (far["state"], far["last_seen_at"], far["visits"]) == ("unseen", None, 0)
