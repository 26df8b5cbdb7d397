"""Made-up ground: towns tiled by grids, and people who walk there. Seeded, so always the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
import shapely
from geoalchemy2.shape import from_shape
from numpy.random import Generator
from shapely import MultiPolygon, Polygon
from sqlalchemy import insert

from geo.cells import cells_of, pack_cells
from geo.plane import Floats, Plane, area_m2
from geo.spread import Ints
from geo.tracks import Fixes
from service.areas import tree
from service.areas.actions import load_tree
from service.areas.models import Grid, GridRevision
from service.db import session, transaction, uuid7
from service.members.models import Consent, Member
from service.patrols import actions as patrols
from service.patrols.facts import TrackFact
from service.patrols.models import Patrol

SEED = 20261124
DAY = datetime(2026, 6, 1, tzinfo=UTC)
TOWNS = {  # a community of each county, and about where its seat lies: lon, lat
    "632801": (94.90, 36.41),
    "632802": (97.37, 37.37),
    "632803": (90.86, 38.25),
    "632821": (98.48, 36.93),
    "632822": (98.09, 36.30),
    "632823": (99.02, 37.30),
    "632857": (95.36, 37.85),
}
ACROSS = 266.0  # m, a grid
EDGE = 22.0  # m between the vertices of a border
EVERY = 30  # s between two fixes
FIXES = 240  # on each patrol
PACE = 1.2  # m/s
NOISE = 3.0  # m


class Size(NamedTuple):
    """How much of everything."""

    grids: int
    patrols: int
    sparse: int  # patrols of a quiet day
    requests: int  # uploads of each kind
    points: int  # to find grids for


FULL = Size(1500, 3000, 300, 300, 1_000_000)
QUICK = Size(140, 70, 14, 20, 20_000)


class Town(NamedTuple):
    """Grids in WGS-84 that tile a round place."""

    code: str  # of its community
    plane: Plane
    radius_m: float
    grids: list[Polygon]


class Walks(NamedTuple):
    """N patrols of FIXES fixes each, N × FIXES; `town` says in which town each one is."""

    town: Ints
    at: Ints  # unix ms
    lon: Floats
    lat: Floats

    def fixes(self) -> Iterator[Fixes]:
        """Each patrol's fixes."""
        for at, lon, lat in zip(self.at, self.lon, self.lat, strict=True):
            yield Fixes(at, lon, lat, np.full(len(at), 5.0), np.zeros(len(at), bool))


def towns(size: Size) -> list[Town]:
    """The towns, with about so many grids in all."""
    chance = np.random.default_rng(SEED)
    codes = {area["code"][:6]: area["code"] for area in tree.areas() if area["level"] == "community"}
    return [
        _town(chance, codes[county], Plane(*place), size.grids // len(TOWNS))
        for county, place in TOWNS.items()
    ]


def _town(chance: Generator, code: str, plane: Plane, count: int) -> Town:
    """A Voronoi diagram of a jittered lattice; its borders are bent by the same waves on both sides."""
    radius = ACROSS * np.sqrt(count / np.pi)
    steps = np.arange(-radius * 1.5, radius * 1.5, ACROSS)
    seeds = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    seeds = seeds + chance.uniform(-0.35, 0.35, seeds.shape) * ACROSS
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds)))
    near = np.hypot(*shapely.get_coordinates(shapely.centroid(cells)).T) < radius
    fine = shapely.segmentize(cells[near], EDGE)
    bent = shapely.transform(fine, lambda at: at + 8 * np.sin(at[:, ::-1] / 40))
    grids = [plane.unflatten(shapely.set_precision(cell, 0.001)) for cell in bent]
    return Town(code, plane, float(radius), grids)


def walk(towns: list[Town], count: int, begin: datetime = DAY, seed: int = SEED) -> Walks:
    """People who wander through their towns for two hours, between 6 and 22 o'clock."""
    chance = np.random.default_rng(seed)
    town = np.arange(count) % len(towns)
    radius = np.array([each.radius_m for each in towns])[town]
    x, y = _wander(chance, radius)
    lon, lat = np.empty_like(x), np.empty_like(y)
    for here, each in enumerate(towns):
        lon[town == here], lat[town == here] = each.plane.to_degrees(x[town == here], y[town == here])
    start = round((begin + timedelta(hours=6)).timestamp() * 1000) + chance.integers(0, 14 * 3_600_000, count)
    return Walks(town, start[:, None] + np.arange(FIXES) * EVERY * 1000, lon, lat)


def _wander(chance: Generator, radius: Floats) -> tuple[Floats, Floats]:
    """Steps with a heading that drifts, and turns back at the edge of the town; metres, N × FIXES."""
    count = len(radius)
    way = np.empty((2, count, FIXES))
    far, heading = radius * np.sqrt(chance.random(count)), chance.uniform(0, 2 * np.pi, count)
    at = far * np.array([np.cos(heading), np.sin(heading)])
    for step in range(FIXES):
        way[:, :, step] = at
        outside = np.hypot(*at) > radius
        heading = heading + chance.normal(0, 0.4, count)
        heading[outside] = np.arctan2(-at[1], -at[0])[outside]
        at = at + PACE * EVERY * np.array([np.cos(heading), np.sin(heading)])
    x, y = way + chance.normal(0, NOISE, way.shape)
    return x, y


def lay(towns: list[Town]) -> list[UUID]:
    """Store the grids, and a member in each town who consents to tracks; gives the members' ids."""
    members = [uuid7() for _ in towns]
    with transaction():
        load_tree()
        for town, member in zip(towns, members, strict=True):
            person = {"id": member, "code": f"bench-{town.code}", "name": "巴图", "area_code": town.code}
            session.execute(insert(Member), [person])
            consent = {"member_id": member, "kind": "track", "text_id": "track-1", "given_at": DAY}
            session.add(Consent(id=uuid7(), **consent))
            session.execute(insert(Grid), _grids(town, _revision(town.code)))
    return members


def _revision(code: str) -> UUID:
    revision = GridRevision(id=uuid7(), number=int(code[:6]), status="approved", area_code=code)
    revision.features, revision.retires, revision.report = [], [], {}
    session.add(revision)
    session.flush()
    return revision.id


def _grids(town: Town, revision: UUID) -> list[dict[str, object]]:
    return [
        {
            "code": f"{town.code}{number:03}",
            "community_code": town.code,
            "name": f"网格{number}",
            "shape": from_shape(MultiPolygon([shape]), 4326),
            "area_m2": area_m2(shape),
            "since": datetime(2020, 1, 1, tzinfo=UTC),
            "revision_id": revision,
            "cells": pack_cells(cells_of(shape)),
        }
        for number, shape in enumerate(town.grids, 1)
    ]


def _time(unix_ms: int) -> datetime:
    return datetime.fromtimestamp(int(unix_ms) / 1000, UTC)


def store(walks: Walks, members: list[UUID]) -> list[UUID]:
    """Store what was walked as patrols and their fixes; gives the patrols' ids."""
    ids = [uuid7() for _ in walks.town]
    rows = [
        {"id": id, "member_id": members[town], "first_at": _time(fixes.at[0]), "last_at": _time(fixes.at[-1])}
        for id, town, fixes in zip(ids, walks.town, walks.fixes(), strict=True)
    ]
    unknown = np.full(FIXES, np.nan)
    facts = [
        TrackFact(uuid7(), id, DAY, fixes, fixes.at, unknown, unknown, unknown)
        for id, fixes in zip(ids, walks.fixes(), strict=True)
    ]
    with transaction():
        patrols.make_partitions(DAY.date(), 2)
        session.execute(insert(Patrol), rows)
        for start in range(0, len(facts), 500):
            patrols.keep_tracks(facts[start : start + 500])
    return ids
