"""Tell what has happened, in the transaction that makes it so."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from service import jobs
from service.db import ask, transaction

CHANNEL = "outbox"
KEPT = timedelta(days=2)
_TURN = 0x6F7574  # the advisory lock of who may wake the watchers
# Commits that notify wait for each other. Only one at a time does: for the others, the watchers look anyway.
_TELL = """
WITH told AS (
    INSERT INTO outbox (kind, area_code, grid_code, team_id, member_id, subject_id)
    SELECT * FROM unnest(%(kinds)s::text[], %(areas)s::text[], %(grids)s::text[], %(teams)s::uuid[],
        %(members)s::uuid[], %(subjects)s::text[])
)
SELECT pg_notify(%(channel)s, '') FROM (SELECT pg_try_advisory_xact_lock(%(turn)s)) AS turn (mine)
WHERE mine"""
_TRIM = """
WITH old AS (SELECT max(xid) AS xid FROM outbox WHERE at < now() - %(kept)s),
gone AS (DELETE FROM outbox USING old WHERE outbox.xid <= old.xid)
UPDATE outbox_floor SET xid = greatest(outbox_floor.xid, old.xid) FROM old WHERE old.xid IS NOT NULL"""


class Event(NamedTuple):
    """Something that happened: where, and to what. With a `member`, only who sees that person hears of it."""

    kind: str  # such as `patrol.started`; who may hear of it: live.sight.KINDS
    area: str  # 12-digit code
    grid: str | None = None  # 15-digit code
    team: UUID | None = None
    member: UUID | None = None
    subject: object = None  # the thing's id


def tell(*events: Event) -> None:
    """Let the watchers know, once this transaction has been committed; never if it is rolled back."""
    if not events:
        return
    kinds, areas, grids, teams, members, subjects = map(list, zip(*events, strict=True))
    named = [None if each is None else str(each) for each in subjects]
    columns = {"areas": areas, "grids": grids, "teams": teams, "members": members, "subjects": named}
    ask(_TELL, kinds=kinds, **columns, channel=CHANNEL, turn=_TURN)


@jobs.task("outbox.trim", every="*/10 * * * *")
def trim() -> None:
    """Erase what is older than two days, the oldest transactions first."""
    with transaction():
        ask(_TRIM, kept=KEPT)
