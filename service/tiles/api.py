"""Routes: vector tiles of the map's layers."""

import hashlib

from flask import Response, request
from flask.views import MethodView

from geo.tiles import DEEPEST, is_tile
from service.areas.places import places
from service.areas.queries import sight
from service.coverage import measure
from service.coverage import queries as coverage
from service.coverage.windows import whole_hours
from service.db import session
from service.duty import holes
from service.errors import Invalid, NotFound
from service.tiles import queries
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
        answer.set_etag(_version(layer, prefix, window))
        if answer.get_etag()[0] not in request.if_none_match:
            answer.set_data(_draw(layer, Tile(z, x, y, prefix, window.end), window))
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
    states = {"coverage": coverage.version, "uncovered": holes.version}
    seen = session.scalars(states[layer]()).one() if layer in states else ""
    parts = (layer, prefix, *window, seen, places().revision)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _draw(layer, tile, window):
    if layer == "grids":
        return session.scalar(queries.grids(tile))
    if layer == "uncovered":
        open_grids = session.execute(holes.uncovered(window.start, window.end, tile.prefix)).all()
        return session.scalar(queries.uncovered(tile, open_grids))
    return session.scalar(queries.coverage(tile, measure.by_grid(window, tile.prefix)))
