"""Raise an alarm, tell who can help, answer it; let it climb while nobody does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from geoalchemy2.shape import from_shape
from shapely import Point, Polygon
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from service import jobs
from service.alarms import calls, pins, queries
from service.alarms.calls import Call
from service.alarms.models import Alarm, AlarmStep
from service.alarms.workflow import ANSWERS, LEVELS, NEEDS_PIN, OPEN, STEPS, Part, after, levels_above
from service.areas.queries import code_range, prefix_of, reach
from service.audit import actions as audit
from service.db import announce, ask, session, transaction, uuid7
from service.errors import Conflict, Forbidden, Problem
from service.members.models import Member
from service.policy import POLICY, Caller, Scope
from service.settings import Settings
from service.telemetry import log

ESCALATE = "alarms.escalate"
MONTH = timedelta(days=31)


class IdTaken(Conflict):
    title, title_zh = "This id came before with another alarm; the first stands", "该编号已被另一条警报使用"


class Settled(Conflict):
    title, title_zh = "The alarm has moved on; look at it again", "警报状态已变更，请刷新"


class Sender(NamedTuple):
    """Who calls for help, and in which way."""

    member_id: UUID
    way: str


def raise_alarm(sender: Sender, call: Call, offset: timedelta, now: datetime) -> tuple[Alarm, bool]:
    """The alarm of a call and whether it is new; a repeated call is the same alarm.

    A call without an id is the caller's open alarm, if there is one. Raises IdTaken.
    """
    if call.id is None:
        session.execute(select(func.pg_advisory_xact_lock(_lock_of(sender.member_id))))
        known = session.scalars(queries.open_of(sender.member_id)).one_or_none()
        if known:
            return known, False
    id = call.id or uuid7()
    is_new = _keep(sender, call._replace(id=id), offset, now)
    alarm = session.get_one(Alarm, id, populate_existing=True)
    if not is_new and (alarm.member_id, alarm.content) != (sender.member_id, call.content):
        raise IdTaken
    return alarm, is_new


def _lock_of(member_id: UUID) -> int:
    return int.from_bytes(member_id.bytes[:8], signed=True) ^ int.from_bytes(member_id.bytes[8:], signed=True)


def _keep(sender: Sender, call: Call, offset: timedelta, now: datetime) -> bool:
    """Raise an alarm and tell whoever must know, if its id is new; gives whether it is."""
    member = session.get_one(Member, sender.member_id)
    row = _row(call, member, offset, now) | {"way": sender.way}
    fresh = insert(Alarm).values(row).on_conflict_do_nothing(index_elements=["id"]).returning(Alarm.id)
    if session.scalar(fresh) is None:
        return False
    alarm = session.get_one(Alarm, call.id)
    told = _tell_nearby(alarm, call.position, now)
    alarm.due_at = now + wait_at(alarm.level)
    _note(alarm, "raise", now, told, by=member)
    return True


def _row(call: Call, member: Member, offset: timedelta, now: datetime) -> dict[str, Any]:
    recorded_at, marks = calls.when(call.at, offset, now)
    grid = session.execute(queries.grid_at(*call.position)).one_or_none() if call.position else None
    return {
        "id": call.id,
        "content": call.content,
        "member_id": member.id,
        "area_code": grid.community_code if grid else member.area_code,
        "grid_id": grid.id if grid else None,
        "recorded_at": recorded_at,
        "phone_at": call.at,
        "received_at": now,
        "position": from_shape(Point(*call.position), 4326) if call.position else None,
        "accuracy_m": call.accuracy_m,
        "marks": [*call.marks, *marks],
    }


def _tell_nearby(alarm: Alarm, position: tuple[float, float] | None, now: datetime) -> list[UUID]:
    """Leaders, who walks with the same team, who walks near by; up the levels where there is no leader."""
    told = _tell(alarm, "leader", queries.LEADERS, now)
    if not told:
        told += _climb(alarm, now)
    told += _tell(alarm, "team", queries.TEAM, now)
    if position:
        place = f"SRID=4326;POINT({position[0]!r} {position[1]!r})"
        told += _tell(alarm, "near", queries.NEAR, now, place=place)
    return told


def _climb(alarm: Alarm, now: datetime) -> list[UUID]:
    """Tell the next level above at which there is somebody; gives who that is."""
    for level in levels_above(alarm.level):
        alarm.level = level
        area = queries.area_at(level, alarm.area_code)
        if area and (told := _tell(alarm, level, queries.OFFICIALS, now, area=area)):
            return told
    return []


def _tell(alarm: Alarm, reason: str, people: str, now: datetime, **values: Any) -> list[UUID]:
    values |= {"alarm_id": alarm.id, "caller": alarm.member_id, "reason": reason, "now": now}
    return [row.member_id for row in ask(queries.tell(people), **values)]


def _note(
    alarm: Alarm,
    kind: str,
    now: datetime,
    told: Sequence[UUID] = (),
    by: Member | Caller | None = None,
    drawn: Polygon | None = None,
) -> None:
    """Add the step that has just been taken to the alarm's history, and let it be heard."""
    step = AlarmStep(
        alarm_id=alarm.id,
        version=alarm.version,
        kind=kind,
        member_id=by and (by.id if isinstance(by, Member) else by.member_id),
        role=by.role if by else "system",
        at=now,
        status=alarm.status,
        level=alarm.level,
        drawn=from_shape(drawn, 4326) if drawn else None,
    )
    session.add(step)
    session.flush()
    audit.record(f"alarm.{kind}", "alarm", alarm.id, subject=alarm.member_id, result=alarm.status)
    facts = {"status": alarm.status, "version": alarm.version, "way": alarm.way}
    announce("alarm changed", alarm_id=alarm.id, area_code=alarm.area_code, told=list(told), **facts)


def wait_at(level: str) -> timedelta:
    """How long an alarm waits for an answer at a level."""
    return timedelta(seconds=getattr(Settings.from_env(), f"alarm_{level}_seconds"))


def part_of(alarm: Alarm, caller: Caller) -> Part:
    """What somebody who sees an alarm has to do with it."""
    scope = POLICY["alarms:read"][caller.role]
    if alarm.member_id == caller.member_id and not alarm.is_drill:
        return Part.CALLER
    if scope is Scope.AREA and alarm.area_code.startswith(reach(caller, scope)):
        return Part.OFFICER
    return Part.HELPER


def take(alarm: Alarm, step: str, caller: Caller, pin: str | None = None) -> Problem | None:
    """Take a step; of several at once, one wins. Repeating one's own step changes nothing.

    A wrong PIN is given back, not raised, so that the failure stays counted.
    """
    session.refresh(alarm, ["status", "version", "level", "due_at"], with_for_update=True)
    part = part_of(alarm, caller)
    if part not in STEPS[step].parts:
        raise Forbidden
    if session.scalar(queries.answer_of(alarm.id, caller.member_id, step)) is not None:
        return None
    if part is Part.CALLER and step in NEEDS_PIN and (problem := pins.prove(caller, pin)):
        return problem
    status = after(alarm.status, step)
    if status is None and not (alarm.is_drill and step in ANSWERS and alarm.status in OPEN):
        raise Settled(errors={"status": alarm.status, "version": alarm.version})
    alarm.status, alarm.due_at = status or alarm.status, None
    alarm.version += 1
    _note(alarm, step, datetime.now(UTC), by=caller)
    return None


def reinforce(alarm: Alarm, drawn: Polygon, caller: Caller) -> None:
    """Tell whoever walks inside a polygon."""
    session.refresh(alarm, ["status", "version", "level", "due_at"], with_for_update=True)
    if alarm.status not in OPEN:
        raise Settled(errors={"status": alarm.status, "version": alarm.version})
    now = datetime.now(UTC)
    told = _tell(alarm, "drawn", queries.DRAWN, now, drawn=f"SRID=4326;{drawn.wkt}")
    alarm.version += 1
    _note(alarm, "reinforce", now, told, by=caller, drawn=drawn)


def hold_drill(caller: Caller, area_code: str) -> Alarm:
    """Call out the leaders of an area's teams and whoever walks with these, to see who answers."""
    now, id = datetime.now(UTC), uuid7()
    about = {"area_code": area_code, "way": "drill", "marks": [], "version": 1, "status": "raised"}
    drill = Alarm(
        id=id, content=id.bytes, member_id=caller.member_id, recorded_at=now, received_at=now, **about
    )
    drill.level = LEVELS[0]
    session.add(drill)
    session.flush()
    first, behind = code_range(prefix_of(area_code))
    told = _tell(drill, "drill", queries.CALLED_OUT, now, first=first, behind=behind)
    _note(drill, "raise", now, told, by=caller)
    return drill


@jobs.task(ESCALATE, every="* * * * * */10", line="alarms")
def escalate() -> int:
    """Let every alarm climb that nobody has answered in time; gives how many.

    One that cannot climb keeps no other from it, and is tried again with the next sweep.
    """
    now, climbed = datetime.now(UTC), 0
    with transaction():
        jobs.absorb(ESCALATE)
        for alarm_id in session.scalars(queries.due(now)).all():
            try:
                with session.begin_nested():
                    _escalate(session.get_one(Alarm, alarm_id, populate_existing=True), now)
                climbed += 1
            except Exception:
                log.exception("an alarm could not climb", alarm_id=str(alarm_id))
    return climbed


def _escalate(alarm: Alarm, now: datetime) -> None:
    told = _climb(alarm, now)
    alarm.version += 1
    alarm.due_at = now + wait_at(alarm.level)
    _note(alarm, "climb" if told else "remind", now, told)


@jobs.task("alarms.remind", every="0 1 1 * *")
def remind() -> list[str]:
    """Say which counties have held no drill for a month; gives their codes."""
    with transaction():
        counties = list(session.scalars(queries.without_drill(datetime.now(UTC) - MONTH)))
        for code in counties:
            announce("drill due", area_code=code)
    log.info("drills due", counties=len(counties))
    return counties
