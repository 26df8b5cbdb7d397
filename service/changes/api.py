"""Routes: what a member's phone must know."""

from flask.views import MethodView

from service.changes import actions
from service.changes.schemas import ChangesQuery, ChangesSchema
from service.web import Blueprint, caller, needs

blueprint = Blueprint("changes", __name__, url_prefix="/api/v1/changes", description="What a phone must know")


@blueprint.route("")
class Changes(MethodView):
    @needs("changes:read")
    @blueprint.arguments(ChangesQuery, location="query")
    @blueprint.response(200, ChangesSchema)
    @blueprint.alt_response(410, description="Too much has changed; ask without a cursor")
    def get(self, query):
        """Get what my phone must know, or what has changed of it

        Without a cursor everything: grids, checkpoints, shifts and notices of my teams, and the matters that
        I see. With the cursor of the last answer only what is new, and in `gone` what to delete. Lists that
        are `whole` replace what the phone has. A thing may come twice. After a 410, which also comes when I
        am in other teams or have a shift elsewhere, ask without a cursor.
        """
        if "cursor" in query:
            return actions.since(caller(), query["cursor"])
        return actions.everything(caller())
