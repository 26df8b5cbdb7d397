"""Routes: areas, grids, and where one is."""

from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Response
from flask.views import MethodView

from geo.coordinates import to_wgs84
from service import paging
from service.areas import queries
from service.areas.models import Area, Grid
from service.areas.places import place, unix_ms
from service.areas.schemas import (
    AreasQuery,
    AreasSchema,
    AreaWithPathSchema,
    GridDetailsSchema,
    GridsQuery,
    GridsSchema,
    GridWithAreasSchema,
    LineageSchema,
    LocateQuery,
)
from service.db import fetch, session
from service.web import Blueprint, answer_page, caller, needs, next_link, scope

GEOJSON = "application/geo+json"
blueprint = Blueprint("areas", __name__, url_prefix="/api/v1", description="Areas and their grids")


@blueprint.route("/areas")
class Areas(MethodView):
    @needs("areas:read")
    @blueprint.arguments(AreasQuery, location="query")
    @blueprint.response(200, AreasSchema)
    def get(self, query):
        """List the areas that one sees, and those above them"""
        areas = queries.visible_to(caller(), scope())
        if "parent" in query:
            areas = queries.below(areas, fetch(areas, code=query["parent"]))
        if "level" in query:
            areas = areas.filter_by(level=query["level"])
        return answer_page(queries.described(areas, queries.reach(caller(), scope())), Area.code, query)


@blueprint.route("/areas/<string(length=12):code>")
class OneArea(MethodView):
    @needs("areas:read")
    @blueprint.response(200, AreaWithPathSchema)
    def get(self, code):
        """Show an area, what it holds, and where it hangs in the tree"""
        visible = queries.visible_to(caller(), scope()).filter_by(code=code)
        area = fetch(queries.described(visible, queries.reach(caller(), scope())))
        area.path = session.scalars(queries.path(code)).all()
        return area


@blueprint.route("/grids")
class Grids(MethodView):
    @needs("grids:read")
    @blueprint.arguments(GridsQuery, location="query")
    @blueprint.response(200, GridsSchema, content_type=GEOJSON)
    def get(self, query):
        """List grids as GeoJSON: the current ones, or those of a time"""
        grids = queries.grids_in(queries.sight(caller(), scope(), query.get("area")))
        grids = queries.in_force(grids, query.get("at"))
        if "bbox" in query:
            grids = queries.meeting(grids, query["bbox"])
        page = paging.page(queries.drawn(grids), Grid.code, query["limit"], query.get("cursor"))
        return geojson(GridsSchema().dump(page)), 200, next_link(page.next_cursor)


@blueprint.route("/grids/<string(length=15):code>")
class OneGrid(MethodView):
    @needs("grids:read")
    @blueprint.response(200, GridWithAreasSchema, content_type=GEOJSON)
    def get(self, code):
        """Show a current grid"""
        grids = queries.in_force(queries.grids_visible_to(caller(), scope()))
        return geojson(GridWithAreasSchema().dump(fetch(queries.drawn(grids), code=code)))


@blueprint.route("/grids/locate")
class Locate(MethodView):
    @needs("grids:read")
    @blueprint.arguments(LocateQuery, location="query")
    @blueprint.response(200, GridDetailsSchema)
    def get(self, query):
        """Find the grid around a position

        On a shared border it is always the same one: the grid with the lower code.
        """
        lon, lat = to_wgs84(query["lon"], query["lat"], query["crs"])
        grid_id = int(place(lon, lat, unix_ms(datetime.now(UTC)))[0])
        return fetch(queries.drawn(queries.grids_visible_to(caller(), scope())), id=grid_id)


@blueprint.route("/grids/<string(length=15):code>/lineage")
class Lineage(MethodView):
    @needs("grids:read")
    @blueprint.response(200, LineageSchema)
    def get(self, code):
        """Show all versions of a grid, what they came out of and what became of them"""
        prefix = queries.reach(caller(), scope())
        queries.sight(caller(), scope(), code)
        return {"items": session.execute(queries.lineage(code, prefix)).all()}


def geojson(body: Any) -> Response:
    """An answer in GeoJSON."""
    return Response(orjson.dumps(body), content_type=GEOJSON)
