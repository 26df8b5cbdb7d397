"""Walks as steps from fix to fix, and runs of a few steps that are looked up together."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.plane import Floats, degree_lengths
from geo.spread import Ints, cut, spread, take
from geo.tracks import Fixes

RUN = 8  # steps
WIDER = 1.001  # than the radius are boxes in degrees, because a degree is shorter at their northern edge


class Steps(NamedTuple):
    """N steps, those of a walk one after the other."""

    start: Ints  # unix ms
    end: Ints
    lon: Floats
    lat: Floats
    lon_end: Floats
    lat_end: Floats
    walk: Ints
    radius_m: Floats

    def between(self, low: Floats, high: Floats) -> "Steps":
        """The part of each from one fraction of it to another."""
        start, end, lon, lat, lon_end, lat_end, walk, radius_m = self
        lasts, east, north = end - start, lon_end - lon, lat_end - lat
        begin, finish = start + (lasts * low).astype(np.int64), start + (lasts * high).astype(np.int64)
        ends = lon + east * low, lat + north * low, lon + east * high, lat + north * high
        return Steps(begin, finish, *ends, walk, radius_m)


class Runs(NamedTuple):
    """Of every run the first step, how many there are, and the box of all that they show."""

    first: Ints
    length: Ints
    west: Floats
    south: Floats
    east: Floats
    north: Floats

    def boxes(self) -> NDArray[np.object_]:
        """The boxes as polygons."""
        return shapely.box(*self[2:])

    def steps(self, which: Ints) -> tuple[Ints, Ints]:
        """The steps of some runs, and of the how manieth of these each is."""
        owner, offset, _ = spread(self.length[which])
        return self.first[which][owner] + offset, owner


def steps_of(walked: Sequence[Fixes], radii_m: Any) -> Steps:
    """From fix to fix, with the radius of each walk; a walk of one fix is a step on the spot."""
    walk = np.repeat(np.arange(len(walked)), [len(fixes.at) for fixes in walked])
    at, lon, lat = (np.concatenate([fixes[axis] for fixes in walked]) for axis in range(3))
    return steps_along(at, lon, lat, walk, np.broadcast_to(np.asarray(radii_m, float), len(walked))[walk])


def steps_along(at: Ints, lon: Floats, lat: Floats, walk: Ints, radius_m: Floats) -> Steps:
    """The same from N fixes in order of walk and time, each with its walk and radius."""
    goes_on = np.append(walk[1:] == walk[:-1], False)
    is_first = np.append(True, walk[1:] != walk[:-1])
    start = np.flatnonzero(goes_on | is_first)
    end = start + goes_on[start]
    ends = lon[start], lat[start], lon[end], lat[end]
    return Steps(at[start], at[end], *ends, walk[start], radius_m[start])


def hourly(steps: Steps, turns: Ints) -> Steps:
    """Parted at whole hours, and where grids change."""
    owner, begin, finish = cut(steps.start, steps.end, turns)
    whole = take(steps, owner)
    lasts = np.maximum(whole.end - whole.start, 1)
    high = np.where(finish == whole.end, 1.0, (finish - whole.start) / lasts)
    return whole.between((begin - whole.start) / lasts, high)._replace(start=begin, end=finish)


def cut_at(steps: Steps, turns: Ints) -> Steps:
    """Steps inside which grids change, parted; the others as they are."""
    passes = np.searchsorted(turns, steps.end) > np.searchsorted(turns, steps.start, "right")
    if not passes.any():
        return steps
    parts = zip(take(steps, ~passes), hourly(take(steps, passes), turns), strict=True)
    both = Steps(*(np.concatenate(part) for part in parts))
    return take(both, np.argsort(both.walk, kind="stable"))


def short(steps: Steps) -> Steps:
    """Parted evenly, so that no step is longer than its radius is wide."""
    east, north = degree_lengths((steps.lat + steps.lat_end) / 2)
    length = np.hypot((steps.lon_end - steps.lon) * east, (steps.lat_end - steps.lat) * north)
    parts = np.maximum(np.ceil(length / (2 * steps.radius_m)), 1).astype(np.int64)
    if (parts == 1).all():
        return steps
    owner, part, parts = spread(parts)
    whole, long = take(steps, owner), parts > 1
    low, high = (part / parts)[long], ((part + 1) / parts)[long]
    for column, piece in zip(whole, take(whole, long).between(low, high), strict=True):
        column[long] = piece
    return whole


def runs_of(steps: Steps) -> Runs:
    """Steps that follow each other in a walk, RUN at a time."""
    every = np.arange(len(steps.walk))
    begins = np.diff(steps.walk, prepend=-1) != 0
    first = np.flatnonzero((every - np.maximum.accumulate(np.where(begins, every, 0))) % RUN == 0)
    east, north = degree_lengths(np.maximum(np.abs(steps.lat), np.abs(steps.lat_end)))
    wide, high = WIDER * steps.radius_m / east, WIDER * steps.radius_m / north
    return Runs(
        first,
        np.diff(first, append=len(every)),
        np.minimum.reduceat(np.minimum(steps.lon, steps.lon_end) - wide, first),
        np.minimum.reduceat(np.minimum(steps.lat, steps.lat_end) - high, first),
        np.maximum.reduceat(np.maximum(steps.lon, steps.lon_end) + wide, first),
        np.maximum.reduceat(np.maximum(steps.lat, steps.lat_end) + high, first),
    )
