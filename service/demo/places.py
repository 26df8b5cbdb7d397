"""Where the areas of the demonstration lie: known settlements, and made-up places around them.

Settlements © GeoNames (geonames.org), CC BY 4.0; see data/README.md.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from geo.plane import Plane

SETTLEMENTS = Path(__file__).parent / "data" / "settlements.geojson"
PREFECTURE = "632800000000"
DELINGHA = 1281378  # the prefecture's seat, by its GeoNames id
SEATS = {
    "632801": 1281184,
    "632802": DELINGHA,
    "632803": 1281003,
    "632821": 1279693,
    "632822": 1280295,
    "632823": 1279694,
    "632857": 1281415,
}
TOWNS = {"632822100": 1280295, "632857100": 1281415}  # seats whose township the source does not name
FOOTHILLS = {"632802002000": (97.43, 37.449)}  # Baishu Shan, where the villages of a town's street lie
FAR_OFF = {"632801101": (92.44, 34.22)}  # Tanggula lies apart from the rest of Golmud


class Place(NamedTuple):
    """A position, and whether it was made up."""

    lon: float
    lat: float
    is_synthetic: bool = True

    def moved(self, east: float, north: float) -> "Place":
        """A made-up place so many metres away."""
        lon, lat = Plane(self.lon, self.lat).to_degrees(east, north)
        return Place(float(lon), float(lat))


def settlements() -> list[dict[str, Any]]:
    """The known settlements as GeoJSON features."""
    return json.loads(SETTLEMENTS.read_text(encoding="utf-8"))["features"]


def seats() -> dict[str, Place]:
    """The prefecture's and each county's seat, by 12-digit code."""
    known = {each["properties"]["geonameid"]: _place(each) for each in settlements()}
    found = {county + "000000": known[id] for county, id in SEATS.items()}
    return {PREFECTURE: known[DELINGHA]} | found


def townships(codes: Iterable[str], random: Generator) -> dict[str, Place]:
    """The centre of each township that is no part of its county's seat, by 12-digit code."""
    known = {each["properties"]["geonameid"]: _place(each) for each in settlements()}
    named = {each["properties"]["township_code9"]: _place(each) for each in settlements()}
    named |= {code: known[id] for code, id in TOWNS.items()}
    named |= {code: Place(*at) for code, at in FAR_OFF.items()}
    around = seats()
    return {
        code: named.get(code[:9]) or _somewhere_near(around[code[:6] + "000000"], random) for code in codes
    }


def _place(feature: dict[str, Any]) -> Place:
    lon, lat = feature["geometry"]["coordinates"]
    return Place(lon, lat, is_synthetic=False)


def _somewhere_near(seat: Place, random: Generator) -> Place:
    bearing, away = random.uniform(0, 2 * np.pi), random.uniform(15_000, 40_000)  # m
    return seat.moved(away * np.sin(bearing), away * np.cos(bearing))
