"""Routes: what phones send, and what of it a person must look at."""

import orjson
from flask import Response
from flask.views import MethodView

from service.areas.queries import sight
from service.audit import actions as audit
from service.db import fetch
from service.outbox.queries import epoch
from service.together import Together
from service.uploads import actions, queries
from service.uploads.models import QuarantinedItem
from service.uploads.schemas import (
    AskSchema,
    MissingSchema,
    OneQuarantinedSchema,
    QuarantineQuery,
    QuarantineSchema,
    ReceiptSchema,
    UploadSchema,
)
from service.web import Blueprint, answer_page, caller, needs, scope

MOST = 32  # uploads in one transaction
together = Together(actions.receive_all, MOST)
blueprint = Blueprint("uploads", __name__, url_prefix="/api/v1", description="What phones send")


@blueprint.route("/uploads")
class Uploads(MethodView):
    @needs("uploads:send")
    @blueprint.arguments(UploadSchema)
    @blueprint.response(200, ReceiptSchema)
    def post(self, upload):
        """Send what was recorded

        Safe to repeat, in any order and any split: every item has an id, and a known id is not stored again.
        Each item gets its own verdict; delete on the phone only what is `durable`.
        Uploads that wait at the same time share one commit, and are answered after it.
        """
        clock = upload.get("clock", {})
        batch = actions.Batch(upload["batch_id"], upload["crs"], clock.get("sent_at"), upload["items"])
        answer = together(actions.Upload(caller().member_id, batch))
        return Response(orjson.dumps(answer, option=orjson.OPT_UTC_Z), content_type="application/json")


@blueprint.route("/uploads/receipts")
class Receipts(MethodView):
    @needs("uploads:send")
    @blueprint.arguments(AskSchema)
    @blueprint.response(200, MissingSchema)
    def post(self, asked):
        """Ask which items have not arrived

        For a phone that lost the answers to what it sent, and after the server was restored. Items in
        quarantine have arrived; another member's have not.
        """
        return {"missing": actions.missing(caller().member_id, asked["ids"]), "server_epoch": epoch()}


@blueprint.route("/quarantine")
class Quarantine(MethodView):
    @needs("quarantine:read")
    @blueprint.arguments(QuarantineQuery, location="query")
    @blueprint.response(200, QuarantineSchema)
    def get(self, query):
        """List what could not be used

        Items of the members of your area, the oldest first; they are kept for 30 days.
        """
        visible = queries.quarantine_visible_to(caller(), scope())
        if "area" in query:
            sight(caller(), scope(), query["area"])
            visible = queries.sent_from(visible, query["area"])
        return answer_page(visible, QuarantinedItem.id, query)


@blueprint.route("/quarantine/<uuid:quarantined_id>")
class OneQuarantined(MethodView):
    @needs("quarantine:read")
    @blueprint.response(200, OneQuarantinedSchema)
    def get(self, quarantined_id):
        """Show an item as it was sent

        It may say where its member was, so the look leaves a row that this person can read.
        """
        found = fetch(queries.quarantine_visible_to(caller(), scope()), id=quarantined_id)
        audit.record("quarantine.read", "quarantined-item", found.id, subject=found.member_id)
        return found
