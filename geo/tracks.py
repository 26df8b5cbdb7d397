"""What a track proves: which fixes can be believed, and where the phone fell silent."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.plane import ECCENTRICITY_2, SEMI_MAJOR, Floats
from geo.spread import Ints, take

Mask = NDArray[np.bool_]

Table = Mapping[str, float]

SPEED: Table = MappingProxyType({"foot": 7, "bicycle": 15, "horse": 20, "car": 45})  # m/s, at most
SIGHT: Table = MappingProxyType({"foot": 25, "bicycle": 40, "horse": 40, "car": 60})  # m to each side
ACCURATE = 50.0  # m, worse fixes show nobody's way
SILENCE = 300  # s without a usable fix ends a walk
LOOKBACK = 256  # fixes, and ends of runs, that a chain may reach back over
MARKS = ("inaccurate", "mock", "implausible_speed")


class Fixes(NamedTuple):
    """Positions of one phone: arrays of equal length N."""

    at: Ints  # unix ms
    lon: Floats
    lat: Floats
    accuracy_m: Floats  # NaN and 0 mean unknown
    mock: Mask


def joined(one: Fixes, other: Fixes) -> Fixes:
    """Both, one after the other."""
    return Fixes(*(np.concatenate(columns) for columns in zip(one, other, strict=True)))


def ordered(fixes: Fixes) -> Fixes:
    """The fixes as a set: sorted by time and all else, identical ones once; arrival order leaves no trace."""
    order = np.lexsort(fixes[::-1])
    if len(order) < 2:
        return take(fixes, order)
    kept = take(fixes, order)
    repeats = np.logical_and.reduce([same(column[1:], column[:-1]) for column in kept])
    return take(kept, np.r_[True, ~repeats])


def usable(fixes: Fixes, mode: str) -> Mask:
    """Which of N ordered fixes count for coverage: not inaccurate, not mock, no impossible leap.

    Of fixes that contradict each other, those of the longest chain of possible leaps are believed; among
    chains of one length the more accurate, then the earlier. A leap spans at most LOOKBACK fixes or runs.
    """
    believable = accurate(fixes) & ~fixes.mock & placed(fixes)
    chain = np.flatnonzero(believable)
    believable[chain] = _longest_chain(_leaps(take(fixes, chain), mode))
    return believable


def accurate(fixes: Fixes) -> Mask:
    """Whether each fix is good to ACCURATE metres, or at least does not say otherwise."""
    return ~(fixes.accuracy_m > ACCURATE)


def placed(fixes: Fixes) -> Mask:
    """Whether each fix has a position at all."""
    return np.isfinite(fixes.lon) & np.isfinite(fixes.lat)


def reachable(known: Fixes, fixes: Fixes, mode: str) -> Mask:
    """Whether each of N fixes can be reached from, and left for, the believed ones around it in time."""
    count = len(known.at)
    if not count:
        return np.ones(len(fixes.at), bool)
    after = np.searchsorted(known.at, fixes.at)
    leaps = _leaps(joined(known, fixes), mode)
    here = count + np.arange(len(fixes.at))
    comes = leaps.possible(np.maximum(after - 1, 0), here)
    return comes & leaps.possible(here, np.minimum(after, count - 1))


def marks(fixes: Fixes, mode: str) -> list[tuple[str, ...]]:
    """For each of N ordered fixes the words of MARKS that say what is doubtful about it."""
    mask = usable(fixes, mode)
    implausible = ~mask & ~reachable(take(fixes, mask), fixes, mode)
    doubts = zip(~accurate(fixes), fixes.mock, implausible, strict=True)
    return [tuple(word for word, doubt in zip(MARKS, row, strict=True) if doubt) for row in doubts]


def walks(at: Ints, mask: Mask) -> list[Ints]:
    """Positions of the usable fixes, parted wherever the phone was silent for more than SILENCE."""
    believed = np.flatnonzero(mask)
    if not len(believed):
        return []
    return np.split(believed, np.flatnonzero(np.diff(at[believed]) > SILENCE * 1000) + 1)


class _Leaps(NamedTuple):
    at: Ints
    place: Floats  # N × 3, metres from the centre of the earth
    slack: Floats  # m, how far off a fix may be
    speed: float | Floats  # m/s, of all, or of each that is asked about

    def possible(self, one: Ints, other: Ints) -> Mask:
        """Whether somebody at this speed can have been at both, each as inaccurate as it says."""
        apart = np.sqrt(np.square(self.place[one] - self.place[other]).sum(axis=-1))
        seconds = np.abs(self.at[other] - self.at[one]) / 1000
        return apart - self.slack[one] - self.slack[other] <= self.speed * seconds


def _leaps(fixes: Fixes, mode: str) -> _Leaps:
    return _at_speed(fixes, SPEED[mode])


def _at_speed(fixes: Fixes, speed: float | Floats) -> _Leaps:
    slack = np.where(np.isnan(fixes.accuracy_m) | (fixes.accuracy_m <= 0), ACCURATE, fixes.accuracy_m)
    return _Leaps(fixes.at, _from_centre(fixes.lon, fixes.lat), slack, speed)


def reaches(fixes: Fixes, one: Ints, other: Ints, speed: Floats) -> Mask:
    """Whether somebody at such a speed (m/s, for each pair) can have been at both fixes of each pair."""
    count = np.arange(len(one))
    ends = joined(take(fixes, one), take(fixes, other))
    return _at_speed(ends, speed).possible(count, len(one) + count)


def _from_centre(lon: Floats, lat: Floats) -> Floats:
    east, north = np.radians(lon), np.radians(lat)
    vertical = SEMI_MAJOR / np.sqrt(1 - ECCENTRICITY_2 * np.sin(north) ** 2)
    across = vertical * np.cos(north)
    up = vertical * (1 - ECCENTRICITY_2) * np.sin(north)
    return np.column_stack([across * np.cos(east), across * np.sin(east), up])


def _longest_chain(leaps: _Leaps) -> Mask:
    count = len(leaps.at)
    linked = leaps.possible(np.arange(count - 1), np.arange(1, count)) if count else np.zeros(0, bool)
    if linked.all():
        return np.ones(count, bool)
    score, back = _chains(leaps, linked)
    chosen = np.zeros(count, bool)
    link = int(np.argmax(score))
    while link >= 0:
        chosen[link] = True
        link = back[link]
    return chosen


def _chains(leaps: _Leaps, linked: Mask) -> tuple[Floats, list[int]]:
    """For each fix the length of the best chain that ends there, and the fix before it there or -1."""
    score = 1 - leaps.slack * 1e-9
    back: list[int] = []
    ends: list[int] = []
    longest = 0.0
    for now in range(len(score)):
        if now and linked[now - 1] and score[now - 1] == longest:
            back.append(now - 1)
        else:
            back.append(_best_before(now, leaps, score, ends[-LOOKBACK:]))
        score[now] += score[back[now]] if back[now] >= 0 else 0
        longest = max(longest, score[now])
        if now < len(linked) and not linked[now]:
            ends.append(now)
    return score, back


def _best_before(now: int, leaps: _Leaps, score: Floats, ends: list[int]) -> int:
    earlier = np.array([*ends, *range(max(0, now - LOOKBACK), now)], np.int64)
    earlier = earlier[leaps.possible(earlier, np.array(now))]
    return int(earlier[np.argmax(score[earlier])]) if len(earlier) else -1


def same(one: NDArray[Any], other: NDArray[Any]) -> Mask:
    """Where two columns have the same value, or both have none."""
    return (one == other) | ((one != one) & (other != other))
