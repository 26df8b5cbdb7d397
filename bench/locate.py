"""Which grid a point lies in: for one upload's points, and for very many at once."""

from collections.abc import Iterator
from functools import partial

import geopandas
import numpy as np
import shapely
from psycopg import Connection

from bench.database import connect
from bench.stand import Stand
from bench.table import Figure, Mark, in_turns
from geo.index import GridIndex
from geo.plane import Floats

NAME = "locate"
BATCH = 50  # points of one upload
BATCHES = 100
IN_POSTGIS = """
SELECT grids.id FROM unnest(%s::float8[], %s::float8[]) AS point (lon, lat)
LEFT JOIN grids ON ST_Intersects(shape, ST_SetSRID(ST_MakePoint(lon, lat), 4326))"""


def figures(stand: Stand) -> Iterator[Figure]:
    """Everything about finding grids."""
    grids = [grid for town in stand.towns for grid in town.grids]
    index, frame = GridIndex(grids), geopandas.GeoDataFrame(geometry=grids, crs=4326)
    frame.sindex  # noqa: B018, builds it, as GridIndex has
    with connect(stand.settings) as database:
        database.autocommit = True
        database.execute("VACUUM ANALYZE grids")
        for count, times in ((BATCH, BATCHES), (stand.size.points, 1)):
            ways = [
                partial(each, _points(stand, count))
                for each in (
                    lambda at: index.tree.query(shapely.points(at)),
                    lambda at: index.locate(*at.T),
                    lambda at: _in_geopandas(frame, at),
                    lambda at: _in_postgis(database, at),
                )
            ]
            boxes, ours, joined, postgis = (
                each * 1e6 / count for each in in_turns(stand.runs * times, *ways)
            )
            limit = Mark(boxes, "bounding boxes alone")
            for peer in (Mark(postgis, "PostGIS"), Mark(joined, "geopandas.sjoin")):
                case = f"{count:,} points, {peer.name} beside"
                yield Figure(NAME, case, ours, "µs each", stand.runs * times, limit, peer)


def _points(stand: Stand, count: int) -> Floats:
    """Points spread over all towns, N × 2."""
    chance = np.random.default_rng(count)
    inside = [chance.normal(0, town.radius_m / 2, (-(-count // len(stand.towns)), 2)) for town in stand.towns]
    places = zip(stand.towns, inside, strict=True)
    return np.concatenate([np.column_stack(town.plane.to_degrees(*at.T)) for town, at in places])[:count]


def _in_geopandas(frame: geopandas.GeoDataFrame, at: Floats) -> None:
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*at.T), crs=4326)
    points.sjoin(frame, how="left", predicate="intersects")


def _in_postgis(database: Connection, at: Floats) -> None:
    database.execute(IN_POSTGIS, [at[:, 0].tolist(), at[:, 1].tolist()]).fetchall()
