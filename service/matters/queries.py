"""Questions about matters, and how far a caller sees."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    any_,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import joinedload, load_only

from service.areas.models import DIGITS, Grid
from service.areas.queries import grids_in, in_force, prefix_of, reach, within
from service.db import ask, session
from service.matters.clocks import day_of
from service.matters.facts import Kind
from service.matters.models import (
    Matter,
    MatterBulletin,
    MatterClass,
    MatterFault,
    MatterStep,
    MatterWords,
    Webhook,
)
from service.matters.workflow import OVER
from service.media.models import Photo
from service.members.models import Member
from service.policy import Caller, Scope
from service.teams import queries as teams
from service.teams.models import Team

_KINDS = "SELECT code, is_round, limits, required, valid_from, valid_to FROM matter_classes"
_STATE = load_only(
    Matter.class_code, Matter.place_code, Matter.recorded_at, Matter.level, Matter.stage, Matter.back_to,
    Matter.back_level, Matter.version, Matter.head, Matter.reporter_id, Matter.team_id, Matter.handler_id,
    Matter.parties, Matter.parties_done, Matter.entered_at, Matter.due_at, Matter.rung, Matter.left_s,
    Matter.is_late, Matter.closed_at,
)  # fmt: skip
_CLOCK = joinedload(Matter.kind, innerjoin=True).load_only(MatterClass.is_round, MatterClass.limits)
_NAMES = "SELECT code, name FROM areas WHERE code = ANY(%(codes)s)"
_LEVELS = {digits: level for level, digits in DIGITS.items()}  # by the length of a prefix
NEAR_M, NEAR_IN_TIME = 100.0, timedelta(hours=72)  # what may be the same matter
_MEMBERSHIPS = """
SELECT team_id, is_leader, teams.area_code FROM memberships JOIN teams ON teams.id = team_id
WHERE member_id = %(id)s AND since <= now() AND (until IS NULL OR until > now())"""
_HANDLED = """
SELECT 1 FROM matter_steps
WHERE matter_id = %(matter_id)s AND actor_id = %(member_id)s AND step IN ('handle', 'feed_back') LIMIT 1"""
TILE_ROWS = """
    SELECT matters.id::text AS id, class_code, stage, level, due_at < now() AS is_overdue,
        ST_AsMVTGeom(ST_Transform(position, 3857), ST_TileEnvelope(:z, :x, :y), 4096, :buffer) AS geom
    FROM matters
    WHERE position && ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => :buffer / 4096.0), 4326)
        AND place_code >= :prefix AND place_code < :prefix || ':'
        AND stage NOT IN ('closed', 'evaluated', 'merged')
"""  # the open matters of a tile, for ST_AsMVT: no person, no words


class Place(NamedTuple):
    """Where a matter belongs."""

    place_code: str  # of a grid, else of an area
    grid_id: int | None


class Ground(NamedTuple):
    """What ties a member to matters: the teams they are in, and where those lie that they lead."""

    teams: frozenset[UUID]
    led: frozenset[str]  # prefixes of codes

    def is_led(self, place_code: str) -> bool:
        """Whether a place lies where one leads a team."""
        return any(place_code.startswith(prefix) for prefix in self.led)


def ground_of(caller: Caller) -> Ground:
    """The teams of the caller now."""
    if caller.role not in ("member", "leader"):
        return Ground(frozenset(), frozenset())
    rows = ask(_MEMBERSHIPS, id=caller.member_id)
    led = frozenset(prefix_of(row.area_code) for row in rows if row.is_leader)
    return Ground(frozenset(row.team_id for row in rows), led)


def has_handled(matter_id: UUID, member_id: UUID) -> bool:
    """Whether somebody handled a matter or told of its handling, even if it went on to others."""
    return bool(ask(_HANDLED, matter_id=matter_id, member_id=member_id))


def level_of(code: str) -> str:
    """The level of an area or grid, by its code."""
    return _LEVELS[len(prefix_of(code))]


def kinds() -> dict[str, Kind]:
    """What matters of each class that was ever listed are like, by its code."""
    return {row.code: Kind(*row) for row in ask(_KINDS)}


def valid_kinds(at: datetime) -> dict[str, Kind]:
    """Those that a matter found at a time may have."""
    return {code: kind for code, kind in kinds().items() if kind.is_valid(day_of(at))}


def valid_kind(code: str, at: datetime) -> Kind | None:
    """A class, if a matter found at a time may have it."""
    known = [Kind(*row) for row in ask(_KINDS + " WHERE code = %(code)s", code=code)]
    return known[0] if known and known[0].is_valid(day_of(at)) else None


def visible_to(caller: Caller, scope: Scope, ground: Ground | None = None) -> Select[Matter]:
    """The matters that the caller sees.

    What they reported, handle, or their team was given; a leader also those of the team's area; officers and
    the command centre those of their area. `ground` spares asking for it again.
    """
    if scope is Scope.AREA:
        return select(Matter).where(within(Matter.place_code, reach(caller, scope)))
    ground = ground or ground_of(caller)
    own = [Matter.reporter_id == caller.member_id, Matter.handler_id == caller.member_id]
    if ground.teams:
        own.append(Matter.team_id.in_(ground.teams))
    if scope is Scope.TEAM:
        own += [within(Matter.place_code, prefix) for prefix in sorted(ground.led)]
    return select(Matter).where(or_(*own))


def shows_photo(caller: Caller, _: Scope) -> ColumnElement[bool]:
    """Whether a photo belongs to a matter that the caller sees, or to a step with it, of whoever sent it."""
    visible = visible_to(caller, caller.scope("matters:read"))
    of_report = Matter.reporter_id == Photo.member_id, Photo.sha256 == any_(Matter.photos)
    of_step = MatterStep.actor_id == Photo.member_id, Photo.sha256 == any_(MatterStep.photos)
    steps = visible.join(MatterStep, MatterStep.matter_id == Matter.id)
    return or_(visible.where(*of_report).exists(), steps.where(*of_step).exists())


def locked(matters: Select[Matter]) -> Select[Matter]:
    """The same with their clocks, kept from everybody else until this transaction ends."""
    return (
        matters.options(_STATE, _CLOCK).with_for_update(of=Matter).execution_options(populate_existing=True)
    )


def filtered(matters: Select[Any], wanted: dict[str, Any]) -> Select[Any]:
    """Those of the matters that match everything asked for."""
    columns = {"class_": Matter.class_code, "stage": Matter.stage, "level": Matter.level}
    for name, column in columns.items():
        if name in wanted:
            matters = matters.where(column == wanted[name])
    for code in (wanted.get("area"), wanted.get("grid")):
        if code is not None:
            matters = matters.where(within(Matter.place_code, prefix_of(code)))
    if "due_before" in wanted:
        matters = matters.where(Matter.due_at < wanted["due_before"])
    if "is_open" in wanted:
        is_over = Matter.stage.in_(OVER)
        matters = matters.where(~is_over if wanted["is_open"] else is_over)
    if "is_late" in wanted:
        matters = matters.where(Matter.is_late.is_(wanted["is_late"]))
    if "text" in wanted:
        has_words = MatterWords.words.contains(wanted["text"].lower(), autoescape=True)
        matters = matters.where(Matter.id.in_(select(MatterWords.matter_id).where(has_words)))
    return during(matters, wanted.get("from_"), wanted.get("to"))


def figured(prefix: str, code: str | None) -> Select[Matter]:
    """The matters of a class, or of all, that lie under a prefix."""
    here = select(Matter).where(within(Matter.place_code, prefix))
    return here if code is None else here.where(Matter.class_code == code)


def during(matters: Select[Any], start: datetime | None, end: datetime | None) -> Select[Any]:
    """Those of the matters that arrived in a window; open where an end is None."""
    if start is not None:
        matters = matters.where(Matter.received_at >= start)
    return matters if end is None else matters.where(Matter.received_at < end)


def classes() -> Select[MatterClass]:
    """Every class that was ever listed, by code."""
    return select(MatterClass).order_by(MatterClass.code)


def steps_of(matter_id: UUID) -> Select[MatterStep]:
    """A matter's whole history."""
    return select(MatterStep).where(MatterStep.matter_id == matter_id).order_by(MatterStep.version)


def near(matters: Select[Matter], one: Matter) -> Select[Matter]:
    """Those of the matters that may be the same as one: its class, near by, about then; the nearest first."""
    box = func.ST_Expand(one.position, NEAR_M / 60_000)  # degrees, wide enough for both directions
    around = select(Matter.id, func.ST_DistanceSphere(Matter.position, one.position).label("distance")).where(
        Matter.position.op("&&")(box),
        Matter.recorded_at.between(one.recorded_at - NEAR_IN_TIME, one.recorded_at + NEAR_IN_TIME),
    )
    found = around.cte().prefix_with("MATERIALIZED")  # by place and time, whatever else might look cheaper
    is_like_it = Matter.id != one.id, Matter.class_code == one.class_code, Matter.stage != "merged"
    return (
        matters.join(found, found.c.id == Matter.id)
        .where(*is_like_it, found.c.distance <= NEAR_M)
        .order_by(found.c.distance, Matter.id)
        .limit(20)
    )


def seen(caller: Caller, member_ids: Collection[UUID]) -> Select[UUID]:
    """Which of these people the caller may be shown."""
    if not caller.may("members:read"):
        return select(Member.id).where(Member.id.in_(member_ids), Member.id == caller.member_id)
    visible = teams.members_visible_to(caller, caller.scope("members:read"))
    return visible.with_only_columns(Member.id).where(Member.id.in_(member_ids))


def assignable(place_code: str, ground: str) -> ColumnElement[bool]:
    """Whether a member's or team's area lies in `ground` and on the same branch of the tree as a place."""
    return and_(
        within(Member.area_code, ground),
        or_(
            Member.area_code.in_(_around(place_code)),
            within(Member.area_code, place_code[: DIGITS["county"]]),
        ),
    )


def _around(place_code: str) -> list[str]:
    return [place_code[:n].ljust(12, "0") for n in (4, 6, 9, 12)]


def assignee(member_id: UUID, place_code: str, ground: str) -> Select[UUID]:
    """A member, if a matter of this place may be given to them by whoever answers for the ground."""
    here = Member.left_at.is_(None), Member.role.in_(("member", "leader", "officer"))
    return select(Member.id).where(Member.id == member_id, *here, assignable(place_code, ground))


def team_for(team_id: UUID, place_code: str, ground: str) -> Select[UUID]:
    """A team, if a matter of this place may be given to it."""
    within_ground = within(Team.area_code, ground)
    near_by = or_(
        Team.area_code.in_(_around(place_code)), within(Team.area_code, place_code[: DIGITS["county"]])
    )
    return select(Team.id).where(Team.id == team_id, within_ground, near_by)


def place_for(code: str, ground: str, at: datetime) -> Place | None:
    """The grid in force at a time, or the area, with a code, if it lies in the ground."""
    if not code.startswith(ground):
        return None
    if len(code) == 12:
        return Place(code, None) if area_names([code]) else None
    grid_id = session.scalar(in_force(grids_in(code), at).with_only_columns(Grid.id))
    return Place(code, grid_id) if grid_id else None


def due_for_a_look(now: datetime, after: tuple[datetime, UUID] | None, limit: int) -> Select[Any]:
    """The next matters that the sweep must look at, the longest due first; what others hold is left out.

    What was set aside comes again when its time has come.
    """
    names = ("id", "class_code", "stage", "level", "back_to", "back_level", "version", "head", "entered_at",
             "due_at", "look_at", "rung", "left_s", "review_at", "is_late", "place_code", "reporter_id",
             "handler_id", "team_id")  # fmt: skip
    is_aside = select(MatterFault.matter_id).where(
        MatterFault.matter_id == Matter.id, MatterFault.until > now
    )
    due: Select[Any] = (
        select(*(getattr(Matter, name) for name in names))
        .where(Matter.look_at <= now, ~is_aside.exists())
        .order_by(Matter.look_at, Matter.id)
        .limit(limit)
        .with_for_update(of=Matter, skip_locked=True)
    )
    return due if after is None else due.where(tuple_(Matter.look_at, Matter.id) > after)


def faults(prefix: str) -> Select[Any]:
    """What the sweep has set aside in an area, the longest first."""
    names = ("matter_id", "problem", "times", "since", "until")
    rows = select(*(getattr(MatterFault, name) for name in names)).join(
        Matter, Matter.id == MatterFault.matter_id
    )
    return rows.where(within(Matter.place_code, prefix)).order_by(MatterFault.since)


def webhooks_visible_to(caller: Caller, scope: Scope) -> Select[Webhook]:
    """The webhooks of the caller's area that are in use."""
    return select(Webhook).where(
        Webhook.revoked_at.is_(None), within(Webhook.area_code, reach(caller, scope))
    )


def bulletins_visible_to(
    caller: Caller, scope: Scope, class_code: str | None = None, area: str | None = None
) -> Select[MatterBulletin]:
    """The monthly bulletins of the caller's areas, or of a class and an area only."""
    seen = select(MatterBulletin).where(within(MatterBulletin.area_code, reach(caller, scope)))
    wanted = {"class_code": class_code, "area_code": area}
    return seen.filter_by(**{name: value for name, value in wanted.items() if value is not None})


def area_names(codes: Collection[str]) -> dict[str, str]:
    """The names of those of these codes that are areas."""
    return {row.code: row.name for row in ask(_NAMES, codes=list(codes))}
