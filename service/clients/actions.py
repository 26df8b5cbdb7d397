"""Take in positions of other phone apps: on the patrol that covers their time, or held until one does."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete

from service import jobs, telemetry
from service.clients import queries
from service.clients.models import HeldPosition
from service.clients.positions import Position
from service.coverage import actions as coverage
from service.db import session, transaction
from service.errors import SignInNeeded
from service.members import actions as members
from service.members.actions import Uploader
from service.patrols import actions as patrols
from service.policy import POLICY
from service.values import EARLIEST

HELD = timedelta(hours=24)
AHEAD = timedelta(hours=24)  # a time farther in the future is absurd


def uploader(kind: str, token: str, username: str | None = None) -> Uploader:
    """Whose app of this kind has this token; raises SignInNeeded for any other."""
    found = members.device_of(token)
    if found is None or found.device.kind != kind:
        raise SignInNeeded
    names = (found.member.username or found.member.code).lower()
    if username is not None and username.strip().lower() != names:
        raise SignInNeeded
    return found


def receive(sender: Uploader, read: Sequence[Position | None], now: datetime) -> None:
    """Keep the positions that may be kept; sending them again changes nothing.

    What cannot be used, or may not be kept, is dropped and counted: the app could not mend it.
    """
    usable = [each for each in read if each and EARLIEST <= each.at <= now + AHEAD]
    telemetry.ITEMS.labels("unusable").inc(len(read) - len(usable))
    if not usable:
        return
    if session.scalar(queries.alone_with(sender.member.id)) is None:
        raise SignInNeeded
    since = _consented_since(sender)
    kept = [each for each in usable if since and each.at >= since]
    telemetry.ITEMS.labels("rejected").inc(len(usable) - len(kept))
    if kept:
        _join(sender, kept, now)
        telemetry.ITEMS.labels("stored").inc(len(kept))


def _consented_since(sender: Uploader) -> datetime | None:
    """From when on positions may be kept; a withdrawal waits until this has been committed."""
    if sender.member.role not in POLICY["uploads:send"]:
        return None
    return members.consented_since([sender.member.id]).get(sender.member.id)


def _join(sender: Uploader, positions: Sequence[Position], now: datetime) -> None:
    ids = [_id(sender.device.id, each) for each in positions]
    columns = {
        "ids": ids,
        "ms": [_unix_ms(each) for each in positions],
        "lon": [each.lon for each in positions],
        "lat": [each.lat for each in positions],
        "accuracy": [each.accuracy_m for each in positions],
        "speed": [each.speed_mps for each in positions],
        "heading": [each.heading_deg for each in positions],
        "battery": [each.battery_pct for each in positions],
        "mock": [each.is_mock for each in positions],
    }
    session.execute(queries.HOLD, columns | {"now": now, "member": sender.member.id})
    coverage.mark(_release([sender.member.id], ids))


def _unix_ms(position: Position) -> int:
    return round(position.at.timestamp() * 1000)


def _id(device_id: UUID, position: Position) -> UUID:
    """The same for the same device, time and place, in order of time (RFC 9562, version 8)."""
    ms, place = _unix_ms(position), f"{position.lon!r} {position.lat!r}"
    digest = hashlib.sha256(f"{device_id} {ms} {place}".encode()).digest()
    bits = ms << 80 | int.from_bytes(digest[:10])
    return UUID(int=bits & ~(0xF000 << 64) & ~(0b11 << 62) | 0x8000 << 64 | 0b10 << 62)


def _release(member_ids: Sequence[UUID], ids: Sequence[UUID] | None = None) -> set[UUID]:
    """Move what waits onto the patrols that cover it; gives these patrols."""
    rows = session.execute(queries.RELEASE, {"members": list(member_ids), "ids": ids}).all()
    patrols.note_times({patrol_id: (first, last) for patrol_id, first, last in rows})
    return {patrol_id for patrol_id, _, _ in rows}


def settle(patrol_ids: Collection[UUID]) -> None:
    """Let positions follow patrols whose start or end has changed: onto them, or off again."""
    given = sorted(patrol_ids)
    walkers = list(session.scalars(queries.walkers(given)))
    left = set(session.scalars(queries.TAKE_BACK, {"patrols": given}))
    if left:
        session.execute(queries.LAST_THINGS, {"patrols": sorted(left)})
    session.execute(queries.FORGET_WITHOUT_CONSENT, {"members": walkers})
    coverage.mark(left | _release(walkers))


@jobs.task("clients.forget", every="*/10 * * * *")
def forget() -> None:
    """Erase what has waited for a day, and what its member no longer agrees to."""
    with transaction():
        forget_before(datetime.now(UTC) - HELD)


def forget_before(before: datetime) -> None:
    """Erase what came before a time, and what its member no longer agrees to."""
    old = delete(HeldPosition).where(HeldPosition.received_at < before)
    session.execute(old.execution_options(synchronize_session=False))
    session.execute(queries.FORGET_WITHOUT_CONSENT, {"members": None})
