"""How long one must wait after failed sign-ins: 1, 2, 4 … 900 s; nobody is ever locked out for good.

The failures stand in the database, so every worker knows them. They must outlive the refusal: whoever notes
one hands the problem back instead of raising it, for a raised problem rolls back.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from service import jobs
from service.db import session, transaction
from service.errors import TooManyTries
from service.members.models import Tries

LONGEST = timedelta(seconds=900)
FORGOTTEN = timedelta(days=1)  # after the last failure
FREE = 4  # failures without a delay
FREE_BY_ADDRESS = 19  # a whole office may stand behind one address


class Key(NamedTuple):
    """Whose failures are counted together."""

    hash: bytes
    free: int


def by_account(name: str, device_id: str) -> Key:
    """Who signs in, on which device: a stranger's failures elsewhere do not delay the owner."""
    return _key("account", name.strip().lower(), device_id, free=FREE)


def by_code(member_id: object) -> Key:
    """One-time codes of an account, from wherever: whoever gets here knows the password."""
    return _key("code", str(member_id), free=FREE)


def by_address(address: str | None) -> list[Key]:
    """Where the request comes from; loopback is a proxy, which says nothing."""
    if not address or address == "::1" or address.startswith("127."):
        return []
    return [_key("address", address, free=FREE_BY_ADDRESS)]


def _key(*parts: str, free: int) -> Key:
    return Key(hashlib.sha256("\0".join(parts).encode()).digest(), free)


def delay_after(failures: int, free: int) -> timedelta:
    """How long the next try must wait."""
    doublings = failures - free - 1
    return timedelta(0) if doublings < 0 else min(LONGEST, timedelta(seconds=2 ** min(doublings, 10)))


def admit(keys: Sequence[Key], now: datetime) -> None:
    """Let a try pass, one at a time for the first key; raises TooManyTries while its delay lasts."""
    session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(keys[0].hash[:8], signed=True))))
    free = {key.hash: key.free for key in keys}
    known = session.execute(select(Tries.key, Tries.failures, Tries.last_at).where(Tries.key.in_(free)))
    waits = [last_at + delay_after(failures, free[key]) - now for key, failures, last_at in known]
    longest = max(waits, default=timedelta(0))
    if longest > timedelta(0):
        raise TooManyTries(retry_after=int(longest.total_seconds()) + 1)


def note(keys: Sequence[Key], now: datetime) -> None:
    """Count a failure; after a quiet day the count begins anew."""
    for key in keys:
        new = insert(Tries).values(key=key.hash, failures=1, last_at=now)
        is_over = Tries.last_at < now - FORGOTTEN
        more = {"failures": case((is_over, 1), else_=Tries.failures + 1), "last_at": now}
        session.execute(new.on_conflict_do_update(index_elements=["key"], set_=more))


def forget(keys: Sequence[Key]) -> None:
    """A success: the failures before it are forgiven."""
    session.execute(delete(Tries).where(Tries.key.in_([key.hash for key in keys])))


@jobs.task("members.forget_tries", every="17 * * * *")
def forget_old() -> int:
    """Erase failures of more than a day ago; gives how many there were."""
    old = delete(Tries).where(Tries.last_at < datetime.now(UTC) - FORGOTTEN).returning(Tries.key)
    with transaction():
        return len(session.execute(old).all())
