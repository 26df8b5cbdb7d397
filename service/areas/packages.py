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
    database.set_authorizer(_may)
    end = time.monotonic() + SECONDS
    database.set_progress_handler(lambda: time.monotonic() > end, 100_000)
    return database


def _may(
    action: int, what: str | None, _column: str | None, _database: str | None, inside: str | None
) -> int:
    asks = action == sqlite3.SQLITE_PRAGMA and what == "table_info"
    return sqlite3.SQLITE_OK if asks or (action in ALLOWED and inside is None) else sqlite3.SQLITE_DENY


def _read(database: sqlite3.Connection, most: int) -> Package:
    layers = database.execute(
        "SELECT c.table_name, g.column_name, g.srs_id FROM gpkg_contents c JOIN gpkg_geometry_columns g"
        " ON g.table_name = c.table_name WHERE c.data_type = 'features' LIMIT 2"
    ).fetchall()
    if len(layers) != 1:
        raise ValueError("The file must hold exactly one layer of features.")
    table, geometry, system = layers[0]
    kinds = database.execute("SELECT type, sql FROM sqlite_master WHERE name = ?", (table,)).fetchall()
    if [kind for kind, _ in kinds] != ["table"] or "VIRTUAL" in kinds[0][1].upper().split("(")[0].split():
        raise ValueError("The layer must be a plain table.")
    return Package(_system(database, system), _features(database, table, geometry, most))


def _system(database: sqlite3.Connection, system: int) -> str | None:
    found = database.execute(
        "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (system,)
    ).fetchone()
    if system in (0, -1):
        return None
    if not found or str(found[0]).upper() != "EPSG":
        raise ValueError("The layer has a coordinate system without an EPSG code.")
    return f"EPSG:{found[1]}"


def _features(database: sqlite3.Connection, table: str, geometry: str, most: int) -> list[dict[str, Any]]:
    quoted = '"' + table.replace('"', '""') + '"'
    columns = database.execute(f"PRAGMA table_info({quoted})").fetchall()
    keys = {name for _, name, *_, is_key in columns if is_key}
    rows = database.execute(f"SELECT * FROM {quoted} LIMIT ?", (most + 1,))
    names = [column[0] for column in rows.description]
    if geometry not in names:
        raise ValueError("The layer has no geometry.")
    return [_feature(dict(zip(names, row, strict=True)), geometry, keys) for row in rows]


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
