"""Keep what was found: placed in its grid, filed at once by who may file it, with its clock running."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from geoalchemy2.shape import from_shape
from shapely import Point
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from service.areas.places import places, unix_ms
from service.db import session
from service.errors import Conflict, Invalid
from service.matters import bridges, clocks, history, queries, workflow
from service.matters.facts import INCOMPLETE, Kind, Report, lacking
from service.matters.models import Matter, MatterStep
from service.matters.workflow import Actor, State

Row = dict[str, Any]
_MATTERS: Any = Matter.__table__  # without the work of the mapper around each row
_STEPS: Any = MatterStep.__table__
_KEPT = ("id", "class_code", "title", "text", "facts", "photos", "accuracy_m", "recorded_at", "phone_at",
         "received_at", "patrol_id", "reporter_id", "source", "external_id")  # fmt: skip
_SAME = ("reporter_id", "class_code", "title", "text", "facts")  # in the same report sent again


def report(found: Report) -> Matter:
    """Keep a matter; known already, it is given as it stands. Raises Invalid for what its class refuses."""
    kind = queries.valid_kinds(found.recorded_at).get(found.class_code)
    if kind is None:
        raise Invalid(errors={"class": ["Not a class that is listed and valid."]})
    if missing := lacking(found, kind.required):
        raise Invalid(errors={name: ["This class needs it."] for name in missing})
    keep([found], {kind.code: kind})
    matter = session.get_one(Matter, found.id, populate_existing=True)
    if any(getattr(matter, name) != getattr(found, name) for name in _SAME):
        raise Conflict("This id has come before with another matter.")
    return matter


def keep(reports: Sequence[Report], kinds: Mapping[str, Kind] | None = None) -> list[UUID]:
    """Keep matters of listed classes, each in its grid; gives the ids of those that were new."""
    if not reports:
        return []
    kinds = kinds or queries.kinds()
    rows, steps = [], []
    for found, (grid_id, code) in zip(reports, placed(reports), strict=True):
        row, taken = _first(found, grid_id, code, kinds[found.class_code])
        rows.append(row)
        steps += taken
    new = insert_or_skip(_MATTERS).on_conflict_do_nothing().returning(_MATTERS.c.id)
    kept = set(session.scalars(new, rows))
    if taken := [step for step in steps if step["matter_id"] in kept]:
        session.execute(insert(_STEPS), taken)
        bridges.tell(taken, {row["id"]: row["place_code"] for row in rows})
    return [row["id"] for row in rows if row["id"] in kept]


def placed(reports: Sequence[Report]) -> list[tuple[int | None, str | None]]:
    """The grid in force around each at its time: id and code, both None outside all grids."""
    where = places()
    lon, lat = np.array([each.position or (np.nan, np.nan) for each in reports], float).T
    found = where.index.locate(lon, lat, np.array([unix_ms(each.recorded_at) for each in reports]))
    ids = where.ids_at(found).tolist()
    return [
        (grid_id, where.codes[at]) if grid_id else (None, None)
        for at, grid_id in zip(found.tolist(), ids, strict=True)
    ]


def _first(found: Report, grid_id: int | None, grid: str | None, kind: Kind) -> tuple[Row, list[Row]]:
    """A new matter as a row, and its first steps; who may file it has filed it by reporting it."""
    code = grid or found.place_code or found.area_code
    states = _states(found, code)
    steps = _steps(found, code, states)
    now = states[-1][1]
    deadline = clocks.entered(clocks.of(kind.is_round), found.received_at, kind.limits.get(now.stage))
    row = {name: getattr(found, name) for name in _KEPT} | {
        "words": f"{found.title}\n{found.text or ''}".lower(),
        "position": from_shape(Point(*found.position), 4326) if found.position else None,
        "grid_id": grid_id,
        "place_code": code,
        "marks": [*found.marks, *([INCOMPLETE] if lacking(found, kind.required) else [])],
        "level": now.level,
        "stage": now.stage,
        "version": len(steps),
        "head": steps[-1]["digest"],
        "entered_at": found.received_at,
    }
    return row | deadline._asdict(), steps


def _states(found: Report, code: str) -> list[tuple[str, State]]:
    state = State("reported", queries.level_of(code))
    actor = Actor(found.role, queries.level_of(found.area_code))
    filed = workflow.after(state, "file", actor) if found.reporter_id else None
    return [("report", state), *([("file", filed)] if filed else [])]


def _steps(found: Report, code: str, states: list[tuple[str, State]]) -> list[Row]:
    by = {"actor_id": found.reporter_id, "role": found.role, "area_code": found.area_code}
    rows: list[Row] = []
    for version, (step, then) in enumerate(states, 1):
        about = {"class": found.class_code, "place": code} if version == 1 else {}
        row = history.step(found.id, version, step, then, found.received_at, by, about)
        if version > 1:
            row |= {"stage_left": states[version - 2][1].stage, "lasted_s": 0.0}
        rows.append(history.sealed(row, rows[-1]["digest"] if rows else history.BEGINNING))
    return rows
