"""One ST_AsMVT select per map layer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, TextClause, bindparam, exists, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BOOLEAN, BYTEA, DOUBLE_PRECISION, INTEGER, TEXT

from service.areas.models import Grid
from service.tiles.models import GridOutline

BUFFER = 64  # of 4,096 units, drawn beyond the edge so that outlines meet
DEEPEST_DRAWN = (8, 10, 12, 14)  # outlines are simplified for the zooms down to each of these
WHOLE = 22  # deeper down they have every vertex
SQL_TYPES = {str: TEXT, float: DOUBLE_PRECISION, int: INTEGER, bool: BOOLEAN, bytes: BYTEA}
ENVELOPE = "ST_TileEnvelope(:z, :x, :y)"
SQUARE = "ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => :buffer / 4096.0), 4326)"
IN_TILE = f"""
    FROM grids LEFT JOIN grid_outlines ON grid_id = grids.id AND deepest = :deepest
    WHERE grids.shape && {SQUARE}
        AND code >= :prefix AND code < :prefix || ':'
        AND since <= :at AND (retired_at IS NULL OR retired_at > :at)"""
OUTLINE = "coalesce(grid_outlines.shape, ST_Transform(grids.shape, 3857))"
MIDDLE = "ST_Transform(ST_PointOnSurface(grids.shape), 3857)"

Rows = Mapping[str, tuple[type, Sequence[Any]]]  # column → its type and values


class Tile(NamedTuple):
    """Which square of the map, for a caller who sees codes with this prefix, as of a time."""

    z: int
    x: int
    y: int
    prefix: str
    at: datetime

    @property
    def square(self) -> dict[str, Any]:
        """The values that name the square and how finely it is drawn."""
        deepest = next((each for each in DEEPEST_DRAWN if each >= self.z), WHOLE)
        return {"z": self.z, "x": self.x, "y": self.y, "buffer": BUFFER, "deepest": deepest}


def _grids(shape: str) -> str:
    drawn = f"ST_AsMVTGeom({shape}, {ENVELOPE}, 4096, :buffer)"
    return f"SELECT grids.id, code, name, basis, {drawn} AS geom {IN_TILE}"


def grids(tile: Tile) -> TextClause:
    """The grids themselves."""
    layer = f"""
        SELECT ST_AsMVT(drawn, 'grids', 4096, 'geom', 'id') FROM ({_grids(OUTLINE)}) AS drawn
        WHERE geom IS NOT NULL"""
    return text(layer).bindparams(**tile.square, prefix=tile.prefix, at=tile.at)


def measured(tile: Tile, layer: str, rows: Rows, *, in_middle: bool = False) -> TextClause:
    """The grids whose `code` is in the rows, with the rows' other columns; drawn as a point if wanted."""
    names = ", ".join(rows)
    values = ", ".join(f":row_{name}" for name in rows)
    others = ", ".join(name for name in rows if name != "code")
    drawing = f"""
        SELECT ST_AsMVT(coloured, '{layer}', 4096, 'geom', 'id') FROM (
            SELECT drawn.*, {others} FROM ({_grids(MIDDLE if in_middle else OUTLINE)}) AS drawn
            JOIN unnest({values}) AS found ({names}) USING (code)
            WHERE geom IS NOT NULL
        ) AS coloured"""
    bound = text(drawing).bindparams(*_arrays(rows))
    return bound.bindparams(**tile.square, prefix=tile.prefix, at=tile.at)


def shapes(tile: Tile, layer: str, rows: Rows) -> TextClause:
    """Polygons in WGS-84 given as WKB in the column `shape`, with the rows' other columns."""
    names = ", ".join(rows)
    values = ", ".join(f":row_{name}" for name in rows)
    others = ", ".join(name for name in rows if name != "shape")
    geometry = f"ST_Transform(ST_SetSRID(shape::geometry, 4326), 3857), {ENVELOPE}, 4096, :buffer"
    drawing = f"""
        SELECT ST_AsMVT(drawn, '{layer}', 4096, 'geom') FROM (
            SELECT {others}, ST_AsMVTGeom({geometry}) AS geom FROM unnest({values}) AS found ({names})
        ) AS drawn WHERE geom IS NOT NULL"""
    square = {name: value for name, value in tile.square.items() if name != "deepest"}
    return text(drawing).bindparams(*_arrays(rows)).bindparams(**square)


CHECKPOINTS = f"""
    SELECT ST_AsMVT(drawn, 'checkpoints', 4096, 'geom') FROM (
        SELECT checkpoints.id::text, checkpoints.name, kind, grids.code AS grid,
            ST_AsMVTGeom(ST_Transform(position, 3857), {ENVELOPE}, 4096, :buffer) AS geom
        FROM grids JOIN checkpoints ON grid_id = grids.id
        WHERE grids.shape && {SQUARE} AND grids.code >= :prefix AND grids.code < :prefix || ':'
            AND checkpoints.since <= :at
            AND (checkpoints.retired_at IS NULL OR checkpoints.retired_at > :at)
        ORDER BY checkpoints.id
    ) AS drawn WHERE geom IS NOT NULL"""


def checkpoints(tile: Tile) -> TextClause:
    """The checkpoints in use."""
    square = {name: value for name, value in tile.square.items() if name != "deepest"}
    return text(CHECKPOINTS).bindparams(**square, prefix=tile.prefix, at=tile.at)


def rows_of(tile: Tile, layer: str, rows: str) -> TextClause:
    """Rows that a feature draws itself, by `:z :x :y :prefix :buffer`."""
    drawing = f"SELECT ST_AsMVT(drawn, '{layer}', 4096, 'geom') FROM ({rows}) AS drawn WHERE geom IS NOT NULL"
    square = {name: value for name, value in tile.square.items() if name != "deepest"}
    return text(drawing).bindparams(**square, prefix=tile.prefix)


def checkpoints_state() -> TextClause:
    """Names what all checkpoints are called and how many stand."""
    return text(
        "SELECT count(*), count(retired_at), sum(hashtext(id::text || name || kind)::bigint) FROM checkpoints"
    )


def undrawn() -> Select[bool]:
    """Whether a current grid has no outline yet."""
    drawn = exists().where(GridOutline.grid_id == Grid.id, GridOutline.deepest == WHOLE)
    return select(exists().where(Grid.retired_at.is_(None), ~drawn))


def current_shapes() -> Select[Any]:
    """Id and outline (WKB) of the current grids."""
    columns = select(Grid.id, func.ST_AsBinary(Grid.shape))
    return columns.where(Grid.retired_at.is_(None)).order_by(Grid.id)


def _arrays(rows: Rows) -> list[Any]:
    return [
        bindparam(f"row_{name}", list(values), ARRAY(SQL_TYPES[kind]))
        for name, (kind, values) in rows.items()
    ]
