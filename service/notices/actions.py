"""Send notices; note that they have been read."""

from datetime import UTC, datetime
from typing import Any

from geoalchemy2.shape import from_shape
from shapely import Polygon
from sqlalchemy import Select, insert
from sqlalchemy.dialects.postgresql import insert as insert_new

from service.areas.queries import prefix_of
from service.audit import actions as audit
from service.db import announce, session, uuid7
from service.errors import Conflict, Invalid
from service.notices import queries
from service.notices.models import Notice, NoticeRead, NoticeTeam
from service.policy import Caller
from service.teams.models import Team


class NotAddressed(Conflict):
    title, title_zh = "This notice did not go to you", "该通知不是发给您的"


def send(seen: Select[Team], caller: Caller, area: str, shape: Polygon | None = None, **text: Any) -> Notice:
    """Tell the teams of an area, or those that a polygon concerns, among those that the caller sees."""
    expires_at = text.get("expires_at")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise Invalid(errors={"expires_at": ["Lies in the past."]})
    drawn = from_shape(shape, 4326) if shape is not None else None
    to = queries.at_home(seen, prefix_of(area)) if drawn is None else queries.in_shape(seen, drawn)
    teams = list(session.scalars(to.distinct()))
    if not teams:
        raise Invalid(
            errors={"area" if drawn is None else "shape": ["There is no team that you could tell."]}
        )
    notice = Notice(id=uuid7(), area_code=area, shape=drawn, sent_by=caller.member_id, **text)
    session.add(notice)
    session.flush()
    session.execute(insert(NoticeTeam), [{"notice_id": notice.id, "team_id": team} for team in teams])
    audit.record("notice.send", "notice", notice.id)
    announce("notice sent", notices=[notice.id], teams=teams)
    return notice


def read(notice: Notice, caller: Caller) -> None:
    """Note that a member of a team that it went to has read it; once is enough."""
    if session.scalars(queries.addressed(notice.id, caller.member_id)).first() is None:
        raise NotAddressed
    shown = insert_new(NoticeRead).on_conflict_do_nothing()
    session.execute(shown, {"notice_id": notice.id, "member_id": caller.member_id})
