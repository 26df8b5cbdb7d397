"""Routes: teams, members, and their import from tables."""

from flask import current_app, request
from flask.views import MethodView

from service import paging
from service.areas.queries import sight
from service.audit import actions as audit
from service.db import fetch, session
from service.fields import PageQuery
from service.members import invitations
from service.members.models import Member
from service.members.schemas import InvitationSchema, link
from service.teams import actions, imports, queries, rows, sheets
from service.teams.models import Team
from service.teams.schemas import (
    ImportQuery,
    JoiningSchema,
    LeadingSchema,
    MemberSchema,
    MembersQuery,
    MembersSchema,
    NewTeamSchema,
    ReportSchema,
    TeamChangeSchema,
    TeamSchema,
    TeamsQuery,
    TeamsSchema,
    TransferSchema,
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
        ids = [team.id for team in page.items]
        items = session.execute(queries.described(ids, caller(), scope())).all()
        return page._replace(items=items)._asdict(), 200, next_link(page.next_cursor)

    @needs("teams:write")
    @blueprint.etag
    @blueprint.arguments(NewTeamSchema)
    @blueprint.response(201, TeamSchema)
    def post(self, team):
        """Make a team"""
        sight(caller(), scope(), team["area"])
        return answer_team(actions.found(**team))


@blueprint.route("/teams/<uuid:team_id>")
class OneTeam(MethodView):
    @needs("teams:read")
    @blueprint.etag
    @blueprint.response(200, TeamSchema)
    def get(self, team_id):
        """Show a team"""
        return answer_team(fetch_team(team_id))

    @needs("teams:write")
    @blueprint.etag
    @blueprint.arguments(TeamChangeSchema)
    @blueprint.response(200, TeamSchema)
    def patch(self, changes, team_id):
        """Change a team's name, kind or home

        `If-Match` names the ETag of the team as it was read, so that nobody undoes what another has changed.
        """
        team = fetch(queries.visible_to(caller(), scope()).with_for_update(), id=team_id)
        blueprint.check_etag(answer_team(team), TeamSchema)
        if "area" in changes:
            sight(caller(), scope(), changes["area"])
        actions.change(team, changes)
        return answer_team(team)


@blueprint.route("/teams/<uuid:team_id>/members")
class TeamMembers(MethodView):
    @needs("members:read")
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, MembersSchema)
    def get(self, query, team_id):
        """List who is in a team

        A member sees only oneself.
        """
        return answer_members(query | {"team": fetch_team(team_id).id})

    @needs("teams:write")
    @blueprint.arguments(JoiningSchema)
    @blueprint.response(201, MemberSchema)
    def post(self, joining, team_id):
        """Let a member join a team

        Whoever leads a team gets the role `leader`.
        """
        team, member = fetch_team(team_id), fetch_member(joining.pop("member_id"))
        actions.join(team, member, **joining)
        return answer_member(member)


@blueprint.route("/teams/<uuid:team_id>/members/<uuid:member_id>")
class OneMembership(MethodView):
    @needs("teams:write")
    @blueprint.arguments(LeadingSchema)
    @blueprint.response(200, MemberSchema)
    def patch(self, leading, team_id, member_id):
        """Say whether a member leads the team"""
        member = fetch_member(member_id)
        membership = fetch(queries.membership(fetch_team(team_id), member))
        actions.lead(membership, member, leading["is_leader"])
        return answer_member(member)

    @needs("teams:write")
    @blueprint.response(204)
    def delete(self, team_id, member_id):
        """Let a member leave a team

        It is kept that the member was in it.
        """
        member = fetch_member(member_id)
        actions.leave(fetch(queries.membership(fetch_team(team_id), member)), member)


@blueprint.route("/members/<uuid:member_id>/transfer")
class Transfer(MethodView):
    @needs("teams:write")
    @blueprint.arguments(TransferSchema)
    @blueprint.response(200, MemberSchema)
    def post(self, transfer, member_id):
        """Move a member to another team

        In one step the member leaves every other team that the caller sees, and joins the new one.
        """
        member, team = fetch_member(member_id), fetch_team(transfer["team_id"])
        seen = queries.visible_to(caller(), scope())
        actions.transfer(member, team, seen, transfer.get("at"))
        return answer_member(member)


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
        return link(made.code, request.host_url + made.page) | {"expires_at": made.expires_at}


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
        return imports.import_teams(caller(), scope(), read_table(rows.TEAM_COLUMNS), **query)


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
        return imports.import_members(caller(), scope(), read_table(rows.MEMBER_COLUMNS), **query)


def fetch_team(team_id):
    """A team that the caller sees."""
    return fetch(queries.visible_to(caller(), scope()), id=team_id)


def fetch_member(member_id):
    """A member that the caller sees."""
    return fetch(queries.members_visible_to(caller(), scope()), id=member_id)


def answer_team(team):
    """A team as the caller is shown it."""
    return session.execute(queries.described([team.id], caller(), scope())).one()


def answer_member(member):
    """A member as the caller is shown one."""
    teams = queries.visible_to(caller(), scope())
    return session.execute(queries.members_described([member.id], teams)).one()


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
