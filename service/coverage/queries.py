"""Questions about what was seen."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import namedtuple_row, tuple_row
from sqlalchemy import ColumnElement, Select, exists, func, null, or_, select, true

from service.areas.models import Area, Grid
from service.areas.queries import above, code_range, in_force, prefix_of, within
from service.checkpoints.models import Checkpoint
from service.coverage.models import CoverageMark, CoverageTarget, CoverageVersion, Footprint
from service.coverage.windows import DAY, HOUR, Window
from service.coverage.windows import parts as split
from service.db import driver
from service.patrols.models import CheckIn, Fix, Patrol
from service.teams.models import Membership, Team

_SUMS = """
SELECT {when}, string_agg(int4send(grid_id), '') AS grids,
    string_agg(int4send(length(seen)), '') AS lengths, string_agg(seen, '') AS seen,
    string_agg(int4send(length(patrols)), '') AS counts, string_agg(patrols, '') AS patrols,
    string_agg(float8send(person_seconds), '') AS person_seconds,
    string_agg(boolsend(was_silent), '') AS was_silent,
    string_agg(timestamptz_send(coalesce(last_seen_at, '-infinity')), '') AS last_seen_at
FROM {table} JOIN grids ON grids.id = grid_id
WHERE {when} >= %(start)s AND {when} < %(end)s AND code >= %(low)s AND code < %(high)s
GROUP BY {when}"""
_DAYS = _SUMS.format(table="coverage_days", when="day")
_HOURS = _SUMS.format(table="coverage_hours", when="hour")
_PORTIONS = 7 * DAY, 8 * HOUR  # that are read at once, so that they need no room on the disk
_KEPT = """
SELECT day, string_agg(int4send(grid_id), '') AS grids, string_agg(float8send(share_seen), '') AS share_seen,
    string_agg(boolsend(was_silent), '') AS was_silent,
    string_agg(float8send(person_seconds), '') AS person_seconds
FROM coverage_days JOIN grids ON grids.id = grid_id
WHERE day >= %(start)s AND day < %(end)s AND code >= %(low)s AND code < %(high)s
GROUP BY day"""
_VISITS = """
SELECT day, string_agg(patrols, '') AS patrols FROM coverage_visits
WHERE day >= %(start)s AND day < %(end)s AND community_code >= %(low)s AND community_code < %(high)s
GROUP BY day"""
_VISITS_BY_GRID = """
SELECT day, string_agg(int4send(grid_id), '') AS grids, string_agg(int4send(length(patrols)), '') AS counts,
    string_agg(patrols, '') AS patrols
FROM coverage_days JOIN grids ON grids.id = grid_id
WHERE day = ANY(%(days)s::date[]) AND code >= %(low)s AND code < %(high)s
GROUP BY day"""
_FILTERED = """
SELECT grid_id, seen, number, person_seconds, seen = '' OR silent_seconds > 0 AS was_silent, last_seen_at
FROM footprints JOIN patrols ON patrols.id = patrol_id JOIN grids ON grids.id = grid_id
WHERE hour >= %(start)s AND hour < %(end)s AND code >= %(low)s AND code < %(high)s
    AND (%(mode)s::text IS NULL OR mode = %(mode)s)
    AND (%(team_kind)s::text IS NULL OR EXISTS (
        SELECT FROM memberships JOIN teams ON teams.id = team_id
        WHERE memberships.member_id = patrols.member_id AND kind = %(team_kind)s
            AND memberships.since <= first_at AND (until IS NULL OR until > first_at)))
ORDER BY grid_id, hour, number"""


class Only(NamedTuple):
    """Which patrols count: those of teams of a kind, those with a way of moving; None is any."""

    team_kind: str | None = None
    mode: str | None = None


EVERYONE = Only()


class Sum(NamedTuple):
    """What was seen in an hour or a day of some grids, in any order: each column as PostgreSQL sends it."""

    grids: bytes  # ids, int4
    lengths: bytes  # of what was seen, int4
    seen: bytes  # geo.stacks.keep, one after the other
    counts: bytes  # bytes of patrols, int4
    patrols: bytes  # one after the other
    person_seconds: bytes  # float8
    was_silent: bytes  # bool
    last_seen_at: bytes  # timestamptz; -infinity where nothing was seen


class Kept(NamedTuple):
    """What is kept of some grids for a day, in any order: each column as PostgreSQL sends it."""

    grids: bytes  # ids, int4
    share_seen: bytes  # float8
    was_silent: bytes  # bool
    person_seconds: bytes  # float8


class Present(NamedTuple):
    """Which patrols were in some grids on a day, in any order: each column as PostgreSQL sends it."""

    grids: bytes  # ids, int4
    counts: bytes  # bytes of patrols, int4
    patrols: bytes  # their numbers, four bytes each, one grid after the other


def marked() -> Select[UUID]:
    """The patrols that are to be rebuilt, those that wait longest first."""
    return select(CoverageMark.patrol_id).group_by(CoverageMark.patrol_id).order_by(func.min(CoverageMark.id))


def version() -> Select[UUID]:
    """The name of the present state of all footprints."""
    return select(CoverageVersion.version)


def footprints(window: Window, prefix: str, only: Only) -> Sequence[Any]:
    """What the patrols that count saw in a window: a row for each, its grids and hours in order."""
    low, high = code_range(prefix)
    asking = window._asdict() | only._asdict() | {"low": low, "high": high}
    with driver().cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(_FILTERED, asking, prepare=False).fetchall()


def sums(window: Window, prefix: str) -> Iterator[list[Sum]]:
    """What was seen of the grids with a prefix in the days and hours of a window, some of them at a time.

    Not prepared: a plan that is to be good for any window is forty times slower for a wide one.
    """
    low, high = code_range(prefix)
    parts = split(window)
    asked = [(_DAYS, days) for days in _portions(parts.first_day, parts.last_day, _PORTIONS[0])]
    for around in parts.hours:
        asked += [(_HOURS, hours) for hours in _portions(*around, _PORTIONS[1])]
    with driver().cursor(row_factory=tuple_row, binary=True) as cursor:
        for sql, (start, end) in asked:
            asking = {"start": start, "end": end, "low": low, "high": high}
            cursor.execute(sql, asking, prepare=False)
            yield [Sum(*row[1:]) for row in sorted(cursor.fetchall())]


def kept(window: Window, prefix: str) -> dict[date, Kept]:
    """What is kept for the days of a window of whole days, of the grids with a prefix."""
    return {day: Kept(*columns) for day, *columns in _read(_KEPT, _bounds(window, prefix))}


def visits(window: Window, prefix: str) -> dict[date, bytes]:
    """The numbers of the patrols, four bytes each, in the communities with a prefix; some come repeatedly."""
    return dict(_read(_VISITS, _bounds(window, prefix)))


def visits_by_grid(days: list[date], prefix: str) -> dict[date, Present]:
    """Which patrols were in which of the grids with a prefix on some days."""
    low, high = code_range(prefix)
    rows = _read(_VISITS_BY_GRID, {"days": days, "low": low, "high": high})
    return {day: Present(*columns) for day, *columns in rows}


def _bounds(window: Window, prefix: str) -> dict[str, Any]:
    low, high = code_range(prefix)
    whole = split(window)
    return {"start": whole.first_day, "end": whole.last_day, "low": low, "high": high}


def _read(sql: str, asking: dict[str, Any]) -> Sequence[Any]:
    with driver().cursor(row_factory=tuple_row, binary=True) as cursor:
        return cursor.execute(sql, asking, prepare=False).fetchall()


def _portions(start: Any, end: Any, most: timedelta) -> Iterator[tuple[Any, Any]]:
    while start < end:
        yield start, min(start + most, end)
        start += most


def _patrols_of(only: Only) -> ColumnElement[bool]:
    """Whether a check-in belongs to a patrol that counts."""
    if only == EVERYONE:
        return true()
    of_kind = (
        exists()
        .where(Membership.member_id == Patrol.member_id, Team.id == Membership.team_id)
        .where(Team.kind == only.team_kind, Membership.since <= Patrol.first_at)
        .where(or_(Membership.until.is_(None), Membership.until > Patrol.first_at))
    )
    found = select(Patrol.id)
    found = found.where(Patrol.mode == only.mode) if only.mode else found
    return CheckIn.patrol_id.in_(found.where(of_kind) if only.team_kind else found)


def check_ins(start: datetime, end: datetime, prefix: str, only: Only = EVERYONE) -> Select[*tuple[Any, ...]]:
    """How many check-ins of each grade each grid had: grid id, grade, count."""
    return (
        select(CheckIn.grid_id, CheckIn.grade, func.count())
        .join(Grid, Grid.id == CheckIn.grid_id)
        .where(
            CheckIn.recorded_at >= start,
            CheckIn.recorded_at < end,
            within(Grid.code, prefix),
            _patrols_of(only),
        )
        .group_by(CheckIn.grid_id, CheckIn.grade)
    )


def check_in_times(window: Window, grid_ids: list[int], only: Only) -> Select[*tuple[Any, ...]]:
    """When grids had check-ins of each grade: grid id, grade, times as PostgreSQL sends them."""
    times = func.string_agg(func.timestamptz_send(CheckIn.recorded_at), b"").label("times")
    return (
        select(CheckIn.grid_id, CheckIn.grade, times)
        .where(CheckIn.recorded_at >= window.start, CheckIn.recorded_at < window.end)
        .where(CheckIn.grid_id == func.any(grid_ids), _patrols_of(only))
        .group_by(CheckIn.grid_id, CheckIn.grade)
    )


def visit_times(window: Window, checkpoints: list[UUID], only: Only) -> Select[*tuple[Any, ...]]:
    """When somebody proved to be at checkpoints, and nothing speaks against it: id, times as sent."""
    times = func.string_agg(func.timestamptz_send(CheckIn.recorded_at), b"")
    return (
        select(CheckIn.checkpoint_id, times)
        .where(CheckIn.recorded_at >= window.start, CheckIn.recorded_at < window.end)
        .where(CheckIn.checkpoint_id == func.any(checkpoints), CheckIn.grade.in_(("A", "B")))
        .where(_patrols_of(only))
        .group_by(CheckIn.checkpoint_id)
    )


def visited(start: datetime, end: datetime, only: Only = EVERYONE) -> Select[UUID | None]:
    """The checkpoints where somebody proved to be in a window, and nothing speaks against it."""
    held = CheckIn.checkpoint_id.is_not(None) & CheckIn.grade.in_(("A", "B"))
    in_window = (CheckIn.recorded_at >= start) & (CheckIn.recorded_at < end)
    return select(CheckIn.checkpoint_id).where(held, in_window, _patrols_of(only)).distinct()


def checkpoint_places(ids: Collection[UUID]) -> Select[Any]:
    """Where checkpoints are: id, lon, lat."""
    place = func.ST_X(Checkpoint.position).label("lon"), func.ST_Y(Checkpoint.position).label("lat")
    return select(Checkpoint.id, *place).where(Checkpoint.id.in_(ids))


def grids(prefix: str, at: datetime, shapes: bool) -> Select[Any]:
    """The grids in force at a time, by code: id, code, name, basis, area, and GeoJSON if wanted."""
    shape = func.ST_AsGeoJSON(Grid.shape, 6) if shapes else null()
    columns = select(Grid.id, Grid.code, Grid.name, Grid.basis, Grid.area_m2, shape.label("shape"))
    return in_force(columns, at).where(within(Grid.code, prefix)).order_by(Grid.code)


def versions_of(prefix: str) -> Select[*tuple[Any, ...]]:
    """The grids with a prefix in all their versions: id, basis, area, since when, until when."""
    columns = select(Grid.id, Grid.basis, Grid.area_m2, Grid.since, Grid.retired_at)
    return columns.where(within(Grid.code, prefix)).order_by(Grid.id)


def areas(prefix: str, level: str, shapes: bool) -> Select[Any]:
    """The areas of a level, by code: code, name, and where they lie as GeoJSON if wanted."""
    place = func.ST_AsGeoJSON(func.coalesce(Area.shape, Area.centre), 6) if shapes else null()
    return (
        select(Area.code, Area.name, place.label("shape"))
        .where(within(Area.code, prefix), Area.level == level)
        .order_by(Area.code)
    )


def patrols_in(shape: Any) -> Select[UUID]:
    """The patrols that left a fix in a box."""
    return select(Fix.patrol_id).where(Fix.position.op("&&")(shape)).distinct()


def patrols_over(grid_ids: list[int]) -> Select[UUID]:
    """The patrols that have a footprint in these grids."""
    return select(Footprint.patrol_id).where(Footprint.grid_id.in_(grid_ids)).distinct()


def locked(patrol_id: UUID) -> Select[Patrol]:
    """The patrol, kept from every other worker until this transaction ends."""
    patrol = select(Patrol).where(Patrol.id == patrol_id).with_for_update()
    return patrol.execution_options(populate_existing=True)


def extent(grid_ids: list[int]) -> Select[Any]:
    """The box around these grids."""
    return select(func.ST_Envelope(func.ST_Collect(Grid.shape))).where(Grid.id.in_(grid_ids))


def seen_state() -> Select[Any]:
    """What names all that coverage is made of: footprints, checkpoints, and how many of these are retired."""
    return select(
        select(CoverageVersion.version).scalar_subquery(),
        select(func.count()).select_from(Checkpoint).scalar_subquery(),
        select(func.count(Checkpoint.retired_at)).scalar_subquery(),
    )


def latest_mark() -> Select[int]:
    """The newest mark of a patrol that waits to be rebuilt."""
    return select(func.max(CoverageMark.id))


def targets(prefix: str) -> Select[CoverageTarget]:
    """What was set for areas and grids with a prefix."""
    return select(CoverageTarget).where(within(CoverageTarget.code, prefix))


def target_over(code: str) -> Select[CoverageTarget]:
    """What holds for an area or grid: its own target or the nearest one above it."""
    codes = [*above(prefix_of(code)), code]
    nearest = func.length(CoverageTarget.code).desc(), CoverageTarget.code.desc()
    return select(CoverageTarget).where(CoverageTarget.code.in_(codes)).order_by(*nearest).limit(1)
