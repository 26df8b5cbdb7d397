"""Reading a grid's outline from GeoJSON (RFC 7946) without guessing what was meant."""

from collections.abc import Mapping
from typing import Any

from shapely.geometry import MultiPolygon, Polygon

Ring = list[tuple[float, float]]

HIGHEST = 1e6  # m


def read_geometry(geojson: Any) -> Polygon | MultiPolygon:
    """The Polygon or MultiPolygon (WGS-84) that a decoded geometry object describes; ValueError says why not.

    Whether it is valid in itself, its holes inside and its rings simple, is for `check` to say.
    """
    if not isinstance(geojson, Mapping):
        raise ValueError("a geometry is an object")
    if geojson.get("crs") is not None:
        raise ValueError("positions are WGS-84; a crs member is not allowed")
    kind, coordinates = geojson.get("type"), geojson.get("coordinates")
    if kind == "Polygon":
        read: Polygon | MultiPolygon = _polygon(coordinates)
    elif kind == "MultiPolygon":
        read = MultiPolygon([_polygon(part) for part in _filled(coordinates, "a MultiPolygon has polygons")])
    else:
        raise ValueError("a grid is a Polygon or a MultiPolygon")
    _same_dimension(coordinates if kind == "MultiPolygon" else [coordinates])
    return read


def _polygon(rings: Any) -> Polygon:
    shell, *holes = [_ring(ring) for ring in _filled(rings, "a polygon has rings")]
    return Polygon(shell, holes)


def _ring(positions: Any) -> Ring:
    ring = [_position(position) for position in _filled(positions, "a ring has positions")]
    if len(ring) < 4:
        raise ValueError("a ring has at least four positions")
    if ring[0] != ring[-1]:
        raise ValueError("a ring ends where it begins")
    if len(set(ring)) < 3:
        raise ValueError("a ring has at least three different positions")
    return ring


def _position(position: Any) -> tuple[float, float]:
    if not isinstance(position, list | tuple) or not 2 <= len(position) <= 3:
        raise ValueError("a position has two or three numbers")
    if not all(type(number) in (int, float) for number in position):
        raise ValueError("a position is made of numbers")
    lon, lat, *height = position
    if not -180 <= lon <= 180:
        raise ValueError(f"longitude {lon!s:.12} is not within -180 and 180")
    if not -90 <= lat <= 90:
        raise ValueError(f"latitude {lat!s:.12} is not within -90 and 90; longitude comes first")
    if height and not abs(height[0]) < HIGHEST:
        raise ValueError("a height is a finite number of metres")
    return float(lon), float(lat)


def _filled(members: Any, rule: str) -> list[Any]:
    if not isinstance(members, list | tuple) or not members:
        raise ValueError(rule)
    return list(members)


def _same_dimension(polygons: Any) -> None:
    lengths = {len(position) for rings in polygons for ring in rings for position in ring}
    if len(lengths) > 1:
        raise ValueError("either all positions have a height or none")
