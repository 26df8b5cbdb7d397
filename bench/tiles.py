"""Map tiles: drawn anew, kept, and unchanged; beside ST_AsMVT alone and another tile server.

What HTTP takes away from ST_AsMVT alone shows the bare route, which has Flask and psycopg and nothing else.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from math import asinh, pi, radians, tan
from statistics import median
from typing import Any

import shapely
from psycopg import Connection
from sqlalchemy import insert

from bench import tipg
from bench.bare_tiles import RAW
from bench.database import connect
from bench.stand import Stand
from bench.table import Figure, Mark
from bench.traffic import Line, Send, drive, field, serving
from geo.tiles import bounds
from service.db import session, transaction, uuid7
from service.members.actions import hash_of
from service.members.models import Member, SecondFactor, Session
from service.tiles.actions import draw_outlines

NAME = "tiles"
ZOOMS = (8, 10, 12, 14)
CONNECTIONS = 4
REQUESTS = 400  # of each kind at the full size, of each zoom
PREFECTURE = "632800000000"
TOKEN = "bench-tiles"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

Address = tuple[int, int, int]  # z, x, y
_asked: Counter[Address] = Counter()


def figures(stand: Stand) -> Iterator[Figure]:
    """Everything about tiles of the grids."""
    _sign_in()
    draw_outlines()
    with ExitStack() as stack:
        database = [stack.enter_context(connect(stand.settings)) for _ in range(CONNECTIONS)]
        for connection in database:
            connection.autocommit = True
        database[0].execute("VACUUM ANALYZE grids, grid_outlines")
        servers = serving(), tipg.serving(stand.settings), serving("bench.bare_tiles:app()")
        ports = [stack.enter_context(server) for server in servers]
        for zoom in ZOOMS:
            yield from _zoom(stand, zoom, ports, database)


def _zoom(stand: Stand, zoom: int, ports: list[int], database: list[Connection]) -> Iterator[Figure]:
    port, other, bare = ports
    tiles = _tiles(stand, zoom)
    requests = [tiles[n % len(tiles)] for n in range(max(40, REQUESTS * stand.size.grids // 1500))]
    tags: dict[Address, str] = {}
    schema = stand.settings.schema
    ways: list[list[Send]] = [
        [_raw(each) for each in database],
        [_asker(other, lambda at: (tipg.path(schema, *at), "")) for _ in database],
        [_asker(bare, lambda at: ("/{}/{}/{}".format(*at), "")) for _ in database],
        [_asker(port, _anew) for _ in database],
        [_asker(port, _kept, tags=tags) for _ in database],
        [_asker(port, lambda at: _unchanged(at, tags), status=304) for _ in database],
    ]
    rates: list[list[float]] = [[] for _ in ways]
    for run in range(stand.runs + 1):
        for way, senders in enumerate(ways):
            sent = drive(senders, requests)
            if run:  # the first one warms up
                rates[way].append(len(requests) / sent.took)
    raw, theirs, plain, anew, kept, unchanged = map(median, rates)
    limit, peer = Mark(raw, "ST_AsMVT alone"), Mark(theirs, tipg.PEER)
    yield Figure(NAME, f"zoom {zoom}, a bare route", plain, "/s", stand.runs, limit, peer)
    yield Figure(NAME, f"zoom {zoom}, drawn anew", anew, "/s", stand.runs, limit, peer)
    yield Figure(NAME, f"zoom {zoom}, kept", kept, "/s", stand.runs, limit, peer)
    yield Figure(NAME, f"zoom {zoom}, unchanged (304)", unchanged, "/s", stand.runs, limit, peer)


def _sign_in() -> None:
    """A centre of the whole prefecture."""
    member = uuid7()
    until = datetime.now(UTC) + timedelta(days=1)
    about = {"id": member, "code": TOKEN, "name": "巴图", "area_code": PREFECTURE, "role": "centre"}
    opened = {"id": uuid7(), "token_hash": hash_of(TOKEN), "member_id": member, "expires_at": until}
    with transaction():
        session.execute(insert(Member), [about])
        session.add(SecondFactor(member_id=member, secret="A" * 32, confirmed_at=BEGIN))
        session.execute(insert(Session), [opened | {"device_id": TOKEN, "device_name": "a page"}])


def _tiles(stand: Stand, zoom: int) -> list[Address]:
    """The tiles that have grids in them."""
    boxes = [shapely.total_bounds(town.grids) for town in stand.towns]
    tree = shapely.STRtree([grid for town in stand.towns for grid in town.grids])
    found: dict[Address, None] = {}
    for box in boxes:
        for x in range(_column(box[0], zoom), _column(box[2], zoom) + 1):
            for y in range(_row(box[3], zoom), _row(box[1], zoom) + 1):
                if len(tree.query(shapely.box(*bounds(zoom, x, y)), predicate="intersects")):
                    found[zoom, x, y] = None
    return list(found)


def _column(lon: float, zoom: int) -> int:
    return int((lon + 180) / 360 * (1 << zoom))


def _row(lat: float, zoom: int) -> int:
    return int((1 - asinh(tan(radians(lat))) / pi) / 2 * (1 << zoom))


def _raw(database: Connection) -> Send:
    def send(at: Address) -> None:
        z, x, y = at
        database.execute(RAW, {"z": z, "x": x, "y": y}).fetchone()

    return send


Ask = tuple[str, str]  # a path, and lines of a head


def _anew(at: Address) -> Ask:
    """With a window in which nobody has asked for this tile, so that nothing is kept of it."""
    _asked[at] += 1
    end = BEGIN + timedelta(hours=_asked[at])
    return f"{_path(at)}?from={_time(BEGIN)}&to={_time(end)}", ""


def _kept(at: Address) -> Ask:
    return f"{_path(at)}?from={_time(BEGIN)}&to={_time(BEGIN + timedelta(days=366))}", ""


def _unchanged(at: Address, tags: dict[Address, str]) -> Ask:
    return _kept(at)[0], f"If-None-Match: {tags[at]}\r\n"


def _path(at: Address) -> str:
    return "/api/v1/tiles/grids/{}/{}/{}.mvt".format(*at)


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _asker(
    port: int,
    ask: Callable[[Any], Ask],
    *,
    status: int = 200,
    tags: dict[Address, str] | None = None,
) -> Send:
    """Asks over one connection; an answer of another status ends the bench."""
    line = Line(port, Authorization=f"Bearer {TOKEN}")

    def send(at: Address) -> None:
        path, more = ask(at)
        found, head, body = line.get(path, more)
        if found != status or (status == 200 and not body):
            raise RuntimeError(f"{path} answered {found}: {body[:300]!r}")
        if tags is not None:
            tags[at] = field(head, b"etag")

    return send
