"""tipg (Development Seed), a tile server over the same tables, in an environment of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import make_url

from bench.traffic import HOST, PATIENCE, WORKERS, free_port
from service.settings import Settings

HOME = Path("var/bench/tipg")
PEER = "tipg"
COLUMNS = "code,name,basis"


def path(schema: str, z: int, x: int, y: int) -> str:
    """Where it has a tile of the grids, with the columns that ours has."""
    return f"/collections/{schema}.grids/tiles/WebMercatorQuad/{z}/{x}/{y}?properties={COLUMNS}"


@contextmanager
def serving(settings: Settings) -> Iterator[int]:
    """The port of a tipg with as many processes as ours, and no cache."""
    port = free_port()
    serve = [str(_python()), "-m", "uvicorn", "tipg.main:app", "--host", HOST, "--port", str(port)]
    place = {
        "DATABASE_URL": _address(settings),
        "TIPG_DB_SCHEMAS": json.dumps([settings.schema]),
        "TIPG_DB_TABLES": json.dumps([f"{settings.schema}.grids"]),
        "TIPG_CATALOG_TTL": "86400",
    }
    process = subprocess.Popen(
        [*serve, "--workers", str(WORKERS), "--no-access-log", "--log-level", "error"],
        env=os.environ | place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_grids(port, process, settings.schema)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _python() -> Path:
    python = HOME / "bin" / "python"
    if not (HOME / "bin" / "uvicorn").exists():
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "tipg", "uvicorn"]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    return python


def _address(settings: Settings) -> str:
    """As its settings read it: a socket's folder stands, quoted, where a host would."""
    url = make_url(settings.database_url)
    host = quote(url.query["host"], safe="") if "host" in url.query else f"{url.host}:{url.port or 5432}"
    password = f":{quote(url.password, safe='')}" if url.password else ""
    return f"postgresql://{url.username}{password}@{host}/{url.database}"


def _await_grids(port: int, process: "subprocess.Popen[bytes]", schema: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        try:
            connection = HTTPConnection(HOST, port, timeout=PATIENCE)
            connection.request("GET", f"/collections/{schema}.grids")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("tipg has not started")
