"""The ground of the demonstration: towns, villages and pastures, divided into made-up grids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray
from shapely.geometry import Polygon

from geo.grids import lay_around, reading_order
from geo.plane import Plane
from service.demo import names, places
from service.demo.places import Place

GOLDEN = np.pi * (3 - np.sqrt(5))  # seeds turned by this angle fill a disc evenly
CITY = "city"  # the streets around a county's seat
GRIDS = {CITY: (8, 12), "community": (4, 8), "village": (2, 4), "herder_village": (1, 2)}
ACROSS = {  # m, a grid
    CITY: (210, 290),
    "community": (230, 320),
    "village": (230, 380),
    "herder_village": (6_000, 12_000),
}
APART = {"village": 6_000, "herder_village": 30_000}  # m from the township's centre, at most, to begin with


def hash_of(code: str) -> int:
    """A number that a code always has."""
    return int(code) * 2654435761 % 2**32


@dataclass
class GridPlan:
    """A grid as it is to be laid."""

    code: str
    name: str
    basis: str
    shape: Polygon


class Ground(NamedTuple):
    """Where areas lie, and the grids of the communities."""

    centres: dict[str, Place]
    grids: list[GridPlan]


class Patch(NamedTuple):
    """A piece of ground that one or several communities share, in metres around its own middle."""

    near: Place
    apart: float  # m from `near`, at most, to begin with
    counts: dict[str, int]  # community → grids
    outline: Polygon
    seeds: NDArray[np.float64]  # N × 2, one a grid

    @property
    def radius(self) -> float:
        """How far it reaches."""
        return float(np.hypot(*shapely.get_coordinates(self.outline).T).max())


class Taken:
    """The circles of ground that are given away, so that no two patches overlap."""

    def __init__(self) -> None:
        self.circles = np.empty((0, 3))  # lon, lat, m

    def find(self, patch: Patch, random: Generator) -> Place:
        """A free place for the patch, the nearer to where it belongs the better."""
        for attempt in range(1000):
            bearing = random.uniform(0, 2 * np.pi)
            away = (patch.apart or 2000 * min(attempt, 1)) * (0.25 + attempt / 40) * random.uniform(0.4, 1)
            place = patch.near.moved(away * np.sin(bearing), away * np.cos(bearing))
            if self._is_free(place, patch.radius):
                self.circles = np.vstack([self.circles, [place.lon, place.lat, patch.radius]])
                return place
        raise ValueError("there is no free ground")

    def _is_free(self, place: Place, radius: float) -> bool:
        lon, lat, other = self.circles.T
        apart = np.hypot(*Plane(place.lon, place.lat).to_metres(lon, lat))
        return bool((apart > 1.02 * (other + radius)).all())


def lay(areas: Sequence[Mapping[str, Any]], random: Generator) -> Ground:
    """Centres for all areas, and grids for all communities."""
    centres = places.seats()
    towns = [area["code"] for area in areas if area["level"] == "township"]
    centres |= places.townships([code for code in towns if not _is_street(code)], random)
    communities = [area for area in areas if area["level"] == "community"]
    named = {area["code"]: area["name"] for area in areas}
    pastoral = {area["code"] for area in communities if area["kind"] == "herder_village"}
    taken, grids = Taken(), []
    for patch in _patches(communities, centres, random):
        for code, cells in _divide(patch, taken.find(patch, random)).items():
            grids += _number(code, named[code], cells, "checkpoints" if code in pastoral else "area")
            centres[code] = _middle(cells)
    for street in filter(_is_street, towns):
        centres[street] = _middle([grid.shape for grid in grids if grid.code[:9] == street[:9]])
    return Ground({code: centres[code] for code in named}, sorted(grids, key=lambda grid: grid.code))


def _is_street(township: str) -> bool:
    return township[6] == "0"


def _patches(
    communities: Sequence[Mapping[str, Any]], centres: Mapping[str, Place], random: Generator
) -> list[Patch]:
    """The largest first: cities, then towns, then villages, then pastures where there is room left."""
    shared: dict[tuple[str, str], list[str]] = {}
    for area in communities:
        town, kind = area["parent_code"], area["kind"]
        if _is_street(town):
            town, kind = town[:6] + "000000", CITY if kind == "community" else kind
        alone = kind in APART
        kind = kind if alone or kind == CITY else "community"
        shared.setdefault((kind, area["code"] if alone else town), []).append(area["code"])
    order = list(ACROSS)
    patches = []
    for (kind, at), codes in sorted(shared.items(), key=lambda item: order.index(item[0][0])):
        town = at if kind not in APART else at[:9] + "000"
        near = centres[town[:6] + "000000" if _is_street(town) else town]
        patch = _patch(near, kind, codes, random)
        if kind == "village" and town in places.FOOTHILLS:
            patch = patch._replace(near=Place(*places.FOOTHILLS[town]), apart=1_200)
        patches.append(patch)
    return patches


def _patch(near: Place, kind: str, codes: Sequence[str], random: Generator) -> Patch:
    low, high = GRIDS[kind]
    counts = {code: int(random.integers(low, high + 1)) for code in codes}
    total = sum(counts.values())
    radius = random.uniform(*ACROSS[kind]) * np.sqrt(total / np.pi)
    stretch, turn, wave = random.uniform(1, 1.3), random.uniform(0, np.pi), random.uniform(0, 2 * np.pi)
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    edge = radius * (1 + 0.05 * np.sin(3 * angle + wave) + 0.03 * np.sin(5 * angle + wave))
    number = np.arange(total)
    away = 0.94 * radius * np.sqrt((number + 0.5) / total)
    seeds = _around(away, GOLDEN * number) + random.uniform(-0.16, 0.16, (total, 2)) * radius / np.sqrt(total)
    shape = np.array([[stretch, 0], [0, 1 / stretch]]) @ _turn(turn)
    return Patch(near, APART.get(kind, 0), counts, Polygon(_around(edge, angle) @ shape), seeds @ shape)


def _around(away: Any, angle: Any) -> NDArray[np.float64]:
    return np.column_stack([away * np.cos(angle), away * np.sin(angle)])


def _turn(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _divide(patch: Patch, place: Place) -> dict[str, list[Polygon]]:
    """The grids of each community of a patch that lies at a place."""
    plane = Plane(place.lon, place.lat)
    seeds = np.column_stack(plane.to_degrees(*patch.seeds.T))
    cells = lay_around(plane.unflatten(patch.outline), [(float(lon), float(lat)) for lon, lat in seeds])
    by_town: dict[str, dict[str, int]] = {}
    for code, count in patch.counts.items():
        by_town.setdefault(code[:9], {})[code] = count
    towns = _share_out(cells, {town: sum(counts.values()) for town, counts in by_town.items()})
    return {
        code: own for town, part in towns.items() for code, own in _share_out(part, by_town[town]).items()
    }


def _share_out(cells: Sequence[Polygon], counts: Mapping[str, int]) -> dict[str, list[Polygon]]:
    """Compact pieces of so many cells each: halved again and again, across the longer side."""
    if len(counts) == 1:
        return {next(iter(counts)): list(cells)}
    keys, summed = list(counts), np.cumsum(list(counts.values()))
    half = int(np.argmin(np.abs(summed[:-1] - summed[-1] / 2))) + 1
    at = np.array([cell.centroid.coords[0] for cell in cells])
    width, height = np.ptp(at, axis=0) * [np.cos(np.radians(at[0, 1])), 1]
    order = np.argsort(at[:, 0] if width > height else -at[:, 1], kind="stable")
    first, rest = order[: summed[half - 1]], order[summed[half - 1] :]
    return _share_out([cells[i] for i in first], {key: counts[key] for key in keys[:half]}) | _share_out(
        [cells[i] for i in rest], {key: counts[key] for key in keys[half:]}
    )


def _number(code: str, community: str, cells: Sequence[Polygon], basis: str) -> list[GridPlan]:
    ordered = [cells[position] for position in reading_order(cells)]
    return [
        GridPlan(f"{code}{number:03}", names.grid(community, number), basis, cell)
        for number, cell in enumerate(ordered, 1)
    ]


def _middle(cells: Sequence[Polygon]) -> Place:
    lon, lat = shapely.union_all(cells).centroid.coords[0]
    return Place(lon, lat)
