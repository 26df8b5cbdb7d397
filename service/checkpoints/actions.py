"""Put up checkpoints, change what they are called, retire them; judge what claims to have been there."""

import secrets
from base64 import b32encode
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from geoalchemy2.shape import from_shape, to_shape
from shapely import Point
from sqlalchemy import select

from service.areas import queries as areas
from service.areas.places import place, unix_ms
from service.audit import actions as audit
from service.checkpoints import proofs, queries
from service.checkpoints.models import Checkpoint
from service.checkpoints.proofs import Claim, Finding
from service.db import announce, fetch, session, uuid7
from service.errors import Conflict, Invalid


class TagTaken(Conflict):
    title, title_zh = "This tag marks another checkpoint", "该标签已用于其他签到点"
    constraint = "checkpoints_nfc_uid_key"


class AlreadyRetired(Conflict):
    title, title_zh = "This checkpoint is retired", "该签到点已停用"


class Place(NamedTuple):
    """A checkpoint that a proof names, as it is needed to judge the proof."""

    id: UUID
    secret: bytes
    nfc_key: bytes | None
    position: tuple[float, float]
    since: datetime
    retired_at: datetime | None


def put_up(lon: float, lat: float, prefix: str, **about: Any) -> Checkpoint:
    """Mark a place in the grid around it; NotFound where the prefix has none, Invalid in another."""
    grid_id = int(place(lon, lat, unix_ms(datetime.now(UTC)))[0])
    grid = fetch(areas.grids_in(prefix), id=grid_id)
    if about.pop("grid", grid.code) != grid.code:
        raise Invalid(errors={"grid": ["The position lies in another grid."]})
    code = b32encode(secrets.token_bytes(5)).decode()
    keys = {"code": code, "secret": secrets.token_bytes(32)}
    position = from_shape(Point(lon, lat), 4326)
    checkpoint = Checkpoint(id=uuid7(), grid_id=grid_id, position=position, **keys, **about)
    session.add(checkpoint)
    session.flush()
    audit.record("checkpoint.put_up", "checkpoint", checkpoint.id)
    announce("checkpoints changed", grids=[checkpoint.grid_id])
    return checkpoint


def change(checkpoint: Checkpoint, changes: Mapping[str, Any]) -> None:
    """Give a checkpoint another name, kind, floor or unit."""
    for name, value in changes.items():
        setattr(checkpoint, name, value)
    session.flush()
    audit.record("checkpoint.change", "checkpoint", checkpoint.id)
    announce("checkpoints changed", grids=[checkpoint.grid_id])


def retire(checkpoint: Checkpoint) -> None:
    """Let a checkpoint prove nothing from now on; what was scanned before still counts."""
    if checkpoint.retired_at is not None:
        raise AlreadyRetired
    checkpoint.retired_at = datetime.now(UTC)
    session.flush()
    audit.record("checkpoint.retire", "checkpoint", checkpoint.id)
    announce("checkpoints changed", grids=[checkpoint.grid_id])


def follow(grids: Sequence[int], retired: Sequence[int]) -> None:
    """Hang the checkpoints of retired grids into those that lie around them now."""
    stranded = session.scalars(select(Checkpoint).where(Checkpoint.grid_id.in_(retired))).all()
    if not stranded:
        return
    lon, lat = zip(*(to_shape(each.position).coords[0] for each in stranded), strict=True)
    now = unix_ms(datetime.now(UTC))
    for each, grid_id in zip(stranded, place(lon, lat, [now] * len(lon)), strict=True):
        each.grid_id = int(grid_id) or each.grid_id
    session.flush()


def named_by(claims: Collection[Claim]) -> dict[str, list[Place]]:
    """The checkpoints that claims name, by code or tag."""
    keys = {claim.key for claim in claims}
    found: dict[str, list[Place]] = {}
    for row in session.execute(queries.claimed(keys)) if keys else ():
        about = Place(row.id, row.secret, row.nfc_key, (row.lon, row.lat), row.since, row.retired_at)
        for key in (row.code, row.nfc_uid):
            found.setdefault(key, []).append(about)
    return found


def judge(claim: Claim, known: Mapping[str, list[Place]], at: datetime) -> tuple[Finding, Place | None]:
    """What a claim is worth, and the checkpoint that it names."""
    for about in known.get(claim.key, ()):
        if about.retired_at is None or at < about.retired_at:
            return proofs.verify(claim, about.secret, about.nfc_key, at), about
    return Finding("unknown"), None
