"""Routes: how to sign in to a demonstration."""

import json

from flask import current_app
from flask.views import MethodView

from service.demo.schemas import DemonstrationSchema
from service.errors import NotFound
from service.web import PUBLIC, Blueprint, needs

blueprint = Blueprint(
    "demonstration", __name__, url_prefix="/api/v1/demonstration", description="A demonstration's accounts"
)


@blueprint.route("")
class Demonstration(MethodView):
    @needs(PUBLIC)
    @blueprint.response(200, DemonstrationSchema)
    def get(self):
        """Show the accounts of the demonstration

        There are some only where the demonstration was loaded; everywhere else the answer is 404.
        """
        file = current_app.settings.demo_accounts
        if not file.exists():
            raise NotFound
        return {"accounts": json.loads(file.read_text(encoding="utf-8"))}
