"""Questions about what is kept of people, and for how long."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, column, exists, func, literal_column, or_, select, table, text

from service.alarms.models import Alarm, AlarmNotice, AlarmStep
from service.alarms.workflow import CLOSED
from service.areas.queries import reach, within
from service.audit.models import AuditRow
from service.audit.queries import about
from service.clients.models import HeldPosition
from service.coverage.models import CoverageMark
from service.duty.models import Assignment, Shift, ShiftMember, SpotAnswer, SpotCheck, Swap
from service.matters.models import Matter, MatterStep, WebhookDelivery
from service.members.models import Consent, Member, Session
from service.notices.models import Notice, NoticeRead
from service.patrols.models import CheckIn, Fix, Patrol
from service.policy import Caller, Scope
from service.privacy.models import RetentionRun
from service.teams.models import Membership, Team
from service.uploads.models import QuarantinedItem

EXPIRED_PARTITIONS = text(
    """
    SELECT child.relname, bound.upper
    FROM pg_inherits
    JOIN pg_class child ON child.oid = inhrelid
    CROSS JOIN LATERAL (
        SELECT substring(pg_get_expr(child.relpartbound, child.oid) FROM $$TO \\('([^']+)'\\)$$)::timestamptz
    ) bound (upper)
    WHERE inhparent = to_regclass('fixes') AND bound.upper <= :before
      AND pg_has_role(child.relowner, 'USAGE')
      AND pg_has_role((SELECT relowner FROM pg_class WHERE oid = inhparent), 'USAGE')
    ORDER BY bound.upper
    """
)


def last_consent(member_id: UUID) -> Select[Consent]:
    """The latest consent to tracks that a member gave, in force or not."""
    given = select(Consent).where(Consent.member_id == member_id, Consent.kind == "track")
    return given.order_by(Consent.given_at.desc(), Consent.id.desc()).limit(1)


def erasable_by(caller: Caller, scope: Scope) -> Select[Member]:
    """The members whose data the caller may have erased, those who left included."""
    return select(Member).where(within(Member.area_code, reach(caller, scope)))


def old_fixes(before: datetime, limit: int) -> Select[Any]:
    """The patrols of some fixes from before a time."""
    return select(Fix.patrol_id).where(Fix.recorded_at < before).limit(limit)


def old_check_ins(before: datetime, limit: int) -> Select[*tuple[Any, ...]]:
    """Some check-ins from before a time: id, patrol."""
    return select(CheckIn.id, CheckIn.patrol_id).where(CheckIn.recorded_at < before).limit(limit)


def old_sessions(before: datetime, limit: int) -> Select[Any]:
    """Some sessions that ended before a time."""
    ended = func.least(Session.revoked_at, Session.expires_at)  # NULLs do not count
    return select(Session.id).where(ended < before).limit(limit)


def old_quarantine(before: datetime, limit: int) -> Select[Any]:
    """Some quarantined items that came before a time."""
    return select(QuarantinedItem.id).where(QuarantinedItem.received_at < before).limit(limit)


def old_alarms(before: datetime, limit: int) -> Select[Any]:
    """Some alarms that came before a time and are over, or were drills."""
    over = or_(Alarm.status.in_(CLOSED), Alarm.way == "drill")
    return select(Alarm.id).where(Alarm.received_at < before, over).limit(limit)


def old_deliveries(before: datetime, limit: int) -> Select[Any]:
    """Some deliveries to webhooks that were made before a time and wait no longer; ids are in their order."""
    first = UUID(int=int(before.timestamp() * 1000) << 80)
    over = WebhookDelivery.id < first, WebhookDelivery.next_at.is_(None)
    return select(WebhookDelivery.id).where(*over).limit(limit)


def may(privilege: str, table: str) -> Select[Any]:
    """Whether the database lets us do this to a table."""
    return select(func.has_table_privilege(table, privilege))


def ids_in(partition: str) -> Select[Any]:
    """The patrols of which a partition holds fixes."""
    return select(column("patrol_id")).select_from(table(partition)).distinct()


def patrols_of(member_id: UUID) -> Select[Patrol]:
    """A member's patrols, the oldest first."""
    return select(Patrol).where(Patrol.member_id == member_id).order_by(Patrol.first_at, Patrol.id)


def marked_of(member_id: UUID) -> Select[Any]:
    """Those of a member's patrols that wait to be rebuilt."""
    waits = exists().where(CoverageMark.patrol_id == Patrol.id)
    return select(Patrol.id).where(Patrol.member_id == member_id, waits)


def account_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """All that a member's account holds, except secrets."""
    columns = (Member.id, Member.code, Member.name, Member.phone, Member.role, Member.area_code)
    return select(*columns, Member.username, Member.joined_at, Member.left_at).where(Member.id == member_id)


def memberships_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """The teams that a member was or is in."""
    columns = (Team.code, Team.name, Membership.is_leader, Membership.since, Membership.until)
    joined = select(*columns).join(Team, Team.id == Membership.team_id)
    return joined.where(Membership.member_id == member_id).order_by(Membership.since)


def consents_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """What a member agreed to, and when."""
    columns = (Consent.kind, Consent.text_id, Consent.given_at, Consent.withdrawn_at)
    return select(*columns).where(Consent.member_id == member_id).order_by(Consent.given_at)


def sessions_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """Where a member was or is signed in."""
    columns = (Session.device_name, Session.created_at, Session.last_used_at, Session.revoked_at)
    return select(*columns).where(Session.member_id == member_id).order_by(Session.created_at)


def check_ins_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """A member's check-ins."""
    place = func.ST_X(CheckIn.position).label("lon"), func.ST_Y(CheckIn.position).label("lat")
    about = (CheckIn.accuracy_m, CheckIn.method, CheckIn.note, CheckIn.photos, CheckIn.grade)
    columns = (CheckIn.id, CheckIn.patrol_id, CheckIn.recorded_at, CheckIn.received_at, *place, *about)
    own = select(*columns).join(Patrol, Patrol.id == CheckIn.patrol_id).where(Patrol.member_id == member_id)
    return own.order_by(CheckIn.recorded_at, CheckIn.id)


def held_positions_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """Positions from other apps that still wait for a member's patrol."""
    place = func.ST_X(HeldPosition.position).label("lon"), func.ST_Y(HeldPosition.position).label("lat")
    columns = (HeldPosition.recorded_at, HeldPosition.received_at, *place, HeldPosition.accuracy_m)
    own = select(*columns).where(HeldPosition.member_id == member_id)
    return own.order_by(HeldPosition.recorded_at, HeldPosition.track_id)


def assignments_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """What was given to a member alone."""
    when = (Assignment.starts_at, Assignment.ends_at, Assignment.rrule, Assignment.begins, Assignment.minutes)
    own = select(Assignment.id, *when, Assignment.reason, Assignment.ended_at)
    return own.where(Assignment.member_id == member_id).order_by(Assignment.id)


def shifts_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """The shifts that a member was in, and what the member said to them."""
    said = (ShiftMember.state, ShiftMember.reason, ShiftMember.answered_at)
    own = select(Shift.id, Shift.starts_at, Shift.ends_at, *said)
    joined = own.join(ShiftMember, ShiftMember.shift_id == Shift.id)
    return joined.where(ShiftMember.member_id == member_id).order_by(Shift.starts_at)


def swaps_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """The swaps that a member asked for, or was asked to take."""
    asked = (Swap.from_member == member_id) | (Swap.to_member == member_id)
    columns = (Swap.shift_id, Swap.state, Swap.reason, Swap.asked_at, Swap.decided_at)
    return select(*columns).where(asked).order_by(Swap.asked_at)


def spot_answers_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """The spot checks that a member answered."""
    columns = (SpotCheck.shift_id, SpotCheck.asked_at, SpotAnswer.at)
    joined = select(*columns).join(SpotAnswer, SpotAnswer.spot_check_id == SpotCheck.id)
    return joined.where(SpotAnswer.member_id == member_id).order_by(SpotAnswer.at)


def notices_read_by(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """The notices that a member has read."""
    joined = select(Notice.title, NoticeRead.read_at).join(NoticeRead, NoticeRead.notice_id == Notice.id)
    return joined.where(NoticeRead.member_id == member_id).order_by(NoticeRead.read_at)


def matters_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """The matters that a member reported."""
    place = func.ST_X(Matter.position).label("lon"), func.ST_Y(Matter.position).label("lat")
    about = (Matter.class_code, Matter.title, Matter.text, Matter.facts, Matter.photos, Matter.stage)
    columns = (Matter.id, Matter.patrol_id, Matter.recorded_at, Matter.received_at, *place, *about)
    own = select(*columns).where(Matter.reporter_id == member_id)
    return own.order_by(Matter.recorded_at, Matter.id)


def matter_steps_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """The steps that a member took with matters."""
    said = (MatterStep.note, MatterStep.reason, MatterStep.photos)
    columns = (MatterStep.matter_id, MatterStep.version, MatterStep.step, MatterStep.at, *said)
    own = select(*columns).where(MatterStep.actor_id == member_id)
    return own.order_by(MatterStep.at, MatterStep.matter_id)


def alarms_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """A member's calls for help."""
    place = func.ST_X(Alarm.position).label("lon"), func.ST_Y(Alarm.position).label("lat")
    about = (Alarm.way, Alarm.recorded_at, Alarm.received_at, *place, Alarm.accuracy_m, Alarm.status)
    own = select(Alarm.id, *about).where(Alarm.member_id == member_id)
    return own.order_by(Alarm.number)


def alarm_steps_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """What a member did about alarms."""
    steps = select(AlarmStep.alarm_id, AlarmStep.kind, AlarmStep.at)
    return steps.where(AlarmStep.member_id == member_id).order_by(AlarmStep.at)


def alarm_notices_of(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """The alarms that a member was told of, and why."""
    notices = select(AlarmNotice.alarm_id, AlarmNotice.reason, AlarmNotice.told_at)
    return notices.where(AlarmNotice.member_id == member_id).order_by(AlarmNotice.told_at)


def looks_at(member_id: UUID, row_ids: Collection[int] | None = None) -> Select[Any]:
    """What others did with a member's data: when, in which role, of which area, what, and why.

    All of it, or these rows.
    """
    area_name: ColumnElement[str] = literal_column(
        "(SELECT name FROM areas WHERE areas.code = audit_rows.area_code)"
    )
    area = func.json_build_object("code", AuditRow.area_code, "name", area_name).label("area")
    what = (AuditRow.action, AuditRow.object_kind, AuditRow.object_id, AuditRow.purpose)
    looks = about(select(AuditRow.id, AuditRow.at, AuditRow.role, area, *what), member_id)
    chosen = looks if row_ids is None else looks.where(AuditRow.id.in_(row_ids))
    return chosen.order_by(AuditRow.id.desc())


def certificates() -> Select[RetentionRun]:
    """What each run of retention has erased."""
    return select(RetentionRun)
