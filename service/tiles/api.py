"""Routes: vector tiles of the map's layers."""

import hashlib
import time
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from flask import Response, g, request
from flask.views import MethodView

from geo.tiles import DEEPEST, is_tile
from service.areas.queries import sight
from service.coverage.windows import Window, whole_hours
from service.db import ask, glance, transaction
from service.errors import Invalid, NotFound
from service.policy import POLICY, Scope
from service.tiles.cache import Questions, TileCache
from service.tiles.layers import LAYERS, Layer
from service.tiles.queries import Tile
from service.tiles.schemas import TileJsonSchema, TileQuery
from service.web import Blueprint, caller, glimpse, needs

blueprint = Blueprint("tiles", __name__, url_prefix="/api/v1/tiles", description="Layers of the map")
MVT = "application/vnd.mapbox-vector-tile"
WORLD = [-180, -85.05112877980659, 180, 85.05112877980659]

kept = TileCache()


class Question(NamedTuple):
    """What is asked of a layer: which codes, and when."""

    prefix: str
    window: Window


class Look(NamedTuple):
    """What the look at the database has shown before the request was read."""

    words: Hashable  # of the question, and how far who asks sees
    at: float  # unix time
    state: str  # of the layer


asked: Questions[Question] = Questions()


@blueprint.before_request
def answer_known():
    """Answer at once what somebody with the same sight has asked in the same words within the hour.

    A map asks it for each of its tiles. What was accepted then is not read again, and who asks and whether
    anything has changed is one look at the database.
    """
    at = request.view_args or {}
    layer = LAYERS.get(at.get("layer"))
    if "z" not in at or layer is None or not _is_place(at["z"], at["x"], at["y"]):
        return None
    found = glimpse(layer.state)
    if found is None:
        return None
    who, state = found
    g.look = Look((layer.name, request.query_string, who.role, who.area), time.time(), state)
    question = asked.get(g.look.words, g.look.at)
    return question and _answer(layer, at, question, state, _draw_alone)


@blueprint.route("/<string:layer>/<int:z>/<int:x>/<int:y>.mvt")
class Tiles(MethodView):
    @needs("coverage:read")
    @blueprint.arguments(TileQuery, location="query")
    @blueprint.response(200, content_type=MVT)
    @blueprint.alt_response(304, description="Nothing has changed since the tile with this ETag")
    def get(self, query, layer, z, x, y):
        """Draw one tile of a layer

        `coverage` shows how much of each grid was seen, `gaps` (from zoom 12) what was not, `density` how
        long people walked there, `patrols` how many there were, `checkpoints` (from zoom 11) marked places,
        `uncovered` the grids that nobody has, `matters` the open ones.
        No layer shows anything of a person: a track is at `/patrols/{patrol_id}/track`, where looking at it
        is recorded. The answer has an ETag; ask again with `If-None-Match`.
        """
        if z > DEEPEST:
            raise Invalid(errors={"z": [f"At most {DEEPEST}."]})
        if layer not in LAYERS or not _is_place(z, x, y):
            raise NotFound
        layer = LAYERS[layer]
        question = Question(sight(caller(), _reach(layer)), whole_hours(query["start"], query["end"]))
        if look := g.get("look"):
            asked.keep(look.words, question, look.at)
        state = look.state if look else ask(f"SELECT {layer.state} AS state")[0].state
        return _answer(layer, {"z": z, "x": x, "y": y}, question, state, _draw)


@blueprint.route("/<string:layer>.json")
class TileJson(MethodView):
    @needs("coverage:read")
    @blueprint.response(200, TileJsonSchema)
    def get(self, layer):
        """Describe a layer (TileJSON 3)"""
        if layer not in LAYERS:
            raise NotFound
        _reach(LAYERS[layer])
        return {
            "tilejson": "3.0.0",
            "name": layer,
            "tiles": [f"{request.host_url}api/v1/tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt"],
            "minzoom": LAYERS[layer].shallowest,
            "maxzoom": DEEPEST,
            "bounds": WORLD,
            "vector_layers": [{"id": layer, "columns": LAYERS[layer].fields}],
        }


def _is_place(z, x, y):
    """Whether there is such a tile, and its address has no digits of other scripts."""
    return is_tile(z, x, y) and request.path.isascii()


def _reach(layer):
    """How far the caller sees what the layer shows; a map is for who sees an area of it."""
    found = POLICY[layer.permission].get(caller().role)
    if found not in (Scope.COUNTY, Scope.AREA):
        raise NotFound
    return found


Draw = Callable[[Layer, Tile, Window], bytes]


def _answer(layer: Layer, at: dict[str, int], question: Question, state: str, draw: Draw) -> Response:
    """The tile, or that the caller has it already; drawn only if it is not kept."""
    version = hashlib.sha256(repr((layer.name, question, state)).encode()).hexdigest()[:32]
    about = {"ETag": f'"{version}"', "Cache-Control": "private, no-cache"}
    if request.if_none_match.contains_weak(version):
        return Response(status=304, headers=about)
    tile = Tile(at["z"], at["x"], at["y"], question.prefix, question.window.end, state)
    key = version, tile.z, tile.x, tile.y
    drawing = kept.get(key, lambda: draw(layer, tile, question.window))
    return Response(drawing, headers=about, content_type=MVT)


def _draw(layer: Layer, tile: Tile, window: Window, look: Callable[..., Any] = ask) -> bytes:
    if tile.z < layer.shallowest:
        return b""
    if isinstance(layer.draw, str):
        return look(layer.draw, **tile.values)[0].tile
    return layer.draw(tile, window)


def _draw_alone(layer: Layer, tile: Tile, window: Window) -> bytes:
    """Outside any transaction of the request."""
    if isinstance(layer.draw, str):
        return _draw(layer, tile, window, glance)
    with transaction():
        return _draw(layer, tile, window)
