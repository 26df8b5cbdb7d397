"""A matter and its steps as a reader may see them: people only where the reader may read members."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import shapely

from service.areas.models import DIGITS
from service.areas.queries import prefix_of
from service.db import session
from service.matters import queries
from service.matters.models import Matter, MatterStep
from service.policy import Caller, Scope

_OPEN = ("id", "class_code", "title", "text", "facts", "photos", "accuracy_m", "recorded_at",
         "received_at", "marks", "level", "stage", "version", "parties", "parties_done", "entered_at",
         "due_at", "review_at", "is_late", "outcome", "closed_at", "source", "external_id")  # fmt: skip
_NAMES = {"class_code": "class", "is_late": "late"}
_STEP = ("version", "step", "stage", "level", "at", "role", "area_code", "note", "reason", "photos",
         "stage_left", "lasted_s")  # fmt: skip


def matters(found: Sequence[Matter], caller: Caller, scope: Scope) -> list[dict[str, Any]]:
    """Matters as this reader may see them."""
    people = _shown(caller, [each for one in found for each in (one.reporter_id, one.handler_id)])
    teams = None if scope is Scope.AREA else queries.ground_of(caller).teams
    return [
        _matter(each, place, people, teams, caller) for each, place in zip(found, _places(found), strict=True)
    ]


def _places(found: Sequence[Matter]) -> list[tuple[float, float] | tuple[None, None]]:
    """Where they are, all read at once: lon, lat."""
    points = shapely.from_wkb([each.position and bytes(each.position.data) for each in found])
    lon, lat = shapely.get_x(points).tolist(), shapely.get_y(points).tolist()
    return [
        (east, north) if each.position is not None else (None, None)
        for each, east, north in zip(found, lon, lat, strict=True)
    ]


def as_json(told: dict[str, Any]) -> dict[str, Any]:
    """A matter under the names that its JSON has."""
    return {_NAMES.get(name, name): value for name, value in told.items()}


def _matter(
    matter: Matter,
    place: tuple[float, float] | tuple[None, None],
    people: set[UUID],
    teams: frozenset[UUID] | None,
    caller: Caller,
) -> dict[str, Any]:
    knows_place = matter.place_code.startswith(prefix_of(caller.area)[: DIGITS["county"]])
    knows_walk = matter.reporter_id in people and caller.may("patrols:read")
    return {name: getattr(matter, name) for name in _OPEN} | {
        "lon": place[0],
        "lat": place[1],
        "area": matter.area if knows_place else None,
        "grid": matter.grid if knows_place else None,
        "reporter_id": matter.reporter_id if matter.reporter_id in people else None,
        "handler_id": matter.handler_id if matter.handler_id in people else None,
        "patrol_id": matter.patrol_id if knows_walk else None,
        "team_id": matter.team_id if teams is None or matter.team_id in teams else None,
        "merged_into_id": matter.merged_into_id if teams is None else None,
    }


def steps(found: Sequence[MatterStep], caller: Caller, scope: Scope) -> list[dict[str, Any]]:
    """Steps as this reader may see them."""
    named = [UUID(each.details["assignee_id"]) for each in found if "assignee_id" in each.details]
    people = _shown(caller, [*(each.actor_id for each in found), *named])
    return [_step(each, people, scope is Scope.AREA) for each in found]


def _step(step: MatterStep, people: set[UUID], is_wide: bool) -> dict[str, Any]:
    told = {}
    for name, value in step.details.items():
        is_person = name in ("assignee_id", "handler_id")
        if (is_person and UUID(value) in people) or (
            not is_person and (is_wide or name in ("due_at", "party", "review_at"))
        ):
            told[name] = value
    return {name: getattr(step, name) for name in _STEP} | {
        "actor_id": step.actor_id if step.actor_id in people else None,
        "area_code": step.area_code if is_wide else None,
        "details": told,
        "digest": step.digest.hex(),
        "previous": step.previous.hex(),
    }


def _shown(caller: Caller, member_ids: Iterable[UUID | None]) -> set[UUID]:
    """Which of these people the reader may be shown."""
    ids = {each for each in member_ids if each} - {caller.member_id}
    return {caller.member_id} | (set(session.scalars(queries.seen(caller, ids))) if ids else set())
