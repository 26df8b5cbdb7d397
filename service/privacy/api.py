"""Routes: one's own data, who looked at it, and what becomes of it."""

from tempfile import SpooledTemporaryFile

from flask import request, send_file
from flask.views import MethodView
from werkzeug.exceptions import NotAcceptable

from service import paging
from service.audit import actions as audit
from service.audit import queries as trail
from service.audit.models import AuditRow
from service.db import fetch, session
from service.fields import PageQuery
from service.privacy import actions, erasure, export, queries, texts
from service.privacy.models import RetentionRun
from service.privacy.schemas import AccessLogSchema, CertificatesSchema, ConsentSchema, DecisionSchema
from service.web import Blueprint, caller, needs, next_link, scope

blueprint = Blueprint("privacy", __name__, url_prefix="/api/v1", description="Whose data it is")
JSON, GPX = "application/json", "application/gpx+xml"
MIB = 1024 * 1024
COPY = {
    "responses": {
        200: {
            "description": "Everything that is kept of oneself",
            "content": {JSON: {"schema": {"type": "object"}}, GPX: {"schema": {"type": "string"}}},
        }
    }
}


@blueprint.route("/me/consents/track")
class TrackConsent(MethodView):
    @needs("me")
    @blueprint.response(200, ConsentSchema)
    def get(self):
        """Show the words of the consent to tracks, and whether one has agreed"""
        return consent()

    @needs("me")
    @blueprint.arguments(DecisionSchema)
    @blueprint.response(200, ConsentSchema)
    def put(self, decision):
        """Agree to tracks, or withdraw

        From the moment of a withdrawal no new position is kept; check-ins still are. After a new consent only
        what is recorded from then on is kept.
        """
        if decision["agreed"]:
            actions.agree(caller().member_id, decision["text_id"])
        else:
            actions.withdraw(caller().member_id)
        return consent()


def consent():
    """The words that are valid now, and what the caller said last."""
    last = session.scalars(queries.last_consent(caller().member_id)).one_or_none()
    return {
        "text": texts.current(actions.TRACK),
        "agreed": last is not None and last.withdrawn_at is None,
        "text_id": last and last.text_id,
        "given_at": last and last.given_at,
        "withdrawn_at": last and last.withdrawn_at,
    }


@blueprint.route("/me/access-log")
class AccessLog(MethodView):
    @needs("me")
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, AccessLogSchema)
    def get(self, query):
        """Read who did something with one's data, the newest first: when, in which role, and why"""
        looks = trail.about(trail.everything(), caller().member_id)
        page = paging.page(looks, AuditRow.id, query["limit"], query.get("cursor"), newest=True)
        shown = queries.looks_at(caller().member_id, [row.id for row in page.items])
        items = session.execute(shown).all()
        return page._replace(items=items)._asdict(), 200, next_link(page.next_cursor)


@blueprint.route("/me/export")
class Export(MethodView):
    @needs("me")
    @blueprint.doc(**COPY)
    def get(self):
        """Take a copy of everything that is kept of oneself

        `Accept` chooses JSON, or GPX with what has a place.
        """
        wanted = request.accept_mimetypes
        form = wanted.best_match([JSON, GPX]) if wanted else JSON
        if form is None:
            raise NotAcceptable
        file = SpooledTemporaryFile(max_size=MIB)  # noqa: SIM115 - the answer closes it
        write = export.write_gpx if form == GPX else export.write_json
        write(caller().member_id, file)
        audit.record("data.export", "member", caller().member_id, subject=caller().member_id)
        file.seek(0)
        name = "gridpatrol.gpx" if form == GPX else "gridpatrol.json"
        answer = send_file(file, mimetype=form, as_attachment=True, download_name=name)
        answer.headers["Cache-Control"] = "no-store"  # instead of what suits a file of our own
        return answer


@blueprint.route("/members/<uuid:member_id>")
class OneMember(MethodView):
    @needs("members:erase")
    @blueprint.response(204)
    def delete(self, member_id):
        """Erase a member

        Identity and positions are gone at once and for good; what the member did stays under a pseudonym.
        """
        erasure.erase(fetch(queries.erasable_by(caller(), scope()), id=member_id))


@blueprint.route("/audit/certificates")
class Certificates(MethodView):
    @needs("audit:read")
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, CertificatesSchema)
    def get(self, query):
        """List what retention has erased, run by run, the newest first"""
        page = paging.page(
            queries.certificates(), RetentionRun.id, query["limit"], query.get("cursor"), newest=True
        )
        return page._asdict(), 200, next_link(page.next_cursor)
