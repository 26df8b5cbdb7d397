"""Layers of the map."""

from math import asinh, pi, radians, tan

import pytest

from service.coverage.actions import rebuild_marked
from tests.factories import a_checkpoint, a_grid, a_member, a_team
from tests.service.phone import a_patrol, send
from tests.service.test_duty import made, midnight


def tile_at(lon=97.371, lat=37.371, z=15):
    x = int((lon + 180) / 360 * 2**z)
    y = int((1 - asinh(tan(radians(lat))) / pi) / 2 * 2**z)
    return f"/api/v1/tiles/coverage/{z}/{x}/{y}.mvt"


@pytest.fixture
def centre(signed_in):
    return signed_in(role="centre", area="632800000000")


@pytest.fixture
def grid(database):
    return a_grid()


def test_a_tile_has_the_grids_in_it(centre, grid):
    assert grid.code.encode() in centre.get(tile_at()).data


def test_a_tile_says_what_was_seen(centre, grid, signed_in):
    send(signed_in(a_member()), a_patrol())
    rebuild_marked()
    assert b"partly" in centre.get(tile_at()).data


def test_an_unchanged_tile_is_not_sent_again(centre, grid):
    tag = centre.get(tile_at()).headers["ETag"]
    assert centre.get(tile_at(), headers={"If-None-Match": tag}).status_code == 304


def test_a_tile_changes_with_what_was_seen(centre, grid, signed_in):
    tag = centre.get(tile_at()).headers["ETag"]
    send(signed_in(a_member()), a_patrol())
    rebuild_marked()
    assert centre.get(tile_at(), headers={"If-None-Match": tag}).status_code == 200


def test_a_tile_shows_nothing_of_another_county(signed_in, grid):
    assert signed_in(role="officer", area="632801000000").get(tile_at()).data == b""


@pytest.mark.parametrize(
    ("tile", "status"), [("1/5/5", 404), ("30/1/1", 422), ("-1/0/0", 404), ("5/x/1", 404)]
)
def test_a_tile_outside_the_world_is_refused(centre, tile, status):
    assert centre.get(f"/api/v1/tiles/coverage/{tile}.mvt").status_code == status


def test_an_unknown_layer_is_not_there(centre):
    assert centre.get("/api/v1/tiles/secrets/1/0/0.mvt").status_code == 404


def test_a_layer_is_described_as_tilejson_3(centre):
    assert centre.get("/api/v1/tiles/coverage.json").json["tilejson"] == "3.0.0"


def test_a_tile_changes_with_the_checkpoints_that_stand(centre, grid):
    tag = centre.get(tile_at()).headers["ETag"]
    a_checkpoint(grid)
    assert centre.get(tile_at(), headers={"If-None-Match": tag}).status_code == 200


def test_a_kept_tile_is_not_shown_to_who_may_not_see_it(centre, grid, signed_in):
    centre.get(tile_at())
    assert signed_in(role="officer", area="632801000000").get(tile_at()).data == b""


def test_the_layer_of_holes_shows_what_nobody_has(centre, signed_in, grid):
    window = {"from": midnight(1).isoformat(), "to": midnight(2).isoformat()}
    url = tile_at().replace("coverage", "uncovered")
    open_all_day = centre.get(url, query_string=window)
    made(signed_in(role="officer"), a_team(), grid, starts_at="00:00", minutes=1440)
    assert (grid.code.encode() in open_all_day.data, centre.get(url, query_string=window).data) == (True, b"")


def test_the_layer_of_holes_is_another_after_a_change_of_duty(centre, signed_in, grid):
    window = {"from": midnight(1).isoformat(), "to": midnight(2).isoformat()}
    url = tile_at().replace("coverage", "uncovered")
    seen = {"If-None-Match": centre.get(url, query_string=window).headers["ETag"]}
    before = centre.get(url, query_string=window, headers=seen).status_code
    made(signed_in(role="officer"), a_team(), grid)
    assert (before, centre.get(url, query_string=window, headers=seen).status_code) == (304, 200)
