"""Routes: vector tiles of the map's layers."""

import hashlib

from flask import Response, request
from flask.views import MethodView

from geo.tiles import DEEPEST, is_tile
from service.areas.places import places
from service.areas.queries import sight
from service.coverage import measure, versions
from service.coverage.windows import whole_hours
from service.db import session
from service.duty import holes
from service.errors import Invalid, NotFound
from service.tiles import queries
from service.tiles.cache import TileCache
from service.tiles.queries import Tile
from service.tiles.schemas import TileJsonSchema, TileQuery
from service.web import Blueprint, caller, needs, scope

blueprint = Blueprint("tiles", __name__, url_prefix="/api/v1/tiles", description="Layers of the map")
MVT = "application/vnd.mapbox-vector-tile"
GRID = {"code": "String", "name": "String", "basis": "String"}
LAYERS = {
    "grids": GRID,
    "uncovered": GRID | {"hours": "Number"},
    "coverage": GRID
    | {
        "share_seen": "Number",
        "share_no_evidence": "Number",
        "state": "String",
        "visits": "Number",
        "last_seen_at": "Number",
    },
}
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

        The answer has an ETag; ask again with `If-None-Match`.
        """
        if z > DEEPEST:
            raise Invalid(errors={"z": [f"At most {DEEPEST}."]})
        if layer not in LAYERS or not is_tile(z, x, y):
            raise NotFound
        window = whole_hours(query["start"], query["end"])
        prefix = sight(caller(), scope())
        answer = Response(content_type=MVT)
        answer.cache_control.private, answer.cache_control.no_cache = True, True
        version = _version(layer, prefix, window)
        answer.set_etag(version)
        if version not in request.if_none_match:
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
        return {
            "tilejson": "3.0.0",
            "name": layer,
            "tiles": [f"{request.host_url}api/v1/tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt"],
            "minzoom": 0,
            "maxzoom": DEEPEST,
            "bounds": WORLD,
            "vector_layers": [{"id": layer, "columns": LAYERS[layer]}],
        }


def _version(layer, prefix, window):
    if layer == "uncovered":
        parts = (layer, prefix, *window, session.scalars(holes.version()).one(), places().revision)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
    named = versions.of_footprints if layer == "coverage" else versions.of_ground
    return named(layer, prefix, *window)


def _draw(layer, tile, window):
    if layer == "grids":
        return bytes(session.scalar(queries.grids(tile)))
    if layer == "uncovered":
        open_grids = session.execute(holes.uncovered(window.start, window.end, tile.prefix)).all()
        return bytes(session.scalar(queries.uncovered(tile, open_grids)))
    return bytes(session.scalar(queries.coverage(tile, measure.by_grid(window, tile.prefix))))
