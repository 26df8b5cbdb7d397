"""The layers of the map, and how each is drawn; a feature above adds its own with `add`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import shapely

from geo.tiles import bounds
from service.areas.places import places
from service.coverage import gaps, measure, versions
from service.coverage.measure import Measure, Question
from service.coverage.windows import Window
from service.db import session
from service.duty import holes
from service.matters.queries import TILE_ROWS
from service.tiles import queries
from service.tiles.queries import Tile

GRID = {"code": "String", "name": "String", "basis": "String"}


class Layer(NamedTuple):
    """A layer: its fields as TileJSON has them, what names the state it shows, and how a tile is drawn."""

    name: str
    fields: Mapping[str, str]
    version: Callable[[str, Window], str]  # of a prefix of codes in a window; another once tiles would differ
    draw: Callable[[Tile, Window], Any]  # a select that gives the tile; None where it is empty
    shallowest: int = 0  # above this zoom its tiles are empty
    permission: str = "coverage:read"  # and for a whole area, not only for what is one's own


LAYERS: dict[str, Layer] = {}


def add(layer: Layer) -> None:
    """Have a layer served; the last one with a name counts."""
    LAYERS[layer.name] = layer


def _of_ground(prefix: str, window: Window) -> str:
    return versions.of_ground("grids", prefix, window)


def _of_footprints(prefix: str, window: Window) -> str:
    return versions.of_footprints("layers", prefix, window)


def _of_checkpoints(prefix: str, window: Window) -> str:
    state = tuple(session.execute(queries.checkpoints_state()).one())
    return versions.of_ground("checkpoints", prefix, window, state)


@lru_cache(maxsize=16)
def _measures(version: str, window: Window, prefix: str) -> dict[str, Measure]:
    """By code; what of them tiles show is the same as long as the version is."""
    return {each.code: each for each in measure.by_grid(window, Question(prefix))}


def _measures_in(tile: Tile, window: Window) -> list[Measure]:
    known = _measures(_of_footprints(tile.prefix, window), window, tile.prefix)
    return [known[code] for code in codes_in(tile) if code in known]


def codes_in(tile: Tile) -> list[str]:
    """The codes of the grids whose bounds come near a tile."""
    west, south, east, north = bounds(tile.z, tile.x, tile.y)
    x, y = ((high - low) * queries.BUFFER / 4096 for low, high in ((west, east), (south, north)))
    here = places()
    found = here.index.tree.query(shapely.box(west - x, south - y, east + x, north + y))
    return sorted({here.codes[position] for position in np.sort(found).tolist()})


def _draw_coverage(tile: Tile, window: Window) -> Any:
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
    return queries.measured(tile, "coverage", rows) if here else None


def _draw_density(tile: Tile, window: Window) -> Any:
    here = [each for each in _measures_in(tile, window) if each.visits]
    rows: queries.Rows = {
        "code": (str, [each.code for each in here]),
        "visits": (int, [each.visits for each in here]),
        "person_minutes": (float, [each.person_minutes for each in here]),
        "minutes_per_ha": (float, [round(each.person_minutes * 1e4 / each.area_m2, 3) for each in here]),
    }
    return queries.measured(tile, "density", rows) if here else None


def _draw_patrols(tile: Tile, window: Window) -> Any:
    here = [each for each in _measures_in(tile, window) if each.visits]
    rows: queries.Rows = {
        "code": (str, [each.code for each in here]),
        "patrols": (int, [each.visits for each in here]),
    }
    return queries.measured(tile, "patrols", rows, in_middle=True) if here else None


def _draw_gaps(tile: Tile, window: Window) -> Any:
    here = gaps.inside(window, tile.prefix, codes_in(tile))
    rows: queries.Rows = {
        "grid": (str, [each.grid for each in here]),
        "area_m2": (float, [round(each.area_m2, 1) for each in here]),
        "no_evidence": (bool, [each.no_evidence for each in here]),
        "shape": (bytes, [shapely.to_wkb(each.shape) for each in here]),
    }
    return queries.shapes(tile, "gaps", rows) if here else None


def _of_duty(prefix: str, window: Window) -> str:
    return versions.of_ground("uncovered", prefix, window, session.scalars(holes.version()).one())


def _draw_uncovered(tile: Tile, window: Window) -> Any:
    here = session.execute(holes.uncovered(window.start, window.end, tile.prefix)).all()
    rows: queries.Rows = {
        "code": (str, [each.code for each in here]),
        "hours": (float, [float(each.hours) for each in here]),
    }
    return queries.measured(tile, "uncovered", rows) if here else None


def _of_matters(prefix: str, _: Window) -> str:
    """Matters come due as time passes, so a tile is good for a minute."""
    return versions.of_ground("matters", prefix, datetime.now(UTC).replace(second=0, microsecond=0))


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

add(Layer("grids", GRID, _of_ground, lambda tile, _: queries.grids(tile)))
add(Layer("coverage", COVERAGE, _of_footprints, _draw_coverage))
add(Layer("density", DENSITY, _of_footprints, _draw_density))
add(Layer("patrols", GRID | {"patrols": "Number"}, _of_footprints, _draw_patrols))
add(Layer("gaps", GAPS, _of_footprints, _draw_gaps, shallowest=12))
add(Layer("checkpoints", CHECKPOINTS, _of_checkpoints, lambda tile, _: queries.checkpoints(tile), 11))
add(Layer("uncovered", GRID | {"hours": "Number"}, _of_duty, _draw_uncovered, permission="duty:holes"))
add(
    Layer(
        "matters",
        MATTERS,
        _of_matters,
        lambda tile, _: queries.rows_of(tile, "matters", TILE_ROWS),
        permission="matters:read",
    )
)
