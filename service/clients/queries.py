"""Questions and moves between what waits for a patrol and what is on one, each one statement.

A fix from another app is known by its track id, a UUID of version 8; phones of ours make versions 4 and 7.
Where two messages tell of the same position, the greater value of each field stands, so that neither order
nor repetition of messages leaves a trace.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text

from service.members.models import Member
from service.patrols.models import Patrol

_FACTS = "accuracy_m, speed_mps, heading_deg, battery_pct, is_mock"
_COLUMNS = f"track_id, recorded_at, received_at, position, {_FACTS}"
_LONGEST = "interval '24 hours'"  # a patrol without an end covers so much
_COVERING = f"""
    SELECT id FROM patrols
    WHERE patrols.member_id = at.member_id AND started_at <= at.recorded_at
      AND at.recorded_at <= coalesce(ended_at, started_at + {_LONGEST})
      AND (erased_before IS NULL OR at.recorded_at >= erased_before)
    ORDER BY started_at DESC, id DESC LIMIT 1
"""  # of two patrols, the one that began later


def _greater(table: str) -> str:
    names = ("accuracy_m", "speed_mps", "heading_deg", "battery_pct", "is_mock")
    both = ", ".join(f"greatest({table}.{name}, excluded.{name})" for name in names)
    kept = ", ".join(f"{table}.{name}" for name in names)
    return (
        f"DO UPDATE SET received_at = least({table}.received_at, excluded.received_at),"
        f" ({_FACTS}) = ROW({both}) WHERE ({kept}) IS DISTINCT FROM ({both})"
        f" OR excluded.received_at < {table}.received_at"
    )


HOLD = text(
    f"""
    INSERT INTO held_positions ({_COLUMNS}, member_id)
    SELECT id, to_timestamp(ms / 1000.0), :now, ST_SetSRID(ST_MakePoint(lon, lat), 4326),
           max(accuracy), max(speed), max(heading), max(battery), bool_or(mock), :member
    FROM unnest(
        cast(:ids AS uuid[]), cast(:ms AS bigint[]), cast(:lon AS float8[]), cast(:lat AS float8[]),
        cast(:accuracy AS float8[]), cast(:speed AS float8[]), cast(:heading AS float8[]),
        cast(:battery AS float8[]), cast(:mock AS bool[])
    ) AS sent (id, ms, lon, lat, accuracy, speed, heading, battery, mock)
    GROUP BY id, ms, lon, lat
    ON CONFLICT (track_id) {_greater("held_positions")}
    """
)
TAKE_BACK = text(
    f"""
    WITH misplaced AS (
        DELETE FROM fixes at USING (
            SELECT near.id, near.member_id FROM patrols near JOIN patrols changed
              ON near.member_id = changed.member_id AND changed.id = ANY(:patrols)
             AND (near.id = changed.id
                  OR (near.started_at <= coalesce(changed.ended_at, changed.started_at + {_LONGEST})
                      AND changed.started_at <= coalesce(near.ended_at, near.started_at + {_LONGEST})))
        ) own
        WHERE at.patrol_id = own.id AND substr(at.track_id::text, 15, 1) = '8'
          AND ({_COVERING.replace("at.member_id", "own.member_id")}) IS DISTINCT FROM at.patrol_id
        RETURNING at.*, own.member_id
    ), kept AS (
        INSERT INTO held_positions ({_COLUMNS}, member_id) SELECT {_COLUMNS}, member_id FROM misplaced
        ON CONFLICT (track_id) {_greater("held_positions")}
    )
    SELECT DISTINCT patrol_id FROM misplaced
    """
)
RELEASE = text(
    f"""
    WITH fitting AS (
        SELECT at.track_id, covering.id AS patrol_id FROM held_positions at
        CROSS JOIN LATERAL ({_COVERING}) covering
        WHERE at.member_id = ANY(:members)
          AND (cast(:ids AS uuid[]) IS NULL OR at.track_id = ANY(cast(:ids AS uuid[])))
    ), released AS (
        DELETE FROM held_positions held USING fitting WHERE held.track_id = fitting.track_id
        RETURNING held.*, fitting.patrol_id
    ), joined AS (
        INSERT INTO fixes (place, patrol_id, phone_at, {_COLUMNS})
        SELECT 0, patrol_id, recorded_at, {_COLUMNS} FROM released
        ON CONFLICT (track_id, place, recorded_at) {_greater("fixes")}
        RETURNING patrol_id, recorded_at
    )
    SELECT patrol_id, min(recorded_at), max(recorded_at) FROM joined GROUP BY patrol_id
    """
)
FORGET_WITHOUT_CONSENT = text(
    """
    DELETE FROM held_positions
    WHERE NOT EXISTS (
        SELECT FROM consents WHERE consents.member_id = held_positions.member_id
           AND kind = 'track' AND withdrawn_at IS NULL
    ) AND (cast(:members AS uuid[]) IS NULL OR member_id = ANY(cast(:members AS uuid[])))
    """
)
LAST_THINGS = text(
    """
    UPDATE patrols SET last_at = greatest(
        (SELECT max(recorded_at) FROM patrol_moments WHERE patrol_id = patrols.id),
        (SELECT max(recorded_at) FROM check_ins WHERE patrol_id = patrols.id),
        (SELECT max(recorded_at) FROM fixes WHERE patrol_id = patrols.id)
    ) WHERE id = ANY(:patrols) AND erased_before IS NULL
    """
)


def alone_with(member_id: UUID) -> Select[Any]:
    """A member who has not left; until this transaction ends, no upload of theirs comes in beside it."""
    return select(Member.id).where(Member.id == member_id, Member.left_at.is_(None)).with_for_update()


def walkers(patrol_ids: list[UUID]) -> Select[Any]:
    """Whose patrols these are."""
    return select(Patrol.member_id).where(Patrol.id.in_(patrol_ids)).distinct()
