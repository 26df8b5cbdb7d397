"""What is wrong with proposed grids; nothing is repaired, and nothing unsound is ever measured or joined."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from geo.plane import area_m2, plane_at

Grid = tuple[str, BaseGeometry]

MOST_VERTICES = 5000
MOST_PARTS = 100
MOST_CROSSINGS = (
    100_000  # edges of two outlines that come near each other; honest neighbours have some thousands
)
MOST_OVERLAPS = 200  # after so many the list helps nobody
SLIVER = 1.0  # m; outlines closer than this were meant to be one
LEAST_AREA = 1.0  # m²; smaller overlaps, gaps and overhangs are rounding


class Finding(NamedTuple):
    """One thing to put right, or with `error` false to know about."""

    code: str
    kind: str
    detail: str
    area_m2: float | None = None
    error: bool = True


def check(
    proposed: Sequence[Grid], community: BaseGeometry | None = None, neighbours: Sequence[Grid] = ()
) -> list[Finding]:
    """Findings about proposed (code, geometry) pairs, each other, their community and the grids that stay."""
    findings = [*_repeated(proposed)]
    sound = []
    for code, geometry in proposed:
        flaw = _flaw(code, geometry)
        findings += [flaw] if flaw else []
        sound += [] if flaw else [(code, geometry)]
    findings += _overlaps(sound, neighbours)
    findings += [] if any(finding.error for finding in findings) else _slivers(sound, neighbours)
    if community is not None:
        findings += [finding for code, geometry in sound for finding in _outside(code, geometry, community)]
        findings += (
            [] if any(finding.error for finding in findings) else _gaps([*sound, *neighbours], community)
        )
    return findings


def _repeated(proposed: Sequence[Grid]) -> Iterator[Finding]:
    codes = [code for code, _ in proposed]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield Finding(code, "duplicate_code", f"{codes.count(code)} grids have this code")


def _flaw(code: str, geometry: BaseGeometry) -> Finding | None:
    """The first thing that keeps a geometry from being looked at further, cheapest tests first."""
    kind, detail = _defect(geometry)
    return Finding(code, kind, detail) if kind else None


def _defect(geometry: BaseGeometry) -> tuple[str, str]:
    if geometry.geom_type not in ("Polygon", "MultiPolygon"):
        return "not_polygon", f"a {geometry.geom_type} encloses no area"
    if geometry.is_empty:
        return "empty", "has no positions"
    if (parts := shapely.get_num_geometries(geometry)) > MOST_PARTS:
        return "too_many_parts", f"{parts} parts, at most {MOST_PARTS}"
    if (vertices := shapely.get_num_coordinates(geometry)) > MOST_VERTICES:
        return "too_many_vertices", f"{vertices} vertices, at most {MOST_VERTICES}"
    if not _in_world(geometry):
        return "out_of_world", "positions are longitude and latitude in degrees"
    if not geometry.is_valid:
        return "invalid", shapely.is_valid_reason(geometry)
    if area_m2(geometry) < LEAST_AREA:
        return "zero_area", f"less than {LEAST_AREA:g} m²"
    return "", ""


def _in_world(geometry: BaseGeometry) -> bool:
    return bool((np.abs(shapely.get_coordinates(geometry)) <= [180, 90]).all())


def _overlaps(sound: Sequence[Grid], neighbours: Sequence[Grid]) -> list[Finding]:
    grids = [*sound, *neighbours]
    tree = STRtree([geometry for _, geometry in grids])
    findings: list[Finding] = []
    for here, (code, geometry) in enumerate(sound):
        for there in sorted(tree.query(geometry, predicate="intersects").tolist()):
            if there > here and len(findings) < MOST_OVERLAPS:
                findings += _overlap(code, geometry, *grids[there])
    return findings


def _overlap(code: str, geometry: BaseGeometry, other_code: str, other: BaseGeometry) -> Iterator[Finding]:
    if _tangled(geometry, other):
        yield Finding(code, "tangled", f"crosses the outline of {other_code} too often to be measured")
    elif (area := _area(shapely.intersection(geometry, other))) > LEAST_AREA:
        yield Finding(code, "overlap", f"lies over {other_code}", area)


def _slivers(sound: Sequence[Grid], neighbours: Sequence[Grid]) -> Iterator[Finding]:
    if not sound:
        return
    outlines = [geometry for _, geometry in [*sound, *neighbours]]
    plane = plane_at(shapely.union_all(shapely.envelope(outlines)))
    edges = shapely.coverage_invalid_edges([plane.flatten(outline) for outline in outlines], SLIVER)
    for (code, _), edge in zip(sound, edges, strict=False):
        if edge.length > SLIVER:
            yield Finding(code, "sliver", "runs beside a neighbour without sharing its vertices", error=False)


def _outside(code: str, geometry: BaseGeometry, community: BaseGeometry) -> Iterator[Finding]:
    if community.covers(geometry):
        return
    if _tangled(geometry, community):
        yield Finding(code, "tangled", "crosses the outline of its community too often to be measured")
    elif (area := _area(shapely.difference(geometry, community))) > LEAST_AREA:
        yield Finding(code, "outside_community", "reaches beyond its community", area)


def _gaps(grids: Sequence[Grid], community: BaseGeometry) -> Iterator[Finding]:
    rest = shapely.difference(community, shapely.union_all([geometry for _, geometry in grids]))
    for part in shapely.get_parts(rest):
        if (area := _area(part)) > LEAST_AREA:
            lon, lat = part.point_on_surface().coords[0]
            yield Finding("", "gap", f"no grid at {lon:.6f}, {lat:.6f}", area, error=False)


def _tangled(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether so many edges come near each other that an overlay could take minutes."""
    tree, edges = STRtree(_edges(one)), _edges(other)
    crossings = 0
    for start in range(0, len(edges), 100):
        crossings += tree.query(edges[start : start + 100]).shape[1]
        if crossings > MOST_CROSSINGS:
            return True
    return False


def _edges(geometry: BaseGeometry) -> np.ndarray:
    at, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(geometry)), return_index=True)
    inner = ring[1:] == ring[:-1]
    return shapely.linestrings(np.stack([at[:-1][inner], at[1:][inner]], axis=1))


def _area(geometry: BaseGeometry) -> float:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return sum(area_m2(part) for part in parts if part.geom_type == "Polygon")
