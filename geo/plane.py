"""A flat metric plane around a place: degrees of WGS-84 in, metres east and north out."""

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]

SEMI_MAJOR = 6378137.0  # m, WGS-84 (NIMA TR8350.2)
FLATTENING = 1 / 298.257223563
ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING)
ELLIPSOID = Geod(ellps="WGS84")


class Plane(NamedTuple):
    """An equirectangular plane, true at its origin; 10 km from it the scale errs by less than 0.2 %."""

    lon0: float
    lat0: float

    def to_metres(self, lon: Any, lat: Any) -> tuple[Floats, Floats]:
        """Metres east and north of the origin, for arrays of degrees of any shape."""
        east, north = degree_lengths(self.lat0)
        return (np.asarray(lon, float) - self.lon0) * east, (np.asarray(lat, float) - self.lat0) * north

    def to_degrees(self, x: Any, y: Any) -> tuple[Floats, Floats]:
        """Longitude and latitude, for arrays of metres of any shape."""
        east, north = degree_lengths(self.lat0)
        return np.asarray(x, float) / east + self.lon0, np.asarray(y, float) / north + self.lat0

    def flatten(self, geometry: BaseGeometry) -> BaseGeometry:
        """The same geometry in metres."""
        return shapely.transform(geometry, lambda at: np.column_stack(self.to_metres(at[:, 0], at[:, 1])))

    def unflatten(self, geometry: BaseGeometry) -> BaseGeometry:
        """The same geometry in degrees."""
        return shapely.transform(geometry, lambda at: np.column_stack(self.to_degrees(at[:, 0], at[:, 1])))


def degree_lengths(lat: Any) -> tuple[Any, Any]:
    """Metres in a degree of longitude and of latitude, at a latitude (Snyder 1987, eq. 4-20 and 4-18)."""
    sine = np.sin(np.radians(lat))
    flat = 1 - ECCENTRICITY_2 * sine * sine
    prime_vertical = SEMI_MAJOR / np.sqrt(flat)
    meridional = prime_vertical * (1 - ECCENTRICITY_2) / flat
    return np.radians(prime_vertical * np.cos(np.radians(lat))), np.radians(meridional)


def plane_at(geometry: BaseGeometry) -> Plane:
    """The plane whose origin is the centre of the geometry's bounds."""
    west, south, east, north = geometry.bounds
    return Plane((west + east) / 2, (south + north) / 2)


def area_m2(geometry: BaseGeometry) -> float:
    """Geodesic area of a Polygon or MultiPolygon without its holes, in m²; ring direction does not matter."""
    return abs(ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(geometry))[0])
