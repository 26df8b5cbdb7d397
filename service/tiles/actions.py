"""Simplify the grids' outlines for the map, once for each revision; borders stay shared."""

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from sqlalchemy import delete

from service import jobs
from service.db import ask, session, transaction
from service.telemetry import log
from service.tiles import queries
from service.tiles.models import GridOutline
from service.tiles.queries import DEEPEST_DRAWN, WHOLE

OUTLINES = "tiles.outlines"
DRAWING = 0x64726177  # the advisory lock under which outlines are drawn
DETAIL = 4  # of a tile's 4,096 units: what is smaller is left away
TILE_UNITS = 40_075_016.68557849 / 4096  # m of Web Mercator that a unit of the tile of zoom 0 has
_MERCATOR = Transformer.from_crs(4326, 3857, always_xy=True)


def follow(grids: list[int], retired: list[int]) -> None:
    """Have outlines drawn again once a change of grids has been committed."""
    jobs.later(OUTLINES)


@jobs.task(OUTLINES, every="*/5 * * * *")
def draw_outlines() -> int:
    """Simplify the outlines of all current grids, if any has none yet; gives how many.

    Those of grids that are no longer current stay as they were.
    """
    with transaction():
        ask("SELECT pg_advisory_xact_lock(%(key)s)", key=DRAWING)
        if not session.scalar(queries.undrawn()):
            return 0
        ids, shapes = zip(*session.execute(queries.current_shapes()), strict=True)
        outlines = _flattened(shapes)
        session.execute(delete(GridOutline).where(GridOutline.grid_id.in_(ids)))
        for deepest in (*DEEPEST_DRAWN, WHOLE):
            _keep(deepest, ids, simplified(outlines, deepest))
    log.info("outlines drawn", grids=len(ids))
    return len(ids)


def simplified(outlines: NDArray[np.object_], deepest: int) -> NDArray[np.object_]:
    """Outlines in Web Mercator with no more detail than tiles of a zoom show, all of it at the last."""
    if deepest == WHOLE:
        return outlines
    tolerance = DETAIL * TILE_UNITS / 2**deepest
    drawn = np.asarray(shapely.coverage_simplify(outlines, tolerance))
    kept = shapely.is_valid(drawn) & ~shapely.is_empty(drawn)
    return np.where(kept, drawn, outlines)


def _flattened(shapes: tuple[bytes, ...]) -> NDArray[np.object_]:
    degrees = shapely.from_wkb([bytes(shape) for shape in shapes])
    return np.asarray(shapely.transform(degrees, lambda at: np.column_stack(_MERCATOR.transform(*at.T))))


def _keep(deepest: int, ids: tuple[int, ...], shapes: NDArray[np.object_]) -> None:
    several = [
        shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape]) for shape in shapes
    ]
    wkb = shapely.to_wkb(shapely.set_srid(np.array(several, dtype=object), 3857), include_srid=True)
    ask(
        "INSERT INTO grid_outlines (deepest, grid_id, shape)"
        " SELECT %(deepest)s, grid_id, shape::geometry"
        " FROM unnest(%(ids)s::int[], %(shapes)s::bytea[]) AS drawn (grid_id, shape)",
        deepest=deepest,
        ids=list(ids),
        shapes=list(wkb),
    )
