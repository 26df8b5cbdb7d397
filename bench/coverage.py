"""Coverage of a day: how long it takes, how exact it is, what merging and rebuilding cost."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
from psycopg import Connection
from sqlalchemy import update

from bench import ground, unions
from bench.database import connect
from bench.ground import DAY, Walks
from bench.stand import Stand
from bench.table import Figure, Mark, in_turns, seconds
from geo.coverage import Presences, merge, pieces, share_seen
from geo.plane import Floats
from geo.tracks import Fixes
from service.areas.places import places
from service.coverage import measure
from service.coverage.actions import rebuild
from service.coverage.models import CoverageVersion
from service.coverage.windows import Window
from service.db import session, transaction, uuid7
from service.patrols.track import fixes_of

NAME = "coverage"
DAYS = 7
SAMPLE = 100  # patrols rebuilt by the slower ways
ERRORS: dict[str, Callable[[Floats], np.float64]] = {"mean": np.mean, "largest": np.max}
NOBODY = Presences(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))

READ_POINTS = """COPY (
    SELECT patrol_id, recorded_at, ST_X(position), ST_Y(position) FROM fixes
    WHERE recorded_at >= '{since}' AND recorded_at < '{until}'
) TO STDOUT (FORMAT BINARY)"""
READ_FOOTPRINTS = """COPY (
    SELECT grid_id, seen FROM footprints WHERE hour >= '{since}' AND hour < '{until}'
) TO STDOUT (FORMAT BINARY)"""
READ_PATROL = "SELECT array_agg(recorded_at), array_agg(position) FROM fixes WHERE patrol_id = %s"
KEEP_POLYGONS = """
CREATE TABLE drawn (patrol_id uuid, grid_id int, seen geometry, PRIMARY KEY (patrol_id, grid_id));
CREATE TABLE copied (LIKE footprints INCLUDING ALL)"""
COPY_FOOTPRINTS = "INSERT INTO copied SELECT * FROM footprints WHERE patrol_id = %s"
MORE_DAYS = f"""
INSERT INTO patrols (id, member_id)
SELECT md5(id::text || day)::uuid, member_id FROM patrols, generate_series(1, {DAYS - 1}) AS day;
INSERT INTO footprints
SELECT md5(patrol_id::text || day)::uuid, grid_id, hour + make_interval(days => day), seen, person_seconds,
    silent_seconds, last_seen_at + make_interval(days => day)
FROM footprints, generate_series(1, {DAYS - 1}) AS day;
ANALYZE footprints"""


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
        yield from _rebuilding(stand, day, database)
        database.execute(MORE_DAYS)
        yield _merging(stand, database, 1, whole[1].peer)
        yield _merging(stand, database, DAYS, None)


def _quiet_day(stand: Stand) -> list[Figure]:
    walks = ground.walk(stand.towns, stand.size.sparse, seed=ground.SEED + 1)
    exact = unions.by_shapely(stand.towns, walks, quad_segs=32)
    partly = (exact > 1e-4) & (exact < 1 - 1e-4)
    ours, theirs = _from_memory(walks) - exact, unions.by_geopandas(stand.towns, walks) - exact
    return _errors("quiet day, partly seen grids", ours[partly], theirs[partly])


def _errors(name: str, ours: Floats, theirs: Floats) -> list[Figure]:
    """How far shares are from the exact ones, in percentage points."""
    found = [(what, of(abs(ours)) * 100, of(abs(theirs)) * 100) for what, of in ERRORS.items()]
    return [
        Figure(
            NAME, f"{name}, {what} error", float(here), "points", len(ours), None, Mark(there, "GeoPandas")
        )
        for what, here, there in found
    ]


def _from_memory(walks: Walks) -> Floats:
    """The share of every grid by our own engine, the fixes being at hand."""
    return _shares(walks.fixes())


def _from_database(day: Day) -> Floats:
    """The same, each patrol's fixes being read from the database."""
    with transaction():
        return _shares(fixes_of(patrol_id) for patrol_id in day.ids)


def _shares(patrols: Iterable[Fixes]) -> Floats:
    where = places()
    seen: list[list[bytes]] = [[] for _ in where.codes]
    for fixes in patrols:
        for piece in pieces(fixes, NOBODY, "foot", where.index, where.all_cells):
            seen[piece.grid].append(piece.seen)
    cells = where.all_cells(range(len(seen)))
    return np.array([share_seen(merge(each, cell), cell) for each, cell in zip(seen, cells, strict=True)])


def _whole_day(stand: Stand, day: Day, database: Connection) -> list[Figure]:
    shares: dict[str, Floats] = {}
    read, engine, product, geopandas, postgis = in_turns(
        stand.runs,
        lambda: _read(database, READ_POINTS, DAY, DAY + timedelta(days=1)),
        lambda: shares.update(ours=_from_memory(day.walks)),
        lambda: _from_database(day),
        lambda: shares.update(theirs=unions.by_geopandas(stand.towns, day.walks)),
        lambda: unions.by_postgis(database, DAY, DAY + timedelta(days=1)),
    )
    exact = unions.by_shapely(stand.towns, day.walks, quad_segs=32)
    limit, peers = Mark(read, "reading the points"), (Mark(geopandas, "GeoPandas"), Mark(postgis, "PostGIS"))
    return [
        Figure(NAME, "whole day, fixes at hand", engine, "s", stand.runs, None, peers[0]),
        Figure(NAME, "whole day, from fixes stored", product, "s", stand.runs, limit, peers[1]),
        *_errors("whole day, all grids", shares["ours"] - exact, shares["theirs"] - exact),
    ]


def _rebuilding(stand: Stand, day: Day, database: Connection) -> Iterator[Figure]:
    """Every patrol once, which leaves the footprints of the day; the slower ways for some of them."""
    took = [seconds(_rebuild, patrol_id) for patrol_id in day.ids]
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


def _copy_footprints(database: Connection, patrol_id: UUID) -> None:
    with database.transaction():
        database.execute(READ_PATROL, [patrol_id]).fetchall()
        database.execute(COPY_FOOTPRINTS, [patrol_id])


def _merging(stand: Stand, database: Connection, days: int, peer: Mark | None) -> Figure:
    window = Window(DAY, DAY + timedelta(days=days))
    read, merged = in_turns(
        stand.runs + 2,
        lambda: _read(database, READ_FOOTPRINTS, *window),
        lambda: _merge_anew(window),
    )
    limit = Mark(read, "reading the footprints")
    case = f"{days * 24} h merged for {sum(len(town.grids) for town in stand.towns):,} grids"
    return Figure(NAME, case, merged, "s", stand.runs + 2, limit, peer)


def _merge_anew(window: Window) -> None:
    """Merge what has another version now, so that no answer is known beforehand."""
    with transaction():
        session.execute(update(CoverageVersion).values(version=uuid7()))
        measure.merged(window, "6328")


def _read(database: Connection, query: str, since: datetime, until: datetime) -> None:
    with database.cursor().copy(query.format(since=since, until=until)) as rows:
        for _ in rows:
            pass
