"""Questions about many matters at once: what became of them, how long stages took, what teams were asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    String,
    any_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from service.areas.models import DIGITS
from service.matters.models import Matter, MatterStep
from service.matters.workflow import OPEN
from service.teams.models import Membership, Team

_DISPATCH: Any = literal_column("'dispatch'")
_IS_OPEN = Matter.stage.in_((*OPEN, "suspended"))


def counts(matters: Select[Matter], by: str | None) -> Select[Any]:
    """How many matters there are of each kind, and what became of them.

    `by` is a level, class or stage; None counts all together, in one row.
    """
    keys = {
        "class": Matter.class_code,
        "stage": Matter.stage,
        "level": Matter.level,
        "grid": Matter.place_code,
        **{
            level: func.rpad(func.left(Matter.place_code, n), 12, "0")
            for level, n in DIGITS.items()
            if n < 15
        },
    }
    is_closed, is_late = Matter.stage.in_(("closed", "evaluated")), Matter.is_late
    is_resolved = Matter.outcome.in_(("resolved", "mediated"))
    key: Any = keys[by] if by else literal("all")
    counted = matters.where(Matter.stage != "merged").with_only_columns(
        key.label("key"),
        func.count().label("reported"),
        func.count().filter(_IS_OPEN).label("open"),
        func.count().filter(Matter.due_at < func.now()).label("overdue"),
        func.count().filter(is_closed).label("closed"),
        func.count().filter(is_closed, ~is_late).label("closed_on_time"),
        func.count().filter(is_closed, is_resolved).label("resolved"),
    )
    return counted.group_by(key).order_by(key) if by else counted


def open_among(matters: Select[Matter]) -> Select[int]:
    """How many of these matters are not over."""
    return matters.where(_IS_OPEN).with_only_columns(func.count())


def by_party(matters: Select[Matter]) -> Select[Any]:
    """The parties that handle these matters jointly: in how many, how many done, how many waited for."""
    party = func.unnest(Matter.parties).table_valued("party").render_derived("asked")
    is_done, name = party.c.party == any_(Matter.parties_done), party.c.party
    waits = _IS_OPEN, ~is_done
    return (
        matters.where(Matter.stage != "merged")
        .join(party, true())
        .with_only_columns(
            name,
            func.count().label("asked"),
            func.count().filter(is_done).label("done"),
            func.count().filter(*waits).label("waiting"),
        )
        .group_by(name)
        .order_by(func.count().desc(), name)
    )


def sums(matters: Select[Matter], facts: Sequence[str]) -> Select[Any]:
    """What facts of these matters add up to, where they are numbers."""
    columns: list[Any] = [_sum(name).label(name) for name in facts]
    return matters.where(Matter.stage != "merged").with_only_columns(*columns)


def _sum(fact: str) -> ColumnElement[float]:
    is_number = func.jsonb_typeof(Matter.facts[fact]) == "number"
    return func.coalesce(func.sum(cast(Matter.facts[fact].astext, Float)).filter(is_number), 0.0)


def stage_times(matters: Select[Matter]) -> Select[Any]:
    """How long stages of these matters lasted: stage, how many ended, median and 90th percentile in s."""
    ids = matters.with_only_columns(Matter.id)
    median, ninth = (func.percentile_cont(share).within_group(MatterStep.lasted_s) for share in (0.5, 0.9))
    return (
        select(
            MatterStep.stage_left.label("stage"),
            func.count().label("ended"),
            median.label("median_s"),
            ninth.label("p90_s"),
        )
        .where(MatterStep.matter_id.in_(ids), MatterStep.stage_left.is_not(None))
        .group_by(MatterStep.stage_left)
        .order_by(MatterStep.stage_left)
    )


def burden(team_ids: Select[Any], start: datetime, end: datetime) -> Select[Any]:
    """What was asked of teams in a window: matters given, steps and photos that these took. No person.

    A step counts for the team that its matter was last given to, if who took it was in that team then.
    """
    within = MatterStep.at >= start, MatterStep.at < end
    asked = team_ids.cte("asked")
    id = asked.c.id
    given = (
        select(id, func.count().label("matters"))
        .join(MatterStep, _given_to(MatterStep) == cast(id, String))
        .where(MatterStep.step == _DISPATCH, *within)
        .group_by(id)
        .cte("given")
    )
    photos = func.sum(func.cardinality(MatterStep.photos))
    taken = (
        select(id, func.count().label("reports"), photos.label("photos"))
        .join(Membership, Membership.team_id == id)
        .join(MatterStep, MatterStep.actor_id == Membership.member_id)
        .where(*within, MatterStep.at >= Membership.since, _last_given_to() == cast(id, String))
        .where(or_(Membership.until.is_(None), MatterStep.at < Membership.until))
        .group_by(id)
        .cte("taken")
    )
    counts = (given.c.matters, taken.c.reports, taken.c.photos)
    told: Any = [func.coalesce(each, 0).label(each.key) for each in counts]
    return (
        select(Team.code, Team.name, *told)
        .outerjoin(given, given.c.id == Team.id)
        .outerjoin(taken, taken.c.id == Team.id)
        .where(or_(given.c.id.is_not(None), taken.c.id.is_not(None)))
        .order_by(Team.code)
    )


def _given_to(step: Any) -> Any:
    """The team that a dispatch names, as the index knows it."""
    return step.details.op("->>")(literal_column("'team_id'"))


def _last_given_to() -> Any:
    """Which team a step's matter had last been given to before it; NULL for a person."""
    earlier = aliased(MatterStep)
    return (
        select(_given_to(earlier))
        .where(
            earlier.matter_id == MatterStep.matter_id,
            earlier.version < MatterStep.version,
            earlier.step == _DISPATCH,
        )
        .order_by(earlier.version.desc())
        .limit(1)
        .correlate(MatterStep)
        .scalar_subquery()
    )
