"""Routes: sessions and one's own account."""

from datetime import UTC, datetime

from flask import request
from flask.views import MethodView

from service import paging
from service.db import fetch, session
from service.errors import Problem
from service.fields import PageQuery
from service.members import actions, devices, factors, invitations, queries
from service.members.models import Device, Member, Session
from service.members.schemas import (
    CodeSchema,
    CredentialsSchema,
    EnrolmentSchema,
    InvitedSchema,
    MyselfSchema,
    NewUploaderSchema,
    PasswordChangeSchema,
    SessionsSchema,
    SignInSchema,
    UploadersSchema,
    UploaderTokenSchema,
    qr,
)
from service.policy import ENROLLING
from service.web import (
    PUBLIC,
    Blueprint,
    answer_page,
    answer_problem,
    caller,
    check_origin,
    cookie,
    csrf_of,
    here,
    needs,
    next_link,
    page_token,
)

blueprint = Blueprint("people", __name__, url_prefix="/api/v1", description="Sign in, and one's own account")


@blueprint.route("/sessions")
class Sessions(MethodView):
    @needs(PUBLIC)
    @blueprint.arguments(CredentialsSchema)
    @blueprint.response(201, SignInSchema)
    def post(self, credentials):
        """Sign in on a device

        The token is shown once. Send it with every request as `Authorization: Bearer <token>`. A page asks
        for a cookie instead. After a few failures the next try must wait (429, `Retry-After`). Who has
        enrolled a second factor sends its `code` along; without it the answer is
        `/problems/second-factor-needed`.
        """
        username, password = credentials["username"], credentials["password"]
        return answer_sign_in(
            actions.sign_in(username, password, credentials.get("code"), door_of(credentials))
        )

    @needs(ENROLLING)
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, SessionsSchema)
    def get(self, query):
        """List where one is signed in"""
        own = queries.sessions_of(caller(), datetime.now(UTC))
        page = paging.page(own, Session.id, query["limit"], query.get("cursor"))
        for each in page.items:
            each.is_current = each.id == caller().session_id
        return page._asdict(), 200, next_link(page.next_cursor)


@blueprint.route("/sessions/invited")
class InvitedSessions(MethodView):
    @needs(PUBLIC)
    @blueprint.arguments(InvitedSchema)
    @blueprint.response(201, SignInSchema)
    def post(self, invited):
        """Sign in with an invitation

        A code is good once. A phone needs no more; give `username` and `password` to be able to sign in
        elsewhere, which ends the sessions that were opened with older ones.
        """
        given = "username" in invited
        account = invitations.Account(invited["username"], invited["password"]) if given else None
        code, second_factor = invited["code"], invited.get("second_factor")
        return answer_sign_in(invitations.accept(code, account, second_factor, door_of(invited)))


@blueprint.route("/sessions/current")
class CurrentSession(MethodView):
    @needs(ENROLLING)
    @blueprint.response(204)
    def delete(self):
        """Sign out here"""
        actions.sign_out(fetch(queries.sessions_of(caller(), datetime.now(UTC)), id=caller().session_id))
        return None, 204, cookie("") if page_token() else {}


@blueprint.route("/sessions/<uuid:session_id>")
class OneSession(MethodView):
    @needs(ENROLLING)
    @blueprint.response(204)
    def delete(self, session_id):
        """Sign out on another device

        Its token is worth nothing from the next request on.
        """
        actions.sign_out(fetch(queries.sessions_of(caller(), datetime.now(UTC)), id=session_id))


@blueprint.route("/me")
class Me(MethodView):
    @needs(ENROLLING)
    @blueprint.response(200, MyselfSchema)
    def get(self):
        """Show one's own account"""
        account = session.execute(queries.account(caller().member_id)).one()
        return account._asdict() | here_with(page_token(), caller().must_enrol)


@blueprint.route("/me/password")
class Password(MethodView):
    @needs(ENROLLING)
    @blueprint.arguments(PasswordChangeSchema)
    @blueprint.response(204)
    def put(self, change):
        """Change one's password

        Signs out everywhere but here.
        """
        problem = actions.change_password(caller(), **change)
        return problem and answer_problem(problem)


@blueprint.route("/me/totp")
class SecondFactor(MethodView):
    @needs(ENROLLING)
    @blueprint.response(200, EnrolmentSchema)
    def post(self):
        """Begin to enrol a second factor

        Give the secret to an authenticator app, then confirm with a code of it. Until then nothing changes,
        and another call gives another secret.
        """
        begun = factors.begin(session.get_one(Member, caller().member_id))
        return begun._asdict() | {"qr_svg": qr(begun.uri)}


@blueprint.route("/me/totp/confirm")
class SecondFactorConfirmed(MethodView):
    @needs(ENROLLING)
    @blueprint.arguments(CodeSchema)
    @blueprint.response(204)
    def post(self, confirmation):
        """Enrol the second factor

        From now on every sign-in needs a code. Signs out everywhere but here.
        """
        actions.enrol_second_factor(caller(), confirmation["code"])


@blueprint.route("/me/devices")
class Devices(MethodView):
    @needs("me")
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, UploadersSchema)
    def get(self, query):
        """List the apps that upload for oneself, the oldest first"""
        return answer_page(queries.devices_of(caller()), Device.id, query)

    @needs("me")
    @blueprint.arguments(NewUploaderSchema)
    @blueprint.response(201, UploaderTokenSchema)
    def post(self, wanted):
        """Let another app upload for oneself

        The token is shown once, opens nothing but uploads, and stands in `config`, the app's settings. `link`
        sets the app up when it is opened on the phone, `qr_svg` when it is scanned.
        """
        device, token = actions.add_device(caller(), wanted["kind"], wanted["name"])
        member = session.get_one(Member, caller().member_id)
        username, origin = member.username or member.code, request.host_url.rstrip("/")
        config = devices.config(device.kind, origin, username, str(device.id), token)
        shown = {"id": device.id, "name": device.name, "kind": device.kind, "created_at": device.created_at}
        link = devices.link(device.kind, config)
        return shown | {"token": token, "config": config, "link": link, "qr_svg": qr(link)}


@blueprint.route("/me/devices/<uuid:device_id>")
class OneDevice(MethodView):
    @needs("me")
    @blueprint.response(204)
    def delete(self, device_id):
        """Let an app upload no longer"""
        actions.remove_device(fetch(queries.devices_of(caller()), id=device_id))


def door_of(given):
    """Where somebody signs in."""
    device, kind = given["device"], "page" if given["cookie"] else "phone"
    if given["cookie"]:
        check_origin()
    lifetime = here().settings.lifetime(kind)
    return actions.Door(kind, device["id"], device["name"], request.remote_addr, lifetime)


def answer_sign_in(opened):
    """A new session for a phone or a page, or why there is none (answered, so that the failure is kept)."""
    if isinstance(opened, Problem):
        return answer_problem(opened)
    is_page = opened.session.kind == "page"
    must_enrol = here().authenticate(opened.token, opened.session.kind).must_enrol
    answer = {
        "expires_at": opened.session.expires_at,
        "member": session.execute(queries.account(opened.member.id)).one(),
    } | here_with(opened.token if is_page else "", must_enrol)
    if is_page:
        actions.end_page(page_token())
        return answer, 201, cookie(opened.token)
    return answer | {"token": opened.token}


def here_with(token, must_enrol):
    """What holds for this sign-in; `token` is that of a page's cookie, if it is one."""
    return {"must_enrol": must_enrol} | ({"csrf_token": csrf_of(token)} if token else {})
