"""Erase a person: identity and positions go, what the person did stays under a pseudonym."""

import secrets
from typing import Any

from sqlalchemy import delete, func, select, update

from service.alarms.models import Alarm, AlarmPin
from service.audit import actions as audit
from service.clients.models import HeldPosition
from service.coverage import actions as coverage
from service.db import session
from service.duty import actions as duty
from service.duty.models import SpotAnswer
from service.media import actions as media
from service.members.models import Consent, Device, Invitation, Member, SecondFactor, Session
from service.notices.models import NoticeRead
from service.outbox.models import OutboxEvent
from service.patrols.models import CheckIn, Fix, Patrol
from service.privacy import queries
from service.teams.models import Membership
from service.uploads.models import QuarantinedItem

NAME = "已注销"
# what belongs to nobody else and goes as a whole
OWN = (
    Consent,
    Session,
    Device,
    Invitation,
    SecondFactor,
    QuarantinedItem,
    HeldPosition,
    OutboxEvent,
    SpotAnswer,
    NoticeRead,
    AlarmPin,
)


def erase(member: Member) -> None:
    """Make a member unknown, at once and for good; doing it again changes nothing.

    Uploads that are under way hold the member's row, so this waits until they have ended.
    """
    session.refresh(member, with_for_update=True)
    coverage.rebuild_now(session.scalars(queries.marked_of(member.id)).all())
    for model in OWN:
        _do(delete(model).where(model.member_id == member.id))
    media.erase_of(member.id)
    duty.release(member)
    _erase_positions(member)
    _end_memberships(member)
    _forget_identity(member)
    audit.record("member.erase", "member", member.id, subject=member.id)


def _erase_positions(member: Member) -> None:
    """Fixes go, check-ins keep their time and grid; what they have shown of grids stays as it is."""
    patrols = select(Patrol.id).where(Patrol.member_id == member.id)
    last_hour = func.date_trunc("hour", func.greatest(func.now(), Patrol.last_at), "UTC")
    frozen = last_hour + func.make_interval(0, 0, 0, 0, 1)
    _do(update(Patrol).where(Patrol.member_id == member.id).values(erased_before=frozen))
    _do(delete(Fix).where(Fix.patrol_id.in_(patrols)))
    blank: dict[str, Any] = {"position": None, "accuracy_m": None, "note": None, "proof": None, "photos": []}
    _do(update(CheckIn).where(CheckIn.patrol_id.in_(patrols)).values(blank))
    nowhere = {"position": None, "accuracy_m": None}
    _do(update(Alarm).where(Alarm.member_id == member.id).values(nowhere))


def _end_memberships(member: Member) -> None:
    now, own = func.clock_timestamp(), Membership.member_id == member.id
    _do(delete(Membership).where(own, Membership.since >= now))
    _do(update(Membership).where(own, func.coalesce(Membership.until > now, True)).values(until=now))


def _forget_identity(member: Member) -> None:
    if member.name.startswith(f"{NAME}-"):
        return
    pseudonym = secrets.token_hex(4)
    member.name, member.code = f"{NAME}-{pseudonym}", f"erased-{pseudonym}"
    member.phone = member.username = member.password_hash = None
    member.left_at = member.left_at or session.scalars(select(func.now())).one()
    session.flush()


def _do(statement: Any) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
