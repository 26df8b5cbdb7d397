"""Questions about what nobody has."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE

from service.duty.models import AssignmentStep, Shift

UNCOVERED = """
    SELECT grids.code, (array_agg(grids.name ORDER BY grids.since DESC))[1] AS name,
        range_agg(open.span) AS spans,
        sum(extract(epoch FROM upper(open.span) - lower(open.span))) / 3600 AS hours
    FROM grids
    CROSS JOIN LATERAL (
        SELECT tstzmultirange(
            tstzrange(greatest(:start, grids.since), least(:end, coalesce(grids.retired_at, :end)))
        ) AS whole WHERE grids.since < :end AND coalesce(grids.retired_at, :end) > :start
    ) AS asked
    CROSS JOIN LATERAL (
        SELECT coalesce(range_agg(span) FILTER (WHERE span && tstzrange(:start, :end)), '{}') AS spans
        FROM assignment_grids, unnest(during) AS span WHERE grid_id = grids.id
    ) AS held
    CROSS JOIN LATERAL unnest(asked.whole - held.spans) AS open (span)
    WHERE grids.code >= :prefix AND grids.code < :prefix || ':' AND grids.code > :after
    GROUP BY grids.code
    ORDER BY grids.code
"""  # of the versions of a grid each has the time in which it was in force


def uncovered(start: datetime, end: datetime, prefix: str, after: str = "", limit: int | None = None) -> Any:
    """When nobody has the grids of a prefix, inside a window: code, name, spans, hours; a row a grid."""
    statement = text(UNCOVERED + "LIMIT :limit").columns(spans=TSTZMULTIRANGE())
    return statement.bindparams(start=start, end=end, prefix=prefix, after=after, limit=limit)


NEAR = timedelta(days=7)  # around a window: who has a grid then, has it at other times
WHY = """
    SELECT grids.code,
        CASE WHEN bool_or(held.is_declined) THEN 'declined' WHEN bool_or(held.is_near) THEN 'other_times'
            ELSE 'nobody' END AS why
    FROM grids
    CROSS JOIN LATERAL (
        SELECT bool_or(during && tstzrange(:start - :near, :end + :near)) AS is_near,
            bool_or(dropped_at IS NULL AND EXISTS (
                SELECT FROM shifts WHERE shifts.assignment_id = assignment_grids.assignment_id
                    AND state = 'declined' AND starts_at < :end AND ends_at > :start
            )) AS is_declined
        FROM assignment_grids WHERE grid_id = grids.id
    ) AS held
    WHERE grids.code = ANY(:codes)
    GROUP BY grids.code
"""


def why(codes: Sequence[str], start: datetime, end: datetime) -> Any:
    """Why grids are open in a window: code, and one of WHY_OPEN; a row a grid."""
    return text(WHY).bindparams(codes=list(codes), start=start, end=end, near=NEAR)


def version() -> Select[Any]:
    """Names the present state of who has which grids; every change leaves a step, or a declined shift."""
    steps = select(func.count()).select_from(AssignmentStep).scalar_subquery()
    declined = select(func.count()).where(Shift.state == "declined").scalar_subquery()
    return select(func.concat(steps, "/", declined))


HOLES = """
    INSERT INTO told_holes (grid_id, opens_at)
    SELECT grids.id, upper(held.span)
    FROM grids
    CROSS JOIN LATERAL (
        SELECT unnest(range_agg(span)) AS span FROM assignment_grids, unnest(during) AS span
        WHERE grid_id = grids.id AND span && tstzrange(:now, :until, '[]')
    ) AS held
    WHERE grids.retired_at IS NULL AND upper(held.span) > :now AND upper(held.span) <= :until
    ON CONFLICT DO NOTHING
    RETURNING grid_id, opens_at
"""


def opening(now: datetime, until: datetime) -> Any:
    """Keep, and give, which grids nobody will have from a moment soon to come; each once."""
    return text(HOLES).bindparams(now=now, until=until)
