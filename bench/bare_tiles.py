"""The least that serves a tile: one Flask route, one connection a thread, ST_AsMVT; no scope, no cache."""

from threading import local

import psycopg
from flask import Flask, Response

from bench.database import connect
from service.settings import Settings

RAW = """
SELECT ST_AsMVT(drawn, 'grids', 4096, 'geom', 'id') FROM (
    SELECT id, code, name, basis,
        ST_AsMVTGeom(ST_Transform(shape, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64) AS geom
    FROM grids WHERE shape && ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 64 / 4096.0), 4326)
) AS drawn WHERE geom IS NOT NULL"""
_own = local()


def app() -> Flask:
    """The application."""
    bare = Flask(__name__)
    bare.settings = Settings.from_env()  # type: ignore[attr-defined]  # gunicorn's configuration looks at them

    @bare.get("/<int:z>/<int:x>/<int:y>")
    def tile(z: int, x: int, y: int) -> Response:
        [drawn] = _connection().execute(RAW, {"z": z, "x": x, "y": y}).fetchone() or [b""]
        return Response(drawn, content_type="application/vnd.mapbox-vector-tile")

    return bare


def _connection() -> psycopg.Connection:
    if not hasattr(_own, "connection"):
        _own.connection = connect(Settings.from_env())
        _own.connection.autocommit = True
    return _own.connection
