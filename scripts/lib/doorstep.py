"""What scripts/serve asks and says at its door: is the address free, who may come in."""

import json
import os
import socket
import sys
import time
import urllib.request
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

ACCOUNTS = Path(os.environ.get("GRIDPATROL_DEMO_ACCOUNTS", "var/demo_accounts.json"))
COLUMNS = ("role", "username", "password", "area", "page")


def address() -> None:
    """Print the address to serve at, or stop if somebody else is there."""
    host, port = os.environ["GRIDPATROL_BIND"], int(os.environ["GRIDPATROL_PORT"])
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        sys.exit(f"serve: {host}:{port}: {error.strerror} (GRIDPATROL_PORT names another port)")
    print(f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}")


def blank() -> None:
    """Exit with 0 if the database holds no tables of ours yet."""
    with psycopg.connect(os.environ["GRIDPATROL_DATABASE_URL"].replace("+psycopg:", ":", 1)) as connection:
        schema = os.environ.get("GRIDPATROL_SCHEMA", "haixi")
        found = connection.execute("SELECT to_regclass(%s)", (f"{schema}.alembic_version",)).fetchone()
    sys.exit(found != (None,))


def ready(where: str, *pids: str) -> None:
    """Return once the service says that it is ready; stop if one of its processes has ended."""
    while all(Path(f"/proc/{pid}").exists() for pid in pids):
        try:
            return urllib.request.urlopen(f"{where}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.2)
    sys.exit("serve: could not start; see var/log/{worker,alarms,api,events,proxy}.log")


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
