"""Chinese datums against published vectors, independent implementations and themselves."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.coordinates import (
    bd09_to_gcj02,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    to_wgs84,
    wgs84_to_gcj02,
)

LON, LAT = st.floats(74, 135), st.floats(4, 53)


def apart(one: tuple, other: tuple) -> float:
    """The largest distance in metres."""
    return float(np.max(Geod(ellps="WGS84").inv(*one, *other)[2]))


def columns(shared: Path, datum: str) -> tuple[list[float], list[float]]:
    rows = list(csv.DictReader((shared / "data/china_crs_testpoints.csv").open()))
    return [float(row[f"{datum}_lon"]) for row in rows], [float(row[f"{datum}_lat"]) for row in rows]


@given(LON, LAT)
def test_every_shift_is_undone_to_less_than_a_millimetre(lon: float, lat: float) -> None:
    assert apart(gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat)), (lon, lat)) < 1e-3
    assert apart(bd09_to_gcj02(*gcj02_to_bd09(lon, lat)), (lon, lat)) < 1e-3
    assert apart(to_wgs84(*gcj02_to_bd09(*wgs84_to_gcj02(lon, lat)), "bd09"), (lon, lat)) < 1e-3


def test_the_published_vectors_are_met() -> None:
    assert wgs84_to_gcj02(121.5272106, 31.1774276) == pytest.approx(
        (121.531541859215, 31.17530398364597), abs=1e-12
    )


@pytest.mark.parametrize("place", [(139.7671, 35.6812), (72.0, 30.0), (100.0, 56.0), (100.0, 0.5)])
def test_outside_china_nothing_is_shifted(place: tuple[float, float]) -> None:
    assert wgs84_to_gcj02(*place) == place
    assert to_wgs84(*place, "gcj02") == place


def test_cgcs2000_is_taken_as_it_is() -> None:
    assert to_wgs84(97.37, 37.37, "cgcs2000") == to_wgs84(97.37, 37.37, "wgs84") == (97.37, 37.37)


@pytest.mark.parametrize("crs", ["", "GCJ02", "epsg:3857", "beijing54"])
def test_an_unknown_datum_is_refused(crs: str) -> None:
    with pytest.raises(ValueError, match="unknown"):
        to_wgs84(97.37, 37.37, crs)


def test_independent_implementations_agree_in_every_datum(shared: Path) -> None:
    wgs, gcj, bd = (columns(shared, datum) for datum in ("wgs", "gcj", "bd"))
    assert apart(wgs84_to_gcj02(*wgs), gcj) < 1e-4
    assert apart(gcj02_to_bd09(*wgs84_to_gcj02(*wgs)), bd) < 1e-4
    assert apart(to_wgs84(*gcj, "gcj02"), wgs) < 1e-3
    assert apart(to_wgs84(*bd, "bd09"), wgs) < 1e-3


def test_published_pairs_are_met_within_their_tolerance(shared: Path) -> None:
    cases = json.loads((shared / "cases/gcj02.json").read_text())
    for case in (case for case in cases if "wgs84" in case):
        metres = case.get("tolerance_m", {}).get("wgs84_gcj02", case.get("tolerance_deg", 0) * 1e5 + 1e-6)
        assert apart(wgs84_to_gcj02(*case["wgs84"]), case["gcj02"]) <= metres, case["name"]
        if "bd09" in case:
            assert apart(gcj02_to_bd09(*case["gcj02"]), case["bd09"]) <= case["tolerance_m"]["gcj02_bd09"]


def test_the_iterated_inverse_is_used_and_not_the_crude_one(shared: Path) -> None:
    cases = {case["name"]: case for case in json.loads((shared / "cases/gcj02.json").read_text())}
    iterated, exact = cases["wandergis"], cases["anti_vector_eviltransform_bd"]
    assert apart(to_wgs84(*iterated["input"], "gcj02"), iterated["iterative_gcj02_to_wgs84"]) < 1e-3
    assert apart(to_wgs84(*exact["bd09"], "bd09"), exact["correct_wgs84"]) < 1e-3
