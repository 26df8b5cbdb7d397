"""Routes: areas, grids, where one is, and how grids change."""

from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Response, current_app, jsonify, request
from flask.views import MethodView

from geo.coordinates import to_wgs84
from service import paging
from service.areas import actions, files, laying, queries
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
    LaidSchema,
    LaySchema,
    LineageSchema,
    LocateQuery,
    ProposalSchema,
    RevisionQuery,
    RevisionSchema,
    WeighedSchema,
)
from service.db import fetch, session
from service.gate import read_json
from service.web import (
    PROBLEM,
    Blueprint,
    ProblemSchema,
    answer_page,
    caller,
    needs,
    next_link,
    read_body,
    scope,
)

GEOJSON, GEOPACKAGE = "application/geo+json", "application/geopackage+sqlite3"
FILES = {
    GEOJSON: {"schema": ProposalSchema},
    "application/json": {"schema": ProposalSchema},
    GEOPACKAGE: {"schema": {"type": "string", "format": "binary", "description": "One layer of polygons"}},
}
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


@blueprint.route("/grid-revisions")
class GridRevisions(MethodView):
    @needs("grids:revise")
    @blueprint.arguments(RevisionQuery, location="query")
    @blueprint.doc(requestBody={"required": True, "content": FILES})
    @blueprint.response(201, RevisionSchema)
    @blueprint.alt_response(200, schema=WeighedSchema, description="The report of a dry run")
    def post(self, query):
        """Propose a change of grids, as GeoJSON or GeoPackage

        A feature's properties: `code`, or `community` to be numbered in; `name`, `basis`, and `replaces`, the
        codes of the grids it succeeds. A code that stands already is redrawn. The member `retires` ends grids
        without a successor. With `dry_run` nothing is kept and only the report is given. Nothing in a file is
        ever repaired.
        """
        prefix = queries.sight(caller(), scope(), query.get("area"))
        body = read_body(*FILES, limit=current_app.settings.import_bytes)
        crs = query.get("crs")
        is_package = request.mimetype == GEOPACKAGE
        proposal = files.read_package(body, crs) if is_package else files.read_geojson(read_json(body), crs)
        if query["dry_run"]:
            return jsonify(WeighedSchema().dump(actions.weigh(proposal, prefix).report()))
        return actions.propose(proposal, prefix, caller().member_id)


@blueprint.route("/grid-revisions/<uuid:revision_id>")
class OneRevision(MethodView):
    @needs("grids:revise")
    @blueprint.response(200, RevisionSchema)
    def get(self, revision_id):
        """Show a change of grids and its report"""
        return fetch(queries.revisions_visible_to(caller(), scope()), id=revision_id)


@blueprint.route("/grid-revisions/<uuid:revision_id>/approve")
class Approval(MethodView):
    @needs("grids:revise")
    @blueprint.response(200, RevisionSchema)
    @blueprint.alt_response(
        409, schema=ProblemSchema, content_type=PROBLEM, description="Approved, or outdated"
    )
    def post(self, revision_id):
        """Put a change of grids into force

        The grids that it replaces end at this moment, and their successors begin.
        """
        revision = fetch(queries.revisions_visible_to(caller(), scope()), id=revision_id)
        actions.approve(revision, queries.reach(caller(), scope()), caller().member_id)
        return revision


@blueprint.route("/grids/lay")
class Laying(MethodView):
    @needs("grids:revise")
    @blueprint.arguments(LaySchema)
    @blueprint.response(200, LaidSchema, content_type=GEOJSON)
    def post(self, order):
        """Lay grids over a community or a part of it, as a proposal

        The answer can be sent to `/grid-revisions` as it is. Nothing is kept.
        """
        code = queries.sight(caller(), scope(), order["community"])
        area = laying.read_area(order.get("shape") or session.scalar(queries.outline(code)))
        last = session.scalar(queries.last_number(code))
        return geojson(LaidSchema().dump({"features": laying.features(laying.lay(area, order), code, last)}))


def geojson(body: Any) -> Response:
    """An answer in GeoJSON."""
    return Response(orjson.dumps(body), content_type=GEOJSON)
