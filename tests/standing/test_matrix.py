"""Every route × every role × every relation: the policy holds, and nothing leaks."""

import pytest
from sqlalchemy import true

from service.alarms import queries as alarms
from service.areas import queries as areas
from service.coverage import api as coverage
from service.matters import queries as matters
from service.media import queries as media
from service.patrols import queries as patrols
from service.teams import queries as teams
from service.tiles import api as tiles
from tests.conftest import thrown_away
from tests.standing import matrix, matrix_world


@pytest.fixture(scope="module")
def connection(app):
    """A transaction around all these tests; it is thrown away."""
    with thrown_away(app) as connection:
        yield connection


@pytest.fixture(scope="module")
def world(app, connection):
    return matrix_world.build(app)


@pytest.fixture(scope="module")
def tally(app, connection, world):
    return matrix.walk(app, connection, world, [None, *world.callers])


def test_every_answer_is_what_the_policy_says(tally):
    assert "\n".join(tally.wrong) == ""


def test_nothing_leaks(tally, capsys):
    with capsys.disabled():
        print(f"\nmatrix: {tally.asked} requests, {len(tally.leaks)} of them leaked")
        for route in sorted(tally.loose):
            print(f"matrix: was asked without what it needs: {route}")
    assert "\n".join(tally.leaks) == ""


LEAKS = {
    "teams that anybody sees": (teams, "_is_visible", lambda *_: true(), "/teams"),
    "areas without an edge": (areas, "reach", lambda *_: "", "/(areas|grids)"),
    "patrols of everybody": (patrols, "walkers", lambda *_: patrols.select(patrols.Member.id), "/patrols"),
    "photos of everybody": (media, "visible_to", lambda *_: media.select(media.Photo), "/media"),
    "photos of everybody's matters": (
        matters,
        "visible_to",
        lambda *_: matters.select(matters.Matter),
        "/media",
    ),
    "matters of everybody": (matters, "visible_to", lambda *_: matters.select(matters.Matter), "/matters"),
    "tiles of everywhere": (tiles, "sight", lambda *_: "", "/tiles"),
    "alarms of everybody": (alarms, "_by", lambda *_: true(), "/alarms"),
    "coverage of everywhere": (coverage, "sight", lambda *_: "", "/coverage"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(app, connection, world, monkeypatch, leak):
    module, name, forgetful, routes = LEAKS[leak]
    monkeypatch.setattr(module, name, forgetful)
    member = [who for who in world.callers if who.role == "member"]
    assert matrix.walk(app, connection, world, member, only=f"^GET .*{routes}").leaks


def test_an_unknown_path_parameter_is_named(app):
    rule = next(rule for rule in app.url_map.iter_rules() if "team_id" in rule.arguments)
    with pytest.raises(LookupError, match="<thing_id>"):
        matrix.kind_of(rule, "thing_id")
