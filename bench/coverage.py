"""Coverage of a day: how long it takes, how exact it is, what merging and rebuilding cost."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
from psycopg import Connection
from sqlalchemy import update

from bench import freshness, ground, unions
from bench.database import connect
from bench.ground import DAY, Walks
from bench.stand import Stand
from bench.table import Figure, Mark, in_turns, seconds
from geo.coverage import Cells, Presences, cells_of, pieces, seen_together, share_seen
from geo.plane import Floats
from geo.sight import CellsOf
from geo.spread import take
from geo.tracks import Fixes
from service.areas.places import places
from service.coverage import measure, merges, scratch, trend
from service.coverage.actions import rebuild
from service.coverage.models import CoverageVersion
from service.coverage.windows import Window, begin_of, days, parts
from service.db import session, transaction, uuid7

NAME = "coverage"
DAYS = 7
HISTORY = (30, 90)  # days
FINER = 2.5  # m
PROCESSES = 2
SAMPLE = 100  # patrols rebuilt by the slower ways
UPLOAD = 50  # fixes
ERRORS: dict[str, Callable[[Floats], np.float64]] = {"mean": np.mean, "largest": np.max}
NOBODY = Presences(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))

READ_POINTS = """COPY (
    SELECT patrol_id, recorded_at, ST_X(position), ST_Y(position) FROM fixes
    WHERE recorded_at >= '{since}' AND recorded_at < '{until}'
) TO STDOUT (FORMAT BINARY)"""
READ_MERGED = """COPY (
    SELECT grid_id, seen FROM coverage_days WHERE day >= '{since:%Y-%m-%d}' AND day < '{until:%Y-%m-%d}'
) TO STDOUT (FORMAT BINARY)"""
READ_HOURS = """COPY (
    SELECT grid_id, seen FROM coverage_hours WHERE hour >= '{since}' AND hour < '{until}'
) TO STDOUT (FORMAT BINARY)"""
READ_PATROL = "SELECT array_agg(recorded_at), array_agg(position) FROM fixes WHERE patrol_id = %s"
KEEP_POLYGONS = """
CREATE TABLE drawn (patrol_id uuid, grid_id int, seen geometry, PRIMARY KEY (patrol_id, grid_id));
CREATE TABLE copied (LIKE footprints INCLUDING ALL)"""
COPY_FOOTPRINTS = "INSERT INTO copied SELECT * FROM footprints WHERE patrol_id = %s"
MORE_DAYS = """
INSERT INTO coverage_days
    (day, grid_id, seen, share_seen, patrols, person_seconds, silent_seconds, was_silent, last_seen_at)
SELECT
    day + more, grid_id, seen, share_seen, patrols, person_seconds, silent_seconds, was_silent, last_seen_at
FROM coverage_days, generate_series(2, {days}, 2) AS more ON CONFLICT DO NOTHING;
INSERT INTO coverage_visits (day, community_code, patrols) SELECT day + more, community_code, patrols
FROM coverage_visits, generate_series(2, {days}, 2) AS more ON CONFLICT DO NOTHING;
VACUUM ANALYZE coverage_days; VACUUM ANALYZE coverage_visits"""
READ_SHARES = """COPY (
    SELECT day, grid_id, share_seen, was_silent, person_seconds FROM coverage_days
    WHERE day >= '{since:%Y-%m-%d}' AND day < '{until:%Y-%m-%d}'
) TO STDOUT (FORMAT BINARY)"""


class Day(NamedTuple):
    """A day that was walked, and the patrols as they are stored."""

    walks: Walks
    ids: list[UUID]


def figures(stand: Stand) -> Iterator[Figure]:
    """Everything about coverage."""
    walks = ground.walk(stand.towns, stand.size.patrols)
    day = Day(walks, ground.store(walks, stand.members))
    with connect(stand.settings) as database:
        database.autocommit = True
        database.execute("VACUUM ANALYZE")
        whole = _whole_day(stand, day, database)
        yield from whole
        yield from _quiet_day(stand)
        yield from _finer(stand, day.walks)
        yield from _one_upload(day.walks)
        postgis = whole[2].peer
        yield from _rebuilding(stand, day, database)
        yield from _merging(stand, database, postgis)
        yield from freshness.figures(stand)


def _quiet_day(stand: Stand) -> list[Figure]:
    walks = ground.walk(stand.towns, stand.size.sparse, seed=ground.SEED + 1)
    exact = unions.by_shapely(stand.towns, walks, quad_segs=32)
    partly = (exact > 1e-4) & (exact < 1 - 1e-4)
    ours, theirs = _from_memory(walks) - exact, unions.by_geopandas(stand.towns, walks) - exact
    return _errors("quiet day, partly seen grids", ours[partly], theirs[partly])


def _errors(name: str, ours: Floats, theirs: Floats, peer: str = "GeoPandas") -> list[Figure]:
    """How far shares are from the exact ones, in percentage points."""
    found = [(what, of(abs(ours)) * 100, of(abs(theirs)) * 100) for what, of in ERRORS.items()]
    return [
        Figure(NAME, f"{name}, {what} error", float(here), "points", len(ours), None, Mark(there, peer))
        for what, here, there in found
    ]


def _finer(stand: Stand, day: Walks) -> Iterator[Figure]:
    """What smaller cells cost and give: the busy day's time, the quiet day's errors."""
    where, quiet = places(), ground.walk(stand.towns, stand.size.sparse, seed=ground.SEED + 1)
    rasters = [cells_of(grid, FINER) for grid in where.index.grids]

    def cells(some: Sequence[int]) -> list[Cells]:
        return [rasters[each] for each in some]

    usual, finer = in_turns(stand.runs, lambda: _from_memory(day), lambda: _from_memory(day, cells))
    yield Figure(
        NAME, f"whole day in cells of {FINER} m", finer, "s", stand.runs, None, Mark(usual, "usual cells")
    )
    exact = unions.by_shapely(stand.towns, quiet, quad_segs=32)
    partly = (exact > 1e-4) & (exact < 1 - 1e-4)
    ours, usually = _from_memory(quiet, cells) - exact, _from_memory(quiet) - exact
    yield from _errors(f"quiet day in cells of {FINER} m", ours[partly], usually[partly], "usual cells")


def _from_memory(walks: Walks, cells_in: CellsOf | None = None) -> Floats:
    """The share of every grid by our own engine, the fixes being at hand."""
    where, tracks = places(), list(walks.fixes())
    cells_in = cells_in or where.all_cells
    every = Fixes(*(np.concatenate(column) for column in zip(*tracks, strict=True)))
    owner = np.repeat(np.arange(len(tracks)), [len(track.at) for track in tracks])
    seen = seen_together(every, owner, ["foot"] * len(tracks), where.index, cells_in)
    cells = cells_in(range(len(where.codes)))
    return np.array([share_seen(seen[at], cell) if at in seen else 0.0 for at, cell in enumerate(cells)])


def _from_database(processes: int) -> dict[int, float]:
    """The same, the fixes being read from the database."""
    with transaction():
        return scratch.shares(DAY, DAY + timedelta(days=1), processes)


def _one_upload(walks: Walks) -> Iterator[Figure]:
    """What the fixes of one upload cost to draw."""
    where = places()
    uploads = [take(track, slice(0, UPLOAD)) for track in walks.fixes()][:SAMPLE]
    for _ in range(2):
        took = [seconds(pieces, each, NOBODY, "foot", where.index, where.all_cells) for each in uploads]
    for percent in (50, 99):
        spent = float(np.percentile(took, percent)) * 1000
        yield Figure(NAME, f"{UPLOAD} fixes drawn, p{percent}", spent, "ms", len(took), None, None)


def _whole_day(stand: Stand, day: Day, database: Connection) -> list[Figure]:
    shares: dict[str, Floats] = {}
    read, engine, product, twice, geopandas, shapely, postgis = in_turns(
        stand.runs,
        lambda: _read(database, READ_POINTS, DAY, DAY + timedelta(days=1)),
        lambda: shares.update(ours=_from_memory(day.walks)),
        lambda: _from_database(1),
        lambda: _from_database(PROCESSES),
        lambda: shares.update(theirs=unions.by_geopandas(stand.towns, day.walks)),
        lambda: unions.by_shapely(stand.towns, day.walks),
        lambda: unions.by_postgis(database, DAY, DAY + timedelta(days=1)),
    )
    exact = unions.by_shapely(stand.towns, day.walks, quad_segs=32)
    limit, peer = Mark(read, "reading the points"), Mark(postgis, "PostGIS, one backend")
    at_hand, stored = "whole day, fixes at hand", "whole day, from fixes stored"
    return [
        Figure(NAME, at_hand, engine, "s", stand.runs, None, Mark(geopandas, "GeoPandas")),
        Figure(NAME, at_hand, engine, "s", stand.runs, None, Mark(shapely, "Shapely")),
        Figure(NAME, f"{stored}, 1 process", product, "s", stand.runs, limit, peer),
        Figure(NAME, f"{stored}, {PROCESSES} processes", twice, "s", stand.runs, limit, peer),
        *_errors("whole day, all grids", shares["ours"] - exact, shares["theirs"] - exact),
    ]


def _rebuilding(stand: Stand, day: Day, database: Connection) -> Iterator[Figure]:
    """Every patrol once, which leaves the footprints of the day; the slower ways for some of them."""
    took = [seconds(_rebuild, patrol_id) for patrol_id in day.ids]
    merged = seconds(_refresh)
    yield Figure(NAME, "the hours and days of all of them merged", merged, "s", 1, None, None)
    database.execute(KEEP_POLYGONS)
    some = day.ids[:: max(1, len(day.ids) // SAMPLE)]
    copied = [seconds(_copy_footprints, database, patrol_id) for patrol_id in some]
    drawn = [seconds(unions.draw_in_postgis, database, patrol_id) for patrol_id in some]
    for percent in (50, 99):
        ours, limit, peer = (float(np.percentile(each, percent)) * 1000 for each in (took, copied, drawn))
        case = f"one patrol of {ground.FIXES} fixes rebuilt, p{percent}"
        beside = Mark(limit, "reading it, writing its rows"), Mark(peer, "PostGIS, no hours")
        yield Figure(NAME, case, ours, "ms", len(took), *beside)


def _rebuild(patrol_id: UUID) -> None:
    with transaction():
        rebuild(patrol_id)


def _refresh() -> None:
    with transaction():
        merges.refresh()


def _copy_footprints(database: Connection, patrol_id: UUID) -> None:
    with database.transaction():
        database.execute(READ_PATROL, [patrol_id]).fetchall()
        database.execute(COPY_FOOTPRINTS, [patrol_id])


def _merging(stand: Stand, database: Connection, peer: Mark | None) -> Iterator[Figure]:
    """Of the same days as history grows: what is read and merged for a window."""
    count = sum(len(town.grids) for town in stand.towns)
    day = Window(begin_of(DAY.date()), begin_of(DAY.date() + timedelta(days=1)))
    half = Window(*(time + timedelta(hours=12) for time in day))
    database.execute("VACUUM ANALYZE")
    yield _merged(stand, database, half, f"any 24 h merged for {count:,} grids", peer)
    yield _merged(stand, database, day, f"a local day merged for {count:,} grids", peer)
    for more in HISTORY:
        for statement in MORE_DAYS.format(days=more).split(";"):
            database.execute(statement)
        yield _merged(stand, database, day, f"the same beside {more} days of history", peer)
    week = Window(day.start, day.start + timedelta(days=DAYS))
    unions.keep_days(database, DAY, DAY + timedelta(days=1), DAYS)
    kept = seconds(unions.merge_days, database)
    theirs = Mark(kept, "PostGIS, days kept as polygons")
    yield _merged(stand, database, week, f"{DAYS} local days merged for {count:,} grids", theirs)
    kept = seconds(unions.compare_days, database)
    yield _day_by_day(stand, database, week, Mark(kept, "PostGIS, days kept as polygons"))
    quarter = Window(day.start, day.start + timedelta(days=HISTORY[-1]))
    merged = seconds(_each_merged, quarter)
    yield _day_by_day(stand, database, quarter, Mark(merged, "each day merged by itself"))


def _day_by_day(stand: Stand, database: Connection, window: Window, peer: Mark) -> Figure:
    """What all grids add up to on each of the days that were walked."""
    whole, count = parts(window), sum(len(town.grids) for town in stand.towns)
    read, told = in_turns(
        stand.runs + 2,
        lambda: _read(database, READ_SHARES, whole.first_day, whole.last_day),
        lambda: _trend(window),
    )
    case = f"{(window.end - window.start).days} local days, day by day, of {count:,} grids"
    limit, peer = Mark(read * 1000, "reading the shares"), peer._replace(value=peer.value * 1000)
    return Figure(NAME, case, told * 1000, "ms", stand.runs + 2, limit, peer)


def _trend(window: Window) -> None:
    with transaction():
        trend.by_day(window, measure.Question("6328"))


def _each_merged(window: Window) -> None:
    with transaction():
        for _, day in days(window):
            measure.by_grid(day, measure.Question("6328"))


def _merged(stand: Stand, database: Connection, window: Window, case: str, peer: Mark | None) -> Figure:
    read, merged = in_turns(
        stand.runs + 2,
        lambda: _read_merged(database, window),
        lambda: _merge_anew(window),
    )
    limit = Mark(read * 1000, "reading the rows")
    return Figure(
        NAME, case, merged * 1000, "ms", stand.runs + 2, limit, peer and Mark(peer.value * 1000, peer.name)
    )


def _read_merged(database: Connection, window: Window) -> None:
    whole = parts(window)
    _read(database, READ_MERGED, whole.first_day, whole.last_day)
    for hours in whole.hours:
        _read(database, READ_HOURS, *hours)


def _merge_anew(window: Window) -> None:
    """Merge what has another version now, so that no answer is known beforehand."""
    with transaction():
        session.execute(update(CoverageVersion).values(version=uuid7()))
        measure.merged(window, "6328")


def _read(database: Connection, query: str, since: date, until: date) -> None:
    with database.cursor().copy(query.format(since=since, until=until)) as rows:
        for _ in rows:
            pass
