"""Migrations that rewrite rows leave them as they should be, there and back."""

import os
import struct
import zlib
from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from service import db
from tests.factories import COMMUNITY
from tests.servers import a_database

CONFIG = Config("setup.cfg")
SHAPE = "SRID=4326;MULTIPOLYGON(((97 37, 97.1 37, 97.1 37.1, 97 37)))"
GROUND = f"""
    INSERT INTO areas (code, level, name) VALUES ('{COMMUNITY}', 'prefecture', '海西');
    INSERT INTO grid_revisions (id, area_code, features, retires, report)
        VALUES (gen_random_uuid(), '{COMMUNITY}', '[]', '[]', '{{}}');
"""
A_GRID = f"""
    WITH grid AS (
        INSERT INTO grids (code, community_code, name, shape, area_m2, since, revision_id, cells)
        SELECT '{COMMUNITY}' || %(code)s, '{COMMUNITY}', '格', '{SHAPE}', 1, '2020-01-01Z', id, %(cells)s
        FROM grid_revisions RETURNING id
    ), day AS (
        INSERT INTO coverage_days SELECT '2026-11-24', id, %(seen)s, '', 0, 0, false, NULL FROM grid
    )
    INSERT INTO coverage_hours SELECT '2026-11-24T02:00Z', id, %(seen)s, '', 0, 0, false, NULL FROM grid
"""
KEPT = """
    SELECT hour.seen, day.seen FROM coverage_hours hour JOIN coverage_days day USING (grid_id)
    ORDER BY grid_id
"""


@pytest.fixture
def url(app, settings, monkeypatch) -> Iterator[str]:
    """An empty database, the one that migrations change."""
    with a_database(settings.database_url, f"gridpatrol_moved_{os.getpid()}") as url:
        monkeypatch.setenv("GRIDPATROL_DATABASE_URL", url)
        yield url
    db.session.remove()
    db.session.configure(bind=app.engine)


def raster(cols: int, rows: int) -> bytes:
    """A grid's cells as they are kept; which of them lie inside matters to nobody here."""
    return struct.pack("<5d2I", 97, 37, 0, 0, 5, cols, rows) + zlib.compress(b"")


def window(row: int, byte: int, *lines: bytes) -> bytes:
    """What revision 0015 keeps of what was seen: where the window begins, and its lines."""
    return struct.pack("<4H", row, byte, len(lines), len(lines[0])) + zlib.compress(b"".join(lines), 1)


CASES = (  # a grid's raster, what was seen of it before revision 0016, and after
    (raster(24, 3), window(1, 2, b"\x81"), bytes(5) + b"\x81" + bytes(10)),
    (raster(8, 8), window(0, 0, *[b"\xff"] * 8), b"\xff" * 8),
    (raster(8, 1024), window(9, 0, b"\x01"), bytes(9) + b"\x01" + bytes(1014)),
    (raster(8, 1025), window(9, 0, b"\x01"), window(9, 0, b"\x01")),  # too large to be kept whole
    (raster(24, 3), b"", b""),
)


def test_hours_and_days_of_small_grids_are_kept_whole_and_come_back(url):
    command.upgrade(CONFIG, "0015")
    plain, kept = url.replace("+psycopg", ""), []
    with psycopg.connect(plain, autocommit=True, options="-c search_path=haixi,public") as connection:
        connection.execute(GROUND)
        for n, (cells, before, _) in enumerate(CASES, 1):
            connection.execute(A_GRID, {"code": f"{n:03}", "cells": cells, "seen": before})
        for change, revision in ((command.upgrade, "0016"), (command.downgrade, "0015")):
            change(CONFIG, revision)
            kept.append(connection.execute(KEPT).fetchall())
    assert kept == [[(after,) * 2 for _, _, after in CASES], [(before,) * 2 for _, before, _ in CASES]]
