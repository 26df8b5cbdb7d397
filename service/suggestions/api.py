"""Routes: suggestions of who patrols which grids."""

from flask import url_for
from flask.views import MethodView

from service.areas.queries import sight
from service.db import fetch, session
from service.duty.actions import Author
from service.suggestions import actions, queries
from service.suggestions.schemas import AppliedSchema, QuestionSchema, SuggestionSchema
from service.teams import queries as teams
from service.web import Blueprint, caller, needs, scope

LOOK_AGAIN = "2"  # s
blueprint = Blueprint(
    "suggestions", __name__, url_prefix="/api/v1", description="Who could patrol which grids, and why"
)


@blueprint.route("/assignments/suggest")
class Suggestions(MethodView):
    @needs("assignments:suggest")
    @blueprint.arguments(QuestionSchema)
    @blueprint.response(202, SuggestionSchema)
    def post(self, question):
        """Ask for a suggestion: which teams visit which grids of an area, on which days

        A worker looks for the plan that costs least: targets met, short ways, teams evenly loaded, grids of a
        team next to each other, grids long unseen or with open matters before others. That takes seconds;
        `Location` says where the answer will be. Nothing is assigned by asking.
        """
        sight(caller(), scope(), question["area"])
        return answer(actions.ask(**question))


@blueprint.route("/assignments/suggest/<uuid:suggestion_id>")
class OneSuggestion(MethodView):
    @needs("assignments:suggest")
    @blueprint.response(200, SuggestionSchema)
    def get(self, suggestion_id):
        """Show a suggestion

        While it is `waiting`, `Retry-After` says when to look again. `short` means that targets are missed:
        `missed` says where and `collisions` which limits leave no room.
        """
        return answer(fetch(queries.visible_to(caller(), scope()), id=suggestion_id))


@blueprint.route("/assignments/suggest/<uuid:suggestion_id>/apply")
class Application(MethodView):
    @needs("assignments:suggest")
    @blueprint.response(200, AppliedSchema)
    def post(self, suggestion_id):
        """Apply a suggestion in one step

        Whatever holds nothing but grids of the area ends when the suggestion begins, and its lines become
        assignments: all of them or none. When grids or assignments have changed since, 409.
        """
        suggestion = fetch(queries.visible_to(caller(), scope()), id=suggestion_id)
        made = actions.apply(suggestion, Author(caller().member_id, teams.visible_to(caller(), scope())))
        return {"items": [each.id for each in made]}


def answer(suggestion):
    """A suggestion, where it is, and when to look again."""
    session.refresh(suggestion)
    place = url_for("suggestions.OneSuggestion", suggestion_id=suggestion.id)
    again = {"Retry-After": LOOK_AGAIN} if suggestion.state == "waiting" else {}
    return suggestion, {"Location": place, **again}
