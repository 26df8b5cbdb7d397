"""Laying grids over an area so that they tile it exactly, and numbering them as one reads a map."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.findings import Finding, check
from geo.geojson import read_geometry
from geo.plane import Floats, Plane, area_m2, plane_at
from geo.spread import Ints

__all__ = ["Finding", "check", "lay_around", "lay_count", "lay_squares", "read_geometry", "reading_order"]

Place = tuple[float, float]  # lon, lat

MOST_GRIDS = 999  # a grid's number in its community has three digits
SLIVER = 0.25  # of a square; smaller pieces at the edge join a neighbour
SAMPLES = 100  # points of the area for each cell, by which cells are balanced
MOST_SAMPLES = 30_000
ROUNDS = 30  # Lloyd steps
ROW = 0.75  # of the median height of a grid; one that lies lower than this begins a new row


def lay_squares(area: BaseGeometry, size_m: float) -> list[Polygon]:
    """Squares of size_m clipped to a WGS-84 area, in reading order; ValueError if that is over MOST_GRIDS."""
    if not 0 < area_m2(area) / size_m**2 <= MOST_GRIDS:
        raise ValueError(f"squares of {size_m:g} m would be more than {MOST_GRIDS} grids")
    plane = plane_at(area)
    west, south, east, north = plane.flatten(area).bounds
    xs, ys = np.arange(west, east, size_m)[1:], np.arange(south, north, size_m)[1:]
    upright = [shapely.LineString([(x, south - size_m), (x, north + size_m)]) for x in xs]
    level = [shapely.LineString([(west - size_m, y), (east + size_m, y)]) for y in ys]
    faces = _faces(area, [plane.unflatten(line) for line in upright + level])
    small = [plane.flatten(face).area < SLIVER * size_m**2 for face in faces]
    return _in_reading_order(_absorb(faces, small, plane))


def lay_around(area: BaseGeometry, places: Sequence[Place], count: int | None = None) -> list[Polygon]:
    """Cells of a WGS-84 area around the first `count` places (lon, lat), in reading order.

    Where there are fewer places than `count`, further cells are spread evenly between them. A part of the
    area that touches no other is a grid of its own.
    """
    count = len(places) if count is None else count
    if not 1 <= count <= MOST_GRIDS:
        raise ValueError(f"an area has 1 to {MOST_GRIDS} grids, not {count}")
    plane = plane_at(area)
    seeds = _seeds(plane.flatten(area), _given(plane, places[:count]), count)
    edges = shapely.voronoi_polygons(
        shapely.multipoints(seeds), extend_to=_frame(plane, area), only_edges=True
    )
    faces = _faces(area, [plane.unflatten(edges)])
    return _in_reading_order(_absorb(faces, _strays(faces, seeds, plane), plane))


def lay_count(area: BaseGeometry, count: int) -> list[Polygon]:
    """The given number of cells of about equal size and round shape."""
    return lay_around(area, [], count)


def reading_order(polygons: Sequence[BaseGeometry]) -> list[int]:
    """Positions of the polygons in rows from north to south, each from west to east."""
    if not len(polygons):
        return []
    bounds = shapely.bounds(np.array(polygons, dtype=object))
    inside = [shapely.point_on_surface(polygon).coords[0] for polygon in polygons]
    row_height = ROW * float(np.median(bounds[:, 3] - bounds[:, 1]))
    rows: dict[int, int] = {}
    row, top = 0, max(lat for _, lat in inside)
    for position in sorted(range(len(inside)), key=lambda at: -inside[at][1]):
        if inside[position][1] < top - row_height:
            row, top = row + 1, inside[position][1]
        rows[position] = row
    return sorted(rows, key=lambda at: (rows[at], *inside[at]))


def _in_reading_order(polygons: list[Polygon]) -> list[Polygon]:
    return [polygons[position] for position in reading_order(polygons)]


def _faces(area: BaseGeometry, lines: list[BaseGeometry]) -> list[Polygon]:
    """The pieces that lines cut the area into; neighbours have the very same vertices between them."""
    noded = shapely.union_all([area.boundary, *lines])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inside = shapely.covers(area, shapely.point_on_surface(faces))
    return list(faces[inside])


def _absorb(faces: list[Polygon], unwanted: Sequence[bool], plane: Plane) -> list[Polygon]:
    """Each unwanted face joins the neighbour it shares the longest border with, smallest first."""
    kept: dict[int, Polygon] = dict(enumerate(faces))
    tree = STRtree(faces)
    home = list(range(len(faces)))
    for small in sorted(np.flatnonzero(unwanted).tolist(), key=lambda at: faces[at].area):
        touching = {_find(home, near) for near in tree.query(kept[small], predicate="intersects").tolist()}
        border = {near: _border(kept[small], kept[near], plane) for near in sorted(touching - {small})}
        best = max(border, key=border.__getitem__, default=small)
        if border.get(best, 0) > 0:
            kept[best] = shapely.coverage_union(kept[best], kept.pop(small))
            home[small] = best
    return list(kept.values())


def _find(home: list[int], position: int) -> int:
    while home[position] != position:
        position = home[position]
    return position


def _border(one: Polygon, other: Polygon, plane: Plane) -> float:
    return float(plane.flatten(shapely.intersection(one.boundary, other.boundary)).length)


def _strays(faces: list[Polygon], seeds: Floats, plane: Plane) -> list[bool]:
    """Whether each face is cut off from a larger face around the same seed."""
    inside = shapely.get_coordinates(plane.flatten(shapely.multipoints(shapely.point_on_surface(faces))))
    owner = _nearest(inside, seeds).tolist()
    largest = {
        seed: max(face.area for face, of in zip(faces, owner, strict=True) if of == seed) for seed in owner
    }
    return [face.area < largest[seed] for face, seed in zip(faces, owner, strict=True)]


def _given(plane: Plane, places: Sequence[Place]) -> Floats:
    at = np.array(sorted(set(places)), float).reshape(-1, 2)
    return np.column_stack(plane.to_metres(at[:, 0], at[:, 1]))


def _frame(plane: Plane, area: BaseGeometry) -> BaseGeometry:
    west, south, east, north = plane.flatten(area).bounds
    return shapely.box(2 * west - east, 2 * south - north, 2 * east - west, 2 * north - south)


def _seeds(flat: BaseGeometry, given: Floats, count: int) -> Floats:
    """The given places and as many more as are missing, those moved to the middle of their cells."""
    if len(given) >= count:
        return given
    samples = _samples(flat, min(SAMPLES * count, MOST_SAMPLES))
    seeds = np.vstack([given, _spread_out(samples, given, count - len(given))])
    for _ in range(ROUNDS):
        owner = _nearest(samples, seeds)
        size = np.maximum(np.bincount(owner, minlength=count), 1)
        middle = [np.bincount(owner, axis, count) / size for axis in samples.T]
        seeds[len(given) :] = np.column_stack(middle)[len(given) :]
    return seeds


def _samples(flat: BaseGeometry, count: int) -> Floats:
    """A lattice of about `count` points inside the area."""
    west, south, east, north = flat.bounds
    step = np.sqrt(flat.area / count)
    x, y = np.meshgrid(np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step))
    shapely.prepare(flat)
    inside = shapely.intersects_xy(flat, x, y)
    return np.column_stack([x[inside], y[inside]])


def _spread_out(samples: Floats, given: Floats, count: int) -> Floats:
    """Samples that lie one after another as far as can be from what is there already."""
    away = np.full(len(samples), np.inf)
    chosen: list[Floats] = []
    for place in given:
        away = np.minimum(away, np.square(samples - place).sum(axis=1))
    for _ in range(count):
        chosen.append(samples[np.argmax(away)])
        away = np.minimum(away, np.square(samples - chosen[-1]).sum(axis=1))
    return np.array(chosen)


def _nearest(at: Floats, seeds: Floats) -> Ints:
    return STRtree(shapely.points(seeds)).query_nearest(shapely.points(at), all_matches=False)[1]
