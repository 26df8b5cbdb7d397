"""What scripts/serve asks and says at its door: is the address free, who may come in."""

import json
import os
import socket
import sys
import time
import urllib.request
from pathlib import Path
from typing import NoReturn

import psycopg
from rich.console import Console
from rich.table import Table

from service.settings import Misconfigured, Settings

ACCOUNTS = Path(os.environ.get("GRIDPATROL_DEMO_ACCOUNTS", "var/demo_accounts.json"))
COLUMNS = ("role", "username", "password", "area", "page")


def stop(why: str) -> NoReturn:
    """End with one line that says why."""
    sys.exit(why)


def address() -> None:
    """Print the address to serve at, or stop if somebody else is there."""
    host, port = os.environ["GRIDPATROL_BIND"], os.environ["GRIDPATROL_PORT"]
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        stop(f"GRIDPATROL_PORT is no port: {port}")
    try:
        with socket.create_server((host, int(port))):
            pass
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error
        stop(f"{host}:{port}: {why} (GRIDPATROL_BIND and GRIDPATROL_PORT name another address)")
    print(f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}")


def blank() -> None:
    """Print whether the database holds no tables of ours yet, or stop if it cannot be asked."""
    try:
        settings = Settings.from_env()
        with psycopg.connect(settings.database_url.replace("+psycopg:", ":", 1)) as connection:
            table = f"{settings.schema}.alembic_version"
            found = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
    except Misconfigured as error:
        stop(str(error))
    except psycopg.Error as error:
        stop(f"the database: {str(error).splitlines()[0]}")
    print("yes" if found == (None,) else "no")


def ready(where: str, *names_and_pids: str) -> None:
    """Return once the service says that it is ready; stop if one of its processes has ended."""
    half = len(names_and_pids) // 2
    processes = dict(zip(names_and_pids[:half], names_and_pids[half:], strict=True))
    while not (ended := [name for name, pid in processes.items() if not is_alive(pid)]):
        try:
            return urllib.request.urlopen(f"{where}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.2)
    stop(f"{ended[0]} could not start; see var/log/{ended[0]}.log")


def is_alive(pid: str) -> bool:
    """Whether a process runs; one that has ended keeps its number until its parent has heard of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def welcome(where: str) -> None:
    """Print the addresses and the demonstration's accounts."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    if ACCOUNTS.exists():
        table = Table(*COLUMNS, title=f"Demonstration accounts ({ACCOUNTS})", title_justify="left")
        for account in json.loads(ACCOUNTS.read_text()):
            table.add_row(*(str(account.get(column) or "") for column in COLUMNS))
        console.print(table)
    console.print(f"Gridpatrol is at {where} (its API: {where}/docs). Ctrl-C stops it.", soft_wrap=True)


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    {"address": address, "blank": blank, "ready": ready, "welcome": welcome}[verb](*arguments)
