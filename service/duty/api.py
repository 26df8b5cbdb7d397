"""Routes: assignments and shifts."""

from flask import current_app, request
from flask.views import MethodView

from service import paging
from service.areas.queries import grids_visible_to
from service.db import fetch, session
from service.duty import actions, queries, rows, schemas, shifts
from service.duty.actions import Author, Wanted
from service.duty.bulk import Bulk
from service.duty.models import Assignment, Shift, Swap
from service.duty.pattern import Pattern
from service.duty.seasons import SEASONS
from service.errors import Invalid, NotFound
from service.fields import Strict
from service.gate import read_json
from service.teams import queries as teams
from service.teams import sheets
from service.teams.schemas import ImportQuery
from service.web import Blueprint, caller, needs, next_link, read_body, scope

blueprint = Blueprint(
    "duty", __name__, url_prefix="/api/v1", description="Who is responsible for which grids"
)
JSON = "application/json"
TABLE = {
    "content": {
        JSON: {"schema": schemas.RowsSchema},
        sheets.CSV: {"schema": {"type": "string", "description": "UTF-8, with or without a byte order mark"}},
        sheets.XLSX: {"schema": {"type": "string", "format": "binary"}},
    },
    "required": True,
}


@blueprint.route("/assignments")
class Assignments(MethodView):
    @needs("duty:read")
    @blueprint.arguments(schemas.AssignmentsQuery, location="query")
    @blueprint.response(200, schemas.AssignmentsSchema)
    def get(self, query):
        """List assignments

        A member sees those of the whole team and one's own, a leader those of the teams that one leads.
        """
        page, found = query.pop("limit"), queries.visible_to(caller(), scope())
        listed = paging.page(
            queries.filtered(found, **_but_cursor(query)), Assignment.id, page, query.get("cursor")
        )
        items = session.execute(queries.described([each.id for each in listed.items], caller())).all()
        return listed._replace(items=items)._asdict(), 200, next_link(listed.next_cursor)

    @needs("duty:write")
    @blueprint.etag
    @blueprint.arguments(schemas.NewAssignmentSchema)
    @blueprint.response(201, schemas.AssignmentSchema)
    def post(self, asked):
        """Give grids to a team, or to one member of it

        Two teams have a grid at the same time only with a `reason`; without one the answer is 409, and
        `errors` says who has which of the grids when. A person is in one shift at a time.
        """
        team, member = fetch_person(asked["team_id"], asked["member_id"])
        asked_pattern = Pattern(*(asked[name] for name in Pattern._fields))
        wanted = Wanted(team.id, member, grid_ids(asked["grids"]), asked_pattern, asked["reason"])
        return answer(actions.assign(wanted, author()))


@blueprint.route("/assignments/<uuid:assignment_id>")
class OneAssignment(MethodView):
    @needs("duty:read")
    @blueprint.etag
    @blueprint.response(200, schemas.AssignmentSchema)
    def get(self, assignment_id):
        """Show an assignment"""
        return answer(fetch(queries.visible_to(caller(), scope()), id=assignment_id))

    @needs("duty:write")
    @blueprint.etag
    @blueprint.arguments(schemas.AssignmentChangeSchema)
    @blueprint.response(200, schemas.AssignmentSchema)
    def patch(self, changes, assignment_id):
        """Change grids, end, pattern or reason of an assignment

        `If-Match` names the ETag of the assignment as it was read. What has begun stays; later shifts follow.
        """
        assignment = fetch_assignment(assignment_id)
        blueprint.check_etag(answer(assignment), schemas.AssignmentSchema)
        if "grids" in changes:
            changes["grids"] = grid_ids(changes["grids"])
        actions.change(assignment, changes, author())
        return answer(assignment)


@blueprint.route("/assignments/<uuid:assignment_id>/end")
class End(MethodView):
    @needs("duty:write")
    @blueprint.arguments(schemas.EndSchema)
    @blueprint.response(200, schemas.AssignmentSchema)
    def post(self, ending, assignment_id):
        """End an assignment before its time

        A shift that has begun by then goes on; later ones are cancelled.
        """
        assignment = fetch_assignment(assignment_id)
        actions.end(assignment, ending["at"], ending["note"], author())
        return answer(assignment)


@blueprint.route("/assignments/<uuid:assignment_id>/hand-over")
class HandOver(MethodView):
    @needs("duty:write")
    @blueprint.arguments(schemas.HandOverSchema)
    @blueprint.response(201, schemas.AssignmentSchema)
    def post(self, to, assignment_id):
        """Hand what is left of an assignment over to another team or member

        The old assignment ends, and a new one takes over its shifts; `follows_id` leads back.
        """
        assignment = fetch_assignment(assignment_id)
        team, member = fetch_person(to["team_id"], to["member_id"])
        return answer(actions.hand_over(assignment, (team.id, member), to["at"], to["note"], author()))


@blueprint.route("/assignments/<uuid:assignment_id>/history")
class History(MethodView):
    @needs("duty:read")
    @blueprint.response(200, schemas.HistorySchema)
    def get(self, assignment_id):
        """Show what was done to an assignment"""
        assignment = fetch(queries.visible_to(caller(), scope()), id=assignment_id)
        return {"items": session.scalars(queries.steps(assignment.id)).all()}


@blueprint.route("/assignments/bulk")
class BulkAssignments(MethodView):
    @needs("duty:write")
    @blueprint.doc(requestBody=TABLE)
    @blueprint.arguments(ImportQuery, location="query")
    @blueprint.response(200, schemas.BulkReportSchema)
    def post(self, query):
        """Make many assignments from rows

        Columns `team` 队伍, `member` 队员 (their codes), `grids` 网格 (codes with spaces between) or `area`
        区域 (all its grids), then `season` 季节 and `year` 年份, or `from` 开始, `to` 结束, `rrule` 规则,
        `starts_at` 上岗, `minutes` 分钟; `reason` 理由. All rows or none: if one is bad, nothing is made and
        the problem names each bad row.
        """
        return Bulk(caller(), scope(), **query).from_rows(read_rows())


@blueprint.route("/assignments/copy")
class CopiedAssignments(MethodView):
    @needs("duty:write")
    @blueprint.arguments(schemas.CopySchema)
    @blueprint.arguments(ImportQuery, location="query")
    @blueprint.response(200, schemas.BulkReportSchema)
    def post(self, month, query):
        """Make the assignments of a month again for the month after

        All or none. The rows of the report are the assignments in order of their making.
        """
        return Bulk(caller(), scope(), **query).from_month(**month)


@blueprint.route("/assignments/seasons")
class Seasons(MethodView):
    @needs("duty:read")
    @blueprint.response(200, schemas.SeasonsSchema)
    def get(self):
        """List the templates by season"""
        return {"items": list(SEASONS.values())}


@blueprint.route("/shifts")
class Shifts(MethodView):
    @needs("duty:read")
    @blueprint.arguments(schemas.ShiftsQuery, location="query")
    @blueprint.response(200, schemas.ShiftsSchema)
    def get(self, query):
        """List the shifts of a day"""
        limit, found = query.pop("limit"), queries.shifts_visible_to(caller(), scope())
        page = paging.page(
            queries.shifts_filtered(found, **_but_cursor(query)), Shift.id, limit, query.get("cursor")
        )
        items = session.execute(queries.shifts_described([each.id for each in page.items], caller())).all()
        return page._replace(items=items)._asdict(), 200, next_link(page.next_cursor)


@blueprint.route("/shifts/<uuid:shift_id>")
class OneShift(MethodView):
    @needs("duty:read")
    @blueprint.response(200, schemas.ShiftSchema)
    def get(self, shift_id):
        """Show a shift"""
        return shown(queries.shifts_described, fetch_shift(shift_id))


@blueprint.route("/shifts/<uuid:shift_id>/accept")
class Accept(MethodView):
    @needs("duty:answer")
    @blueprint.response(200, schemas.ShiftSchema)
    def post(self, shift_id):
        """Say that one will be there"""
        shift = fetch_shift(shift_id)
        shifts.accept(shift, caller())
        return shown(queries.shifts_described, shift)


@blueprint.route("/shifts/<uuid:shift_id>/decline")
class Decline(MethodView):
    @needs("duty:answer")
    @blueprint.arguments(schemas.DeclineSchema)
    @blueprint.response(200, schemas.ShiftSchema)
    def post(self, declining, shift_id):
        """Say that one will not be there, and why

        Where nobody else is expected, the grids then have nobody in that time.
        """
        shift = fetch_shift(shift_id)
        shifts.decline(shift, caller(), **declining)
        return shown(queries.shifts_described, shift)


@blueprint.route("/shifts/<uuid:shift_id>/late")
class Late(MethodView):
    @needs("duty:answer")
    @blueprint.arguments(schemas.LateSchema)
    @blueprint.response(200, schemas.ShiftSchema)
    def post(self, late, shift_id):
        """Say beforehand that one will be late"""
        shift = fetch_shift(shift_id)
        shifts.be_late(shift, caller(), **late)
        return shown(queries.shifts_described, shift)


@blueprint.route("/shifts/<uuid:shift_id>/swaps")
class Swaps(MethodView):
    @needs("duty:answer")
    @blueprint.arguments(schemas.NewSwapSchema)
    @blueprint.response(201, schemas.SwapSchema)
    def post(self, asked, shift_id):
        """Ask that a colleague take over one's shift

        Nothing changes until a leader approves.
        """
        return shown(queries.swaps_described, shifts.ask_swap(fetch_shift(shift_id), caller(), **asked))


@blueprint.route("/shifts/<uuid:shift_id>/swap-candidates")
class SwapCandidates(MethodView):
    @needs("duty:colleagues")
    @blueprint.response(200, schemas.ColleaguesSchema)
    def get(self, shift_id):
        """List the colleagues who could take over one's shift

        Whoever is in its team then and expected nowhere else at that time. Only who has a place in the shift
        is told.
        """
        return {"items": shifts.colleagues(fetch_shift(shift_id), caller())}


@blueprint.route("/swaps")
class ListedSwaps(MethodView):
    @needs("duty:read")
    @blueprint.arguments(schemas.SwapsQuery, location="query")
    @blueprint.response(200, schemas.SwapsSchema)
    def get(self, query):
        """List swaps, the newest first

        With `state=asked` those that wait for a leader.
        """
        found = queries.swaps_visible_to(caller(), scope(), query.get("state"))
        page = paging.page(found, Swap.id, query["limit"], query.get("cursor"), newest=True)
        items = session.execute(queries.swaps_described([each.id for each in page.items], caller())).all()
        return page._replace(items=items)._asdict(), 200, next_link(page.next_cursor)


@blueprint.route("/swaps/<uuid:swap_id>")
class OneSwap(MethodView):
    @needs("duty:read")
    @blueprint.response(200, schemas.SwapSchema)
    def get(self, swap_id):
        """Show a swap"""
        return shown(queries.swaps_described, fetch(queries.swaps_visible_to(caller(), scope()), id=swap_id))


@blueprint.route("/swaps/<uuid:swap_id>/decision")
class SwapDecision(MethodView):
    @needs("duty:write")
    @blueprint.arguments(schemas.SwapDecisionSchema)
    @blueprint.response(200, schemas.SwapSchema)
    def post(self, decision, swap_id):
        """Approve a swap, or refuse it"""
        swap = fetch(queries.swaps_visible_to(caller(), scope()), id=swap_id)
        shifts.decide(swap, caller(), **decision)
        return shown(queries.swaps_described, swap)


@blueprint.route("/shifts/<uuid:shift_id>/spot-checks")
class SpotChecks(MethodView):
    @needs("duty:write")
    @blueprint.arguments(schemas.NewSpotCheckSchema)
    @blueprint.response(201, schemas.SpotCheckSchema)
    def post(self, asked, shift_id):
        """Ask whoever is in a shift to show up (点名抽查)

        They answer from the phone before it closes, or by checking in.
        """
        return shifts.call_roll(fetch_shift(shift_id), caller(), **asked)


@blueprint.route("/spot-checks/<uuid:spot_check_id>/answer")
class SpotAnswer(MethodView):
    @needs("duty:answer")
    @blueprint.response(204)
    def post(self, spot_check_id):
        """Show up for a spot check"""
        shifts.answer(fetch(queries.spot_checks_visible_to(caller(), scope()), id=spot_check_id), caller())


def _but_cursor(query):
    return {name: value for name, value in query.items() if name != "cursor"}


def author():
    """Who makes or changes assignments."""
    return Author(caller().member_id, teams.visible_to(caller(), scope()))


def fetch_assignment(assignment_id):
    """An assignment that the caller may change, kept from others until the end."""
    return fetch(queries.visible_to(caller(), scope()).with_for_update(key_share=True), id=assignment_id)


def fetch_person(team_id, member_id):
    """A team that the caller sees, and the id of a member."""
    team = fetch(teams.visible_to(caller(), scope()), id=team_id)
    if member_id is None:
        return team, None
    return team, fetch(teams.members_visible_to(caller(), caller().scope("members:read")), id=member_id).id


def fetch_shift(shift_id):
    """A shift that the caller sees."""
    return fetch(queries.shifts_visible_to(caller(), scope()), id=shift_id)


def grid_ids(codes):
    """The grids in force with these codes; raises NotFound for what is not seen, Invalid for retired ones."""
    seen = grids_visible_to(caller(), caller().scope("grids:read"))
    found = {row.code: row.id for row in session.execute(queries.coded(seen, codes))}
    if {*codes} - {*found}:
        raise NotFound
    retired = {
        n: ["Retired; its successors are in its lineage."] for n, code in enumerate(codes) if not found[code]
    }
    if retired:
        raise Invalid(errors={"grids": retired})
    return tuple(dict.fromkeys(found[code] for code in codes))


def read_rows():
    """The rows that were sent, as JSON or as a table."""
    limit = current_app.settings.import_bytes
    body = read_body(JSON, sheets.CSV, sheets.XLSX, limit=limit)
    if request.mimetype != JSON:
        return sheets.read(body, request.mimetype, rows.COLUMNS, limit)
    return dict(enumerate(load(schemas.RowsSchema, read_json(body))["rows"], 1))


def load(schema: type[Strict], sent):
    """What a body of a schema holds; raises Invalid."""
    errors = schema().validate(sent)
    if errors:
        raise Invalid(errors=errors)
    return schema().load(sent)


def answer(assignment):
    """An assignment as the caller is shown it."""
    return session.execute(queries.described([assignment.id], caller())).one()


def shown(described, row):
    """A shift or a swap as the caller is shown it."""
    return session.execute(described([row.id], caller())).one()
