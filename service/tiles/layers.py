"""The layers of the map, and how each is drawn; a feature above adds its own with `add`."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely

from geo.tiles import bounds
from service.areas.places import places
from service.coverage import gaps, measure
from service.coverage.measure import Measure, Question
from service.coverage.windows import Window
from service.db import ask, session
from service.duty import holes
from service.matters.queries import TILE_ROWS
from service.tiles import queries
from service.tiles.queries import Tile

GRID = {"code": "String", "name": "String", "basis": "String"}


class Layer(NamedTuple):
    """A layer: its fields as TileJSON has them, what names the state it shows, and how a tile is drawn."""

    name: str
    fields: Mapping[str, str]
    state: str  # a scalar in SQL that costs little; another once tiles would differ
    draw: Callable[[Tile, Window], bytes] | str  # or one select that draws it; empty where there is nothing
    shallowest: int = 0  # above this zoom its tiles are empty
    permission: str = "coverage:read"  # and for a whole area, not only for what is one's own


LAYERS: dict[str, Layer] = {}


def add(layer: Layer) -> None:
    """Have a layer served; the last one with a name counts."""
    LAYERS[layer.name] = layer


def _drawn(sql: str, tile: Tile, rows: queries.Rows) -> bytes:
    [found] = ask(sql, **tile.values, **queries.values_of(rows))
    return found.tile


@lru_cache(maxsize=16)
def _measures(state: str, window: Window, prefix: str) -> dict[str, Measure]:
    """By code; what of them tiles show is the same as long as the state is."""
    return {each.code: each for each in measure.by_grid(window, Question(prefix))}


def _measures_in(tile: Tile, window: Window) -> list[Measure]:
    known = _measures(tile.state, window, tile.prefix)
    return [known[code] for code in codes_in(tile) if code in known]


def codes_in(tile: Tile) -> list[str]:
    """The codes of the grids whose bounds come near a tile."""
    west, south, east, north = bounds(tile.z, tile.x, tile.y)
    x, y = ((high - low) * queries.BUFFER / 4096 for low, high in ((west, east), (south, north)))
    here = places()
    found = here.index.tree.query(shapely.box(west - x, south - y, east + x, north + y))
    return sorted({here.codes[position] for position in np.sort(found).tolist()})


def _draw_matters(tile: Tile, _: Window) -> bytes:
    return session.scalars(queries.rows_of(tile, "matters", TILE_ROWS)).one()


def _draw_coverage(tile: Tile, window: Window) -> bytes:
    here = _measures_in(tile, window)
    rows: queries.Rows = {
        "code": (str, [each.code for each in here]),
        "share_seen": (float, [each.share_seen for each in here]),
        "share_no_evidence": (float, [each.share_no_evidence for each in here]),
        "state": (str, [each.state for each in here]),
        "visits": (int, [each.visits for each in here]),
        "last_seen_at": (
            int,
            [each.last_seen_at and int(each.last_seen_at.timestamp()) for each in here],
        ),
    }
    return _drawn(queries.measured("coverage", rows), tile, rows) if here else b""


def _draw_density(tile: Tile, window: Window) -> bytes:
    here = [each for each in _measures_in(tile, window) if each.visits]
    rows: queries.Rows = {
        "code": (str, [each.code for each in here]),
        "visits": (int, [each.visits for each in here]),
        "person_minutes": (float, [each.person_minutes for each in here]),
        "minutes_per_ha": (float, [round(each.person_minutes * 1e4 / each.area_m2, 3) for each in here]),
    }
    return _drawn(queries.measured("density", rows), tile, rows) if here else b""


def _draw_patrols(tile: Tile, window: Window) -> bytes:
    here = [each for each in _measures_in(tile, window) if each.visits]
    rows: queries.Rows = {
        "code": (str, [each.code for each in here]),
        "patrols": (int, [each.visits for each in here]),
    }
    return _drawn(queries.measured("patrols", rows, in_middle=True), tile, rows) if here else b""


def _draw_gaps(tile: Tile, window: Window) -> bytes:
    here = gaps.inside(window, tile.prefix, codes_in(tile))
    rows: queries.Rows = {
        "grid": (str, [each.grid for each in here]),
        "area_m2": (float, [round(each.area_m2, 1) for each in here]),
        "no_evidence": (bool, [each.no_evidence for each in here]),
        "shape": (bytes, [shapely.to_wkb(each.shape) for each in here]),
    }
    return _drawn(queries.shapes("gaps", rows), tile, rows) if here else b""


def _draw_uncovered(tile: Tile, window: Window) -> bytes:
    here = session.execute(holes.uncovered(window.start, window.end, tile.prefix)).all()
    rows: queries.Rows = {
        "code": (str, [each.code for each in here]),
        "hours": (float, [float(each.hours) for each in here]),
    }
    return _drawn(queries.measured("uncovered", rows), tile, rows) if here else b""


COVERAGE = GRID | {
    "share_seen": "Number",
    "share_no_evidence": "Number",
    "state": "String",
    "visits": "Number",
    "last_seen_at": "Number",
}
DENSITY = GRID | {"visits": "Number", "person_minutes": "Number", "minutes_per_ha": "Number"}
GAPS = {"grid": "String", "area_m2": "Number", "no_evidence": "Boolean"}
CHECKPOINTS = {"id": "String", "name": "String", "kind": "String", "grid": "String"}

MATTERS = {
    "id": "String",
    "class_code": "String",
    "stage": "String",
    "level": "String",
    "is_overdue": "Boolean",
}

HELD = holes.version().compile(compile_kwargs={"literal_binds": True})
DUTY = f"concat_ws(' ', {queries.GROUND}, ({HELD}))"
MOVED = GRID | {"patrols": "Number"}
OPEN = GRID | {"hours": "Number"}

add(Layer("grids", GRID, queries.GROUND, queries.GRIDS))
add(Layer("coverage", COVERAGE, queries.FOOTPRINTS, _draw_coverage))
add(Layer("density", DENSITY, queries.FOOTPRINTS, _draw_density))
add(Layer("patrols", MOVED, queries.FOOTPRINTS, _draw_patrols))
add(Layer("gaps", GAPS, queries.FOOTPRINTS, _draw_gaps, shallowest=12))
add(Layer("checkpoints", CHECKPOINTS, queries.CHECKPOINTS_CALLED, queries.CHECKPOINTS, shallowest=11))
add(Layer("uncovered", OPEN, DUTY, _draw_uncovered, permission="duty:holes"))
add(Layer("matters", MATTERS, queries.MINUTE, _draw_matters, permission="matters:read"))
