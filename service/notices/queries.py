"""Questions about notices: whom they go to, who sees them, how many have read them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from geoalchemy2 import WKBElement
from sqlalchemy import Select, and_, exists, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from service.areas.models import Grid
from service.areas.queries import within
from service.duty.models import Assignment, AssignmentGrid
from service.members.models import Member
from service.notices.models import Notice, NoticeRead, NoticeTeam
from service.policy import Caller, Scope
from service.teams import queries as teams
from service.teams.models import Membership, Team

_NOW = func.now()


def visible_to(caller: Caller, scope: Scope) -> Select[Notice]:
    """The notices to teams that the caller sees, and those that the caller has sent."""
    seen = teams.visible_to(caller, scope).with_only_columns(Team.id)
    addressed = exists().where(NoticeTeam.notice_id == Notice.id, NoticeTeam.team_id.in_(seen))
    return select(Notice).where(or_(addressed, Notice.sent_by == caller.member_id))


def current(notices: Select[Notice]) -> Select[Notice]:
    """Those of the notices that have not expired."""
    return notices.where(or_(Notice.expires_at.is_(None), Notice.expires_at > _NOW))


def at_home(found: Select[Team], prefix: str) -> Select[Any]:
    """The ids of those teams that are at home in an area."""
    return found.with_only_columns(Team.id).where(within(Team.area_code, prefix))


def in_shape(found: Select[Team], shape: WKBElement) -> Select[Any]:
    """The ids of those teams that have, or are at home where there are, grids that meet a polygon."""
    grids = select(Grid.id).where(Grid.retired_at.is_(None), func.ST_Intersects(Grid.shape, shape))
    homes = select(Grid.community_code).where(Grid.id.in_(grids))
    over = func.coalesce(Assignment.ended_at, Assignment.ends_at)
    held = (
        select(AssignmentGrid.team_id)
        .join(Assignment, Assignment.id == AssignmentGrid.assignment_id)
        .where(AssignmentGrid.grid_id.in_(grids), func.isempty(AssignmentGrid.during).is_(False), over > _NOW)
    )
    return found.with_only_columns(Team.id).where(or_(Team.area_code.in_(homes), Team.id.in_(held)))


def described(ids: Sequence[UUID], caller: Caller, scope: Scope) -> Select[Any]:
    """Notices, whether the caller has read them, and how many of each team have; a member sees no counts."""
    read = exists().where(NoticeRead.notice_id == Notice.id, NoticeRead.member_id == caller.member_id)
    return (
        select(
            Notice.id, Notice.title, Notice.text, Notice.area_code, Notice.sent_at, Notice.expires_at,
            func.ST_AsGeoJSON(Notice.shape, 7).label("shape"), read.label("is_read"),
            _counts(caller, scope).label("teams"),
        )
        .where(Notice.id.in_(ids))
        .order_by(Notice.id.desc())
    )  # fmt: skip


def _counts(caller: Caller, scope: Scope) -> Any:
    seen = teams.visible_to(caller, scope).with_only_columns(Team.id)
    here = and_(
        Membership.team_id == Team.id, Membership.since <= _NOW,
        or_(Membership.until.is_(None), Membership.until > _NOW),
    )  # fmt: skip
    members = (
        select(func.count())
        .select_from(Membership)
        .join(Member, Member.id == Membership.member_id)
        .where(here, Member.left_at.is_(None))
    )
    read = members.where(
        exists().where(NoticeRead.notice_id == Notice.id, NoticeRead.member_id == Membership.member_id)
    )
    one = func.json_build_object(
        "id", Team.id, "code", Team.code, "name", Team.name,
        "members", members.correlate(Team).scalar_subquery(),
        "read", read.correlate(Team, Notice).scalar_subquery(),
    )  # fmt: skip
    listed = (
        select(func.coalesce(func.json_agg(aggregate_order_by(one, Team.code)), func.json_build_array()))
        .select_from(NoticeTeam)
        .join(Team, Team.id == NoticeTeam.team_id)
        .where(NoticeTeam.notice_id == Notice.id, Team.id.in_(seen))
        .correlate(Notice)
    )
    return listed.where(false() if scope is Scope.OWN else true()).scalar_subquery()


def addressed(notice_id: UUID, member_id: UUID) -> Select[UUID]:
    """The teams of a member that a notice went to."""
    mine = select(NoticeTeam.team_id).join(Membership, Membership.team_id == NoticeTeam.team_id)
    lasting = or_(Membership.until.is_(None), Membership.until > _NOW)
    return mine.where(
        NoticeTeam.notice_id == notice_id,
        Membership.member_id == member_id,
        Membership.since <= _NOW,
        lasting,
    )
