"""The peers of coverage: the same shares by exact union, with Shapely, GeoPandas and PostGIS."""

from uuid import UUID

import geopandas
import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from bench.ground import Town, Walks
from geo.exact import PIECE
from geo.plane import Floats
from geo.tracks import SIGHT

RADIUS = SIGHT["foot"]
UTM = "32601 + floor((ST_X({}) + 180) / 6)::int"

UNION_IN_POSTGIS = f"""
WITH patrol AS MATERIALIZED (
    SELECT patrol_id, array_agg(position ORDER BY recorded_at) AS fix
    FROM fixes WHERE recorded_at >= %(since)s AND recorded_at < %(until)s GROUP BY patrol_id
), piece AS (
    SELECT patrol_id, ST_Transform(ST_MakeLine(fix[first : first + {PIECE}]), {UTM.format("fix[1]")}) AS way
    FROM patrol, generate_series(1, cardinality(fix) - 1, {PIECE}) AS first
), town AS MATERIALIZED (
    SELECT area_code, ST_Union(ST_Buffer(way, {RADIUS})) AS seen
    FROM piece JOIN patrols ON patrols.id = patrol_id JOIN members ON members.id = member_id
    GROUP BY area_code
), part AS (
    SELECT area_code, ST_Subdivide(seen) AS seen FROM town
), grid AS MATERIALIZED (
    SELECT id, community_code, ST_Transform(shape, {UTM.format("ST_Centroid(shape)")}) AS shape FROM grids
), cut AS (
    SELECT grid.id, sum(ST_Area(ST_Intersection(seen, grid.shape))) AS m2
    FROM grid JOIN part ON area_code = community_code AND ST_Intersects(seen, grid.shape) GROUP BY grid.id
)
SELECT id, m2 / ST_Area(shape) FROM cut JOIN grid USING (id)"""

KEEP_DAYS = (
    "CREATE TABLE kept_days AS "
    + UNION_IN_POSTGIS.replace("sum(ST_Area(ST_Intersection(seen, grid.shape))) AS m2",
                               "ST_Union(ST_Intersection(seen, grid.shape)) AS seen")
    .replace("SELECT id, m2 / ST_Area(shape) FROM cut", "SELECT id, day, seen, ST_Area(shape) AS m2 FROM cut")
    + " CROSS JOIN generate_series(1, %(days)s) AS day"
)  # fmt: skip
MERGE_DAYS = "SELECT id, ST_Area(ST_Union(seen)) / min(m2) FROM kept_days GROUP BY id"
COMPARE_DAYS = "SELECT day, sum(ST_Area(seen)) / sum(m2) FROM kept_days GROUP BY day"

DRAW_IN_POSTGIS = f"""
INSERT INTO drawn (patrol_id, grid_id, seen)
SELECT patrol_id, id, ST_Intersection(ST_Transform(around, 4326), shape)
FROM (
    SELECT patrol_id, ST_Buffer(ST_Transform(way, {UTM.format("ST_StartPoint(way)")}), {RADIUS}) AS around
    FROM (
        SELECT patrol_id, ST_MakeLine(position ORDER BY recorded_at) AS way
        FROM fixes WHERE patrol_id = %s GROUP BY patrol_id
    ) AS walk
) AS patrol JOIN grids ON ST_Intersects(ST_Transform(around, 4326), shape)"""


def by_shapely(towns: list[Town], walks: Walks, quad_segs: int = 16) -> Floats:
    """The share of every grid that was seen: one union a town, cut by each of its grids."""
    ways = [_ways(town, walks, number) for number, town in enumerate(towns)]
    return np.concatenate([_of_town(*each, quad_segs) for each in zip(towns, ways, strict=True)])


def _of_town(town: Town, ways: NDArray[np.object_], quad_segs: int) -> Floats:
    seen = shapely.union_all(shapely.buffer(ways, RADIUS, quad_segs=quad_segs))
    grids = np.array([town.plane.flatten(grid) for grid in town.grids])
    return shapely.area(shapely.intersection(grids, seen)) / shapely.area(grids)


def by_geopandas(towns: list[Town], walks: Walks) -> Floats:
    """The share of every grid that was seen: one union a town, overlaid with its grids."""
    return np.concatenate([_overlaid(town, _ways(town, walks, at)) for at, town in enumerate(towns)])


def _overlaid(town: Town, ways: NDArray[np.object_]) -> Floats:
    seen = geopandas.GeoSeries(ways).buffer(RADIUS).union_all()
    grids = geopandas.GeoDataFrame(geometry=[town.plane.flatten(grid) for grid in town.grids])
    parts = grids.reset_index().overlay(geopandas.GeoDataFrame(geometry=[seen]), "intersection")
    areas = parts.set_index("index").area
    return (areas.reindex(grids.index, fill_value=0) / grids.area).to_numpy()


def _ways(town: Town, walks: Walks, number: int) -> NDArray[np.object_]:
    """The walks of a town in metres, in pieces: that is how they buffer fastest."""
    x, y = town.plane.to_metres(walks.lon[walks.town == number], walks.lat[walks.town == number])
    ways = np.stack([x, y], axis=-1)
    last = ways.shape[1] - 1
    return np.concatenate(
        [shapely.linestrings(ways[:, start : start + PIECE + 1]) for start in range(0, last, PIECE)]
    )


def by_postgis(connection: psycopg.Connection, since: object, until: object) -> dict[int, float]:
    """The share by grid id: one union a town, divided for its index, cut by each of its grids."""
    rows = connection.execute(UNION_IN_POSTGIS, {"since": since, "until": until}).fetchall()
    return dict(rows)


def keep_days(connection: psycopg.Connection, since: object, until: object, days: int) -> None:
    """Keep what was seen of each grid as a polygon, so many times."""
    with connection.transaction(), psycopg.ClientCursor(connection) as cursor:
        cursor.execute(KEEP_DAYS, {"since": since, "until": until, "days": days})


def merge_days(connection: psycopg.Connection) -> dict[int, float]:
    """The share by grid id of what is seen on all the days that were kept."""
    return dict(connection.execute(MERGE_DAYS).fetchall())


def compare_days(connection: psycopg.Connection) -> dict[int, float]:
    """The share of all grids that was seen, of each of the days that were kept."""
    return dict(connection.execute(COMPARE_DAYS).fetchall())


def draw_in_postgis(connection: psycopg.Connection, patrol_id: UUID) -> None:
    """Keep what one patrol saw of each grid as polygons, instead of what was kept of it before."""
    with connection.transaction():
        connection.execute("DELETE FROM drawn WHERE patrol_id = %s", [patrol_id])
        connection.execute(DRAW_IN_POSTGIS, [patrol_id])
