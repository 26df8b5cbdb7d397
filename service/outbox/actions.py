"""Tell what has happened, in the transaction that makes it so."""

from collections.abc import Collection
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
    INSERT INTO outbox (kind, area_code, grid_code, team_id, member_id, subject_id, told)
    SELECT kind, area, grid, team, member, subject, told::uuid[]
    FROM unnest(%(kinds)s::text[], %(areas)s::text[], %(grids)s::text[], %(teams)s::uuid[],
        %(members)s::uuid[], %(subjects)s::text[], %(told)s::text[])
        AS event (kind, area, grid, team, member, subject, told)
)
SELECT pg_notify(%(channel)s, '') FROM (SELECT pg_try_advisory_xact_lock(%(turn)s)) AS turn (mine)
WHERE mine"""
_TRIM = """
WITH old AS (SELECT max(xid) AS xid FROM outbox WHERE at < now() - %(kept)s),
gone AS (DELETE FROM outbox USING old WHERE outbox.xid <= old.xid)
UPDATE outbox_floor SET xid = greatest(outbox_floor.xid, old.xid) FROM old WHERE old.xid IS NOT NULL"""


_PLACE = """(
SELECT format('%%s/%%s/%%s', system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), oid)
FROM pg_control_system(), pg_database WHERE datname = current_database())"""
# Later than every life before, also than those that the restored copy knows nothing of.
_RENEW = f"""
UPDATE server_epoch SET epoch = greatest(epoch + 1, extract(epoch FROM clock_timestamp())::bigint),
    place = {_PLACE}, since = now() WHERE %(always)s OR place <> {_PLACE}
RETURNING epoch"""


class Event(NamedTuple):
    """Something that happened: where, and to what. With a `member`, only who sees that person hears of it."""

    kind: str  # such as `patrol.started`; who may hear of it: live.sight.KINDS
    area: str  # 12-digit code
    grid: str | None = None  # 15-digit code
    team: UUID | None = None
    member: UUID | None = None
    subject: object = None  # the thing's id
    told: Collection[UUID] = ()  # members and teams who hear of it wherever it is


def tell(*events: Event) -> None:
    """Let the watchers know, once this transaction has been committed; never if it is rolled back."""
    if not events:
        return
    kinds, areas, grids, teams, members, subjects, told = map(list, zip(*events, strict=True))
    named = [None if each is None else str(each) for each in subjects]
    listed = [f"{{{','.join(map(str, each))}}}" if each else None for each in told]
    columns = {"areas": areas, "grids": grids, "teams": teams, "members": members, "subjects": named}
    ask(_TELL, kinds=kinds, **columns, told=listed, channel=CHANNEL, turn=_TURN)


def renew_epoch(*, always: bool) -> int | None:
    """Begin another life of the database, if it has moved or `always`; gives its number.

    Phones then ask which of their items are missing, and whoever watches loads afresh. Events go: in another
    cluster transactions are counted anew.
    """
    renewed = ask(_RENEW, always=always)
    if not renewed:
        return None
    ask("DELETE FROM outbox")
    ask("UPDATE outbox_floor SET xid = 0")
    return int(renewed[0].epoch)


@jobs.task("outbox.trim", every="*/10 * * * *")
def trim() -> None:
    """Erase what is older than two days, the oldest transactions first."""
    with transaction():
        ask(_TRIM, kept=KEPT)
