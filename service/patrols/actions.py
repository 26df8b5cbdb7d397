"""Keep what phones report about patrols. Callers have checked that each fact is new."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import func, insert, select, text, update

from geo.tracks import Fixes
from service import bulk
from service.audit import actions as audit
from service.db import ask, session
from service.errors import Invalid
from service.patrols import queries
from service.patrols.facts import CheckInFact, MomentFact, TrackFact
from service.patrols.models import CheckIn, Patrol, PatrolMoment
from service.policy import Caller

REPLAYED = "replayed_code"
MOMENTARY = ("GP1.", "uid=")  # how proofs begin that are made for one moment or touch

_CLAIM = """
WITH new AS (
    INSERT INTO patrols (id, member_id) SELECT * FROM unnest(%(ids)s::uuid[], %(member_ids)s::uuid[])
    ON CONFLICT DO NOTHING RETURNING id, member_id
)
SELECT id, member_id FROM new
UNION ALL SELECT id, member_id FROM patrols WHERE id = ANY(%(ids)s::uuid[])"""
_NOTE_TIMES = """
UPDATE patrols SET first_at = least(first_at, first), last_at = greatest(last_at, last)
FROM (
    SELECT sent.* FROM patrols
    JOIN unnest(%(ids)s::uuid[], %(firsts)s::timestamptz[], %(lasts)s::timestamptz[])
        AS sent (id, first, last) USING (id)
    ORDER BY id FOR NO KEY UPDATE OF patrols
) AS sent WHERE patrols.id = sent.id"""
_NOTE_MOMENTS = """
UPDATE patrols SET started_at = start, ended_at = "end", mode = coalesce(moments.mode, 'foot')
FROM (
    SELECT patrol_id, min(recorded_at) FILTER (WHERE kind = 'start') AS start,
        max(recorded_at) FILTER (WHERE kind = 'end') AS "end",
        (array_agg(mode ORDER BY recorded_at, id) FILTER (WHERE kind = 'start'))[1] AS mode
    FROM patrol_moments WHERE patrol_id = ANY(%(ids)s::uuid[]) GROUP BY patrol_id
) AS moments WHERE patrols.id = patrol_id"""
_CHECK_IN = {
    "id": "uuid",
    "patrol_id": "uuid",
    "recorded_at": "timestamptz",
    "phone_at": "timestamptz",
    "received_at": "timestamptz",
    "position": "bytea",
    "accuracy_m": "float8",
    "method": "text",
    "proof": "text",
    "note": "text",
    "photos": "varchar[]",
    "marks": "varchar[]",
    "grade": "text",
    "grid_id": "int4",
    "checkpoint_id": "uuid",
}  # in the order of a CheckInFact


def claim(claims: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """Let members have those patrols that nobody has yet: patrol → member; gives whose each patrol is."""
    if not claims:
        return {}
    ids = sorted(claims)
    found = ask(_CLAIM, ids=ids, member_ids=[claims[each] for each in ids])
    owners = {row.id: row.member_id for row in found}
    if len(owners) < len(ids):  # claimed while we waited: only a new look can tell
        owners |= {row.id: row.member_id for row in session.execute(queries.owners(ids))}
    return owners


def keep_moments(moments: Sequence[MomentFact]) -> None:
    """Keep starts and ends."""
    if moments:
        session.execute(insert(PatrolMoment), [moment._asdict() for moment in moments])


def keep_check_ins(check_ins: Sequence[CheckInFact]) -> None:
    """Keep check-ins, in the grids that they were made in."""
    if check_ins:
        bulk.copy_rows("check_ins", _CHECK_IN, map(_row, check_ins))


def _row(fact: CheckInFact) -> list[Any]:
    placed = fact._asdict() | {"position": fact.position and bulk.point(*fact.position)}
    return list(placed.values())


def mark_replays(check_ins: Sequence[CheckInFact]) -> None:
    """Mark whoever shows a code of one moment that another member showed before; the set alone decides.

    All check-ins with such a code are looked at again whenever one arrives, one upload after another.
    """
    proofs = {each.proof for each in check_ins if each.checkpoint_id and each.proof}
    proofs = {proof for proof in proofs if proof.startswith(MOMENTARY)}
    for proof in sorted(proofs):
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(proof, 0))))
    first: dict[str, UUID] = {}
    for row in session.execute(queries.shown_proofs(proofs)).all() if proofs else ():
        is_replay = first.setdefault(row.proof, row.member_id) != row.member_id
        if is_replay != (REPLAYED in row.marks):
            marks = [mark for mark in row.marks if mark != REPLAYED] + [REPLAYED] * is_replay
            session.execute(update(CheckIn).where(CheckIn.id == row.id).values(marks=marks))


def keep_tracks(tracks: Sequence[TrackFact]) -> None:
    """Keep the fixes of tracks, all at once."""
    if not tracks:
        return
    counts = [len(track.fixes.at) for track in tracks]
    fixes = Fixes(
        *(np.concatenate(column) for column in zip(*(track.fixes for track in tracks), strict=True))
    )
    phone_at = np.concatenate([track.phone_at for track in tracks])
    bulk.copy(
        "fixes",
        [
            bulk.ids("track_id", [track.id for track in tracks], counts),
            bulk.integers("place", np.concatenate([np.arange(count) for count in counts])),
            bulk.ids("patrol_id", [track.patrol_id for track in tracks], counts),
            bulk.times("recorded_at", fixes.at),
            bulk.times("phone_at", phone_at),
            bulk.moments("received_at", [track.received_at for track in tracks], counts),
            bulk.points("position", fixes.lon, fixes.lat),
            bulk.numbers("accuracy_m", fixes.accuracy_m),
            *(
                bulk.numbers(name, np.concatenate([getattr(track, name) for track in tracks]))
                for name in ("speed_mps", "heading_deg", "battery_pct")
            ),
            bulk.booleans("is_mock", fixes.mock),
        ],
    )


def note_times(first_and_last: dict[UUID, tuple[datetime, datetime]]) -> None:
    """Let patrols know what has arrived of them; whatever comes first, the end state is the same."""
    if first_and_last:
        firsts, lasts = zip(*first_and_last.values(), strict=True)
        ask(_NOTE_TIMES, ids=list(first_and_last), firsts=list(firsts), lasts=list(lasts))


def note_moments(patrol_ids: Collection[UUID]) -> None:
    """Let patrols know their start, end and mode, from all the moments known now.

    Call it after `note_times`, which has locked them: what came over another connection is seen then.
    """
    if patrol_ids:
        ask(_NOTE_MOMENTS, ids=list(patrol_ids))


def look_at_track(patrol: Patrol, viewer: Caller, purpose: str | None) -> None:
    """Let the walker know who looks at the track, and why if they say it; a look at one's own leaves nothing.

    The purpose stands in a trail that cannot be erased, so it may not name the walker.
    """
    if patrol.member_id == viewer.member_id:
        return
    said = (purpose or "").lower()
    names = session.execute(queries.names_of(patrol.member_id)).one()
    if any(name and len(name) > 1 and name.lower() in said for name in names):
        raise Invalid(errors={"purpose": ["Say it without the walker's name, number or phone."]})
    audit.record("track.read", "patrol", patrol.id, subject=patrol.member_id, purpose=purpose)


def make_partitions(today: date, months: int = 6) -> list[str]:
    """Make this month's partition of fixes and those of the next months; gives the names of the new ones."""
    made = []
    for ahead in range(-1, months):
        start = _month(today, ahead)
        name = f"fixes_{start:%Y_%m}"
        if session.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is None:
            session.execute(
                text(
                    f"CREATE TABLE {name} PARTITION OF fixes"
                    f" FOR VALUES FROM ('{start} 00:00Z') TO ('{_month(today, ahead + 1)} 00:00Z')"
                )
            )
            made.append(name)
    return made


def _month(today: date, ahead: int) -> date:
    years, month = divmod(today.month - 1 + ahead, 12)
    return date(today.year + years, month + 1, 1)
