"""Keep what was found: placed in its grid, filed at once by who may file it, with its clock running."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from geoalchemy2.shape import to_shape

from service.areas.places import places, unix_ms
from service.bulk import as_json
from service.db import ask, session
from service.errors import Conflict, Invalid, NotFound
from service.matters import bridges, clocks, history, queries, workflow
from service.matters.facts import INCOMPLETE, OUTSIDE_GRIDS, Kind, Report, lacking
from service.matters.models import Matter, MatterStep
from service.matters.queries import Place
from service.matters.workflow import Actor, State

Row = dict[str, Any]


class First(NamedTuple):
    """A new matter as rows."""

    matter: Row
    words: Row
    steps: list[Row]


_KEPT = ("id", "class_code", "title", "text", "facts", "photos", "accuracy_m", "recorded_at", "phone_at",
         "received_at", "patrol_id", "reporter_id", "source", "external_id")  # fmt: skip
_COLUMNS = ", ".join((*_KEPT, "position", "grid_id", "place_code", "marks", "level", "stage", "version",
                      "head", "entered_at", "due_at", "look_at", "rung"))  # fmt: skip
_STEP = ", ".join((*history.SEALED, "previous", "digest"))
_WRITE = f"""
WITH new AS (
    INSERT INTO matters ({_COLUMNS})
    SELECT {_COLUMNS} FROM jsonb_populate_recordset(NULL::matters, %(rows)s::jsonb)
    ON CONFLICT DO NOTHING RETURNING id
), said AS (
    INSERT INTO matter_words (matter_id, words) SELECT id, words
    FROM jsonb_populate_recordset(NULL::matter_words, %(words)s::jsonb) JOIN new ON id = matter_id
), taken AS (
    INSERT INTO matter_steps ({_STEP}) SELECT {_STEP}
    FROM jsonb_populate_recordset(NULL::matter_steps, %(steps)s::jsonb) JOIN new ON id = matter_id
)
SELECT id, {bridges.IS_HEARD} FROM new"""
_SAME = ("reporter_id", "title", "text", "facts", "photos", "accuracy_m")  # in the same report sent again


def report(found: Report, within: str = "") -> Matter:
    """Keep a matter; known already, it is given as it stands.

    What lies in no grid belongs to the reporter's area. Raises NotFound for a grid whose code does not begin
    with `within`, Invalid for what its class refuses.
    """
    (place,) = placed([found])
    if place and not place.place_code.startswith(within):
        raise NotFound
    kind = queries.valid_kind(found.class_code, found.recorded_at)
    if kind is None:
        raise Invalid(errors={"class": ["Not a class that is listed and valid."]})
    if missing := lacking(found, kind.required):
        raise Invalid(errors={name: ["This class needs it."] for name in missing})
    is_new = bool(_write([_first(found, place, kind)]))
    matter = session.get_one(Matter, found.id, populate_existing=True)
    if not is_new and not _is_same(matter, found):
        raise Conflict("This id has come before with another matter.")
    return matter


def _is_same(matter: Matter, found: Report) -> bool:
    """Whether a matter was reported with these words; its class and place may have been put right since."""
    told = session.get_one(MatterStep, (matter.id, 1)).details
    where = matter.position and to_shape(matter.position).coords[0]
    if told.get("class") != found.class_code or where != found.position:
        return False
    return all(getattr(matter, name) == getattr(found, name) for name in _SAME)


def keep(reports: Sequence[Report], places: Sequence[Place | None] | None = None) -> list[UUID]:
    """Keep matters of listed classes, in these places or in their grids; gives the ids of the new ones."""
    if not reports:
        return []
    kinds = queries.kinds()
    firsts = [_first(found, place, kinds[found.class_code])
              for found, place in zip(reports, places or placed(reports), strict=True)]  # fmt: skip
    return _write(firsts)


def _write(firsts: Sequence[First]) -> list[UUID]:
    """Matters and their first steps, in one statement; what is known already stays as it is."""
    rows, words = [each.matter for each in firsts], [each.words for each in firsts]
    steps = [step for each in firsts for step in each.steps]
    lists = {"rows": rows, "words": words, "steps": steps}
    written = ask(_WRITE, **{name: as_json(each) for name, each in lists.items()})
    new = {row.id for row in written}
    if new:
        told = [step for step in steps if step["matter_id"] in new]
        where = {row["id"]: row["place_code"] for row in rows}
        bridges.tell(told, where, {}, is_heard=written[0].is_heard)
    return [row["id"] for row in rows if row["id"] in new]


def placed(reports: Sequence[Report]) -> list[Place | None]:
    """The grid in force around each at its time, None outside all grids."""
    where = places()
    lon, lat = np.array([each.position or (np.nan, np.nan) for each in reports], float).T
    found = where.index.locate(lon, lat, np.array([unix_ms(each.recorded_at) for each in reports]))
    ids = where.ids_at(found).tolist()
    return [
        Place(where.codes[at], grid_id) if grid_id else None
        for at, grid_id in zip(found.tolist(), ids, strict=True)
    ]


def _first(found: Report, place: Place | None, kind: Kind) -> First:
    """A new matter, and its first steps; who may file it has filed it by reporting it."""
    code = (place and place.place_code) or found.place_code or found.area_code
    states = _states(found, code)
    steps = _steps(found, code, states)
    now = states[-1][1]
    deadline = clocks.entered(clocks.of(kind.is_round), found.received_at, kind.limits.get(now.stage))
    row = {name: getattr(found, name) for name in _KEPT} | {
        "position": "SRID=4326;POINT({!r} {!r})".format(*found.position) if found.position else None,
        "grid_id": place and place.grid_id,
        "place_code": code,
        "marks": _marks(found, place, kind),
        "level": now.level,
        "stage": now.stage,
        "version": len(steps),
        "head": steps[-1]["digest"],
        "entered_at": found.received_at,
    }
    words = {"matter_id": found.id, "words": f"{found.title}\n{found.text or ''}".lower()}
    return First(row | deadline._asdict(), words, steps)


def _marks(found: Report, place: Place | None, kind: Kind) -> list[str]:
    is_outside = found.position is not None and place is None
    doubts = {OUTSIDE_GRIDS: is_outside, INCOMPLETE: bool(lacking(found, kind.required))}
    return list(dict.fromkeys([*found.marks, *(mark for mark, holds in doubts.items() if holds)]))


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
