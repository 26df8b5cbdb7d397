"""One ST_AsMVT select per map layer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, INTEGER, TEXT

from service.coverage.measure import Measure

BUFFER = 64  # of 4,096 units, drawn beyond the edge so that outlines meet
GRIDS = """
    SELECT grids.id, grids.code, grids.name, grids.basis,
        ST_AsMVTGeom(ST_Transform(shape, 3857), ST_TileEnvelope(:z, :x, :y), 4096, :buffer) AS geom
    FROM grids
    WHERE shape && ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => :buffer / 4096.0), 4326)
        AND code >= :prefix AND code < :prefix || ':'
        AND since <= :at AND (retired_at IS NULL OR retired_at > :at)
"""


class Tile(NamedTuple):
    """Which square of the map, for a caller who sees codes with this prefix, as of a time."""

    z: int
    x: int
    y: int
    prefix: str
    at: datetime


def grids(tile: Tile) -> TextClause:
    """The grids themselves."""
    layer = (
        f"SELECT ST_AsMVT(drawn, 'grids', 4096, 'geom', 'id') FROM ({GRIDS}) AS drawn WHERE geom IS NOT NULL"
    )
    return text(layer).bindparams(**tile._asdict(), buffer=BUFFER)


def uncovered(tile: Tile, holes: Sequence[Any]) -> TextClause:
    """The grids that nobody has at some time of a window, with how many hours of it."""
    layer = f"""
        SELECT ST_AsMVT(open, 'uncovered', 4096, 'geom', 'id') FROM (
            SELECT drawn.*, hours FROM ({GRIDS}) AS drawn
            JOIN unnest(:codes, :hours) AS found (code, hours) USING (code)
            WHERE geom IS NOT NULL
        ) AS open"""
    arrays = [
        bindparam("codes", [each.code for each in holes], ARRAY(TEXT)),
        bindparam("hours", [float(each.hours) for each in holes], ARRAY(DOUBLE_PRECISION)),
    ]
    return text(layer).bindparams(*arrays, **tile._asdict(), buffer=BUFFER)


def coverage(tile: Tile, measures: Sequence[Measure]) -> TextClause:
    """The grids, coloured by what was seen of them."""
    columns: dict[str, tuple[Any, list[Any]]] = {
        "codes": (TEXT, [each.code for each in measures]),
        "seen": (DOUBLE_PRECISION, [each.share_seen for each in measures]),
        "no_evidence": (DOUBLE_PRECISION, [each.share_no_evidence for each in measures]),
        "states": (TEXT, [each.state for each in measures]),
        "visits": (INTEGER, [each.visits for each in measures]),
        "seen_at": (INTEGER, [each.last_seen_at and int(each.last_seen_at.timestamp()) for each in measures]),
    }
    layer = f"""
        SELECT ST_AsMVT(coloured, 'coverage', 4096, 'geom', 'id') FROM (
            SELECT drawn.*, share_seen, share_no_evidence, state, visits, last_seen_at
            FROM ({GRIDS}) AS drawn
            JOIN unnest(:codes, :seen, :no_evidence, :states, :visits, :seen_at)
                AS found (code, share_seen, share_no_evidence, state, visits, last_seen_at) USING (code)
            WHERE geom IS NOT NULL
        ) AS coloured"""
    arrays = [bindparam(name, values, ARRAY(kind)) for name, (kind, values) in columns.items()]
    return text(layer).bindparams(*arrays, **tile._asdict(), buffer=BUFFER)
