"""Ways that a patrol may take through a grid: along its streets, or from camp to camp. All in metres."""

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from geo.tracks import SIGHT

Way = NDArray[np.float64]  # N × 2, the turning points

SPACING = 1.8  # of the sight to each side: how far apart streets are
ASIDE = 5.0  # m more than the sight: how far streets stay from the border


def along_streets(grid: BaseGeometry, mode: str, share: float, angle: float, random: Generator) -> Way:
    """Around a town's grid, then up and down its streets; or only through the first `share` of them."""
    upright = affinity.rotate(grid, -angle, origin=(0, 0), use_radians=True)
    ground = upright.buffer(-min(SIGHT[mode] + ASIDE, 0.35 * np.sqrt(upright.area)))
    if ground.is_empty:
        ground = upright.centroid.buffer(10)
    west, south, east, north = ground.bounds
    streets = max(2, math.ceil((north - south) / (SPACING * SIGHT[mode])))
    middles = (np.arange(streets) + random.uniform(0.4, 0.6, streets)) / streets
    walked = middles[: max(1, round(share * streets))]
    legs = [_leg(ground, west, east, south + middle * (north - south)) for middle in walked]
    around = [shapely.get_coordinates(ground.exterior.simplify(8))] if share == 1 else []
    way = np.vstack([*around, *(leg[::-1] if number % 2 else leg for number, leg in enumerate(legs))])
    return way @ _turn(angle)


def _leg(ground: BaseGeometry, west: float, east: float, y: float) -> Way:
    street = shapely.intersection(ground, shapely.LineString([(west - 1, y), (east + 1, y)]))
    return shapely.get_coordinates(street)[[0, -1]]


def visiting(stops: Sequence[tuple[float, float]]) -> Way:
    """From the first stop to the next, always to the nearest that is left."""
    way, left = [stops[0]], list(stops[1:])
    while left:
        nearest = min(left, key=lambda stop: math.dist(stop, way[-1]))
        left.remove(nearest)
        way.append(nearest)
    return np.array(way)


def lasting(way: Way, least_m: float) -> Way:
    """The way, walked to and fro until it is long enough."""
    to_and_fro = way
    while 0 < length(to_and_fro) < least_m:
        way = way[::-1]
        to_and_fro = np.vstack([to_and_fro, way])
    return to_and_fro


def length(way: Way) -> float:
    """How long a way is."""
    return float(np.hypot(*np.diff(way, axis=0).T).sum())


def _turn(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
