"""Routes: call for help, answer a call, hold drills. They have database connections of their own."""

from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from flask import g, request
from flask.views import MethodView

from service import paging
from service.alarms import actions, calls, pins, queries, views
from service.alarms.models import Alarm
from service.alarms.schemas import (
    AlarmsQuery,
    AlarmsSchema,
    CallSchema,
    DrillReportSchema,
    DrillRequestSchema,
    DrillsSchema,
    FullAlarmSchema,
    PinSchema,
    ReinforceSchema,
    StepRequestSchema,
)
from service.areas.queries import reach, sight
from service.db import fetch
from service.members import actions as members
from service.policy import Caller
from service.values import read_time
from service.web import Blueprint, Parser, answer_problem, caller, needs, next_link, scope


class CallParser(Parser):
    """Takes an empty body for an empty object: a simple bell sends nothing else."""

    def load_json(self, req: Any, schema: Any) -> Any:
        is_empty = not req.content_length and "Transfer-Encoding" not in req.headers
        return {} if is_empty else super().load_json(req, schema)


class CallBlueprint(Blueprint):
    """Routes that an empty body reaches as well."""

    ARGUMENTS_PARSER = CallParser()


blueprint = CallBlueprint("alarms", __name__, url_prefix="/api/v1", description="Calls for help")


def or_bell(view):
    """Let a bell call with its device's token as well."""

    @wraps(view)
    def admitted(*args, **kwargs):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        found = members.device_of(token.strip(" ")) if scheme.lower() == "bearer" else None
        if found and found.device.kind == "bell":
            who = found.member
            g.caller, g.is_bell = Caller(who.id, who.name, who.role, who.area_code, found.device.id), True
        return view(*args, **kwargs)

    return admitted


@blueprint.route("/alarms")
class Alarms(MethodView):
    @or_bell
    @needs("alarms:raise")
    @blueprint.arguments(CallSchema)
    @blueprint.response(201, FullAlarmSchema)
    @blueprint.alt_response(200, schema=FullAlarmSchema, description="The call that is known already")
    def post(self, sent):
        """Call for help

        With a sign-in, or with the token of a device of kind `bell`. Everything in the body may be missing.
        Safe to repeat: the same `id` (or `Idempotency-Key`) is the same alarm (200), and a call with neither
        is the alarm of yours that is still open, if there is one. Odd values are left out and marked.
        """
        now = datetime.now(UTC)
        members.hold(caller().member_id)
        call, offset = read_call(sent), offset_of(sent.get("sent_at"), now)
        way = "bell" if "is_bell" in g else "phone"
        sender = actions.Sender(caller().member_id, way)
        alarm, is_new = actions.raise_alarm(sender, call, offset, now)
        return views.in_full(alarm, caller()), 201 if is_new else 200

    @needs("alarms:read")
    @blueprint.arguments(AlarmsQuery, location="query")
    @blueprint.response(200, AlarmsSchema)
    def get(self, query):
        """List alarms

        Your own, those you were told of, and those of your teams or area; the newest first.
        """
        is_open = query["state"] == "open" if "state" in query else None
        visible = queries.filtered(queries.visible_to(caller(), scope()), query.get("area"), is_open)
        page = paging.page(visible, Alarm.number, query["limit"], query.get("cursor"), newest=True)
        return page._asdict(), 200, next_link(page.next_cursor)


@blueprint.route("/alarms/<uuid:alarm_id>")
class OneAlarm(MethodView):
    @needs("alarms:read")
    @blueprint.response(200, FullAlarmSchema)
    def get(self, alarm_id):
        """Show one alarm

        A look at another person's alarm leaves a row that this person can read.
        """
        return views.look(fetch(queries.visible_to(caller(), scope()), id=alarm_id), caller())


@blueprint.route("/alarms/<uuid:alarm_id>/steps")
class Steps(MethodView):
    @needs("alarms:answer")
    @blueprint.arguments(StepRequestSchema)
    @blueprint.response(200, FullAlarmSchema)
    def post(self, wanted, alarm_id):
        """Answer an alarm, or end it

        `acknowledge` (seen), `accept` (on my way), `arrived`; `resolve`, `false_alarm`. Whoever raised it
        ends it with their `pin`. Of several who take a step that only one can take, one wins; the others get
        409 with the `status` and `version` as they are now. Repeating one's own answer changes nothing.
        """
        alarm = fetch(queries.visible_to(caller(), scope()), id=alarm_id)
        problem = actions.take(alarm, wanted["step"], caller(), wanted.get("pin"))
        return answer_problem(problem) if problem else views.in_full(alarm, caller())


@blueprint.route("/alarms/<uuid:alarm_id>/reinforce")
class Reinforcements(MethodView):
    @needs("alarms:reinforce")
    @blueprint.arguments(ReinforceSchema)
    @blueprint.response(200, FullAlarmSchema)
    def post(self, wanted, alarm_id):
        """Call out whoever walks inside a polygon

        Only who is on a patrol, agreed to be located and was there in the last 15 minutes.
        """
        alarm = fetch(queries.visible_to(caller(), scope()), id=alarm_id)
        actions.reinforce(alarm, wanted["polygon"], caller())
        return views.in_full(alarm, caller())


@blueprint.route("/alarms/drills")
class Drills(MethodView):
    @needs("alarms:drill")
    @blueprint.response(200, DrillsSchema)
    def get(self):
        """List when drills were held

        The counties of your area, each with its last drill and whether another is due.
        """
        return views.drills(reach(caller(), scope()), datetime.now(UTC) - actions.MONTH)

    @needs("alarms:drill")
    @blueprint.arguments(DrillRequestSchema)
    @blueprint.response(201, FullAlarmSchema)
    def post(self, wanted):
        """Hold a drill

        The leaders of the area's teams, and whoever walks with these now, are called out; each answers as to
        an alarm. It climbs no levels.
        """
        sight(caller(), scope(), wanted["area"])
        return views.in_full(actions.hold_drill(caller(), wanted["area"]), caller())


@blueprint.route("/alarms/drills/<uuid:alarm_id>/report")
class DrillReport(MethodView):
    @needs("alarms:drill")
    @blueprint.response(200, DrillReportSchema)
    def get(self, alarm_id):
        """Report how a drill was answered

        Figures of teams and areas, never of persons.
        """
        return views.report(fetch(queries.drills_visible_to(caller(), scope()), id=alarm_id))


@blueprint.route("/me/alarm-pin")
class Pin(MethodView):
    @needs("alarms:raise")
    @blueprint.arguments(PinSchema)
    @blueprint.response(204)
    def put(self, chosen):
        """Choose the PIN that ends one's own alarms

        4 to 8 digits. Another than the first needs the `current` one.
        """
        problem = pins.choose(caller(), chosen["pin"], chosen.get("current"))
        return problem and answer_problem(problem)


def read_call(sent):
    """The call in a body; its id may come as the Idempotency-Key."""
    call, key = calls.read(sent, sent.get("crs")), request.headers.get("Idempotency-Key")
    if call.id is None and key:
        return call._replace(id=calls.made_id("alarm", caller().member_id, key))
    return call


def offset_of(sent_at, now):
    """How far the sender's clock is ahead, if it says what it shows."""
    try:
        return read_time(sent_at) - now
    except ValueError:
        return timedelta()
