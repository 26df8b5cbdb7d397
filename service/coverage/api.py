"""Routes: how much of the grids was seen."""

import csv
import io
import json

from flask import Response, request
from flask.views import MethodView
from werkzeug.exceptions import NotAcceptable

from service.areas.queries import sight
from service.coverage import measure, versions
from service.coverage.schemas import CoverageQuery, CoverageSchema, MeasureSchema
from service.coverage.windows import whole_hours
from service.paging import Page, cursor_at, read_cursor
from service.web import Blueprint, caller, needs, next_link, scope

blueprint = Blueprint(
    "coverage", __name__, url_prefix="/api/v1", description="What has been walked, and when"
)
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
        asked = [query[name] for name in ("by", "limit")] + [query.get("cursor")]
        tag = versions.of_facts(form, prefix, *window, *asked)
        if tag in request.if_none_match:
            return _tagged(Response(status=304), tag)
        if query["by"] == "grid":
            rows = measure.by_grid(window, prefix, shapes)
        else:
            rows = measure.by_area(window, prefix, query["by"], shapes)
        page = _page(rows, query)
        body = CoverageSchema().dump({"window": window, **page._asdict()})
        return _tagged(_write(form, body, page.items), tag), 200, next_link(page.next_cursor)


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
            | {"name": _defused(item["name"])}
        )
    return Response(text.getvalue(), content_type=f"{CSV}; charset=utf-8")


def _defused(text):
    """A name that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
