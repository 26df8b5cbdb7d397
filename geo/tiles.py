"""Web-Mercator map tiles (XYZ, row 0 in the north)."""

from math import atan, degrees, pi, sinh

DEEPEST = 22


def is_tile(z: int, x: int, y: int) -> bool:
    """Whether there is such a tile."""
    return 0 <= z <= DEEPEST and 0 <= x < 1 << z and 0 <= y < 1 << z


def bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north of a tile, in degrees."""
    side = 1 << z
    return x * 360 / side - 180, _lat(y + 1, side), (x + 1) * 360 / side - 180, _lat(y, side)


def _lat(row: int, side: int) -> float:
    return degrees(atan(sinh(pi * (1 - 2 * row / side))))
