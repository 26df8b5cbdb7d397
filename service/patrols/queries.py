"""Questions about patrols."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, and_, any_, cast, exists, false, func, or_, select

from service.areas.models import DIGITS
from service.areas.queries import reach, within
from service.media.models import Photo
from service.members.models import Member
from service.patrols.models import CheckIn, Fix, Patrol
from service.policy import Caller, Scope
from service.teams.models import Membership

LONGEST = timedelta(hours=24)  # a patrol without an end is over by then


def visible_to(caller: Caller, scope: Scope) -> Select[Patrol]:
    """The patrols that the caller may see: their own, their teams', or those of their area's members."""
    return select(Patrol).where(Patrol.member_id.in_(walkers(caller, scope)))


def walkers(caller: Caller, scope: Scope) -> Select[UUID]:
    """The members whose patrols the caller may see."""
    oneself = Member.id == caller.member_id
    if scope is Scope.OWN:
        return select(Member.id).where(oneself)
    if scope is Scope.TEAM:
        led = select(Membership.team_id).where(
            Membership.member_id == caller.member_id, Membership.is_leader, _is_on(Membership)
        )
        theirs = select(Membership.member_id).where(Membership.team_id.in_(led), _is_on(Membership))
        return select(Member.id).where(or_(oneself, Member.id.in_(theirs)))
    return select(Member.id).where(within(Member.area_code, reach(caller, scope)))


def _is_on(membership: type[Membership]) -> ColumnElement[bool]:
    now = func.now()
    return and_(membership.since <= now, or_(membership.until.is_(None), membership.until > now))


def names_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """What a member can be recognised by."""
    return select(Member.name, Member.phone, Member.username, Member.code).where(Member.id == member_id)


def during(patrols: Select[Patrol], start: datetime | None, end: datetime | None) -> Select[Patrol]:
    """Those of the patrols of which something happened in a window; open where an end is None."""
    if start is not None:
        patrols = patrols.where(Patrol.last_at >= start)
    return patrols if end is None else patrols.where(Patrol.first_at < end)


def under_way(level: str, prefix: str, now: datetime) -> Select[str, int]:
    """How many patrols are out now, by the area of a level where those are at home who walk."""
    code = func.rpad(func.left(Member.area_code, DIGITS[level]), 12, "0").label("code")
    out = select(code, func.count().label("patrols")).select_from(Patrol).join(Member)
    has_set_out = and_(Patrol.started_at <= now, Patrol.ended_at.is_(None), Patrol.first_at > now - LONGEST)
    out = out.where(has_set_out)
    return out.where(within(Member.area_code, prefix)).group_by(code).order_by(code)


def owners(patrol_ids: Collection[UUID]) -> Select[UUID, UUID]:
    """Whose these patrols are: id, member."""
    return select(Patrol.id, Patrol.member_id).where(Patrol.id.in_(patrol_ids))


def fixes_of(patrol_id: UUID) -> Select[*tuple[Any, ...]]:
    """A patrol's fixes as columns: unix ms, lon, lat, accuracy, mock."""
    milliseconds = cast(func.extract("epoch", Fix.recorded_at) * 1000, BigInteger)
    return (
        select(
            func.array_agg(milliseconds),
            func.array_agg(func.ST_X(Fix.position)),
            func.array_agg(func.ST_Y(Fix.position)),
            func.array_agg(Fix.accuracy_m),
            func.array_agg(Fix.is_mock),
        )
        .where(Fix.patrol_id == patrol_id)
        .having(func.count() > 0)
    )


def shown_proofs(proofs: Collection[str]) -> Select[*tuple[Any, ...]]:
    """Every check-in with one of these proofs that held: id, proof, member, marks; the earliest first."""
    return (
        select(CheckIn.id, CheckIn.proof, Patrol.member_id, CheckIn.marks)
        .join(Patrol, Patrol.id == CheckIn.patrol_id)
        .where(CheckIn.proof.in_(proofs), CheckIn.checkpoint_id.is_not(None))
        .order_by(CheckIn.recorded_at, CheckIn.id)
    )


def check_ins_of(patrol_id: UUID) -> Select[CheckIn]:
    """A patrol's check-ins in time."""
    return select(CheckIn).where(CheckIn.patrol_id == patrol_id).order_by(CheckIn.recorded_at, CheckIn.id)


def shows_photo(caller: Caller, scope: Scope) -> ColumnElement[bool]:
    """Whether a photo belongs to a check-in, of the member who sent it, that the caller may see."""
    if not caller.may("patrols:read"):
        return false()
    named = exists().where(
        CheckIn.patrol_id == Patrol.id,
        Patrol.member_id == Photo.member_id,
        Photo.sha256 == any_(CheckIn.photos),
    )
    return and_(Photo.member_id.in_(walkers(caller, scope)), named)
