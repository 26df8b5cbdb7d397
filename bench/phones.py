"""What phones send, made beforehand: the same fixes as uploads of ours, and as a plain service takes them."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import insert

from bench import ground, parse
from bench.stand import Stand
from service.db import session, transaction, uuid7
from service.members.actions import hash_of
from service.members.models import Session
from service.patrols.actions import make_partitions

Position = tuple[int, float, float]  # unix ms, lon, lat
Items = list[dict[str, Any]]
Maker = Callable[[UUID, list[Position]], Items]

UPLOADS = 5  # of one patrol


class Phone(NamedTuple):
    """A signed-in member who walks about."""

    member_id: UUID
    token: str
    way: list[tuple[float, float]]  # lon, lat


class Upload(NamedTuple):
    """One request: what is in it, and which rows it leaves."""

    phone: Phone
    items: Items
    ids: list[UUID]  # of the items
    body: bytes
    theirs: bytes  # the body as parse-server takes it: every position an object


def phones(stand: Stand, count: int) -> list[Phone]:
    """So many members, signed in."""
    walks = ground.walk(stand.towns, count)
    ways = np.stack([walks.lon, walks.lat], axis=-1).round(7).tolist()
    signed_in = [
        Phone(stand.members[town], f"bench-{number}", way)
        for number, (town, way) in enumerate(zip(walks.town, ways, strict=True))
    ]
    with transaction():
        make_partitions(datetime.now(UTC).date())
        session.execute(insert(Session), [_sign_in(phone) for phone in signed_in])
    return signed_in


def _sign_in(phone: Phone) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(days=1)
    known = {"id": uuid7(), "token_hash": hash_of(phone.token), "member_id": phone.member_id}
    return known | {"device_id": phone.token, "device_name": "a phone", "expires_at": until}


def tracks(phones: list[Phone], requests: int, fixes: int) -> list[Upload]:
    """Uploads of one track each, by each phone in turn."""
    return [_upload(phone, patrol, fixes, track_of) for phone, patrol in _turns(phones, requests)]


def check_ins(phones: list[Phone], requests: int, count: int) -> list[Upload]:
    """Uploads of so many check-ins each, by each phone in turn."""
    return [_upload(phone, patrol, count, check_ins_of) for phone, patrol in _turns(phones, requests)]


def _turns(phones: list[Phone], requests: int) -> list[tuple[Phone, UUID]]:
    patrols = [[uuid7() for _ in range(requests // UPLOADS + 1)] for _ in phones]
    turns = [divmod(number, len(phones)) for number in range(requests)]
    return [(phones[phone], patrols[phone][turn // UPLOADS]) for turn, phone in turns]


def _upload(phone: Phone, patrol: UUID, count: int, items_of: Maker) -> Upload:
    now = time.time_ns() // 1_000_000
    there_and_back = phone.way + phone.way[::-1]
    walked = [
        (now - (count - step) * 1000 * ground.EVERY, *there_and_back[step % len(there_and_back)])
        for step in range(count)
    ]
    items = items_of(patrol, walked)
    body = json.dumps({"batch_id": str(uuid7()), "crs": "wgs84", "items": items}).encode()
    theirs = parse.body([_check_in(patrol, at) for at in walked])
    return Upload(phone, items, [UUID(item["id"]) for item in items], body, theirs)


def track_of(patrol: UUID, walked: list[Position]) -> Items:
    """One track over all these positions."""
    points = [[*at, 5.0] for at in walked]
    return [{"type": "track", "id": str(uuid7()), "patrol_id": str(patrol), "points": points}]


def check_ins_of(patrol: UUID, walked: list[Position]) -> Items:
    """A check-in at each of these positions."""
    return [{"type": "check_in", **_check_in(patrol, at)} for at in walked]


def _check_in(patrol: UUID, at: Position) -> dict[str, Any]:
    unix_ms, lon, lat = at
    when = datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat()
    place = {"at": when, "lon": lon, "lat": lat, "accuracy_m": 5.0}
    return {"id": str(uuid7()), "patrol_id": str(patrol), **place}
