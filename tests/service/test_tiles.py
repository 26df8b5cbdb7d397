"""Layers of the map."""

import numpy as np
import pytest
import shapely

from service.checkpoints.models import Checkpoint
from service.coverage.actions import rebuild_marked
from service.db import session
from service.members.models import Member
from service.tiles.actions import draw_outlines, simplified
from service.tiles.layers import LAYERS
from service.tiles.models import GridOutline
from tests.factories import COMMUNITY, a_checkpoint, a_grid, a_member, a_report, a_square, a_team
from tests.service.coverage import tile_at
from tests.service.duty import made, midnight
from tests.service.phone import a_patrol, send

MARK = {"name": "东门", "kind": "door", "lon": 97.3712, "lat": 37.3712}


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


def test_a_tile_changes_with_the_checkpoints_that_stand(centre, grid, signed_in):
    tag = centre.get(tile_at()).headers["ETag"]
    assert signed_in(role="officer").post("/api/v1/checkpoints", json=MARK).status_code == 201
    assert centre.get(tile_at(), headers={"If-None-Match": tag}).status_code == 200


def test_a_kept_tile_is_not_shown_to_who_may_not_see_it(centre, grid, signed_in):
    centre.get(tile_at())
    assert signed_in(role="officer", area="632801000000").get(tile_at()).data == b""


def test_a_kept_tile_is_refused_at_once_to_who_has_signed_out(centre, grid):
    before = [centre.get(tile_at()).status_code for _ in range(2)]
    centre.delete("/api/v1/sessions/current")
    assert (before, centre.get(tile_at()).status_code) == ([200, 200], 401)


def test_a_kept_tile_is_not_there_for_who_no_longer_sees_the_area(signed_in, grid):
    watcher = a_member("centre")
    page = signed_in(watcher)
    assert grid.code.encode() in [page.get(tile_at()).data for _ in range(2)][1]
    session.query(Member).filter_by(id=watcher.id).update({"area_code": "632801000000"})
    assert page.get(tile_at()).data == b""


def test_a_kept_tile_is_refused_to_who_has_lost_the_role(signed_in, grid):
    watcher = a_member("centre")
    page = signed_in(watcher)
    assert [page.get(tile_at()).status_code for _ in range(2)] == [200, 200]
    session.query(Member).filter_by(id=watcher.id).update({"role": "auditor"})
    assert page.get(tile_at()).status_code == 403


def test_a_question_that_was_answered_is_read_again_when_a_parameter_is_added(centre, grid):
    assert [centre.get(tile_at()).status_code for _ in range(2)] == [200, 200]
    assert centre.get(f"{tile_at()}?form=gif").status_code == 422


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


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_every_layer_is_described(centre, layer):
    described = centre.get(f"/api/v1/tiles/{layer}.json").json
    assert described["vector_layers"] == [{"id": layer, "fields": dict(LAYERS[layer].fields)}]


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_every_layer_says_nothing_of_another_county(signed_in, walked, layer):
    a_checkpoint(walked)
    assert signed_in(role="centre", area="632801000000").get(tile_at(layer=layer)).data == b""


@pytest.mark.parametrize("layer", sorted(set(LAYERS) - {"matters"}))
def test_every_layer_draws_what_is_there(centre, walked, layer):
    a_checkpoint(walked)
    assert walked.code.encode() in centre.get(tile_at(layer=layer)).data


def test_an_open_matter_is_drawn_for_whoever_sees_the_area(centre, signed_in, grid):
    assert signed_in(role="officer").post("/api/v1/matters", json=a_report()).status_code == 201
    assert b"fire_hazard" in centre.get(tile_at(layer="matters")).data


@pytest.mark.parametrize("layer", ["matters", "uncovered"])
def test_a_layer_is_not_there_for_who_may_not_ask_what_it_shows(signed_in, layer):
    phone = signed_in(role="member")
    assert phone.get(tile_at(layer=layer)).status_code == 404
    assert phone.get(f"/api/v1/tiles/{layer}.json").status_code == 404


@pytest.mark.parametrize("layer", ["density", "patrols"])
def test_where_nobody_was_nothing_is_drawn(centre, grid, layer):
    assert centre.get(tile_at(layer=layer)).data == b""


@pytest.mark.parametrize(("layer", "z"), [("gaps", 11), ("checkpoints", 10)])
def test_a_layer_of_small_things_is_empty_from_afar(centre, walked, layer, z):
    a_checkpoint(walked)
    assert centre.get(tile_at(layer=layer, z=z)).data == b""


def test_a_tile_of_checkpoints_changes_with_a_name(centre, grid):
    a_checkpoint(grid)
    tag = centre.get(tile_at(layer="checkpoints")).headers["ETag"]
    session.query(Checkpoint).update({"name": "西门"})
    assert centre.get(tile_at(layer="checkpoints"), headers={"If-None-Match": tag}).status_code == 200


def test_a_tag_that_a_proxy_has_weakened_is_known(centre, grid):
    tag = centre.get(tile_at()).headers["ETag"]
    assert centre.get(tile_at(), headers={"If-None-Match": f"W/{tag}"}).status_code == 304


def test_outlines_are_drawn_once_for_a_grid(grid):
    assert (draw_outlines(), draw_outlines()) == (1, 0)


def test_a_tile_is_the_same_grid_once_outlines_are_drawn(centre, grid):
    before = centre.get(tile_at(layer="grids", z=14)).data
    draw_outlines()
    session.commit()
    again = centre.get(tile_at(layer="grids", z=15)).data
    assert grid.code.encode() in before and grid.code.encode() in again


def test_a_new_grid_has_its_neighbours_drawn_again(grid):
    draw_outlines()
    a_grid(COMMUNITY + "002", a_square(97.373))
    assert draw_outlines() == 2
    assert session.query(GridOutline).count() == 10


@pytest.mark.parametrize("zoom", [8, 10, 12, 14])
def test_simplified_grids_still_share_their_borders(zoom):
    chance = np.random.default_rng(5)
    seeds = shapely.multipoints(chance.uniform(0, 9000, (60, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds))
    waves = shapely.transform(
        shapely.segmentize(cells, 20), lambda at: np.round(at + 8 * np.sin(at[:, ::-1] / 40), 2)
    )
    assert shapely.coverage_is_valid(simplified(waves, zoom))
