"""Routes: patrols and their tracks."""

import json
from datetime import UTC, datetime

from flask import Response
from flask.views import MethodView

from service.areas.queries import sight
from service.db import fetch, session
from service.patrols import actions, queries, track
from service.patrols.models import Patrol
from service.patrols.schemas import (
    PatrolSchema,
    PatrolsQuery,
    PatrolsSchema,
    TrackQuery,
    TrackSchema,
    UnderWayQuery,
    UnderWaySchema,
)
from service.web import Blueprint, answer_page, caller, needs, scope

blueprint = Blueprint("patrols", __name__, url_prefix="/api/v1/patrols", description="Walks of members")


@blueprint.route("")
class Patrols(MethodView):
    @needs("patrols:read")
    @blueprint.arguments(PatrolsQuery, location="query")
    @blueprint.response(200, PatrolsSchema)
    def get(self, query):
        """List patrols"""
        visible = queries.during(queries.visible_to(caller(), scope()), query.get("from_"), query.get("to"))
        return answer_page(visible, Patrol.id, query)


@blueprint.route("/under-way")
class UnderWay(MethodView):
    @needs("patrols:count")
    @blueprint.arguments(UnderWayQuery, location="query")
    @blueprint.response(200, UnderWaySchema)
    def get(self, query):
        """Count the patrols that are out now, by the area where those are at home who walk"""
        now, prefix = datetime.now(UTC), sight(caller(), scope(), query.get("area"))
        items = session.execute(queries.under_way(query["by"], prefix, now)).all()
        return {"at": now, "patrols": sum(each.patrols for each in items), "items": items}


@blueprint.route("/<uuid:patrol_id>")
class OnePatrol(MethodView):
    @needs("patrols:read")
    @blueprint.response(200, PatrolSchema)
    def get(self, patrol_id):
        """Show one patrol"""
        return fetch(queries.visible_to(caller(), scope()), id=patrol_id)


@blueprint.route("/<uuid:patrol_id>/track")
class Track(MethodView):
    @needs("tracks:read")
    @blueprint.arguments(TrackQuery, location="query")
    @blueprint.response(200, TrackSchema, content_type="application/geo+json")
    def get(self, query, patrol_id):
        """Show where a patrol went

        `coordTimes`, `accuracy_m` and `marks` have an entry for every vertex. A look at another
        person's track leaves a row that this person can read.
        """
        patrol = fetch(queries.visible_to(caller(), scope()), id=patrol_id)
        actions.look_at_track(patrol, caller(), query.get("purpose"))
        body = json.dumps(TrackSchema().dump(track.feature(patrol)))
        return Response(body, content_type="application/geo+json")
