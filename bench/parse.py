"""The peer of ingest: parse-server with its PostGIS adapter, from npm, in a folder of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from bench.traffic import HOST, WORKERS, await_answer, free_port
from service.settings import Settings

PEER = "parse-server"
FOLDER = Path("var/bench/parse-server")
PACKAGES = {"parse-server": "9.10.0"}
OVERRIDES = {"router": "2.2.0"}  # with later ones its batches answer 500
HEADERS = {"X-Parse-Application-Id": "bench"}


@contextmanager
def serving(settings: Settings) -> Iterator[int]:
    """The port of a parse-server on a database of its own beside the bench's."""
    _install()
    url = make_url(settings.database_url)
    name = f"{url.database}_parse"
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as door:
        door.execute(f"CREATE DATABASE {name}")
        try:
            yield from _run(_place(url, name))
        finally:
            door.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _install() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    manifest = {"private": True, "type": "module", "dependencies": PACKAGES, "overrides": OVERRIDES}
    told = json.dumps(manifest, indent=1)
    mark = FOLDER / "package.json"
    if not mark.exists() or mark.read_text() != told:
        mark.write_text(told)
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(["npm", "--prefix", FOLDER, "install", *options], check=True)
    shutil.copy(Path(__file__).parent / "peers" / "parse-server.mjs", FOLDER / "serve.mjs")


def _place(url: Any, database: str) -> dict[str, str]:
    socket = url.query.get("host", url.host or "localhost")
    who = {"PG_USER": url.username or "postgres", "PG_PASSWORD": url.password or ""}
    return {"PG_HOST": str(socket), "PG_DATABASE": database, "WORKERS": str(WORKERS), "HOST": HOST} | who


def _run(place: dict[str, str]) -> Iterator[int]:
    port = free_port()
    known = os.environ | place | {"PORT": str(port), "NODE_ENV": "production"}
    process = subprocess.Popen(["node", "serve.mjs"], cwd=FOLDER, env=known, stdout=subprocess.DEVNULL)
    try:
        await_answer(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def body(positions: list[dict[str, Any]]) -> bytes:
    """Positions as its REST API takes them: one as itself, more as a batch."""
    objects = [_object(each) for each in positions]
    if len(objects) == 1:
        return json.dumps(objects[0]).encode()
    requests = [{"method": "POST", "path": "/parse/classes/Place", "body": each} for each in objects]
    return json.dumps({"requests": requests}).encode()


def path(count: int) -> str:
    """Where so many positions at once go."""
    return "/parse/classes/Place" if count == 1 else "/parse/batch"


def _object(position: dict[str, Any]) -> dict[str, Any]:
    point = {"__type": "GeoPoint", "longitude": position["lon"], "latitude": position["lat"]}
    at = {"__type": "Date", "iso": position["at"]}
    return {"patrol": position["patrol_id"], "at": at, "place": point, "accuracy": position["accuracy_m"]}
