"""Questions about the outbox, in an order that nothing can slip into afterwards.

Sequences are not given out in the order of commits. What carries the number of a transaction older than every
one that still runs is final, so readers go no further; a long transaction delays events and loses none.
"""

from typing import Any, NamedTuple

from service.db import ask
from service.outbox.models import OutboxEvent


class Position(NamedTuple):
    """A place in the order of events: everything up to it is known."""

    xid: int
    seq: int


COLUMNS = "xid, seq, at, kind, area_code, grid_code, team_id, member_id, subject_id, told"
AFTER = f"""
SELECT {COLUMNS} FROM {OutboxEvent.__tablename__}
WHERE (xid, seq) > (%(xid)s, %(seq)s) AND xid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint
ORDER BY xid, seq LIMIT %(limit)s"""
NOW = """
SELECT (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint - 1 AS settled,
    (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint AS future, xid AS floor FROM outbox_floor"""
EPOCH = "SELECT epoch FROM server_epoch"
LAST = 2**62  # behind every number of a row


def epoch() -> int:
    """Which life of the database this is; whoever knows another one starts afresh."""
    return int(ask(EPOCH)[0].epoch)


def settled() -> Position:
    """The position behind every event that is final now."""
    return Position(ask(NOW)[0].settled, LAST)


def is_known(position: Position) -> bool:
    """Whether everything behind a position is still there, and the position is of this database at all."""
    now = ask(NOW)[0]
    return bool(now.floor <= position.xid < now.future)


def after(position: Position, limit: int) -> list[Any]:
    """The final events behind a position, in order, at most `limit`."""
    return list(ask(AFTER, xid=position.xid, seq=position.seq, limit=limit))
