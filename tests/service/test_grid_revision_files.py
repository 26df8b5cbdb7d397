"""Files of grids: GeoJSON and GeoPackage, in several coordinate systems, honest and hostile."""

import gzip
import io
import json
import sqlite3
import struct
from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from shapely import box
from shapely.geometry import mapping, shape

from tests.factories import COMMUNITY, a_grid

FIRST, SECOND = COMMUNITY + "001", COMMUNITY + "002"
WEST, EAST = box(97.370, 37.370, 97.373, 37.376), box(97.373, 37.370, 97.376, 37.376)
REVISIONS = "/api/v1/grid-revisions"
GEOPACKAGE = "application/geopackage+sqlite3"
CASES = Path(__file__).parents[3] / "shared" / "cases" / "bad_inputs.json"
IMPORTS = (
    [case for case in json.loads(CASES.read_text()) if case["target"] == "grid_import"]
    if CASES.exists()
    else []
)


def feature(outline, **properties):
    return {"type": "Feature", "geometry": mapping(outline), "properties": properties}


def a_file(*features, **members):
    return {"type": "FeatureCollection", "features": list(features), **members}


def sent(client, body, content_type, query="dry_run=true", **headers):
    return client.post(f"{REVISIONS}?{query}", data=body, content_type=content_type, headers=headers)


def a_package(outlines=(WEST, EAST), codes=(FIRST, SECOND), crs="EPSG:4326", kind="Polygon", **columns):
    fields = {"code": np.array(codes, object)} | {
        name: np.array(each, object) for name, each in columns.items()
    }
    file = io.BytesIO()
    pyogrio.raw.write(
        file,
        geometry=shapely.to_wkb(np.array(outlines, object)),
        field_data=list(fields.values()),
        fields=list(fields),
        layer="grids",
        driver="GPKG",
        geometry_type=kind,
        crs=crs,
    )
    return file.getvalue()


def altered(package, *statements):
    database = sqlite3.connect(":memory:")
    database.deserialize(package)
    for statement in statements:
        database.execute(statement)
    database.commit()
    return database.serialize()


def findings(answer):
    assert answer.status_code == 200, answer.json
    return [finding["kind"] for finding in answer.json["findings"]]


# GeoPackage


def test_a_geopackage_is_read(officer):
    answer = sent(officer, a_package(name=("东一", "东二")), GEOPACKAGE)
    assert findings(answer) == []
    assert [(c["code"], c["name"]) for c in answer.json["creates"]] == [(FIRST, "东一"), (SECOND, "东二")]


def test_codes_to_replace_are_parted_by_commas_in_a_geopackage(officer):
    a_grid(FIRST, WEST)
    a_grid(SECOND, EAST)
    package = a_package([shapely.union(WEST, EAST)], [COMMUNITY + "003"], replaces=[f"{FIRST}, {SECOND}"])
    assert sent(officer, package, GEOPACKAGE).json["summary"]["by_kind"]["merge"] == 1


def test_a_geopackage_may_hold_multipolygons_and_heights(officer):
    high = shapely.force_3d(shapely.MultiPolygon([WEST, box(97.4, 37.37, 97.41, 37.38)]), 2980.0)
    assert findings(sent(officer, a_package([high], [FIRST], kind="MultiPolygon Z"), GEOPACKAGE)) == []


def test_a_geopackage_carries_its_own_system(officer):
    move = pyproj.Transformer.from_crs(4490, 4525, always_xy=True).transform
    package = a_package([shapely.transform(WEST, move, interleaved=False)], [FIRST], crs="EPSG:4525")
    answer = sent(officer, package, GEOPACKAGE, "dry_run=false")
    assert answer.status_code == 201
    officer.post(f"{REVISIONS}/{answer.json['id']}/approve")
    stands = shape(officer.get(f"/api/v1/grids/{FIRST}").json["geometry"])
    assert shapely.hausdorff_distance(stands, WEST) < 1e-6


@pytest.mark.parametrize("declared", ["cgcs2000", "gcj02", "EPSG:4525"])
def test_a_declared_system_may_not_contradict_the_file(officer, declared):
    assert "crs_contradicted" in findings(
        sent(officer, a_package(), GEOPACKAGE, f"dry_run=true&crs={declared}")
    )


def test_a_declared_system_may_repeat_what_the_file_says(officer):
    assert findings(sent(officer, a_package(), GEOPACKAGE, "dry_run=true&crs=EPSG:4326")) == []


def deep(levels):
    """A MultiPolygon in a MultiPolygon in a …, as only an attacker writes it."""
    return struct.pack("<2sBBi", b"GP", 0, 1, 4326) + struct.pack("<BII", 1, 6, 1) * levels


def a_blob(binary):
    return f"UPDATE grids SET geom = x'{binary.hex()}' WHERE code = '{FIRST}'"


NO_TRIGGERS = [
    f"DROP TRIGGER rtree_grids_geom_{each}"
    for each in ("insert", "update2", "update4", "update5", "update6", "update7", "delete")
]
EMPTY = ["PRAGMA writable_schema = ON", "DELETE FROM sqlite_master"]
UNSOUND = {
    "nothing": lambda: b"",
    "no SQLite": lambda: b"PK\3\4" + bytes(100),
    "only the magic": lambda: b"SQLite format 3\0",
    "cut": lambda: a_package()[:9000],
    "noise": lambda: a_package()[:100] + bytes(range(256)) * 300,
    "an empty database": lambda: altered(a_package(), *EMPTY),
    "no layer": lambda: altered(a_package(), "DELETE FROM gpkg_contents"),
    "a view": lambda: altered(
        a_package(), "ALTER TABLE grids RENAME TO rest", "CREATE VIEW grids AS SELECT * FROM rest"
    ),
    "an endless view": lambda: altered(
        a_package(),
        "DROP TABLE gpkg_contents",
        "CREATE VIEW gpkg_contents AS WITH RECURSIVE n(table_name) AS"
        " (SELECT 'x' UNION ALL SELECT table_name FROM n) SELECT table_name, 'features' AS data_type FROM n",
    ),
    "no system": lambda: altered(a_package(), "DELETE FROM gpkg_spatial_ref_sys"),
    "noise for a geometry": lambda: altered(a_package(), *NO_TRIGGERS, a_blob(b"GP\0\1\0\0\0\0" + bytes(5))),
    "a geometry without end": lambda: altered(a_package(), *NO_TRIGGERS, a_blob(deep(100_000))),
    "a ring too long": lambda: altered(
        a_package(),
        *NO_TRIGGERS,
        a_blob(struct.pack("<2sBBi", b"GP", 0, 1, 4326) + struct.pack("<BIII", 1, 3, 1, 2**32 - 1)),
    ),
    "bits of another extension": lambda: altered(a_package(), *NO_TRIGGERS, a_blob(b"GP\0\xff" + bytes(20))),
    "text that is none": lambda: altered(
        a_package(), *NO_TRIGGERS, "UPDATE grids SET code = CAST(x'ff' AS TEXT)"
    ),
    "a virtual table": lambda: altered(
        a_package(), "ALTER TABLE grids RENAME TO rest", "CREATE VIRTUAL TABLE grids USING fts5(code, geom)"
    ),
    "a computed column of the catalogue": lambda: altered(
        a_package(), "ALTER TABLE gpkg_contents ADD COLUMN more AS (hex(zeroblob(1000)))"
    ),
    "a computed column": lambda: altered(
        a_package(), "ALTER TABLE grids ADD COLUMN more AS (hex(zeroblob(100000000)))"
    ),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_an_unsound_geopackage_is_refused(officer, name):
    package = UNSOUND[name]()
    answer = sent(officer, package, GEOPACKAGE, "dry_run=false")
    assert answer.status_code in (400, 422), answer.json


def test_a_geopackage_may_still_be_open_elsewhere(officer):
    package = a_package()
    assert findings(sent(officer, package[:18] + b"\2\2" + package[20:], GEOPACKAGE)) == []


def test_a_geometry_that_is_missing_is_a_finding(officer):
    package = altered(a_package(), *NO_TRIGGERS, "UPDATE grids SET geom = NULL")
    assert findings(sent(officer, package, GEOPACKAGE)) == ["bad_geometry", "bad_geometry"]


def test_points_are_a_finding(officer):
    package = a_package([shapely.Point(97, 37)], [FIRST], kind="Point")
    assert findings(sent(officer, package, GEOPACKAGE)) == ["bad_geometry"]


# GeoJSON and its coordinate systems


def test_both_media_types_of_geojson_are_read(officer):
    body = json.dumps(a_file(feature(WEST, code=FIRST)))
    for content_type in ("application/json", "application/geo+json", "application/geo+json; charset=utf-8"):
        assert sent(officer, body, content_type).status_code == 200


def test_a_file_may_come_deflated(officer):
    body = gzip.compress(json.dumps(a_file(feature(WEST, code=FIRST))).encode())
    assert sent(officer, body, "application/json", **{"Content-Encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["application/zip", "text/plain", "application/vnd.google-earth.kml+xml", "text/csv"]
)
def test_other_files_are_not_understood(officer, content_type):
    assert sent(officer, b"{}", content_type).status_code == 415


@pytest.mark.parametrize(
    "members",
    [
        {"type": "Feature"},
        {"features": []},
        {"features": {}},
        {"features": [1]},
        {"features": [{"type": "Feature"}]},
        {"crs": {"type": "name", "properties": {"name": "EPSG:4525"}}},
        {"crs": None},
        {"retires": "632802001001001"},
        {"retire": ["632802001001001"]},
    ],
)
def test_what_is_no_collection_of_features_is_refused(officer, members):
    file = a_file(feature(WEST, code=FIRST)) | members
    assert sent(officer, json.dumps(file), "application/json").status_code == 422


@pytest.mark.parametrize("query", ["dry_run=yes", "crs=utm", "crs=EPSG:1", "crs=EPSG:99999", "crs=EPSG:5773"])
def test_a_query_that_cannot_be_meant_is_refused(officer, query):
    assert (
        sent(officer, json.dumps(a_file(feature(WEST, code=FIRST))), "application/json", query).status_code
        == 422
    )


@pytest.mark.parametrize("crs", ["EPSG:4525", "EPSG:32647", "EPSG:3857"])
def test_projected_positions_come_to_where_they_are(officer, crs):
    move = pyproj.Transformer.from_crs(4490 if crs == "EPSG:4525" else 4326, crs, always_xy=True).transform
    file = a_file(feature(shapely.transform(WEST, move, interleaved=False), code=FIRST))
    answer = sent(officer, json.dumps(file), "application/json", f"dry_run=true&crs={crs}")
    assert answer.json["creates"][0]["area_m2"] == pytest.approx(176_800, rel=0.01)


def test_positions_beyond_a_projection_are_a_finding(officer):
    file = a_file(feature(box(1e9, 1e9, 2e9, 2e9), code=FIRST))
    answer = sent(officer, json.dumps(file), "application/json", "dry_run=true&crs=EPSG:4525")
    assert findings(answer) == ["bad_geometry"]


def test_a_chinese_map_is_brought_to_wgs84(officer, shared):
    outline = json.loads((shared / "data/delingha_amap_gcj02_raw_simplified.geojson").read_text())[
        "features"
    ][0]
    file = json.dumps(a_file(outline | {"properties": {"code": FIRST, "basis": "checkpoints"}}))
    answer = sent(officer, file, "application/geo+json", "crs=gcj02")
    assert answer.status_code == 201, answer.json
    officer.post(f"{REVISIONS}/{answer.json['id']}/approve")
    stands = shape(officer.get(f"/api/v1/grids/{FIRST}").json["geometry"])
    given = shape(outline["geometry"])
    assert 0.001 < stands.hausdorff_distance(given) < 0.01


def test_a_county_with_an_exclave_may_be_one_grid(signed_in, shared):
    officer = signed_in(role="officer", area="632801000000")
    counties = json.loads((shared / "data/haixi_counties_tianditu_cgcs2000.geojson").read_text())["features"]
    golmud = next(each for each in counties if each["properties"]["adcode"] == "632801")
    code = "632801001001001"
    file = json.dumps(a_file(golmud | {"properties": {"code": code, "basis": "checkpoints"}}))
    answer = sent(officer, file, "application/geo+json", "crs=cgcs2000")
    assert answer.status_code == 201, answer.json
    assert officer.post(f"{REVISIONS}/{answer.json['id']}/approve").status_code == 200
    exclave = officer.get("/api/v1/grids/locate?lon=91.9&lat=33.6")
    assert exclave.json["code"] == code
    assert exclave.json["area_m2"] == pytest.approx(119_234e6, rel=0.01)


# Cases from outside


def ours(body):
    """The case with our properties: `code` and `name` of the grids it talks of."""
    numbers: dict[str, str] = {}
    for each in body["features"]:
        name = each["properties"]["code"]
        number = numbers.setdefault(name, f"{COMMUNITY}{len(numbers) + 1:03}")
        each["properties"] = {"code": number}
    return json.dumps(body)


def built(case):
    if "raw" in case:
        return case["raw"]
    made = eval(case["generator"].removeprefix("py:"))
    return ours(made) if isinstance(made, dict) else made


@pytest.mark.parametrize("case", IMPORTS, ids=lambda case: case["name"])
def test_a_bad_file_is_told_apart_from_a_good_one(officer, case):
    body = built(case)
    answer = sent(officer, body, case.get("content_type", "application/geo+json"), "dry_run=false")
    wanted = {each.removeprefix("reject_") for each in (case["expect"], *case.get("also_ok", []))}
    accepted = {"201"} if "accept" in wanted else set()
    unsupported = {"415"} if "content_type" in case else set()
    too_deep = {"400"} if "nested" in case["name"] else set()
    assert str(answer.status_code) in wanted | accepted | unsupported | too_deep, answer.json
