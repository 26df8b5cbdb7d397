"""What is shown of alarms, and to whom how much."""

from datetime import datetime
from typing import Any

from service.alarms import queries
from service.alarms.actions import part_of
from service.alarms.models import Alarm
from service.alarms.workflow import OPEN, Part, allowed
from service.areas.queries import reach
from service.audit import actions as audit
from service.db import session
from service.policy import POLICY, Caller

_PLAIN = ("id", "status", "level", "version", "way", "area", "recorded_at", "received_at", "due_at", "marks")


def in_full(alarm: Alarm, caller: Caller) -> dict[str, Any]:
    """All that somebody may see of an alarm that they see.

    Whose it is and where: who raised it, an officer of the area, and everybody else as long as it is open.
    """
    alarm, lon, lat = session.execute(queries.in_full(queries.one(alarm.id))).one()
    part, is_open = part_of(alarm, caller), alarm.status in OPEN
    is_close = is_open or part is Part.CALLER or (part is Part.OFFICER and caller.role == "officer")
    is_known = part is not Part.CALLER or _is_known_ground(alarm, caller)
    grid = (
        {"code": alarm.grid.code, "name": alarm.grid.name} if alarm.grid and is_close and is_known else None
    )
    return {name: getattr(alarm, name) for name in _PLAIN} | {
        "area": alarm.area if is_known else None,
        "member": alarm.member if is_close else None,
        "position": {"lon": lon, "lat": lat} if is_close and lon is not None else None,
        "accuracy_m": alarm.accuracy_m if is_close else None,
        "grid": grid,
        "told": {row.reason: row.people for row in session.execute(queries.told_of(alarm.id))},
        "steps": _steps(alarm, is_close and not alarm.is_drill),
        "allowed": allowed(alarm.status, part),
    }


def _is_known_ground(alarm: Alarm, caller: Caller) -> bool:
    """Whether the caller may see the grids there: a call from elsewhere asks nothing about the ground."""
    scope = POLICY["grids:read"].get(caller.role)
    return scope is not None and alarm.area_code.startswith(reach(caller, scope))


def _steps(alarm: Alarm, with_names: bool) -> list[dict[str, Any]]:
    names = ("version", "kind", "at", "status", "level", "role")
    return [
        {each: getattr(step, each) for each in names}
        | {"by": {"id": step.member_id, "name": name} if with_names and step.member_id else None}
        for step, name in session.execute(queries.steps_of(alarm.id))
    ]


def look(alarm: Alarm, caller: Caller) -> dict[str, Any]:
    """The same, and who raised it can read that somebody looked."""
    if alarm.member_id != caller.member_id:
        audit.record("alarm.read", "alarm", alarm.id, subject=alarm.member_id)
    return in_full(alarm, caller)


def drills(prefix: str, due_before: datetime) -> dict[str, Any]:
    """When the counties of an area held their last drills, and whether another is due."""
    return {
        "items": [
            {
                "area": {"code": row.code, "name": row.name},
                "last_held_at": row.last_held_at,
                "is_due": row.last_held_at is None or row.last_held_at < due_before,
            }
            for row in session.execute(queries.counties_drilled(prefix))
        ]
    }


def report(drill: Alarm) -> dict[str, Any]:
    """How a drill was answered, by team and by area."""
    teams, areas = ([_figures(row, drill) for row in session.execute(queries.answers_by(each, drill.id))]
                    for each in ("team", "area"))  # fmt: skip
    sums = {name: sum(each[name] for each in areas) for name in ("told", "answered")}
    about = {"id": drill.id, "area": drill.area, "held_at": drill.received_at}
    return about | sums | {"teams": teams, "areas": areas}


def _figures(row: Any, drill: Alarm) -> dict[str, Any]:
    after = (row.first_at - drill.received_at).total_seconds() if row.first_at else None
    return {"first_after_s": after} | {
        name: getattr(row, name) for name in ("code", "name", "told", "answered")
    }
