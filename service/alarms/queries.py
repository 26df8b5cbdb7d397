"""Questions about alarms: who sees them, and who must be told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import joinedload

from service.alarms.models import Alarm, AlarmNotice, AlarmPin, AlarmStep
from service.alarms.workflow import OPEN
from service.areas.models import DIGITS, Area, Grid
from service.areas.queries import prefix_of, reach, within
from service.duty.models import HOLDING
from service.members.models import Member
from service.patrols.queries import walkers
from service.policy import Caller, Scope
from service.teams.models import Team

NEAREST = 3  # teams that are called from near by
FARTHEST = 30_000  # m; who is farther away is of no help
FRESH = "interval '15 minutes'"
_LONGEST = "interval '24 hours'"  # a patrol without an end lasts so long, and no shift is longer
_WALKING = f"""
    SELECT id, member_id FROM patrols
    WHERE started_at IS NOT NULL AND ended_at IS NULL AND first_at > %(now)s - {_LONGEST}"""
# Where those are who walk now and agree to be located: the last good position of each patrol.
_SEEN = f"""
    SELECT member_id, position::geography AS position
    FROM ({_WALKING} AND last_at > %(now)s - {FRESH}) AS walk
    CROSS JOIN LATERAL (
        SELECT position FROM fixes
        WHERE patrol_id = walk.id AND NOT is_mock AND coalesce(accuracy_m, 0) <= 200
            AND recorded_at BETWEEN %(now)s - {FRESH} AND %(now)s + interval '2 minutes'
        ORDER BY recorded_at DESC LIMIT 1
    ) AS last
    WHERE EXISTS (
        SELECT FROM consents
        WHERE consents.member_id = walk.member_id AND kind = 'track' AND withdrawn_at IS NULL
    )"""


def _current(memberships: str) -> str:
    return (
        f"{memberships}.since <= %(now)s AND ({memberships}.until IS NULL OR {memberships}.until > %(now)s)"
    )


_OWN = f"SELECT team_id FROM memberships AS own WHERE own.member_id = %(caller)s AND {_current('own')}"
_FELLOWS = f"""
    SELECT member_id, team_id FROM memberships AS fellow
    WHERE team_id IN ({_OWN}) AND {_current("fellow")}"""
# On duty is who walks, and who is expected in a running shift of the team, walking or not.
_ON_DUTY = f"""
    member_id IN (SELECT member_id FROM ({_WALKING}) AS walk)
    OR EXISTS (
        SELECT FROM shifts JOIN assignments ON assignments.id = assignment_id
        LEFT JOIN shift_members AS place ON place.shift_id = shifts.id AND place.member_id = fellow.member_id
        WHERE shifts.team_id = fellow.team_id AND shifts.state = 'planned'
            AND shifts.starts_at BETWEEN %(now)s - {_LONGEST} AND %(now)s AND shifts.ends_at > %(now)s
            AND (place.state IN {HOLDING} OR (place.state IS NULL AND assignments.member_id IS NULL))
    )"""
LEADERS = f"{_FELLOWS} AND is_leader"
TEAM = f"{_FELLOWS} AND ({_ON_DUTY})"
NEAR = f"""
    WITH placed AS (
        SELECT seen.member_id, team_id, position <-> %(place)s::geography AS far
        FROM ({_SEEN}) AS seen JOIN memberships AS fellow USING (member_id)
        WHERE {_current("fellow")} AND team_id NOT IN ({_OWN})
    )
    SELECT member_id, team_id FROM placed JOIN (
        SELECT team_id, min(far) AS nearest FROM placed WHERE far <= {FARTHEST}
        GROUP BY team_id ORDER BY nearest, team_id LIMIT {NEAREST}
    ) AS teams USING (team_id)
    WHERE far <= {FARTHEST}"""
DRAWN = f"SELECT member_id, NULL::uuid FROM ({_SEEN}) AS seen WHERE ST_Covers(%(drawn)s::geography, position)"
OFFICIALS = """
    SELECT id, NULL::uuid FROM members WHERE role IN ('officer', 'centre') AND area_code = %(area)s"""
CALLED_OUT = f"""
    SELECT member_id, team_id FROM memberships AS fellow JOIN teams ON teams.id = team_id
    WHERE area_code >= %(first)s AND area_code < %(behind)s AND {_current("fellow")}
        AND (is_leader OR {_ON_DUTY})"""


def tell(people: str) -> str:
    """The statement that tells these people (member, team) of an alarm; whoever knows is not told again."""
    return f"""
        INSERT INTO alarm_notices (alarm_id, member_id, reason, team_id, told_at)
        SELECT DISTINCT ON (member_id) %(alarm_id)s, member_id, %(reason)s, team_id, %(now)s
        FROM ({people}) AS people (member_id, team_id) JOIN members ON members.id = member_id
        WHERE left_at IS NULL AND member_id <> %(caller)s
        ORDER BY member_id, team_id
        ON CONFLICT DO NOTHING RETURNING member_id"""


def area_at(level: str, code: str) -> str | None:
    """The code of the area of a level that another lies in; None if that is wider itself."""
    prefix = prefix_of(code)
    return prefix[: DIGITS[level]].ljust(12, "0") if len(prefix) >= DIGITS[level] else None


def grid_at(lon: float, lat: float) -> Select[int, str]:
    """The grid that covers a place now, and its community."""
    place = func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
    covering = select(Grid.id, Grid.community_code).where(
        Grid.retired_at.is_(None), func.ST_Covers(Grid.shape, place)
    )
    return covering.order_by(Grid.code).limit(1)


def visible_to(caller: Caller, scope: Scope) -> Select[Alarm]:
    """The alarms that the caller may see: whatever they raised or were told of, and what the scope adds."""
    told = exists().where(AlarmNotice.alarm_id == Alarm.id, AlarmNotice.member_id == caller.member_id)
    seen = or_(Alarm.member_id == caller.member_id, told, _by(caller, scope))
    return select(Alarm).where(seen).options(joinedload(Alarm.area))


def _by(caller: Caller, scope: Scope) -> ColumnElement[bool]:
    if scope is Scope.AREA:
        return within(Alarm.area_code, reach(caller, scope))
    return Alarm.member_id.in_(walkers(caller, scope))


def filtered(alarms: Select[Alarm], area: str | None, is_open: bool | None) -> Select[Alarm]:
    """Those of the alarms in an area, and those that are open or closed."""
    if area is not None:
        alarms = alarms.where(within(Alarm.area_code, prefix_of(area)))
    if is_open is None:
        return alarms
    return alarms.where(Alarm.status.in_(OPEN) if is_open else Alarm.status.not_in(OPEN))


def one(alarm_id: UUID) -> Select[Alarm]:
    """An alarm, whoever sees it."""
    return select(Alarm).where(Alarm.id == alarm_id).options(joinedload(Alarm.area))


def in_full(alarms: Select[Any]) -> Select[*tuple[Any, ...]]:
    """The same alarms with what the full picture needs; the place as it stands in the database now."""
    return (
        alarms.options(joinedload(Alarm.member), joinedload(Alarm.grid))
        .add_columns(func.ST_X(Alarm.position).label("lon"), func.ST_Y(Alarm.position).label("lat"))
        .execution_options(populate_existing=True)
    )


def open_of(member_id: UUID) -> Select[Alarm]:
    """A member's own alarm that has not come to its end; the latest of several."""
    own = select(Alarm).where(Alarm.member_id == member_id, Alarm.status.in_(OPEN), Alarm.way != "drill")
    return own.order_by(Alarm.number.desc()).limit(1)


def steps_of(alarm_id: UUID) -> Select[AlarmStep, str]:
    """The steps of an alarm in order, each with the name of who took it."""
    steps = select(AlarmStep, Member.name).outerjoin(Member, Member.id == AlarmStep.member_id)
    return steps.where(AlarmStep.alarm_id == alarm_id).order_by(AlarmStep.version)


def answer_of(alarm_id: UUID, member_id: UUID, kind: str) -> Select[int]:
    """Whether somebody has taken this step already."""
    return select(AlarmStep.version).filter_by(alarm_id=alarm_id, member_id=member_id, kind=kind)


def told_of(alarm_id: UUID) -> Select[*tuple[Any, ...]]:
    """How many were told of an alarm, by reason."""
    notices = select(AlarmNotice.reason, func.count().label("people")).where(AlarmNotice.alarm_id == alarm_id)
    return notices.group_by(AlarmNotice.reason).order_by(AlarmNotice.reason)


def due(now: datetime) -> Select[UUID]:
    """The alarms that nobody has answered in time, locked; what another sweep holds is left to it."""
    waiting = select(Alarm.id).where(Alarm.due_at <= now, Alarm.status == "raised")
    return waiting.order_by(Alarm.due_at).with_for_update(skip_locked=True)


def pin_of(member_id: UUID) -> Select[AlarmPin]:
    """A member's PIN."""
    return select(AlarmPin).where(AlarmPin.member_id == member_id)


def drills_visible_to(caller: Caller, scope: Scope) -> Select[Alarm]:
    """The drills of the caller's area."""
    return visible_to(caller, scope).where(
        Alarm.way == "drill", within(Alarm.area_code, reach(caller, scope))
    )


def answers_by(column: str, drill_id: UUID) -> Select[*tuple[Any, ...]]:
    """Of a drill, by `team` or `area`: how many were told, how many answered, and when the first of them."""
    first = (
        select(AlarmStep.member_id, func.min(AlarmStep.at).label("at"))
        .where(AlarmStep.alarm_id == drill_id, AlarmStep.kind.in_(("acknowledge", "accept", "arrived")))
        .group_by(AlarmStep.member_id)
        .subquery()
    )
    owner: Any = Team if column == "team" else Area
    told = func.count(AlarmNotice.member_id)
    figures = (
        select(
            owner.code,
            owner.name,
            told.label("told"),
            func.count(first.c.member_id).label("answered"),
            func.min(first.c.at).label("first_at"),
        )
        .select_from(AlarmNotice)
        .join(Team, Team.id == AlarmNotice.team_id)
        .join(Area, Area.code == Team.area_code)
        .outerjoin(first, first.c.member_id == AlarmNotice.member_id)
        .where(AlarmNotice.alarm_id == drill_id)
    )
    return figures.group_by(owner.code, owner.name).order_by(owner.code)


def counties_drilled(prefix: str) -> Select[*tuple[Any, ...]]:
    """The counties of an area, each with when the last drill was held there."""
    held = func.max(Alarm.received_at)
    last = select(held).where(Alarm.way == "drill", within(Alarm.area_code, Area.prefix)).scalar_subquery()
    counties = select(Area.code, Area.name, last.label("last_held_at")).where(Area.level == "county")
    return counties.where(within(Area.code, prefix)).order_by(Area.code)


def without_drill(since: datetime) -> Select[str]:
    """The counties in which no drill has been held since a time, by their codes."""
    held = exists().where(
        Alarm.way == "drill", Alarm.received_at >= since, within(Alarm.area_code, Area.prefix)
    )
    return select(Area.code).where(Area.level == "county", ~held).order_by(Area.code)
