"""Routes: sessions and one's own account."""

from datetime import UTC, datetime, timedelta

from flask.views import MethodView

from service.db import fetch, session
from service.members import actions, queries
from service.members.schemas import CredentialsSchema, MeSchema, SessionsSchema, SignInSchema
from service.web import PUBLIC, Blueprint, caller, here, needs

blueprint = Blueprint("people", __name__, url_prefix="/api/v1", description="Sign in, and one's own account")


@blueprint.route("/sessions")
class Sessions(MethodView):
    @needs(PUBLIC)
    @blueprint.arguments(CredentialsSchema)
    @blueprint.response(201, SignInSchema)
    def post(self, credentials):
        """Sign in on a device

        The token is shown once. Send it with every request as `Authorization: Bearer <token>`.
        """
        device, lifetime = credentials["device"], timedelta(days=here().settings.session_days)
        opened = actions.sign_in(
            credentials["username"], credentials["password"], device["id"], device["name"], lifetime
        )
        return {
            "token": opened.token,
            "expires_at": opened.session.expires_at,
            "member": session.execute(queries.account(opened.member.id)).one(),
        }

    @needs("me")
    @blueprint.response(200, SessionsSchema)
    def get(self):
        """List where one is signed in"""
        own = session.scalars(queries.sessions_of(caller(), datetime.now(UTC))).all()
        for each in own:
            each.is_current = each.id == caller().session_id
        return {"items": own, "next_cursor": None}


@blueprint.route("/sessions/current")
class CurrentSession(MethodView):
    @needs("me")
    @blueprint.response(204)
    def delete(self):
        """Sign out here"""
        actions.sign_out(fetch(queries.sessions_of(caller(), datetime.now(UTC)), id=caller().session_id))


@blueprint.route("/me")
class Me(MethodView):
    @needs("me")
    @blueprint.response(200, MeSchema)
    def get(self):
        """Show one's own account"""
        return session.execute(queries.account(caller().member_id)).one()
