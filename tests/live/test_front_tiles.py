"""Tiles through nginx, as scripts/serve has it in front of the service."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from service.areas.models import Grid, GridRevision
from service.db import session
from tests.factories import COMMUNITY, a_grid, a_square
from tests.servers import PASSWORD, inside, is_open, until

ROOT = Path(__file__).parents[2]
WRITE = 'root=$0 var=$1; . "$root/scripts/lib/front.sh"; write_nginx_conf'
TILE = "/api/v1/tiles/grids/15/25302/12711.mvt"  # around 97.98, 37.37


@pytest.fixture(scope="module")
def a_large_tile(app, live_url) -> Iterator[None]:
    """A grid whose name alone is worth compressing."""
    with inside(app, live_url):
        grid = a_grid(COMMUNITY + "009", a_square(97.975), name="戈壁" * 400)
        grid_id, revision_id = grid.id, grid.revision_id
    yield
    with inside(app, live_url):
        session.query(Grid).filter_by(id=grid_id).delete()
        session.query(GridRevision).filter_by(id=revision_id).delete()


@pytest.fixture(scope="module")
def front(server, tmp_path_factory) -> Iterator[str]:
    """The address of an nginx before the server."""
    var = tmp_path_factory.mktemp("var")
    (var / "run").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = {"GRIDPATROL_BIND": "127.0.0.1", "GRIDPATROL_PORT": str(port)}
    subprocess.run(["bash", "-euc", WRITE, ROOT, var], env=os.environ | place, check=True)
    conf = var / "run/nginx.conf"
    text, _, rest = conf.read_text().partition("upstream api { server ")
    address = server.base.removeprefix("http://")
    conf.write_text(f"{text}upstream api {{ server {address};{rest.partition(';')[2]}")
    process = subprocess.Popen(["/usr/sbin/nginx", "-c", conf, "-e", var / "log"])
    try:
        until(lambda: is_open(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def ask(front, token, a_large_tile) -> Any:
    def ask(**headers: str) -> requests.Response:
        known = {"Authorization": f"Bearer {token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return requests.get(front + TILE, headers=known, timeout=10)

    return ask


def test_a_tile_is_compressed_on_its_way(ask):
    packed, plain = ask(Accept_Encoding="gzip"), ask(Accept_Encoding="identity")
    encodings = packed.headers.get("Content-Encoding"), plain.headers.get("Content-Encoding")
    assert (encodings, packed.headers["Vary"]) == (("gzip", None), "Accept-Encoding")
    assert packed.content == plain.content


def test_a_tile_may_be_kept_by_nobody_but_who_asked_and_not_without_asking_again(ask):
    assert ask().headers["Cache-Control"] == "private, no-cache"


def test_an_unchanged_tile_is_not_sent_again_though_its_tag_was_weakened(ask):
    tag = ask(Accept_Encoding="gzip").headers["ETag"]
    again = ask(Accept_Encoding="gzip", If_None_Match=tag)
    assert (tag[:2], again.status_code, again.content) == ("W/", 304, b"")


def test_a_tile_is_not_kept_for_somebody_else(ask):
    assert (ask().status_code, ask(Authorization="Bearer somebody").status_code) == (200, 401)


def test_who_signs_out_is_refused_the_tile_that_was_shown_before(front, a_large_tile):
    door = {"username": "batu", "password": PASSWORD, "device": {"id": "map", "name": "a map"}}
    token = requests.post(f"{front}/api/v1/sessions", json=door, timeout=10).json()["token"]
    signed_in = {"headers": {"Authorization": f"Bearer {token}"}, "timeout": 10}
    before = [requests.get(front + TILE, **signed_in).status_code for _ in range(3)]
    requests.delete(f"{front}/api/v1/sessions/current", **signed_in)
    after = {requests.get(front + TILE, **signed_in).status_code for _ in range(6)}  # of both processes
    assert (before, after) == ([200, 200, 200], {401})
