"""Routes: checkpoints, and what is printed for them."""

from datetime import UTC, datetime

from flask import Response
from flask.views import MethodView

from geo.coordinates import to_wgs84
from service.areas.queries import grids_in, in_force, reach, sight
from service.audit import actions as audit
from service.checkpoints import actions, proofs, queries, sheet
from service.checkpoints.models import Checkpoint
from service.checkpoints.schemas import (
    ChangeSchema,
    CheckpointSchema,
    CheckpointsQuery,
    CheckpointsSchema,
    DisplaySchema,
    NewCheckpointSchema,
    QrQuery,
    SheetQuery,
)
from service.db import fetch, session
from service.web import Blueprint, answer_page, caller, needs, scope

blueprint = Blueprint("checkpoints", __name__, url_prefix="/api/v1/checkpoints", description="Marked places")
FILES = {"svg": "image/svg+xml", "pdf": "application/pdf"}


@blueprint.route("")
class Checkpoints(MethodView):
    @needs("checkpoints:read")
    @blueprint.arguments(CheckpointsQuery, location="query")
    @blueprint.response(200, CheckpointsSchema)
    def get(self, query):
        """List the checkpoints in use"""
        found = queries.inside(sight(caller(), scope(), query.get("area")))
        if "grid" in query:
            found = queries.within_grid(found, sight(caller(), scope(), query["grid"]))
        return answer_page(queries.described(queries.in_use(found)), Checkpoint.id, query)

    @needs("checkpoints:write")
    @blueprint.etag
    @blueprint.arguments(NewCheckpointSchema)
    @blueprint.response(201, CheckpointSchema)
    def post(self, new):
        """Put up a checkpoint

        It lies in the grid around its position, and never moves: a moved mark or another tag is another
        checkpoint, so that whatever was scanned keeps its meaning.
        """
        lon, lat = to_wgs84(new.pop("lon"), new.pop("lat"), new.pop("crs"))
        if "nfc_key" in new:
            new["nfc_key"] = bytes.fromhex(new["nfc_key"])
        made = actions.put_up(float(lon), float(lat), reach(caller(), scope()), **new)
        return fetch_checkpoint(made.id)


@blueprint.route("/<uuid:checkpoint_id>")
class OneCheckpoint(MethodView):
    @needs("checkpoints:read")
    @blueprint.etag
    @blueprint.response(200, CheckpointSchema)
    def get(self, checkpoint_id):
        """Show a checkpoint"""
        return fetch_checkpoint(checkpoint_id)

    @needs("checkpoints:write")
    @blueprint.etag
    @blueprint.arguments(ChangeSchema)
    @blueprint.response(200, CheckpointSchema)
    def patch(self, changes, checkpoint_id):
        """Change what a checkpoint is called

        `If-Match` names the ETag of the checkpoint as it was read.
        """
        checkpoint = fetch_checkpoint(checkpoint_id)
        blueprint.check_etag(checkpoint, CheckpointSchema)
        actions.change(checkpoint, changes)
        return fetch_checkpoint(checkpoint_id)

    @needs("checkpoints:write")
    @blueprint.response(204)
    def delete(self, checkpoint_id):
        """Retire a checkpoint

        It proves nothing from now on. What was scanned before and arrives later still counts.
        """
        actions.retire(fetch_checkpoint(checkpoint_id))


@blueprint.route("/<uuid:checkpoint_id>/qr")
class Qr(MethodView):
    @needs("checkpoints:write")
    @blueprint.arguments(QrQuery, location="query")
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/svg+xml")
    def get(self, query, checkpoint_id):
        """Draw one printed code, as SVG or PDF"""
        checkpoint = fetch_checkpoint(checkpoint_id)
        return Response(sheet.drawn(checkpoint, query["format"]), content_type=FILES[query["format"]])


@blueprint.route("/<uuid:checkpoint_id>/display")
class Display(MethodView):
    @needs("checkpoints:write")
    @blueprint.response(200, DisplaySchema)
    def get(self, checkpoint_id):
        """Show what a display needs to show rotating codes

        Each step it shows `GP1.<code>.<step>.<mac>`: step is the unix time divided by `step_s`, mac the first
        10 letters of the Base32 of HMAC-SHA-256 over all that stands before its dot. Every look is recorded.
        """
        checkpoint = fetch_checkpoint(checkpoint_id)
        audit.record("checkpoint.secret", "checkpoint", checkpoint.id)
        proof = proofs.make(checkpoint.secret, checkpoint.code, proofs.step_at(datetime.now(UTC)))
        secret = checkpoint.secret.hex()
        return {"code": checkpoint.code, "secret": secret, "step_s": proofs.STEP, "proof": proof}


@blueprint.route("/sheet")
class Sheet(MethodView):
    @needs("checkpoints:write")
    @blueprint.arguments(SheetQuery, location="query")
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
    def get(self, query):
        """Print the codes of a grid: A4 pages to cut and put up"""
        prefix = sight(caller(), scope(), query["grid"])
        grid = session.scalars(in_force(grids_in(prefix))).first()
        found = session.scalars(queries.in_use(queries.inside(prefix)).order_by(Checkpoint.id)).all()
        audit.record("checkpoint.sheet", "grid", query["grid"])
        pages = sheet.pages(query["grid"], grid.name if grid else "", found)
        return Response(pages, content_type="application/pdf")


def fetch_checkpoint(checkpoint_id):
    """A checkpoint that the caller sees."""
    return fetch(queries.described(queries.visible_to(caller(), scope())), id=checkpoint_id)
