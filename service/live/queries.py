"""Questions about who watches."""

from collections.abc import Iterable
from uuid import UUID

from service.db import ask
from service.live.sight import Sight

_SIGHTS = """
WITH mine AS (
    SELECT sessions.id, member_id, role, area_code FROM sessions JOIN members ON members.id = member_id
    WHERE sessions.id = ANY(%(ids)s::uuid[]) AND revoked_at IS NULL AND expires_at > now() AND left_at IS NULL
), running AS NOT MATERIALIZED (
    SELECT team_id, member_id, is_leader FROM memberships
    WHERE since <= now() AND (until > now()) IS NOT FALSE
)
SELECT mine.*,
    ARRAY(SELECT team_id FROM running WHERE member_id = mine.member_id) AS teams,
    ARRAY(SELECT team_id FROM running WHERE member_id = mine.member_id AND is_leader) AS led,
    ARRAY(
        SELECT other.member_id FROM running AS own JOIN running AS other USING (team_id)
        WHERE own.member_id = mine.member_id AND own.is_leader
    ) AS people
FROM mine"""


def sights(session_ids: Iterable[UUID]) -> dict[UUID, Sight]:
    """What the members of these sessions may hear of now; a session that has ended is not there."""
    return {
        row.id: Sight(
            row.member_id,
            row.role,
            row.area_code,
            frozenset(row.teams),
            frozenset(row.led),
            frozenset(row.people),
        )
        for row in ask(_SIGHTS, ids=list(session_ids))
    }
