"""Look at every matter whose time has come: remind, escalate, resume. One bad row holds nobody up."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import insert

from service import bulk, jobs
from service.db import ask, session, transaction
from service.matters import actions, bridges, clocks, queries, workflow
from service.matters.facts import Kind
from service.matters.models import MatterFault
from service.matters.workflow import SYSTEM, State
from service.telemetry import log

AT_ONCE = 500  # matters in one transaction
ASIDE = timedelta(hours=1)  # until a matter that could not be looked at is tried again
_CHANGED = {
    "id": "uuid", "stage": "text", "level": "text", "back_to": "text", "back_level": "text",
    "version": "int4", "head": "bytea", "entered_at": "timestamptz", "due_at": "timestamptz",
    "look_at": "timestamptz", "rung": "int4", "left_s": "float8", "review_at": "timestamptz",
    "is_late": "bool",
}  # fmt: skip
_SET = ", ".join(f"{name} = new.{name}" for name in _CHANGED if name != "id")
_GIVEN = ", ".join(f"{name} {kind}" for name, kind in _CHANGED.items())
_UPDATE = f"""
UPDATE matters SET {_SET} FROM jsonb_to_recordset(%(rows)s::jsonb) AS new ({_GIVEN})
WHERE matters.id = new.id AND matters.version = new.version - 1"""
_STEP = {
    "matter_id": "uuid", "version": "int4", "step": "text", "stage": "text", "level": "text",
    "at": "timestamptz", "actor_id": "uuid", "role": "text", "area_code": "text", "details": "jsonb",
    "note": "text", "reason": "text", "photos": "varchar[]", "stage_left": "text", "lasted_s": "float8",
    "previous": "bytea", "digest": "bytea",
}  # fmt: skip


class Swept(NamedTuple):
    """What a sweep has done."""

    examined: int
    set_aside: int


@jobs.task("matters.sweep", every="* * * * *", line="clocks")
def sweep_now() -> Swept:
    """Look at whatever is due now."""
    return sweep(datetime.now(UTC))


def sweep(now: datetime) -> Swept:
    """Look at all that is due, the longest due first; what is locked comes with the next sweep."""
    examined = set_aside = 0
    after = None
    while True:
        with transaction():
            matters = session.execute(queries.due_for_a_look(now, after, AT_ONCE)).all()
            if not matters:
                return Swept(examined, set_aside)
            kinds = queries.kinds()
            bad = _look_at_all(matters, kinds, now)
        examined, set_aside = examined + len(matters), set_aside + bad
        after = matters[-1].look_at, matters[-1].id


def _look_at_all(matters: Sequence[Any], kinds: Mapping[str, Kind], now: datetime) -> int:
    """All together; if that fails, one by one, and the bad ones are set aside. Gives how many were bad."""
    try:
        with session.begin_nested():
            _look_at(matters, kinds, now)
        return 0
    except Exception:
        log.warning("some of these matters cannot be looked at", count=len(matters))
    return sum(not _look_at_one(matter, kinds, now) for matter in matters)


def _look_at_one(matter: Any, kinds: Mapping[str, Kind], now: datetime) -> bool:
    try:
        with session.begin_nested():
            _look_at([matter], kinds, now)
        return True
    except Exception as error:
        log.exception("a matter could not be looked at", matter_id=str(matter.id))
        _set_aside(matter, type(error).__name__, now)
        return False


def _set_aside(matter: Any, problem: str, now: datetime) -> None:
    fault = {"matter_id": matter.id, "problem": problem, "since": now, "until": now + ASIDE}
    new = insert(MatterFault).values(fault)
    again = {"problem": problem, "until": now + ASIDE, "times": MatterFault.times + 1}
    session.execute(new.on_conflict_do_update(index_elements=["matter_id"], set_=again))


def _look_at(matters: Sequence[Any], kinds: Mapping[str, Kind], now: datetime) -> None:
    looked = [_look(matter, kinds[matter.class_code], now) for matter in matters]
    ask(_UPDATE, rows=bulk.as_json(columns for columns, _ in looked))
    steps = [step for _, step in looked]
    bulk.copy_rows("matter_steps", _STEP, ([_wire(step, name) for name in _STEP] for step in steps))
    where = {matter.id: matter.place_code for matter in matters}
    bridges.tell(steps, where, {matter.id: actions.concerned(matter) for matter in matters})
    ask("DELETE FROM matter_faults WHERE matter_id = ANY(%(ids)s)", ids=[each.id for each in matters])


def _wire(step: dict[str, Any], name: str) -> Any:
    return Jsonb(step[name]) if name == "details" else step[name]


def _look(matter: Any, kind: Kind, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """What becomes of one matter whose time has come: its columns, and the step."""
    state = State(matter.stage, matter.level, matter.back_to, matter.back_level)
    step, ladder = _rung(matter, state, kind, now)
    then = workflow.after(state, step, SYSTEM)
    if then is None:
        raise LookupError(f"nothing can be done with {matter.stage}")
    change = actions.Change(ladder, {"due_at": matter.due_at.isoformat()} if matter.due_at else {})
    columns, row = actions.moved(matter, kind, step, then, now, {}, change, None)
    kept = {name: getattr(matter, name) for name in _CHANGED}
    return kept | columns, row


def _rung(matter: Any, state: State, kind: Kind, now: datetime) -> tuple[str, dict[str, Any]]:
    """The step of the ladder: resume at the review, remind before the limit, then climb level by level."""
    if matter.stage == "suspended":
        return "resume", {}
    was = clocks.Deadline(matter.due_at, matter.look_at, matter.rung)
    ladder = clocks.next_rung(clocks.of(kind.is_round), was, float(kind.limits[matter.stage]), now)
    is_over = matter.due_at <= now
    may_climb = is_over and workflow.after(state, "escalate", SYSTEM) is not None
    return "escalate" if may_climb else "remind", ladder._asdict() | {"is_late": matter.is_late or is_over}
