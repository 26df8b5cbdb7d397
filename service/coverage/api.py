"""Routes: how much of the grids was seen."""

import csv
import io
import json
import re
from datetime import UTC, datetime

from flask import Response, request
from flask.views import MethodView
from shapely import orient_polygons, set_precision
from shapely.geometry import mapping
from werkzeug.exceptions import NotAcceptable

from service.areas.queries import sight
from service.coverage import gaps, measure, overdue, queries, targets, trend, versions
from service.coverage.models import CoverageTarget
from service.coverage.queries import Only
from service.coverage.schemas import (
    CoverageQuery,
    CoverageSchema,
    GapSchema,
    GapsQuery,
    GapsSchema,
    MeasureSchema,
    NewTargetSchema,
    OverdueQuery,
    OverdueSchema,
    TargetSchema,
    TargetsQuery,
    TargetsSchema,
    TrendQuery,
    TrendSchema,
    WindowSchema,
)
from service.coverage.windows import whole_days, whole_hours
from service.errors import NotFound
from service.paging import Page, cursor_at, page, read_cursor
from service.teams.sheets import defused
from service.values import read_time
from service.web import Blueprint, caller, needs, next_link, scope

blueprint = Blueprint(
    "coverage", __name__, url_prefix="/api/v1", description="What has been walked, and when"
)
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)  # before anything is due
JSON, GEOJSON, CSV = "application/json", "application/geo+json", "text/csv"


@blueprint.route("/coverage")
class Coverage(MethodView):
    @needs("coverage:read")
    @blueprint.arguments(CoverageQuery, location="query")
    @blueprint.response(200, CoverageSchema)
    @blueprint.alt_response(304, description="Nothing has changed since the answer with this ETag")
    def get(self, query):
        """Ask how much of each grid was seen in a time window

        The window is widened to whole hours. `Accept` chooses JSON, GeoJSON or CSV.
        `no_evidence` means that a patrol was there but no usable track shows what it saw.
        The answer has an ETag; ask again with `If-None-Match`.
        """
        form = _form()
        window, shapes = whole_hours(query["start"], query["end"]), form == GEOJSON
        prefix = sight(caller(), scope(), query.get("area"))
        question = _question(prefix, query)
        asked = [query[name] for name in ("by", "limit")] + [query.get("cursor")]
        tag = versions.of_facts(form, question, *window, *asked)
        if request.if_none_match.contains_weak(tag):
            return _tagged(Response(status=304), tag)
        if query["by"] == "grid":
            rows = measure.by_grid(window, question, shapes)
        else:
            rows = measure.by_area(window, question, query["by"], shapes)
        page = _page(rows, query)
        body = CoverageSchema().dump({"window": window, **page._asdict()})
        return _tagged(_write(form, body, page.items), tag), 200, next_link(page.next_cursor)


@blueprint.route("/coverage/trend")
class Trend(MethodView):
    @needs("coverage:read")
    @blueprint.arguments(TrendQuery, location="query")
    @blueprint.response(200, TrendSchema)
    @blueprint.alt_response(304, description="Nothing has changed since the answer with this ETag")
    def get(self, query):
        """Ask what was seen day by day

        The window is widened to whole days of local time; each day is measured in the grids that were in
        force at its end, or at `as_of`. The answer has an ETag; ask again with `If-None-Match`.
        """
        window = whole_days(query["start"], query["end"])
        question = _question(sight(caller(), scope(), query.get("area")), query)
        tag = versions.of_facts("trend", question, *window)
        if request.if_none_match.contains_weak(tag):
            return _tagged(Response(status=304), tag)
        days = {"window": window, "items": trend.by_day(window, question), "next_cursor": None}
        return _tagged(Response(json.dumps(TrendSchema().dump(days)), content_type=JSON), tag)


def _question(prefix, query):
    return measure.Question(prefix, Only(query.get("team_kind"), query.get("mode")), query.get("as_of"))


@blueprint.route("/coverage/gaps")
class Gaps(MethodView):
    @needs("coverage:read")
    @blueprint.arguments(GapsQuery, location="query")
    @blueprint.response(200, GapsSchema, content_type=GEOJSON)
    @blueprint.alt_response(304, description="Nothing has changed since the answer with this ETag")
    def get(self, query):
        """Ask where nobody has been in a time window

        GeoJSON, the largest gap first; grids that are measured by checkpoints have none. The window is
        widened to whole hours. A gap lies within one grid; its border with what was seen is simplified, and
        `tolerance_m` says how far. The answer has an ETag; ask again with `If-None-Match`.
        """
        window = whole_hours(query["start"], query["end"])
        prefix = sight(caller(), scope(), query.get("area"))
        after = read_cursor(query["cursor"], _gap_place) if query.get("cursor") else None
        tag = versions.of_footprints("gaps", prefix, *window, query["smallest_m2"], query["limit"], after)
        if request.if_none_match.contains_weak(tag):
            return _tagged(Response(status=304), tag)
        found = gaps.largest(window, prefix, query["smallest_m2"], after, query["limit"] + 1)
        shown, more = found[: query["limit"]], len(found) > query["limit"]
        area, grid, number = shown[-1].place if more else (0, "", 0)
        cursor = cursor_at(f"{-area!r} {grid} {number}") if more else None
        body = {
            "type": "FeatureCollection",
            "window": WindowSchema().dump(window._asdict()),
            "features": [_gap_feature(gap) for gap in shown],
            "next_cursor": cursor,
        }
        answer = Response(json.dumps(body, ensure_ascii=False), content_type=GEOJSON)
        return _tagged(answer, tag), 200, next_link(cursor)


def _gap_place(text):
    area, grid, number = text.split(" ")
    return -float(area), grid, int(number)


def _gap_feature(gap):
    return {
        "type": "Feature",
        "id": f"{gap.grid}-{gap.number}",
        "properties": GapSchema().dump(gap),
        "geometry": mapping(orient_polygons(set_precision(gap.shape, 1e-7, mode="pointwise"))),
    }


@blueprint.route("/coverage/overdue")
class Overdue(MethodView):
    @needs("coverage:read")
    @blueprint.arguments(OverdueQuery, location="query")
    @blueprint.response(200, OverdueSchema)
    def get(self, query):
        """Ask which grids nobody has seen for longer than their target

        The one that has waited longest beyond it comes first. A new grid's time begins when it was drawn.
        A grid counts as seen when one patrol saw a tenth of it, or 20 hectares of a large one, or a visit of
        one of its checkpoints is proved; a glance in passing is not enough.
        """
        prefix = sight(caller(), scope(), query.get("area"))
        at = query.get("at") or datetime.now(UTC)
        after = read_cursor(query["cursor"], _due_place) if query.get("cursor") else (BEGINNING, "")
        rows = overdue.overdue(prefix, at, targets.DEFAULT_HOURS, after, query["limit"] + 1)
        more = len(rows) > query["limit"]
        items = [
            row._asdict() | {"overdue_hours": round((at - row.due_at).total_seconds() / 3600, 1)}
            for row in rows[: query["limit"]]
        ]
        cursor = cursor_at(f"{items[-1]['due_at'].isoformat()} {items[-1]['code']}") if more else None
        return {"at": at, "items": items, "next_cursor": cursor}, 200, next_link(cursor)


def _due_place(text):
    due_at, code = text.split(" ")
    return read_time(due_at), code


@blueprint.route("/coverage/targets")
class Targets(MethodView):
    @needs("coverage:read")
    @blueprint.arguments(TargetsQuery, location="query")
    @blueprint.response(200, TargetsSchema)
    def get(self, query):
        """List how long grids may go unseen, where that was set

        A target of an area holds for its grids, unless something nearer to the grid has another.
        """
        prefix = sight(caller(), scope(), query.get("area"))
        found = page(queries.targets(prefix), CoverageTarget.code, query["limit"], query.get("cursor"))
        body = {"default_hours": targets.DEFAULT_HOURS, **found._asdict()}
        return body, 200, next_link(found.next_cursor)


@blueprint.route("/coverage/targets/<string:code>")
class OneTarget(MethodView):
    @needs("coverage:read")
    @blueprint.etag
    @blueprint.response(200, TargetSchema)
    def get(self, code):
        """Show how long an area's grids, or a grid, may go unseen"""
        return _target(code)

    @needs("coverage:target")
    @blueprint.etag
    @blueprint.arguments(NewTargetSchema)
    @blueprint.response(200, TargetSchema)
    def put(self, target, code):
        """Set how long an area's grids, or a grid, may go unseen

        `If-Match` names the ETag of the target as it was read.
        """
        blueprint.check_etag(_target(code), TargetSchema)
        targets.set_for(code, target["hours"])
        return targets.holding_for(code)

    @needs("coverage:target")
    @blueprint.etag
    @blueprint.response(204)
    def delete(self, code):
        """Let the target of the area above hold again

        `If-Match` names the ETag of the target as it was read.
        """
        blueprint.check_etag(_target(code), TargetSchema)
        targets.unset(code)


def _target(code):
    """What holds for a code that the caller sees."""
    if not re.fullmatch("[0-9]{12}|[0-9]{15}", code, re.ASCII):
        raise NotFound
    sight(caller(), scope(), code)
    return targets.holding_for(code)


def _form():
    wanted = request.accept_mimetypes
    form = wanted.best_match([JSON, GEOJSON, CSV]) if wanted else JSON
    if form is None:
        raise NotAcceptable
    return form


def _tagged(answer, tag):
    answer.cache_control.private, answer.cache_control.no_cache = True, True
    answer.vary.add("Accept")
    answer.set_etag(tag)
    return answer


def _page(rows, query):
    if query.get("cursor"):
        after = read_cursor(query["cursor"])
        rows = [row for row in rows if row.code > after]
    more = len(rows) > query["limit"]
    rows = rows[: query["limit"]]
    return Page(rows, cursor_at(rows[-1].code) if more else None)


def _write(form, body, rows):
    if form == GEOJSON:
        return _geojson(body, rows)
    if form == CSV:
        return _csv(body["items"])
    return Response(json.dumps(body, ensure_ascii=False), content_type=JSON)


def _geojson(body, rows):
    features = [
        {
            "type": "Feature",
            "id": row.code,
            "properties": item,
            "geometry": json.loads(row.shape) if row.shape else None,
        }
        for row, item in zip(rows, body.pop("items"), strict=True)
    ]
    return Response(
        json.dumps({"type": "FeatureCollection", **body, "features": features}, ensure_ascii=False),
        content_type=GEOJSON,
    )


def _csv(items):
    text = io.StringIO()
    grades = ("A", "B", "C", "D")
    names = [name for name in MeasureSchema().fields if name != "check_ins"]
    table = csv.DictWriter(text, [*names, *(f"check_ins_{grade}" for grade in grades)], extrasaction="ignore")
    table.writeheader()
    for item in items:
        table.writerow(
            item
            | {f"check_ins_{grade}": item["check_ins"][grade] for grade in grades}
            | {"name": defused(item["name"])}
        )
    return Response(text.getvalue(), content_type=f"{CSV}; charset=utf-8")
