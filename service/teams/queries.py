"""Questions about teams and the people in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from service.areas.models import Area
from service.areas.queries import prefix_of, reach, within
from service.members.models import Member
from service.policy import Caller, Scope
from service.teams.models import Membership, Team

_NOW = func.now()
_CURRENT = and_(Membership.since <= _NOW, or_(Membership.until.is_(None), Membership.until > _NOW))


def visible_to(caller: Caller, scope: Scope) -> Select[Team]:
    """The teams that the caller sees."""
    return select(Team).where(_is_visible(caller, scope))


def _is_visible(caller: Caller, scope: Scope) -> ColumnElement[bool]:
    if scope is Scope.AREA:
        return within(Team.area_code, reach(caller, scope))
    joined = select(Membership.team_id).where(Membership.member_id == caller.member_id, _CURRENT)
    return Team.id.in_(joined.where(Membership.is_leader) if scope is Scope.TEAM else joined)


def members_visible_to(caller: Caller, scope: Scope) -> Select[Member]:
    """The people that the caller sees: always oneself, and whoever the scope adds."""
    here, oneself = Member.left_at.is_(None), Member.id == caller.member_id
    if scope is Scope.OWN:
        return select(Member).where(here, oneself)
    if scope is Scope.TEAM:
        led = _in_teams(visible_to(caller, scope).with_only_columns(Team.id))
        return select(Member).where(here, or_(oneself, led))
    return select(Member).where(here, or_(oneself, within(Member.area_code, reach(caller, scope))))


def _in_teams(team_ids: Any) -> ColumnElement[bool]:
    return Member.id.in_(select(Membership.member_id).where(Membership.team_id.in_(team_ids), _CURRENT))


def filtered(teams: Select[Team], area: str | None = None, kind: str | None = None) -> Select[Team]:
    """Those of the teams at home in an area, and of a kind."""
    if area is not None:
        teams = teams.where(within(Team.area_code, prefix_of(area)))
    return teams if kind is None else teams.where(Team.kind == kind)


def ids_of(teams: Select[Team], team_id: UUID) -> Select[Any]:
    """The id of a team, if it is among these."""
    return teams.with_only_columns(Team.id).where(Team.id == team_id)


def members_filtered(
    members: Select[Member], area: str | None = None, teams: Any = None, role: str | None = None
) -> Select[Member]:
    """Those of the members at home in an area, in one of the teams (ids), and with a role."""
    if area is not None:
        members = members.where(within(Member.area_code, prefix_of(area)))
    if teams is not None:
        members = members.where(_in_teams(teams))
    return members if role is None else members.where(Member.role == role)


def described(team_ids: Sequence[UUID], caller: Caller, scope: Scope) -> Select[Any]:
    """Teams with their area, how many members they have, and who leads them, as far as the caller sees."""
    leader = aggregate_order_by(_named(Member.id, Member.name), Member.code)
    leaders = func.json_agg(leader).filter(Membership.is_leader, _is_named(caller, scope))
    return (
        select(
            Team.id,
            Team.code,
            Team.name,
            Team.kind,
            _area().label("area"),
            func.count(Member.id).label("members"),
            func.coalesce(leaders, func.json_build_array()).label("leaders"),
        )
        .join(Area, Area.code == Team.area_code)
        .outerjoin(Membership, and_(Membership.team_id == Team.id, _CURRENT))
        .outerjoin(Member, and_(Member.id == Membership.member_id, Member.left_at.is_(None)))
        .where(Team.id.in_(team_ids))
        .group_by(Team.id, Area.code)
        .order_by(Team.code)
    )


def _is_named(caller: Caller, scope: Scope) -> ColumnElement[bool]:
    """A team names its leaders to its own people, and to who may read members, as far as they see them."""
    if not caller.may("members:read"):
        return false()
    return within(Member.area_code, reach(caller, scope)) if scope is Scope.AREA else true()


def members_described(member_ids: Sequence[UUID], teams: Select[Team]) -> Select[Any]:
    """Members with their area, and in which of the teams they are."""
    shown = teams.subquery()
    listed = aggregate_order_by(
        func.json_build_object(
            "id", shown.c.id, "name", shown.c.name, "is_leader", Membership.is_leader,
            "since", Membership.since, "until", Membership.until,
        ),
        shown.c.code,
    )  # fmt: skip
    of_each = (
        select(func.coalesce(func.json_agg(listed), func.json_build_array()))
        .join_from(Membership, shown, shown.c.id == Membership.team_id)
        .where(Membership.member_id == Member.id, _CURRENT)
        .correlate(Member)
        .scalar_subquery()
    )
    return (
        select(
            Member.id, Member.code, Member.name, Member.role, Member.phone, _area().label("area"),
            of_each.label("teams"),
        )
        .join(Area, Area.code == Member.area_code)
        .where(Member.id.in_(member_ids))
        .order_by(Member.code)
    )  # fmt: skip


def _area() -> Any:
    return func.json_build_object("code", Area.code, "name", Area.name)


def _named(id: Any, name: Any) -> Any:
    return func.json_build_object("id", id, "name", name)


def coded(model: Any, codes: Sequence[str]) -> Select[Any]:
    """The rows of a table with these codes; any number of them."""
    return select(*model.__table__.c).where(model.code == any_(literal(codes, ARRAY(Text()))))


def area_codes(caller: Caller, scope: Scope) -> Select[Any]:
    """The codes of all areas in the caller's reach."""
    return select(Area.code).where(within(Area.code, reach(caller, scope)))


def membership(team: Team, member: Member) -> Select[Membership]:
    """The time of a member in a team that goes on or is still to come; the sooner if there are both."""
    lasting = or_(Membership.until.is_(None), Membership.until > _NOW)
    mine = and_(Membership.team_id == team.id, Membership.member_id == member.id, lasting)
    return select(Membership).where(mine).order_by(Membership.since).limit(1)


def left_for(teams: Select[Team], team: Team, member: Member, at: datetime) -> Select[Membership]:
    """The times of a member in all other of these teams that go on at a moment."""
    others = teams.with_only_columns(Team.id).where(Team.id != team.id)
    return select(Membership).where(
        Membership.member_id == member.id,
        Membership.team_id.in_(others),
        Membership.since < at,
        or_(Membership.until.is_(None), Membership.until > at),
    )


def leads(member: Member) -> Select[bool]:
    """Whether a member leads a team, now or from a time to come."""
    lasting = or_(Membership.until.is_(None), Membership.until > _NOW)
    return select(exists().where(Membership.member_id == member.id, Membership.is_leader, lasting))


def memberships_of(member_ids: Sequence[UUID]) -> Select[Any]:
    """The current memberships of some members; any number of them."""
    members = literal(member_ids, ARRAY(Uuid()))
    return select(*Membership.__table__.c).where(Membership.member_id == any_(members), _CURRENT)
