"""Routes: the audit trail, for auditors."""

from flask.views import MethodView

from service import paging
from service.audit import actions, queries
from service.audit.models import AuditRow
from service.audit.schemas import AuditQuery, AuditSchema
from service.web import Blueprint, caller, needs, next_link

blueprint = Blueprint("audit", __name__, url_prefix="/api/v1/audit", description="Who did what")


@blueprint.route("")
class Audit(MethodView):
    @needs("audit:read")
    @blueprint.arguments(AuditQuery, location="query")
    @blueprint.response(200, AuditSchema)
    def get(self, query):
        """Read the audit trail, the newest first

        Reading it leaves a row too.
        """
        wanted = {name: query.get(name) for name in ("actor", "subject", "action")}
        rows = queries.filtered(
            queries.visible_to(caller()), **wanted, start=query.get("from_"), end=query.get("to")
        )
        page = paging.page(rows, AuditRow.id, query["limit"], query.get("cursor"), newest=True)
        actions.record("audit.read", "audit", subject=query.get("subject"))
        return page._asdict(), 200, next_link(page.next_cursor)
