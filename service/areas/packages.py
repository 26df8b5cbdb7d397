"""The one layer of a GeoPackage (OGC 12-128r19) as GeoJSON features, read without trusting a byte of it.

The file is opened in memory by SQLite itself: nothing that it brings along is run (views, functions, virtual
tables), a query that takes too long is stopped, and only plain 2-D polygons are taken out of it.
"""

import sqlite3
import struct
import time
from typing import Any, NamedTuple

import numpy as np

MAGIC = b"SQLite format 3\0"
SECONDS = 10  # to read a file
CATALOGUE = ("gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys")
LEAST_LENGTH = 1 << 20  # bytes of one value or statement; no value can be longer than its file
PARTS = 5_000  # polygons, or rings of one
ENVELOPES = (0, 32, 48, 48, 64)  # bytes, by what the header says
ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
POLYGON, MULTIPOLYGON, WITH_HEIGHT = 3, 6, 1000  # in well-known binary


class Package(NamedTuple):
    """What a GeoPackage holds; `crs` is None where the file leaves it open."""

    crs: str | None
    features: list[dict[str, Any]]


def read(body: bytes, most: int) -> Package:
    """The features of the only layer, at most one more than `most`; raises ValueError for anything else."""
    if not body.startswith(MAGIC):
        raise ValueError("The file is not a GeoPackage.")
    database = sqlite3.connect(":memory:")
    try:
        return _read(_opened(database, body), most)
    except (sqlite3.Error, UnicodeDecodeError, struct.error, OverflowError):
        raise ValueError("The file is not a sound GeoPackage.") from None
    finally:
        database.close()


def _opened(database: sqlite3.Connection, body: bytes) -> sqlite3.Connection:
    rollback = b"\1\1"  # instead of a write-ahead log, which a file in memory cannot have
    database.deserialize(body[:18] + rollback + body[20:])
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(len(body), LEAST_LENGTH))
    database.set_authorizer(_may)
    end = time.monotonic() + SECONDS
    database.set_progress_handler(lambda: time.monotonic() > end, 1_000)
    return database


def _may(
    action: int, what: str | None, _column: str | None, _database: str | None, inside: str | None
) -> int:
    asks = action == sqlite3.SQLITE_PRAGMA and what == "table_xinfo"
    return sqlite3.SQLITE_OK if asks or (action in ALLOWED and inside is None) else sqlite3.SQLITE_DENY


def _read(database: sqlite3.Connection, most: int) -> Package:
    for table in CATALOGUE:
        _columns(database, table)
    layers = database.execute(
        "SELECT c.table_name, g.column_name, g.srs_id FROM gpkg_contents c JOIN gpkg_geometry_columns g"
        " ON g.table_name = c.table_name WHERE c.data_type = 'features' LIMIT 2"
    ).fetchall()
    if len(layers) != 1 or not all(isinstance(name, str) for name in layers[0][:2]):
        raise ValueError("The file must hold exactly one layer of features.")
    table, geometry, system = layers[0]
    return Package(_system(database, system), _features(database, table, geometry, most))


def _columns(database: sqlite3.Connection, table: str) -> dict[str, bool]:
    """The columns of a plain table, and whether they are its key; nothing in it is computed."""
    found = database.execute("SELECT type, sql FROM sqlite_master WHERE name = ? COLLATE NOCASE", (table,))
    kinds = [
        kind if "VIRTUAL" not in str(sql).upper().split("(")[0].split() else "virtual" for kind, sql in found
    ]
    columns = database.execute(f"PRAGMA table_xinfo({_quoted(table)})").fetchall()
    if kinds != ["table"] or any(hidden for *_, hidden in columns):
        raise ValueError("The file must hold its layer in plain tables.")
    return {name: bool(key) for _, name, _, _, _, key, _ in columns}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _system(database: sqlite3.Connection, system: Any) -> str | None:
    found = database.execute(
        "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (system,)
    ).fetchone()
    if system in (0, -1):
        return None
    if not found or str(found[0]).upper() != "EPSG" or not isinstance(found[1], int):
        raise ValueError("The layer has a coordinate system without an EPSG code.")
    return f"EPSG:{found[1]}"


def _features(database: sqlite3.Connection, table: str, geometry: str, most: int) -> list[dict[str, Any]]:
    columns = _columns(database, table)
    if geometry not in columns:
        raise ValueError("The layer has no geometry.")
    keys = {name for name, is_key in columns.items() if is_key}
    wanted = ", ".join(_quoted(name) for name in columns)
    rows = database.execute(f"SELECT {wanted} FROM {_quoted(table)} LIMIT ?", (most + 1,))
    return [_feature(dict(zip(columns, row, strict=True)), geometry, keys) for row in rows]


def _feature(row: dict[str, Any], geometry: str, keys: set[str]) -> dict[str, Any]:
    blob = row.pop(geometry)
    properties = {name: value for name, value in row.items() if name not in keys and value is not None}
    return {"type": "Feature", "properties": properties, "geometry": _geometry(blob)}


def _geometry(blob: Any) -> dict[str, Any] | None:
    if not isinstance(blob, bytes) or len(blob) < 8:
        return None
    magic, version, flags, _system = struct.unpack_from("<2sBBi", blob)
    envelope = flags >> 1 & 7
    if magic != b"GP" or version or flags & 0x20 or envelope >= len(ENVELOPES):
        raise ValueError("The layer's geometry is not that of a GeoPackage.")
    return _Binary(blob, 8 + ENVELOPES[envelope]).geometry()


class _Binary:
    """Well-known binary, read once from front to back."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def geometry(self) -> dict[str, Any]:
        order, kind, numbers = self._head()
        if kind == POLYGON:
            return {"type": "Polygon", "coordinates": self._rings(order, numbers)}
        if kind == MULTIPOLYGON:
            return {"type": "MultiPolygon", "coordinates": self._polygons(order)}
        return {"type": f"WKB {kind}", "coordinates": []}

    def _polygons(self, order: str) -> list[Any]:
        polygons = []
        for _ in range(self._count(order)):
            inner, kind, numbers = self._head()
            if kind != POLYGON:
                raise ValueError("A MultiPolygon holds something else than polygons.")
            polygons.append(self._rings(inner, numbers))
        return polygons

    def _rings(self, order: str, numbers: int) -> list[Any]:
        return [self._ring(order, numbers) for _ in range(self._count(order))]

    def _ring(self, order: str, numbers: int) -> list[list[float]]:
        count = self._number(order) * numbers
        places = np.frombuffer(self.data, f"{order}f8", count, self.at)
        self.at += places.nbytes
        return places.reshape(-1, numbers).tolist()

    def _head(self) -> tuple[str, int, int]:
        """Byte order, kind of geometry, and how many numbers a position has."""
        order = "<" if self.data[self.at : self.at + 1] == b"\1" else ">"
        self.at += 1
        kind = self._number(order)
        high = WITH_HEIGHT < kind < 2 * WITH_HEIGHT
        return order, kind - high * WITH_HEIGHT, 3 if high else 2

    def _count(self, order: str) -> int:
        count = self._number(order)
        if count > PARTS:
            raise ValueError(f"A geometry has more than {PARTS} parts.")
        return count

    def _number(self, order: str) -> int:
        (number,) = struct.unpack_from(f"{order}I", self.data, self.at)
        self.at += 4
        return int(number)
