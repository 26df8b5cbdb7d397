"""Routes: teams, members, and their import from tables."""

from flask import current_app, request
from flask.views import MethodView

from service import paging
from service.audit import actions as audit
from service.db import fetch, session
from service.fields import PageQuery
from service.members import invitations
from service.members.models import Member
from service.members.schemas import InvitationSchema, link
from service.teams import actions, queries, rows, sheets
from service.teams.models import Team
from service.teams.schemas import (
    ImportQuery,
    MembersQuery,
    MembersSchema,
    ReportSchema,
    TeamSchema,
    TeamsQuery,
    TeamsSchema,
)
from service.web import Blueprint, caller, needs, next_link, read_body, scope

blueprint = Blueprint("teams", __name__, url_prefix="/api/v1", description="Teams and who is in them")
TABLE = {
    "content": {
        sheets.CSV: {"schema": {"type": "string", "description": "UTF-8, with or without a byte order mark"}},
        sheets.XLSX: {"schema": {"type": "string", "format": "binary"}},
    },
    "required": True,
}


@blueprint.route("/teams")
class Teams(MethodView):
    @needs("teams:read")
    @blueprint.arguments(TeamsQuery, location="query")
    @blueprint.response(200, TeamsSchema)
    def get(self, query):
        """List teams"""
        teams = queries.filtered(queries.visible_to(caller(), scope()), query.get("area"), query.get("kind"))
        page = paging.page(teams, Team.code, query["limit"], query.get("cursor"))
        items = session.execute(queries.described([team.id for team in page.items])).all()
        return page._replace(items=items)._asdict(), 200, next_link(page.next_cursor)


@blueprint.route("/teams/<uuid:team_id>")
class OneTeam(MethodView):
    @needs("teams:read")
    @blueprint.response(200, TeamSchema)
    def get(self, team_id):
        """Show a team"""
        team = fetch(queries.visible_to(caller(), scope()), id=team_id)
        return session.execute(queries.described([team.id])).one()


@blueprint.route("/teams/<uuid:team_id>/members")
class TeamMembers(MethodView):
    @needs("members:read")
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, MembersSchema)
    def get(self, query, team_id):
        """List who is in a team

        A member sees only oneself.
        """
        team = fetch(queries.visible_to(caller(), scope()), id=team_id)
        return answer_members(query | {"team": team.id})


@blueprint.route("/members")
class Members(MethodView):
    @needs("members:read")
    @blueprint.arguments(MembersQuery, location="query")
    @blueprint.response(200, MembersSchema)
    def get(self, query):
        """List members

        A leader sees the people of the teams that one leads, an officer those at home in the area.
        """
        return answer_members(query)


@blueprint.route("/members/<uuid:member_id>/invitations")
class Invitations(MethodView):
    @needs("members:invite")
    @blueprint.response(201, InvitationSchema)
    def post(self, member_id):
        """Invite somebody to sign in

        The code is shown once and good for one phone within seven days; older ones become void. A leader
        invites members of the teams that one leads, an officer members and leaders at home in the area, an
        administrator anybody.
        """
        member = fetch(queries.members_visible_to(caller(), scope()), id=member_id)
        made = invitations.invite(member, caller())
        return link(made.code, request.host_url) | {"expires_at": made.expires_at}


@blueprint.route("/teams/import")
class TeamsImport(MethodView):
    @needs("people:import")
    @blueprint.doc(requestBody=TABLE)
    @blueprint.arguments(ImportQuery, location="query")
    @blueprint.response(200, ReportSchema)
    def post(self, query):
        """Import teams from a table

        Columns `code` 编号, `name` 名称, `kind` 类型, `area` 区域 (12 digits). All rows or none: if one is
        bad, nothing is imported and the problem names each bad row. Teams are recognised by their code, so an
        import can be repeated.
        """
        return actions.import_teams(caller(), scope(), read_table(rows.TEAM_COLUMNS), **query)


@blueprint.route("/members/import")
class MembersImport(MethodView):
    @needs("people:import")
    @blueprint.doc(requestBody=TABLE)
    @blueprint.arguments(ImportQuery, location="query")
    @blueprint.response(200, ReportSchema)
    def post(self, query):
        """Import members from a table

        Columns `code` 编号, `name` 姓名, `phone` 手机, `area` 区域 (12 digits), and if wanted `role` 角色
        (member or leader), `team` 队伍 (its code), `is_leader` 队长. All rows or none. Members are recognised
        by their code. A team that is named gains the member; no other team loses one.
        """
        return actions.import_members(caller(), scope(), read_table(rows.MEMBER_COLUMNS), **query)


def answer_members(query):
    """One page of the members that the caller sees, as the query narrows them."""
    teams = queries.visible_to(caller(), scope())
    within = queries.ids_of(teams, query["team"]) if "team" in query else None
    visible = queries.members_visible_to(caller(), scope())
    members = queries.members_filtered(visible, query.get("area"), within, query.get("role"))
    page = paging.page(members, Member.code, query["limit"], query.get("cursor"))
    items = session.execute(queries.members_described([member.id for member in page.items], teams)).all()
    if any(member.id != caller().member_id for member in page.items):
        audit.record("members.read", "team" if within is not None else "members", query.get("team"))
    return page._replace(items=items)._asdict(), 200, next_link(page.next_cursor)


def read_table(columns):
    """The rows of the table that was sent."""
    limit = current_app.settings.import_bytes
    body = read_body(sheets.CSV, sheets.XLSX, limit=limit)
    return sheets.read(body, request.mimetype, columns, limit)
