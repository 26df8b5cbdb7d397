"""Routes: vector tiles of the map's layers."""

from flask import Response, request
from flask.views import MethodView

from geo.tiles import DEEPEST, is_tile
from service.areas.queries import sight
from service.coverage.windows import whole_hours
from service.db import session
from service.errors import Invalid, NotFound
from service.policy import POLICY, Scope
from service.tiles.cache import TileCache
from service.tiles.layers import LAYERS
from service.tiles.queries import Tile
from service.tiles.schemas import TileJsonSchema, TileQuery
from service.web import Blueprint, caller, needs

blueprint = Blueprint("tiles", __name__, url_prefix="/api/v1/tiles", description="Layers of the map")
MVT = "application/vnd.mapbox-vector-tile"
WORLD = [-180, -85.05112877980659, 180, 85.05112877980659]

kept = TileCache()


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
        if layer not in LAYERS or not is_tile(z, x, y):
            raise NotFound
        layer = LAYERS[layer]
        window = whole_hours(query["start"], query["end"])
        prefix = sight(caller(), _reach(layer))
        answer = Response(content_type=MVT)
        answer.cache_control.private, answer.cache_control.no_cache = True, True
        version = f"{layer.name}-{layer.version(prefix, window)}"
        answer.set_etag(version)
        if not request.if_none_match.contains_weak(version):
            tile = Tile(z, x, y, prefix, window.end)
            answer.set_data(kept.get((version, z, x, y), lambda: _draw(layer, tile, window)))
            return answer
        answer.status_code = 304
        return answer


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


def _reach(layer):
    """How far the caller sees what the layer shows; a map is for who sees an area of it."""
    found = POLICY[layer.permission].get(caller().role)
    if found not in (Scope.COUNTY, Scope.AREA):
        raise NotFound
    return found


def _draw(layer, tile, window):
    drawing = layer.draw(tile, window) if tile.z >= layer.shallowest else None
    return b"" if drawing is None else bytes(session.scalar(drawing))
