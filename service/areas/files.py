"""Files of proposed grids: GeoJSON, or a GeoPackage, in any coordinate system that is declared."""

from collections.abc import Callable
from typing import Any

import pyproj
import shapely
from marshmallow import ValidationError
from pyproj.exceptions import CRSError, ProjError

from geo.coordinates import to_wgs84
from geo.grids import read_geometry
from service.areas import packages
from service.areas.proposals import Finding, Proposal, Wish
from service.areas.schemas import SYSTEMS, ProposalSchema, WishSchema
from service.errors import Invalid, TooLarge, Unreadable

MOST_GRIDS = 2_000  # in one file; a whole prefecture has some 1,500
MOST_VERTICES = 200_000  # in one file
SAME = {"EPSG:4326": "wgs84", "EPSG:4490": "cgcs2000"}
CGCS2000 = 4490
FIELDS = ("code", "community", "name", "basis", "replaces")

Move = Callable[[Any, Any], tuple[Any, Any]]


def read_package(body: bytes, declared: str | None) -> Proposal:
    """The grids of a GeoPackage; its own coordinate system counts, and must be the declared one."""
    try:
        crs, features = packages.read(body, MOST_GRIDS)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    for feature in features:
        if isinstance(codes := feature["properties"].get("replaces"), str):
            feature["properties"]["replaces"] = [code.strip() for code in codes.split(",") if code.strip()]
    proposal = read_geojson({"type": "FeatureCollection", "features": features}, crs or declared)
    if crs and declared and SAME.get(crs, crs) != SAME.get(declared, declared):
        detail = f"The file says {crs}, the request {declared}."
        proposal.findings.insert(0, Finding(None, None, "crs_contradicted", detail))
    return proposal


def read_geojson(document: Any, crs: str | None) -> Proposal:
    """The grids of a feature collection; what cannot be read of one of them is among the findings."""
    try:
        collection = ProposalSchema().load(document)
    except ValidationError as error:
        raise Invalid(errors=error.messages) from None
    move = _move(crs or "wgs84")
    if len(collection["features"]) > MOST_GRIDS:
        raise TooLarge(f"At most {MOST_GRIDS} grids in one file.")
    proposal = Proposal([], collection["retires"])
    vertices = 0
    for place, feature in enumerate(collection["features"]):
        wish, findings = _wish(place, feature, move)
        vertices += shapely.get_num_coordinates(wish.shape) if wish.shape is not None else 0
        if vertices > MOST_VERTICES:
            raise TooLarge(f"At most {MOST_VERTICES} vertices in one file.")
        proposal.wishes.append(wish)
        proposal.findings.extend(findings)
    return proposal


def _wish(place: int, feature: dict[str, Any], move: Move | None) -> tuple[Wish, list[Finding]]:
    """What a feature wishes, as far as it can be read, and what of it cannot."""
    findings: list[Finding] = []
    given = {name: value for name, value in (feature["properties"] or {}).items() if value is not None}
    try:
        read = WishSchema().load(given)
    except ValidationError as error:
        read = error.valid_data
        findings += [_unread(place, given, *flaw) for flaw in error.normalized_messages().items()]
    try:
        shape = read_geometry(_placed(feature["geometry"], move) if move else feature["geometry"])
    except ValueError as error:
        shape = None
        findings.append(Finding(place, _code(given), "bad_geometry", f"{error}."))
    code = read.get("code", "")
    community = read.get("community") or code[:12]
    return Wish(shape, **read | {"code": code, "community": community}, feature=place), findings


def _unread(place: int, given: dict[str, Any], name: str, messages: Any) -> Finding:
    kind = f"bad_{name}" if name in FIELDS else "bad_code" if name == "_schema" else "unknown_property"
    detail = " ".join(messages) if isinstance(messages, list) else "Not a list of codes."
    return Finding(place, _code(given), kind, detail if name == "_schema" else f"{name[:100]}: {detail}")


def _code(given: dict[str, Any]) -> str | None:
    code = given.get("code")
    return code[:30] if isinstance(code, str) else None


def _move(crs: str) -> Move | None:
    """How positions come to WGS-84, None where they are; raises Invalid for an unknown system."""
    system = SAME.get(crs, crs)
    if system in ("wgs84", "cgcs2000"):
        return None
    if system in SYSTEMS:
        return lambda x, y: to_wgs84(x, y, system)
    try:
        return _transformer(int(system.removeprefix("EPSG:"))).transform
    except (CRSError, ProjError):
        raise Invalid(
            errors={"crs": ["Not a system from which positions can be brought to WGS-84."]}
        ) from None


def _transformer(code: int) -> pyproj.Transformer:
    """CGCS2000 and its zones need no change of datum; for others a change must be known."""
    crs = pyproj.CRS.from_epsg(code)
    if not (crs.is_projected or crs.is_geographic) or len(crs.axis_info) != 2:
        raise CRSError("neither projected nor geographic")
    base = crs.geodetic_crs.to_epsg() if crs.geodetic_crs else None
    target = CGCS2000 if base == CGCS2000 else 4326
    return pyproj.Transformer.from_crs(crs, target, always_xy=True, allow_ballpark=False)


def _placed(geometry: Any, move: Move) -> Any:
    if not isinstance(geometry, dict) or "coordinates" not in geometry:
        return geometry
    return geometry | {"coordinates": _moved(geometry["coordinates"], move)}


def _moved(node: Any, move: Move) -> Any:
    """Nested lists of positions with every ring moved; what is no position stays as it is."""
    if not isinstance(node, list):
        return node
    if not node or not all(_is_position(each) for each in node):
        return [_moved(each, move) for each in node]
    x, y = move([float(each[0]) for each in node], [float(each[1]) for each in node])
    return [[float(lon), float(lat), *each[2:]] for lon, lat, each in zip(x, y, node, strict=True)]


def _is_position(node: Any) -> bool:
    return (
        isinstance(node, list)
        and len(node) in (2, 3)
        and all(type(number) is float or (type(number) is int and abs(number) < 1e15) for number in node)
    )
