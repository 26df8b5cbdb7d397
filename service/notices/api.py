"""Routes: notices to teams."""

from flask.views import MethodView

from service import paging
from service.areas.queries import sight
from service.db import fetch, session
from service.notices import actions, queries
from service.notices.models import Notice
from service.notices.schemas import NewNoticeSchema, NoticeSchema, NoticesQuery, NoticesSchema
from service.teams import queries as teams
from service.web import Blueprint, caller, needs, next_link, scope

blueprint = Blueprint("notices", __name__, url_prefix="/api/v1", description="Notices to teams")


@blueprint.route("/notices")
class Notices(MethodView):
    @needs("notices:read")
    @blueprint.arguments(NoticesQuery, location="query")
    @blueprint.response(200, NoticesSchema)
    def get(self, query):
        """List notices, the newest first

        A member sees those to one's teams; leaders and officers also how many of each team have read them.
        """
        found = queries.visible_to(caller(), scope())
        found = found if query["expired"] else queries.current(found)
        page = paging.page(found, Notice.id, query["limit"], query.get("cursor"), newest=True)
        items = session.execute(queries.described([each.id for each in page.items], caller(), scope())).all()
        return page._replace(items=items)._asdict(), 200, next_link(page.next_cursor)

    @needs("notices:write")
    @blueprint.arguments(NewNoticeSchema)
    @blueprint.response(201, NoticeSchema)
    def post(self, notice):
        """Send a notice to the teams of an area or a drawn polygon

        A leader reaches only the teams that one leads.
        """
        area = notice.pop("area", None)
        if area is not None:
            sight(caller(), caller().scope("areas:read"), area)
        seen = teams.visible_to(caller(), scope())
        return answer(actions.send(seen, caller(), area or caller().area, **notice))


@blueprint.route("/notices/<uuid:notice_id>")
class OneNotice(MethodView):
    @needs("notices:read")
    @blueprint.response(200, NoticeSchema)
    def get(self, notice_id):
        """Show a notice"""
        return answer(fetch(queries.visible_to(caller(), scope()), id=notice_id))


@blueprint.route("/notices/<uuid:notice_id>/read")
class Read(MethodView):
    @needs("notices:read")
    @blueprint.response(204)
    def post(self, notice_id):
        """Say that one has read a notice"""
        actions.read(fetch(queries.visible_to(caller(), scope()), id=notice_id), caller())


def answer(notice):
    """A notice as the caller is shown it."""
    return session.execute(queries.described([notice.id], caller(), scope())).one()
