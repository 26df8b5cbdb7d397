"""Many rows at once into a table through binary COPY: numpy columns, or rows of whatever length; or as JSON.

Format: PostgreSQL 15 documentation, COPY, "Binary Format".
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import Copy

from service.db import driver

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("lon", "<f8"), ("lat", "<f8")])  # EWKB
_ONE_POINT = struct.Struct("<BIIdd")
_EPOCH_MS = 946_684_800_000  # 2000-01-01, from which PostgreSQL counts


class Column(NamedTuple):
    """A column of N values, as they go over the wire; NULL where `null`."""

    name: str
    values: NDArray[Any]
    null: NDArray[np.bool_] | None = None


def numbers(name: str, values: NDArray[np.float64]) -> Column:
    """double precision; NaN becomes NULL."""
    return Column(name, values.astype(">f8"), np.isnan(values))


def integers(name: str, values: NDArray[Any]) -> Column:
    """integer"""
    return Column(name, values.astype(">i4"))


def booleans(name: str, values: NDArray[np.bool_]) -> Column:
    """boolean"""
    return Column(name, values.astype("u1"))


def times(name: str, unix_ms: NDArray[np.int64]) -> Column:
    """timestamptz, from unix milliseconds"""
    return Column(name, ((unix_ms - _EPOCH_MS) * 1000).astype(">i8"))


def moments(name: str, at: Sequence[datetime], counts: Sequence[int]) -> Column:
    """timestamptz, each repeated as often as `counts` says"""
    return times(name, np.repeat([round(each.timestamp() * 1000) for each in at], counts))


def ids(name: str, uuids: Sequence[UUID], counts: Sequence[int]) -> Column:
    """uuid, each repeated as often as `counts` says"""
    return Column(name, np.repeat(np.array([each.bytes for each in uuids], "V16"), counts))


def points(name: str, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Column:
    """geometry(Point, 4326)"""
    ewkb = np.empty(len(lon), POINT)
    ewkb["order"], ewkb["type"], ewkb["srid"] = 1, 0x20000001, 4326
    ewkb["lon"], ewkb["lat"] = lon, lat
    return Column(name, ewkb)


def point(lon: float, lat: float) -> bytes:
    """One geometry(Point, 4326), for a row"""
    return _ONE_POINT.pack(1, 0x20000001, 4326, lon, lat)


def copy(table: str, columns: Sequence[Column]) -> None:
    """Append the rows to the table, in this transaction."""
    names = ", ".join(column.name for column in columns)
    with _into(table, names) as out:
        out.write(_HEADER + _rows(columns) + b"\xff\xff")


def copy_rows(table: str, types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows whose values stand in the order of `types`: column → type, `bytea` for a geometry."""
    with _into(table, ", ".join(types)) as out:
        out.set_types(list(types.values()))
        for row in rows:
            out.write_row(row)


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as jsonb_populate_recordset and jsonb_to_recordset read them: ids, times and bytes included."""
    return json.dumps(list(rows), default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return value.isoformat() if isinstance(value, datetime) else str(value)


@contextmanager
def _into(table: str, names: str) -> Iterator[Copy]:
    with (
        driver().cursor() as cursor,
        cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as out,
    ):
        yield out


def _rows(columns: Sequence[Column]) -> bytes:
    """Rows with the same NULLs have the same layout, so each such set is one structured array."""
    count = len(columns[0].values)
    pattern = np.zeros(count, np.int64)
    for bit, column in enumerate(columns):
        if column.null is not None:
            pattern |= column.null.astype(np.int64) << bit
    return b"".join(_layout(columns, int(each), pattern == each) for each in np.unique(pattern))


def _layout(columns: Sequence[Column], pattern: int, which: NDArray[np.bool_]) -> bytes:
    given = {column.name for bit, column in enumerate(columns) if not pattern >> bit & 1}
    fields: list[tuple[str, Any]] = [("count", ">i2")]
    for column in columns:
        value = [(column.name, column.values.dtype)] if column.name in given else []
        fields += [(f"{column.name} size", ">i4"), *value]
    rows = np.empty(int(which.sum()), fields)
    rows["count"] = len(columns)
    for column in columns:
        rows[f"{column.name} size"] = column.values.dtype.itemsize if column.name in given else -1
        if column.name in given:
            rows[column.name] = column.values[which]
    return rows.tobytes()
