"""Keep what phones report about patrols. Callers have checked that each fact is new."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import numpy as np
from geoalchemy2.shape import from_shape
from shapely import Point
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from geo.tracks import Fixes
from service import bulk
from service.audit import actions as audit
from service.db import session
from service.errors import Invalid
from service.patrols import queries
from service.patrols.facts import CheckInFact, MomentFact, TrackFact
from service.patrols.models import CheckIn, Patrol, PatrolMoment
from service.policy import Caller

REPLAYED = "replayed_code"
MOMENTARY = ("GP1.", "uid=")  # how proofs begin that are made for one moment or touch


def claim(patrol_ids: Sequence[UUID], member_id: UUID) -> set[UUID]:
    """Let the member have those patrols that nobody has yet; gives the ones that are the member's."""
    rows = [{"id": patrol_id, "member_id": member_id} for patrol_id in sorted(patrol_ids)]
    if not rows:
        return set()
    session.execute(insert(Patrol).on_conflict_do_nothing(), rows)
    return set(session.scalars(queries.owned(patrol_ids, member_id)))


def keep_moments(moments: Sequence[MomentFact]) -> None:
    """Keep starts and ends."""
    if moments:
        session.execute(insert(PatrolMoment), [moment._asdict() for moment in moments])


def keep_check_ins(check_ins: Sequence[CheckInFact]) -> None:
    """Keep check-ins, in the grids that they were made in."""
    if check_ins:
        rows = [fact._asdict() for fact in check_ins]
        for row in rows:
            row["position"] = from_shape(Point(row["position"]), 4326) if row["position"] else None
        session.execute(insert(CheckIn), rows)


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


def keep_tracks(tracks: Sequence[TrackFact], received_at: datetime) -> None:
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
            bulk.moment("received_at", received_at, len(phone_at)),
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
    for patrol_id in sorted(first_and_last):
        first, last = first_and_last[patrol_id]
        session.execute(
            update(Patrol)
            .where(Patrol.id == patrol_id)
            .values(
                first_at=func.least(Patrol.first_at, first),
                last_at=func.greatest(Patrol.last_at, last),
                started_at=queries.started_at(patrol_id),
                ended_at=queries.ended_at(patrol_id),
                mode=func.coalesce(queries.mode_of(patrol_id), "foot"),
            )
        )


def look_at_track(patrol: Patrol, viewer: Caller, purpose: str | None) -> None:
    """Let the walker know who looks at the track and why; nobody is told of a look at one's own.

    The purpose stands in a trail that cannot be erased, so it may not name the walker.
    """
    if patrol.member_id == viewer.member_id:
        return
    if purpose is None:
        raise Invalid(errors={"purpose": ["Say why you look at another person's track."]})
    names = session.execute(queries.names_of(patrol.member_id)).one()
    if any(name and len(name) > 1 and name.lower() in purpose.lower() for name in names):
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
