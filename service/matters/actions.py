"""Take steps with matters. Each is one more row of its history, chained to the one before."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Select

from service.areas.queries import prefix_of
from service.db import ask, fetch, session
from service.errors import Conflict, Forbidden, Invalid
from service.matters import bridges, clocks, departments, history, queries, workflow
from service.matters.facts import Kind
from service.matters.models import Matter, MatterClass, MatterStep
from service.matters.workflow import Actor, State
from service.policy import Caller

REOPENS = timedelta(days=30)  # after it was closed
_STEP = (*history.SEALED, "previous", "digest")
_WRITE = f"""
WITH taken AS (
    INSERT INTO matter_steps ({", ".join(_STEP)}) VALUES ({", ".join(f"%(step_{name})s" for name in _STEP)})
)
UPDATE matters SET """
_WRITTEN = f" WHERE id = %(id)s RETURNING {bridges.IS_HEARD}"
LONGEST_PAUSE = timedelta(days=180)
MOST_PARTIES = 20


class Moved(Conflict):
    title, title_zh = "Somebody has taken another step meanwhile", "事项已被他人处理，请按最新状态操作"


class IllegalStep(Conflict):
    title, title_zh = "This step cannot be taken from here", "当前环节不能执行该操作"


class NotYours(Forbidden):
    title, title_zh = "This step is in other hands", "该操作应由其他人员执行"


class TooLate(Conflict):
    title, title_zh = "It was closed too long ago to be reopened", "结案时间过久，不能重新办理"


class PartiesLeft(Conflict):
    title, title_zh = "Not all parties have finished", "尚有协同单位未办结"


class Said(NamedTuple):
    """A step that somebody wants to take, and what they say with it."""

    step: str
    version: int  # of the state that they saw
    note: str | None = None
    photos: Sequence[str] = ()
    reason: str | None = None
    class_code: str | None = None
    review_at: datetime | None = None
    assignee_id: UUID | None = None
    team_id: UUID | None = None
    party: str | None = None
    into_id: UUID | None = None
    place: str | None = None  # the code of a grid or an area


class Change(NamedTuple):
    """What a step changes beside the stage, and what of it stands in the history."""

    columns: dict[str, Any]
    details: dict[str, Any]


def actor_of(matter: Matter, caller: Caller, ground: queries.Ground) -> Actor:
    """Who the caller is to a matter."""
    ties = {
        "reporter": matter.reporter_id == caller.member_id,
        "handler": matter.handler_id == caller.member_id,
        "team": matter.team_id in ground.teams and matter.handler_id is None,
        "leader": ground.is_led(matter.place_code),
        "has_handled": matter.stage == "fed_back" and queries.has_handled(matter.id, caller.member_id),
    }
    rank = queries.level_of(caller.area)
    return Actor(caller.role, rank, frozenset(tie for tie, holds in ties.items() if holds))


def state_of(matter: Matter) -> State:
    """Where a matter stands."""
    return State(matter.stage, matter.level, matter.back_to, matter.back_level)


def allowed(matter: Matter, caller: Caller) -> dict[str, str]:
    """What the caller may do with a matter now: step → stage."""
    return _may(matter, actor_of(matter, caller, queries.ground_of(caller)), datetime.now(UTC))


def wanted(matter: Matter, may: Collection[str]) -> list[str]:
    """Those of the steps that its class asks for and nobody has taken: to name who handles it jointly."""
    is_joint = session.get_one(MatterClass, matter.class_code).is_joint
    return ["add_party"] if is_joint and not matter.parties and "add_party" in may else []


def _may(matter: Matter, actor: Actor, now: datetime) -> dict[str, str]:
    """What the table allows, without what the matter's parties and dates forbid."""
    left = parties_left(matter)
    barred = {
        "feed_back": bool(left),
        "party_done": not left,
        "add_party": len(matter.parties) >= MOST_PARTIES,
        "reopen": _is_past_reopening(matter, now),
    }
    may = workflow.allowed(state_of(matter), actor)
    return {step: stage for step, stage in may.items() if not barred.get(step)}


def parties_left(matter: Matter) -> list[str]:
    """Who handles it jointly and has not finished."""
    return [each for each in matter.parties if each not in matter.parties_done]


def _is_past_reopening(matter: Matter, now: datetime) -> bool:
    return matter.closed_at is None or now - matter.closed_at > REOPENS


def take(
    matter: Matter, caller: Caller, said: Said, ground: queries.Ground, now: datetime | None = None
) -> MatterStep:
    """Take a step with a matter that is locked; what it raises says what is allowed."""
    now = now or datetime.now(UTC)
    actor = actor_of(matter, caller, ground)
    state = state_of(matter)
    then = workflow.after(state, said.step, actor)
    if said.version != matter.version:
        raise Moved(errors=_here(matter, actor, now))
    if said.photos and set(workflow.hands(actor, matter.level)) == {"anyone"}:
        raise NotYours(errors=_here(matter, actor, now))  # to look on is not to add evidence
    if then is None:
        may_others = any(said.step == rule.step and state.stage in rule.stages for rule in workflow.RULES)
        raise (NotYours if may_others else IllegalStep)(errors=_here(matter, actor, now))
    if said.step == "feed_back" and (left := parties_left(matter)):
        raise PartiesLeft(errors=_here(matter, actor, now) | {"parties": left})
    if said.step == "reopen" and _is_past_reopening(matter, now):
        raise TooLate(errors=_here(matter, actor, now))
    change = _change(matter, caller, said, now)
    by = {"actor_id": caller.member_id, "role": caller.role, "area_code": caller.area}
    return record(matter, said.step, then, now, by, change, said)


def _here(matter: Matter, actor: Actor, now: datetime) -> dict[str, Any]:
    """What the caller needs to go on."""
    may = _may(matter, actor, now)
    return {"version": matter.version, "stage": matter.stage, "level": matter.level, "allowed": may}


def record(
    matter: Matter,
    step: str,
    then: State,
    now: datetime,
    by: dict[str, Any],
    change: Change | None = None,
    said: Said | None = None,
) -> MatterStep:
    """Write a step down, and let the matter stand where it leads; `by` is empty for the system."""
    change = change or Change({}, {})
    code = change.columns.get("class_code")
    kind = queries.kinds()[code] if code else matter.kind
    columns, row = moved(matter, kind, step, then, now, by, change, said)
    changes = ", ".join(f"{name} = %({name})s" for name in columns)
    values = {f"step_{name}": value for name, value in row.items()}
    values["step_details"] = Jsonb(row["details"])
    written = ask(_WRITE + changes + _WRITTEN, id=matter.id, **columns, **values)
    left, place = matter.place_code, columns.get("place_code", matter.place_code)
    told = concerned(matter, columns)
    session.expire(matter)
    for code in dict.fromkeys((left, place)):  # who listens where it was hears that it has gone
        once = {row["matter_id"]: told} if code == place else {}
        bridges.tell([row], {row["matter_id"]: code}, once, is_heard=written[0].is_heard)
    return MatterStep(**row)


def concerned(matter: Any, columns: Mapping[str, Any] | None = None) -> set[UUID]:
    """Who is told of a step wherever it is taken: whoever reported a matter, has it, or had it."""
    names = ("reporter_id", "handler_id", "team_id")
    found = {getattr(matter, name) for name in names} | {(columns or {}).get(name) for name in names}
    return {id for id in found if id is not None}


def moved(
    matter: Matter,
    kind: Kind | MatterClass,
    step: str,
    then: State,
    now: datetime,
    by: dict[str, Any],
    change: Change,
    said: Said | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a step makes of a matter's columns, and the step as a row; nothing is written."""
    by = by or {"actor_id": None, "role": "system", "area_code": None}
    row = history.step(matter.id, matter.version + 1, step, then, now, by, change.details)
    if said:
        row |= {"note": said.note, "reason": said.reason, "photos": list(said.photos)}
    columns = change.columns | _entry(matter, kind, then, now, change.columns)
    if then.stage != matter.stage:
        row |= {"stage_left": matter.stage, "lasted_s": (now - matter.entered_at).total_seconds()}
    row = history.sealed(row, matter.head)
    state = {"stage": then.stage, "level": then.level, "back_to": then.back_to, "back_level": then.back_level}
    return columns | state | {"version": row["version"], "head": row["digest"]}, row


def _entry(
    matter: Matter, kind: Kind | MatterClass, then: State, now: datetime, given: dict[str, Any]
) -> dict[str, Any]:
    """The clock of the stage that is entered; where none is, the clock goes on untouched."""
    if then.stage == matter.stage:
        return {}
    clock, limit = clocks.of(kind.is_round), kind.limits.get(then.stage)
    late = {"is_late": matter.is_late or bool(matter.due_at and now > matter.due_at), "entered_at": now}
    if then.stage == "suspended":
        review = given["review_at"]
        return late | {"left_s": _left(matter, clock, now), "due_at": None, "look_at": review}
    paused: dict[str, Any] = {"left_s": None, "review_at": None}
    if then.stage == "returned":  # an unfounded return must not gain time
        paused["left_s"] = _left(matter, clock, now)
    if matter.back_to is not None and then.stage == matter.back_to and matter.left_s is not None:
        left, rung = timedelta(seconds=matter.left_s), matter.rung if matter.stage == "suspended" else 0
        return late | paused | clocks.resumed(clock, now, limit, left, rung)._asdict()
    return late | paused | clocks.entered(clock, now, limit)._asdict()


def _left(matter: Matter, clock: clocks.Clock, now: datetime) -> float | None:
    """How much of the stage's limit is left, in seconds that count; below zero once it is over."""
    if matter.due_at is None:
        return None
    if matter.due_at > now:
        return clock.used(now, matter.due_at).total_seconds()
    return (matter.due_at - now).total_seconds()


def _change(matter: Matter, caller: Caller, said: Said, now: datetime) -> Change:
    """What a step does beside moving the matter; raises a problem where what was said does not fit."""
    _check_reason(matter, said)
    make = _CHANGES.get(said.step)
    change = make(matter, caller, said, now) if make else Change({}, {})
    if said.class_code is None:
        return change
    if said.class_code not in queries.valid_kinds(matter.recorded_at):
        raise Invalid(errors={"class": ["Not a class that is listed and valid."]})
    return Change(
        change.columns | {"class_code": said.class_code}, change.details | {"class": said.class_code}
    )


def _check_reason(matter: Matter, said: Said) -> None:
    reasons = workflow.REASONS.get(said.step)
    if reasons and said.reason not in reasons:
        raise Invalid(errors={"reason": [f"Not one of {', '.join(reasons)}."]})
    if said.step == "return" and (matter.stage == "fed_back") != (said.reason == workflow.REWORK):
        raise Invalid(errors={"reason": ["not_solved is for what was fed back, and nothing else is."]})


def _dispatch(matter: Matter, caller: Caller, said: Said, _: datetime) -> Change:
    ground = prefix_of(caller.area) if caller.role in ("officer", "centre") else matter.place_code[:12]
    if (said.assignee_id is None) == (said.team_id is None):
        raise Invalid(errors={"assignee_id": ["Give it to one person or one team."]})
    if said.assignee_id:
        name, question = "assignee_id", queries.assignee(said.assignee_id, matter.place_code, ground)
    else:
        assert said.team_id
        name, question = "team_id", queries.team_for(said.team_id, matter.place_code, ground)
    if session.scalar(question) is None:
        raise Invalid(errors={name: ["Nobody whom you can give this matter to."]})
    given = {"handler_id": said.assignee_id, "team_id": said.team_id}
    return Change(given, {name: str(said.assignee_id or said.team_id)})


def _accept(matter: Matter, caller: Caller, _: Said, __: datetime) -> Change:
    return Change({"handler_id": caller.member_id}, {})


def _uphold(matter: Matter, caller: Caller, said: Said, _: datetime) -> Change:
    """The return was right: it is nobody's again, and lies where it belongs."""
    free = {"handler_id": None, "team_id": None}
    if said.place is None:
        return Change(free, {})
    place = queries.place_for(said.place, prefix_of(caller.area), matter.recorded_at)
    if place is None:
        raise Invalid(errors={"place": ["Not a place that you answer for."]})
    return Change(free | place._asdict(), {"place": said.place})


def _suspend(matter: Matter, _: Caller, said: Said, now: datetime) -> Change:
    if said.review_at is None or not now < said.review_at <= now + LONGEST_PAUSE:
        raise Invalid(errors={"review_at": ["Must lie within the next 180 days."]})
    return Change({"review_at": said.review_at}, {"review_at": said.review_at.isoformat()})


def _add_party(matter: Matter, _: Caller, said: Said, __: datetime) -> Change:
    party = departments.name_of(said.party or "")
    if party in matter.parties or len(matter.parties) >= MOST_PARTIES:
        raise Invalid(errors={"party": ["Already one, or already twenty of them."]})
    return Change({"parties": [*matter.parties, party]}, {"party": party})


def _party_done(matter: Matter, _: Caller, said: Said, __: datetime) -> Change:
    party = departments.name_of(said.party or "")
    if party not in matter.parties or party in matter.parties_done:
        raise Invalid(errors={"party": ["Not a party that still has something to do."]})
    return Change({"parties_done": [*matter.parties_done, party]}, {"party": party})


def _close(matter: Matter, _: Caller, said: Said, now: datetime) -> Change:
    return Change({"outcome": said.reason, "closed_at": now}, {})


def _reopen(_: Matter, __: Caller, ___: Said, ____: datetime) -> Change:
    again = {"outcome": None, "closed_at": None, "handler_id": None, "team_id": None}
    return Change(again, {})


def locked(visible: Select[Matter], matter_id: UUID, into_id: UUID | None) -> Matter:
    """One of the matters, kept from everybody else until this transaction ends; raises NotFound.

    What it is merged into is locked first if its id is the lower one: of two who merge into each other
    one waits for the other, and not each for the other.
    """
    if into_id and into_id < matter_id:
        session.execute(_held(visible, into_id))
    return fetch(queries.locked(visible), id=matter_id)


def _held(visible: Select[Matter], id: UUID) -> Select[str]:
    return visible.with_only_columns(Matter.stage).where(Matter.id == id).with_for_update(read=True)


def _merge(matter: Matter, caller: Caller, said: Said, _: datetime) -> Change:
    visible = queries.visible_to(caller, caller.scope("matters:read"))
    target = session.scalar(_held(visible, said.into_id)) if said.into_id else None
    if target is None or said.into_id == matter.id or target in workflow.OVER:
        raise Invalid(errors={"into_id": ["Not another matter that is still open."]})
    return Change({"merged_into_id": said.into_id}, {"into_id": str(said.into_id)})


_CHANGES = {
    "dispatch": _dispatch,
    "accept": _accept,
    "uphold": _uphold,
    "suspend": _suspend,
    "add_party": _add_party,
    "party_done": _party_done,
    "close": _close,
    "reopen": _reopen,
    "merge": _merge,
}


def near_duplicates(matter: Matter, caller: Caller, *, ids_only: bool = False) -> list[Any]:
    """Matters that the caller sees and that may be the same as one, or only their ids."""
    if matter.position is None:
        return []
    visible = queries.visible_to(caller, caller.scope("matters:read"))
    near = queries.near(visible, matter)
    return list(session.scalars(near.with_only_columns(Matter.id) if ids_only else near))
