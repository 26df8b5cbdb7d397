"""A PostgreSQL cluster of one's own, whose processes may be killed: it is nobody else's."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL

SERVERS = Path("/usr/lib/postgresql")
POSTGIS = "/usr/share/postgresql/{}/extension/postgis.control"
CONFIGURATION = Path("docker/postgresql.conf")


@contextmanager
def own_cluster() -> Iterator[URL]:
    """Where the database `postgres` of a new cluster is; it is configured as ours is, and gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="gridpatrol-"))
    data = folder / "data"
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        _run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        with (data / "postgresql.conf").open("a") as settings:
            place = f"\nlisten_addresses = ''\nunix_socket_directories = '{folder}'\n"
            settings.write(CONFIGURATION.read_text() + place)
        _run("pg_ctl", "-D", data, "-l", folder / "log", "-w", "start")
        try:
            yield URL.create(
                "postgresql+psycopg", "postgres", database="postgres", query={"host": str(folder)}
            )
        finally:
            _run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _run(program: str, *arguments: Any) -> None:
    """PostgreSQL does not run as root."""
    user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    subprocess.run([_folder() / program, *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL, **user)


def _folder() -> Path:
    """Where the programs are of the newest server that has PostGIS."""
    found = [int(each.name) for each in SERVERS.iterdir() if Path(POSTGIS.format(each.name)).exists()]
    return SERVERS / str(max(found)) / "bin"
