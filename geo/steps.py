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
PATCH = 4e-4  # degrees, each way
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
        """The boxes, each by a diagonal: it has the same bounds as the polygon, and is made sooner."""
        return shapely.linestrings(np.stack([self[2:4], self[4:6]]).transpose(2, 0, 1))

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
    long, parts = _long(steps)
    if not len(long):
        return steps
    every = np.ones(len(steps.walk), np.int64)
    every[long] = parts
    owner, part, parts = spread(every)
    whole, is_part = take(steps, owner), parts > 1
    low, high = (part / parts)[is_part], ((part + 1) / parts)[is_part]
    for column, piece in zip(whole, take(whole, is_part).between(low, high), strict=True):
        column[is_part] = piece
    return whole


def short_in_any_order(steps: Steps) -> Steps:
    """The same steps, those that were parted behind all others."""
    long, parts = _long(steps)
    if not len(long):
        return steps
    owner, part, parts = spread(parts)
    pieces = take(steps, long[owner]).between(part / parts, (part + 1) / parts)
    both = zip((np.delete(column, long) for column in steps), pieces, strict=True)
    return Steps(*(np.concatenate(columns) for columns in both))


def _long(steps: Steps) -> tuple[Ints, Ints]:
    """Which steps are longer than their radius is wide, and into how many parts each must be parted.

    Degrees are longest to the east where they are nearest to the equator, and to the north nearest to a pole:
    with these lengths most steps are short at once.
    """
    if not len(steps.walk):
        return steps.walk, steps.walk
    lat = (steps.lat + steps.lat_end) / 2
    east, north = degree_lengths(np.abs(lat).min())[0], degree_lengths(np.abs(lat).max())[1]
    at_most = _length(steps.lon_end - steps.lon, steps.lat_end - steps.lat, east, north) * WIDER
    long = np.flatnonzero(at_most > 2 * steps.radius_m)
    some = take(steps, long)
    length = _length(some.lon_end - some.lon, some.lat_end - some.lat, *degree_lengths(lat[long]))
    parts = np.ceil(length / (2 * some.radius_m)).astype(np.int64)
    return long[parts > 1], parts[parts > 1]


def _length(lon: Floats, lat: Floats, east: Any, north: Any) -> Any:
    return np.hypot(lon * east, lat * north)


def runs_of(steps: Steps) -> Runs:
    """Steps that follow each other in a walk, RUN at a time."""
    every = np.arange(len(steps.walk))
    begins = np.diff(steps.walk, prepend=-1) != 0
    return _runs(
        steps, np.flatnonzero((every - np.maximum.accumulate(np.where(begins, every, 0))) % RUN == 0)
    )


def patches_of(steps: Steps) -> tuple[Steps, Runs]:
    """The steps in another order, and runs of those whose middles lie in one PATCH."""
    lon = np.floor((steps.lon + steps.lon_end) / (2 * PATCH)).astype(np.int64)
    lat = np.floor((steps.lat + steps.lat_end) / (2 * PATCH)).astype(np.int64)
    patch = (lat << 32) + lon
    order = np.argsort(patch)
    patch, steps = patch[order], take(steps, order)
    return steps, _runs(steps, np.flatnonzero(np.append(True, patch[1:] != patch[:-1])))


def _runs(steps: Steps, first: Ints) -> Runs:
    """Runs that begin with these steps."""
    west = np.minimum.reduceat(np.minimum(steps.lon, steps.lon_end), first)
    south = np.minimum.reduceat(np.minimum(steps.lat, steps.lat_end), first)
    east = np.maximum.reduceat(np.maximum(steps.lon, steps.lon_end), first)
    north = np.maximum.reduceat(np.maximum(steps.lat, steps.lat_end), first)
    a_degree = degree_lengths(np.maximum(np.abs(south), np.abs(north)))
    wide, high = (WIDER * np.maximum.reduceat(steps.radius_m, first) / length for length in a_degree)
    length = np.diff(first, append=len(steps.walk))
    return Runs(first, length, west - wide, south - high, east + wide, north + high)
