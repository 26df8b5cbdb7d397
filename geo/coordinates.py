"""Chinese map datums: GCJ-02 (Amap, Tencent) and BD-09 (Baidu) to and from WGS-84, on arrays of degrees.

GCJ-02 has no official specification; the formula is the one of github.com/googollee/eviltransform.
"""

from typing import Any

import numpy as np

from geo.plane import Floats

Place = tuple[Floats, Floats]  # lon, lat

KRASOVSKY_AXIS = 6378245.0  # m
KRASOVSKY_ECCENTRICITY_2 = 0.00669342162296594323
CHINA = (72.004, 0.8293, 137.8347, 55.8271)  # degrees: west, south, east, north; nothing is shifted outside
BAIDU_WAVE = np.pi * 3000 / 180
BAIDU_EAST, BAIDU_NORTH = 0.0065, 0.006  # degrees
ROUNDS = 5  # three bring GCJ-02 to 0.02 mm, four bring BD-09 to 1 µm

SHIFTED = ("gcj02", "bd09")
PLAIN = ("wgs84", "cgcs2000")


def to_wgs84(lon: Any, lat: Any, crs: str) -> Place:
    """Positions in WGS-84, from wgs84, cgcs2000 (the same to a phone), gcj02 or bd09; else ValueError."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    if crs in PLAIN:
        return lon, lat
    if crs not in SHIFTED:
        raise ValueError(f"unknown coordinate system {crs!r}")
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat)) if crs == "bd09" else gcj02_to_wgs84(lon, lat)


def wgs84_to_gcj02(lon: Any, lat: Any) -> Place:
    """Shifted positions; by the published rule those outside a rectangle around China stay as they are."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    east, north = _shift(lon, lat)
    inside = _in_china(lon, lat)
    return np.where(inside, lon + east, lon), np.where(inside, lat + north, lat)


def gcj02_to_wgs84(lon: Any, lat: Any) -> Place:
    """The positions whose shift leads here, to less than a millimetre."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    inside = _in_china(lon, lat)
    true_lon, true_lat = lon, lat
    for _ in range(ROUNDS):
        east, north = _shift(true_lon, true_lat)
        true_lon, true_lat = np.where(inside, lon - east, lon), np.where(inside, lat - north, lat)
    return true_lon, true_lat


def gcj02_to_bd09(lon: Any, lat: Any) -> Place:
    """Baidu's positions, everywhere in the world."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * BAIDU_WAVE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * BAIDU_WAVE)
    return radius * np.cos(angle) + BAIDU_EAST, radius * np.sin(angle) + BAIDU_NORTH


def bd09_to_gcj02(lon: Any, lat: Any) -> Place:
    """The positions that Baidu shifts to here, to less than a millimetre."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    true_lon, true_lat = lon - BAIDU_EAST, lat - BAIDU_NORTH
    for _ in range(ROUNDS):
        there_lon, there_lat = gcj02_to_bd09(true_lon, true_lat)
        true_lon, true_lat = true_lon + lon - there_lon, true_lat + lat - there_lat
    return true_lon, true_lat


def _in_china(lon: Floats, lat: Floats) -> Any:
    west, south, east, north = CHINA
    return (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)


def _shift(lon: Floats, lat: Floats) -> Place:
    """Degrees by which GCJ-02 moves a place: a polynomial and waves in metres around 105° E 35° N."""
    x, y = lon - 105, lat - 35
    root = np.sqrt(np.abs(x))
    ripple = _waves(x, (20, 6), (20, 2))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east = east + ripple + _waves(x, (20, 1), (40, 1 / 3)) + _waves(x, (150, 1 / 12), (300, 1 / 30))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north = north + ripple + _waves(y, (20, 1), (40, 1 / 3)) + _waves(y, (160, 1 / 12), (320, 1 / 30))
    flat = 1 - KRASOVSKY_ECCENTRICITY_2 * np.sin(np.radians(lat)) ** 2
    prime_vertical = KRASOVSKY_AXIS / np.sqrt(flat)
    meridional = prime_vertical * (1 - KRASOVSKY_ECCENTRICITY_2) / flat
    return np.degrees(east / (prime_vertical * np.cos(np.radians(lat)))), np.degrees(north / meridional)


def _waves(at: Floats, *waves: tuple[float, float]) -> Any:
    return sum(height * np.sin(at * np.pi * pitch) for height, pitch in waves) * 2 / 3
