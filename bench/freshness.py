"""From the answer to an upload until `GET /coverage` shows what was walked, over HTTP and with a worker."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import numpy as np
from sqlalchemy import insert

from bench import phones
from bench.phones import Upload
from bench.stand import Stand
from bench.table import Figure
from bench.traffic import HOST, PATIENCE, poster, serving
from service.db import session, transaction, uuid7
from service.members.actions import hash_of
from service.members.models import Member, SecondFactor, Session

NAME = "coverage"
FIXES = 50  # an upload
FEW, MANY = 3, 20  # uploads
LOOK = 0.02  # s between two looks
TOKEN = "bench-centre"
SECRET = "JBSWY3DPEHPK3PXP"  # of a second factor that nobody asks for


def figures(stand: Stand) -> Iterator[Figure]:
    """How long it takes, one upload at a time."""
    people = phones.phones(stand, 1)
    _watcher(stand)
    count = FEW if stand.runs == 1 else MANY
    with serving() as port, _worker():
        uploads = phones.tracks(people, (count + 1) * phones.UPLOADS, FIXES)[:: phones.UPLOADS]
        took = [_until_shown(port, upload) for upload in uploads][1:]
    for percent in (50, 99):
        case = f"{FIXES} fixes: from the answer to GET /coverage, p{percent}"
        yield Figure(NAME, case, float(np.percentile(took, percent)), "s", len(took))


@contextmanager
def _worker() -> Iterator[None]:
    """The product's worker."""
    command = [sys.executable, "-m", "service.cli", "work"]
    worker = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(PATIENCE)


def _watcher(stand: Stand) -> None:
    """Somebody of the centre, who may see all grids."""
    person = {
        "id": uuid7(),
        "code": "bench-centre",
        "name": "中心",
        "role": "centre",
        "area_code": "632800000000",
    }
    until = datetime.now(UTC) + timedelta(days=1)
    known = {"id": uuid7(), "token_hash": hash_of(TOKEN), "member_id": person["id"], "expires_at": until}
    with transaction():
        session.execute(insert(Member), [person])
        factor = {"member_id": person["id"], "secret": SECRET, "confirmed_at": until - timedelta(days=1)}
        session.execute(insert(SecondFactor), [factor])
        session.execute(insert(Session), [known | {"device_id": "page", "device_name": "a page"}])


def _until_shown(port: int, upload: Upload) -> float:
    """Seconds from the answer until the visits of the town's grids are more than before."""
    head = {"Authorization": f"Bearer {upload.phone.token}"}
    before = _visits(port)
    poster(port, "/api/v1/uploads", lambda each: each.body, head)(upload)
    answered = time.perf_counter()
    while _visits(port) <= before:
        if time.perf_counter() - answered > PATIENCE:
            raise RuntimeError("nothing is shown of what was walked")
        time.sleep(LOOK)
    return time.perf_counter() - answered


def _visits(port: int) -> int:
    """Of all grids in these hours, added up."""
    now = datetime.now(UTC)
    window = "&".join(
        f"{name}={time:%Y-%m-%dT%H:00:00Z}"
        for name, time in (("from", now - timedelta(hours=3)), ("to", now + timedelta(hours=2)))
    )
    connection = HTTPConnection(HOST, port, timeout=PATIENCE)
    connection.request(
        "GET", f"/api/v1/coverage?by=county&{window}", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    response = connection.getresponse()
    text = response.read()
    if response.status != 200:
        raise RuntimeError(f"coverage answered {response.status}: {text[:500]!r}")
    return sum(item["visits"] for item in json.loads(text)["items"])
