"""Routes: what nobody has, and what was promised against what was walked."""

import csv
import io
import json
from datetime import UTC, datetime

from flask import Response, request
from flask.views import MethodView
from werkzeug.exceptions import NotAcceptable

from service.areas.queries import reach, sight
from service.coverage.queries import areas
from service.db import fetch, session
from service.duty import holes
from service.duty import queries as duty
from service.duty.schemas import HolesQuery, HolesSchema
from service.fulfilment import queries, tally
from service.fulfilment.schemas import FulfilmentQuery, FulfilmentSchema, RollsSchema
from service.paging import cursor_at, read_cursor
from service.policy import Scope
from service.teams import queries as teams
from service.teams.sheets import defused
from service.web import Blueprint, caller, needs, next_link, scope

JSON, CSV = "application/json", "text/csv"
blueprint = Blueprint(
    "fulfilment", __name__, url_prefix="/api/v1", description="What was promised, and what was walked"
)


@blueprint.route("/duty/fulfilment")
class Fulfilment(MethodView):
    @needs("duty:fulfilment")
    @blueprint.arguments(FulfilmentQuery, location="query")
    @blueprint.response(200, FulfilmentSchema)
    def get(self, query):
        """Ask what was promised and what was walked, by grid, area, team or shift

        What counts is evidence: the seen share of a grid, or its checkpoints reached, by the team during the
        shift. How long somebody was online counts for nothing, and nobody is ranked.
        """
        asked = tally.Asked(shifts_of(query), query["start"], query["end"], prefix_of(query), query["by"])
        found = tally.tallies(asked, datetime.now(UTC))
        if query.get("cursor"):
            after = read_cursor(query["cursor"])
            found = [each for each in found if each.code > after]
        limit = query["limit"]
        cursor = cursor_at(found[limit - 1].code) if len(found) > limit else None
        items = name_areas(found[:limit], asked)
        return {"window": query, "items": items, "next_cursor": cursor}, 200, next_link(cursor)


@blueprint.route("/shifts/<uuid:shift_id>/spot-checks")
class Rolls(MethodView):
    @needs("duty:fulfilment")
    @blueprint.response(200, RollsSchema)
    def get(self, shift_id):
        """Show the spot checks of a shift, and who showed up"""
        shift = fetch(duty.shifts_visible_to(caller(), scope()), id=shift_id)
        return {"items": session.execute(queries.spot_checks(shift, duty.named_to(caller()))).all()}


@blueprint.route("/duty/uncovered")
class Uncovered(MethodView):
    @needs("duty:holes")
    @blueprint.arguments(HolesQuery, location="query")
    @blueprint.response(200, HolesSchema)
    def get(self, query):
        """Ask which grids nobody has, and when

        Grids that somebody always has are left out. `Accept` chooses JSON or CSV (a row a span).
        """
        form = request.accept_mimetypes.best_match([JSON, CSV]) if request.accept_mimetypes else JSON
        if form is None:
            raise NotAcceptable
        prefix = sight(caller(), scope(), query.get("area"))
        after = read_cursor(query["cursor"]) if "cursor" in query else ""
        limit = query["limit"]
        found = session.execute(holes.uncovered(query["start"], query["end"], prefix, after, limit + 1)).all()
        cursor = cursor_at(found[limit - 1].code) if len(found) > limit else None
        items = explain(found[:limit], query["start"], query["end"])
        body = HolesSchema().dump({"window": query, "items": items, "next_cursor": cursor})
        return _write(form, body), 200, next_link(cursor)


def _write(form, body):
    if form == JSON:
        return Response(json.dumps(body, ensure_ascii=False), content_type=JSON)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("code", "name", "from", "to"))
    for item in body["items"]:
        name = defused(item["name"])
        table.writerows((item["code"], name, span["from"], span["to"]) for span in item["spans"])
    return Response(out.getvalue(), content_type=f"{CSV}; charset=utf-8")


def explain(found, start, end):
    """Holes, each with the reason why it is open."""
    rows = session.execute(holes.why([each.code for each in found], start, end))
    reasons = {row.code: row.why for row in rows}
    return [each._asdict() | {"why": reasons[each.code]} for each in found]


def shifts_of(query):
    """The shifts that are added up: for an area those of all teams, else those of the teams that are seen."""
    everywhere = scope() is Scope.AREA and query["by"] not in ("team", "shift") and "team" not in query
    found = duty.every_shift() if everywhere else duty.shifts_visible_to(caller(), scope())
    if "team" not in query:
        return found
    return duty.of_team(found, fetch(teams.visible_to(caller(), scope()), id=query["team"]).id)


def prefix_of(query):
    """What the codes of the grids begin with."""
    if "area" in query:
        return sight(caller(), caller().scope("grids:read"), query["area"])
    return reach(caller(), caller().scope("grids:read"))


def name_areas(found, asked):
    """The same, with the names of areas."""
    if asked.by in ("community", "township", "county") and found:
        level = asked.by
        names = {row.code: row.name for row in session.execute(areas(found[0].code[:4], level, False))}
        for each in found:
            each.name = names.get(each.code)
    return found
