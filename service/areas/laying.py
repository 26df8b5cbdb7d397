"""Grids laid over an area by size, by number or around places: proposals, nothing more."""

from collections.abc import Sequence
from typing import Any

from shapely import orient_polygons
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from geo.grids import check, lay_around, lay_count, lay_squares, read_geometry
from geo.plane import plane_at
from service.areas.proposals import HIGHEST, default_name
from service.errors import Invalid

SCATTERED = 1000  # how many times smaller than its bounds an area may be
MOST_ROWS = 2000  # of squares, in both directions together


def read_area(geometry: Any) -> BaseGeometry:
    """The area that a geometry describes; raises Invalid for one that cannot be divided."""
    try:
        area = read_geometry(geometry)
    except ValueError as error:
        raise Invalid(errors={"shape": [f"{error}."]}) from None
    if flaws := check([("", area)]):
        raise Invalid(errors={"shape": [f"{flaw.kind}: {flaw.detail}." for flaw in flaws]})
    return area


def lay(area: BaseGeometry, order: dict[str, Any]) -> list[BaseGeometry]:
    """The grids that an order asks for, in reading order; raises Invalid for more than can be laid."""
    flat = plane_at(area).flatten(area)
    west, south, east, north = flat.bounds
    if flat.area * SCATTERED < (east - west) * (north - south):
        raise Invalid(errors={"shape": ["Too scattered to be divided."]})
    try:
        if order["by"] == "size":
            if (east - west + north - south) / order["size_m"] > MOST_ROWS:
                raise ValueError("too many squares")
            return list(lay_squares(area, order["size_m"]))
        if order["by"] == "count":
            return list(lay_count(area, order["count"]))
        return list(lay_around(area, order["places"]))
    except ValueError as error:
        raise Invalid(errors={"by": [f"{error}."]}) from None


def features(grids: Sequence[BaseGeometry], community: str, last: int) -> list[dict[str, Any]]:
    """The grids as features with the numbers behind `last`; raises Invalid if a community has not so many."""
    if last + len(grids) > HIGHEST:
        raise Invalid(errors={"community": [f"It would have more than {HIGHEST} grids."]})
    codes = [f"{community}{last + turn:03}" for turn in range(1, len(grids) + 1)]
    return [
        {
            "geometry": mapping(orient_polygons(grid)),
            "properties": {"code": code, "name": default_name(code), "basis": "area"},
        }
        for code, grid in zip(codes, grids, strict=True)
    ]
