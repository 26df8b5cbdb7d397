"""Routes: what phones send."""

from flask.views import MethodView

from service.uploads import actions
from service.uploads.schemas import ReceiptSchema, UploadSchema
from service.web import Blueprint, caller, needs

blueprint = Blueprint("uploads", __name__, url_prefix="/api/v1/uploads", description="What phones send")


@blueprint.route("")
class Uploads(MethodView):
    @needs("uploads:send")
    @blueprint.arguments(UploadSchema)
    @blueprint.response(200, ReceiptSchema)
    def post(self, upload):
        """Send what was recorded

        Safe to repeat, in any order and any split: every item has an id, and a known id is not stored again.
        Each item gets its own verdict; delete on the phone only what is `durable`.
        """
        clock = upload.get("clock", {})
        batch = actions.Batch(upload["batch_id"], upload["crs"], clock.get("sent_at"), upload["items"])
        return actions.receive(caller().member_id, batch)
