"""Routes: matters, their steps, what the figures say, and bridges to other platforms."""

import json
from datetime import UTC, datetime

import numpy as np
import orjson
from flask import Response
from flask.views import MethodView
from marshmallow import ValidationError

from geo.coordinates import to_wgs84
from service import paging
from service.areas.queries import sight
from service.audit import actions as audit
from service.db import fetch, session, uuid7
from service.errors import Invalid, TooLarge
from service.matters import (
    actions,
    bridges,
    bulletin,
    departments,
    figures,
    figures_json,
    history,
    intake,
    lists,
    queries,
    reporting,
    schemas,
    views,
)
from service.matters.facts import AHEAD, Report
from service.matters.models import Matter, MatterBulletin, Webhook
from service.matters.workflow import REASONS, TAKES
from service.policy import Scope
from service.teams import queries as teams
from service.teams.models import Team
from service.teams.sheets import CSV, XLSX
from service.web import Blueprint, answer_page, caller, needs, next_link, scope

blueprint = Blueprint("matters", __name__, url_prefix="/api/v1", description="What must be handled")
FILE = {"type": "string", "format": "binary"}


@blueprint.route("/matter-classes")
class Classes(MethodView):
    @needs("matter-classes:read")
    @blueprint.arguments(schemas.ClassesQuery, location="query")
    @blueprint.response(200, schemas.MatterClassesSchema)
    def get(self, query):
        """List the classes that a matter may have"""
        valid = queries.valid_kinds(query.get("at") or datetime.now(UTC))
        return {"items": [each for each in session.scalars(queries.classes()) if each.code in valid]}


@blueprint.route("/matters")
class Matters(MethodView):
    @needs("matters:read")
    @blueprint.arguments(schemas.MattersQuery, location="query")
    @blueprint.response(200, schemas.MattersSchema)
    def get(self, query):
        """List and search matters, the newest first"""
        visible = queries.filtered(queries.visible_to(caller(), scope()), query)
        page = paging.page(visible, Matter.id, query["limit"], query.get("cursor"), newest=True)
        items = [views.as_json(each) for each in views.matters(page.items, caller(), scope())]
        body = orjson.dumps({"items": items, "next_cursor": page.next_cursor}, option=orjson.OPT_UTC_Z)
        return Response(body, headers=next_link(page.next_cursor), content_type="application/json")

    @needs("matters:report")
    @blueprint.arguments(schemas.MatterReportSchema)
    @blueprint.response(201, schemas.ReportedSchema)
    def post(self, sent):
        """Report a matter

        Safe to repeat with the same `id`. `near_by` names matters that may be the same one: merge them by a
        step if they are, nothing is merged by itself.
        """
        within = sight(caller(), scope()) if scope() is Scope.AREA else ""
        matter = reporting.report(_report(sent), within)
        near = actions.near_duplicates(matter, caller(), ids_only=True)
        return views.matters([matter], caller(), caller().scope("matters:read"))[0] | {"near_by": near}


def _report(sent):
    now = datetime.now(UTC)
    at = sent.get("at", now)
    if at > now + AHEAD:
        raise Invalid(errors={"at": ["More than 24 hours ahead."]})
    return Report(
        id=sent.get("id") or uuid7(),
        text=sent.get("text"),
        position=_position(sent),
        accuracy_m=sent.get("accuracy_m"),
        recorded_at=at,
        phone_at=at,
        received_at=now,
        marks=[],
        reporter_id=caller().member_id,
        role=caller().role,
        area_code=caller().area,
        **{name: sent[name] for name in ("class_code", "title", "facts", "photos")},
    )


def _position(sent):
    if "lon" not in sent:
        return None
    east, north = to_wgs84(np.array([sent["lon"]]), np.array([sent["lat"]]), sent["crs"])
    return float(east[0]), float(north[0])


@blueprint.route("/matters/<uuid:matter_id>")
class OneMatter(MethodView):
    @needs("matters:read")
    @blueprint.response(200, schemas.MatterSchema)
    def get(self, matter_id):
        """Show one matter"""
        return views.matters([_visible(matter_id)], caller(), scope())[0]


def _visible(matter_id):
    return fetch(queries.visible_to(caller(), scope()), id=matter_id)


@blueprint.route("/matters/<uuid:matter_id>/duplicates")
class Duplicates(MethodView):
    @needs("matters:read")
    @blueprint.response(200, schemas.NearBySchema)
    def get(self, matter_id):
        """List what may be the same matter: its class, within 100 m and 72 h; the nearest first"""
        near = actions.near_duplicates(_visible(matter_id), caller())
        return {"items": views.matters(near, caller(), scope())}


@blueprint.route("/matters/<uuid:matter_id>/steps")
class Steps(MethodView):
    @needs("matters:read")
    @blueprint.response(200, schemas.MatterHistorySchema)
    def get(self, matter_id):
        """Show a matter's history, and whether its chain holds"""
        matter, steps = _history(matter_id)
        return {
            "items": views.steps(steps, caller(), scope()),
            "verified": not history.faults(steps, matter.head),
        }

    @needs("matters:step")
    @blueprint.arguments(schemas.MatterStepSchema)
    @blueprint.response(201, schemas.TakenSchema)
    def post(self, said, matter_id):
        """Take a step

        Name the `version` that you saw: of several who take a step at the same time one wins, the others
        get 409 with the present state and what they may do.
        """
        ground = queries.ground_of(caller())
        visible = queries.visible_to(caller(), scope(), ground)
        matter = actions.locked(visible, matter_id, said.get("into_id"))
        taken = actions.take(matter, caller(), actions.Said(**said), ground)
        return views.steps([taken], caller(), scope())[0]


def _history(matter_id):
    matter = _visible(matter_id)
    return matter, session.scalars(queries.steps_of(matter.id)).all()


@blueprint.route("/matters/<uuid:matter_id>/steps/allowed")
class Allowed(MethodView):
    @needs("matters:step")
    @blueprint.response(200, schemas.AllowedStepsSchema)
    def get(self, matter_id):
        """Ask which steps you may take now"""
        matter = _visible(matter_id)
        may = actions.allowed(matter, caller())
        takes = {
            step: {"needs": must, "may": also, "reasons": REASONS.get(step, ())}
            for step in may
            for must, also in [TAKES.get(step, ((), ()))]
        }
        state = {"version": matter.version, "stage": matter.stage, "level": matter.level}
        return state | {"allowed": may, "takes": takes, "wanted": actions.wanted(matter, may)}


@blueprint.route("/matters/<uuid:matter_id>/file")
class File(MethodView):
    @needs("matters:export")
    @blueprint.arguments(schemas.FileQuery, location="query")
    @blueprint.response(200, schemas.MatterFileSchema)
    def get(self, query, matter_id):
        """Export the whole file of a matter, its chain verified, as JSON or PDF"""
        matter, steps = _history(matter_id)
        faults = history.faults(steps, matter.head)
        audit.record("matter.export", "matter", matter.id, subject=matter.reporter_id)
        told, taken = views.matters([matter], caller(), scope())[0], views.steps(steps, caller(), scope())
        if query["format"] == "pdf":
            kind = {each.code: each.name_zh for each in session.scalars(queries.classes())}
            pages = lists.as_pdf(told, kind[matter.class_code], taken, faults)
            return Response(pages, content_type="application/pdf")
        chain = {"verified": not faults, "head": matter.head.hex(), "faults": faults}
        body = schemas.MatterFileSchema().dump({"matter": told, "steps": taken, "chain": chain})
        return Response(json.dumps(body, ensure_ascii=False), content_type="application/json")


@blueprint.route("/matters/export")
class Export(MethodView):
    @needs("matters:export")
    @blueprint.arguments(schemas.ExportQuery, location="query")
    @blueprint.response(200, FILE, content_type=CSV)
    def get(self, query):
        """Export a list of matters as CSV or XLSX, at most 20,000

        What people wrote is never a formula in it.
        """
        wanted = queries.filtered(queries.visible_to(caller(), scope()), query)
        found = session.scalars(wanted.order_by(Matter.id.desc()).limit(lists.MOST_ROWS + 1)).all()
        if len(found) > lists.MOST_ROWS:
            raise TooLarge(f"More than {lists.MOST_ROWS} matters: narrow the list.")
        names = {each.code: each.name_zh for each in session.scalars(queries.classes())}
        rows = [each | {"class_name": names[each["class_code"]]}
                for each in views.matters(found, caller(), scope())]  # fmt: skip
        audit.record("matter.export", "matters", result=f"{len(rows)} rows")
        if query["format"] == "xlsx":
            return Response(lists.as_xlsx(rows), content_type=XLSX)
        return Response(lists.as_csv(rows), content_type=f"{CSV}; charset=utf-8")


def _figured(query):
    """The matters of the window and area that the caller sees."""
    wanted = {"from_": query["start"], "to": query["end"]} | {
        name: query[name] for name in ("area",) if name in query
    }
    return queries.filtered(queries.visible_to(caller(), scope()), wanted)


@blueprint.route("/matters/counts")
class Counts(MethodView):
    @needs("matters:read")
    @blueprint.arguments(figures_json.CountsQuery, location="query")
    @blueprint.response(200, figures_json.MatterCountsSchema)
    def get(self, query):
        """Count matters that arrived in a window, by class, stage, level or area, and what became of them"""
        return {"items": bulletin.counted(session.execute(figures.counts(_figured(query), query["by"])))}


@blueprint.route("/matters/departments")
class Departments(MethodView):
    @needs("matter-classes:read")
    @blueprint.response(200, figures_json.DepartmentsSchema)
    def get(self):
        """List the departments that may handle a matter jointly"""
        return {"items": list(departments.listed().values())}


@blueprint.route("/matters/bulletin")
class Bulletin(MethodView):
    @needs("matters:export")
    @blueprint.arguments(figures_json.BulletinQuery, location="query")
    @blueprint.response(200, figures_json.BulletinSchema)
    def get(self, query):
        """Ask how the matters of a class stand that arrived in a window, as JSON or PDF

        By the areas below the one asked for, by stage, and by the departments that handle them jointly; what
        a class asks for in numbers is added up (people and money of wage arrears). No person is named.
        """
        area = query.get("area", caller().area)
        sight(caller(), scope(), area)
        kind = _kind(query["class_"]) if "class_" in query else None
        asked = bulletin.Asked(area, kind, query["start"], query["end"])
        return _bulletin(bulletin.told(asked), query["format"])


def _bulletin(told, form):
    if form == "pdf":
        return Response(bulletin.as_pdf(told), content_type="application/pdf")
    return told


@blueprint.route("/matters/bulletins")
class Bulletins(MethodView):
    @needs("matters:export")
    @blueprint.arguments(figures_json.BulletinsQuery, location="query")
    @blueprint.response(200, figures_json.MonthlyBulletinsSchema)
    def get(self, query):
        """List the bulletins that were made after each month, the newest first

        Of every class that asks for one, for every county and the prefecture.
        """
        asked = {name: query.get(name) for name in ("class_code", "area")}
        seen = queries.bulletins_visible_to(caller(), scope(), **asked)
        return answer_page(seen, MatterBulletin.id, query, newest=True)


@blueprint.route("/matters/bulletins/<uuid:bulletin_id>")
class MonthlyBulletin(MethodView):
    @needs("matters:export")
    @blueprint.arguments(schemas.FileQuery, location="query")
    @blueprint.response(200, figures_json.BulletinSchema)
    def get(self, query, bulletin_id):
        """Show a monthly bulletin as it was told then, as JSON or PDF"""
        made = fetch(queries.bulletins_visible_to(caller(), scope()), id=bulletin_id)
        return _bulletin(figures_json.BulletinSchema().load(made.told), query["format"])


def _kind(code):
    known = {each.code: each for each in session.scalars(queries.classes())}
    if code not in known:
        raise Invalid(errors={"class": ["Not a class that was ever listed."]})
    return known[code]


@blueprint.route("/matters/stage-times")
class StageTimes(MethodView):
    @needs("matters:read")
    @blueprint.arguments(figures_json.FiguresQuery, location="query")
    @blueprint.response(200, figures_json.StageTimesSchema)
    def get(self, query):
        """Ask how long the stages of matters lasted that arrived in a window"""
        return {"items": session.execute(figures.stage_times(_figured(query))).all()}


@blueprint.route("/matters/burden")
class Burden(MethodView):
    @needs("matters:read")
    @blueprint.arguments(figures_json.FiguresQuery, location="query")
    @blueprint.response(200, figures_json.BurdenSchema)
    def get(self, query):
        """Ask what was asked of each team in a window: matters, reports, photos"""
        seen = teams.filtered(teams.visible_to(caller(), scope()), query.get("area"))
        asked = figures.burden(seen.with_only_columns(Team.id), query["start"], query["end"])
        return {"items": session.execute(asked).all()}


@blueprint.route("/matters/set-aside")
class SetAside(MethodView):
    @needs("matters:export")
    @blueprint.response(200, schemas.MatterFaultsSchema)
    def get(self):
        """List the matters that the sweep could not look at"""
        return {"items": session.execute(queries.faults(sight(caller(), scope()))).all()}


@blueprint.route("/matters/import")
class Import(MethodView):
    @needs("matters:import")
    @blueprint.arguments(schemas.MatterImportSchema)
    @blueprint.response(200, schemas.ImportAnswerSchema)
    def post(self, sent):
        """Take in matters of another platform

        Each has a verdict, in order; `source` and `external_id` name it, so sending again is harmless.
        """
        read = [_read(each) for each in sent["items"]]
        return {"items": intake.take_in(sent["source"], read, caller(), datetime.now(UTC))}


def _read(raw):
    code = raw.get("external_id") if isinstance(raw, dict) else None
    code = code if isinstance(code, str) else None
    try:
        read = schemas.ImportItemSchema().load(raw)
    except ValidationError as error:
        return intake.Verdict(code, "refused", None, error.normalized_messages())
    return read | {"position": _position(read)}


@blueprint.route("/webhooks")
class Webhooks(MethodView):
    @needs("webhooks:manage")
    @blueprint.arguments(schemas.PageQuery, location="query")
    @blueprint.response(200, schemas.WebhooksSchema)
    def get(self, query):
        """List who is told of matters"""
        return answer_page(queries.webhooks_visible_to(caller(), scope()), Webhook.id, query)

    @needs("webhooks:manage")
    @blueprint.arguments(schemas.NewWebhookSchema)
    @blueprint.response(201, schemas.WebhookWithKeySchema)
    def post(self, sent):
        """Have another platform told of the steps of an area's matters: ids only, signed, over https

        `Gridpatrol-Signature: t=<unix s>,v1=<HMAC-SHA-256 of "t.body">`; the key is shown this once. A body
        may come twice, and later ones earlier: `version` tells.
        """
        sight(caller(), scope(), sent["area"])
        webhook = bridges.enter(sent["url"], sent["area"], caller())
        shown = {name: getattr(webhook, name) for name in ("id", "url", "area_code", "created_at")}
        return shown | {"secret": webhook.secret.hex()}


@blueprint.route("/webhooks/<uuid:webhook_id>")
class OneWebhook(MethodView):
    @needs("webhooks:manage")
    @blueprint.response(204)
    def delete(self, webhook_id):
        """Tell it nothing more"""
        bridges.revoke(fetch(queries.webhooks_visible_to(caller(), scope()), id=webhook_id))
