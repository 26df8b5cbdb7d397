"""What names the state of the map, and one ST_AsMVT select per layer; plain SQL, for `db.ask`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, TextClause, exists, func, select, text

from service.areas.models import Grid
from service.tiles.models import GridOutline

BUFFER = 64  # of 4,096 units, drawn beyond the edge so that outlines meet
DEEPEST_DRAWN = (8, 10, 12, 14)  # outlines are simplified for the zooms down to each of these
WHOLE = 22  # deeper down they have every vertex
SQL_TYPES = {str: "text", float: "float8", int: "bigint", bool: "bool", bytes: "bytea"}
ENVELOPE = "ST_TileEnvelope(%(z)s, %(x)s, %(y)s)"
SQUARE = "ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => %(buffer)s / 4096.0), 4326)"
IN_TILE = f"""
    FROM grids LEFT JOIN grid_outlines ON grid_id = grids.id AND deepest = %(deepest)s
    WHERE grids.shape && {SQUARE}
        AND code >= %(prefix)s AND code < %(prefix)s || ':'
        AND since <= %(at)s AND (retired_at IS NULL OR retired_at > %(at)s)"""
OUTLINE = "coalesce(grid_outlines.shape, ST_Transform(grids.shape, 3857))"
MIDDLE = "ST_Transform(ST_PointOnSurface(grids.shape), 3857)"

# Scalars that name a state: another once a tile would differ.
GROUND = """
(SELECT concat_ws('/', number, id) FROM grid_revisions
    WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1)"""
FOOTPRINTS = f"concat_ws(' ', {GROUND}, (SELECT version FROM coverage_version))"
CHECKPOINTS_CALLED = f"""concat_ws(' ', {GROUND},
    (SELECT concat_ws('/', count(*), count(retired_at), sum(hashtext(id::text || name || kind)::bigint))
        FROM checkpoints))"""
MINUTE = f"concat_ws(' ', {GROUND}, date_trunc('minute', now()))"  # of what comes due as time passes

Rows = Mapping[str, tuple[type, Sequence[Any]]]  # column → its type and values


class Tile(NamedTuple):
    """Which square of the map, for a caller who sees codes with this prefix, as of a time and a state."""

    z: int
    x: int
    y: int
    prefix: str
    at: datetime
    state: str  # names all that the tile shows

    @property
    def values(self) -> dict[str, Any]:
        """What the selects below ask for."""
        deepest = next((each for each in DEEPEST_DRAWN if each >= self.z), WHOLE)
        return {**self._asdict(), "buffer": BUFFER, "deepest": deepest}


def _grids(shape: str) -> str:
    drawn = f"ST_AsMVTGeom({shape}, {ENVELOPE}, 4096, %(buffer)s)"
    return f"SELECT grids.id, code, name, basis, {drawn} AS geom {IN_TILE}"


GRIDS = f"""
SELECT ST_AsMVT(drawn, 'grids', 4096, 'geom', 'id') AS tile FROM ({_grids(OUTLINE)}) AS drawn
WHERE geom IS NOT NULL"""
CHECKPOINTS = f"""
SELECT ST_AsMVT(drawn, 'checkpoints', 4096, 'geom') AS tile FROM (
    SELECT checkpoints.id::text, checkpoints.name, kind, grids.code AS grid,
        ST_AsMVTGeom(ST_Transform(position, 3857), {ENVELOPE}, 4096, %(buffer)s) AS geom
    FROM grids JOIN checkpoints ON grid_id = grids.id
    WHERE grids.shape && {SQUARE} AND grids.code >= %(prefix)s AND grids.code < %(prefix)s || ':'
        AND checkpoints.since <= %(at)s
        AND (checkpoints.retired_at IS NULL OR checkpoints.retired_at > %(at)s)
    ORDER BY checkpoints.id
) AS drawn WHERE geom IS NOT NULL"""


def measured(layer: str, rows: Rows, *, in_middle: bool = False) -> str:
    """The grids whose `code` is in the rows, with the rows' other columns; drawn as a point if wanted."""
    others = ", ".join(name for name in rows if name != "code")
    return f"""
        SELECT ST_AsMVT(coloured, '{layer}', 4096, 'geom', 'id') AS tile FROM (
            SELECT drawn.*, {others} FROM ({_grids(MIDDLE if in_middle else OUTLINE)}) AS drawn
            JOIN {_unnested(rows)} USING (code)
            WHERE geom IS NOT NULL
        ) AS coloured"""


def shapes(layer: str, rows: Rows) -> str:
    """Polygons in WGS-84 given as WKB in the column `shape`, with the rows' other columns."""
    others = ", ".join(name for name in rows if name != "shape")
    geometry = f"ST_Transform(ST_SetSRID(shape::geometry, 4326), 3857), {ENVELOPE}, 4096, %(buffer)s"
    return f"""
        SELECT ST_AsMVT(drawn, '{layer}', 4096, 'geom') AS tile FROM (
            SELECT {others}, ST_AsMVTGeom({geometry}) AS geom FROM {_unnested(rows)}
        ) AS drawn WHERE geom IS NOT NULL"""


def _unnested(rows: Rows) -> str:
    arrays = ", ".join(f"%(row_{name})s::{SQL_TYPES[kind]}[]" for name, (kind, _) in rows.items())
    return f"unnest({arrays}) AS found ({', '.join(rows)})"


def values_of(rows: Rows) -> dict[str, Any]:
    """The columns of the rows, as the selects above name them."""
    return {f"row_{name}": values for name, (_, values) in rows.items()}


def rows_of(tile: Tile, layer: str, rows: str) -> TextClause:
    """Rows that a feature draws itself, by `:z :x :y :prefix :buffer`."""
    drawing = f"SELECT ST_AsMVT(drawn, '{layer}', 4096, 'geom') FROM ({rows}) AS drawn WHERE geom IS NOT NULL"
    return text(drawing).bindparams(z=tile.z, x=tile.x, y=tile.y, prefix=tile.prefix, buffer=BUFFER)


def undrawn() -> Select[bool]:
    """Whether a current grid has no outline yet."""
    drawn = exists().where(GridOutline.grid_id == Grid.id, GridOutline.deepest == WHOLE)
    return select(exists().where(Grid.retired_at.is_(None), ~drawn))


def current_shapes() -> Select[Any]:
    """Id and outline (WKB) of the current grids."""
    columns = select(Grid.id, func.ST_AsBinary(Grid.shape))
    return columns.where(Grid.retired_at.is_(None)).order_by(Grid.id)
