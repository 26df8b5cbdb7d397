"""Questions about what a member's phone needs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from service.areas.models import Grid
from service.areas.queries import in_force, prefix_of, within
from service.teams.models import Membership, Team

TOLERANCE = 0.00005  # degrees, about 5 m: what a phone draws at street level
DIGITS = 5  # of a degree, about 1 m


def homes(member_id: UUID) -> Select[str]:
    """The areas of the teams that a member is in."""
    return (
        select(Team.area_code)
        .join(Membership, Membership.team_id == Team.id)
        .where(
            Membership.member_id == member_id,
            Membership.since <= func.now(),
            or_(Membership.until.is_(None), Membership.until > func.now()),
        )
        .distinct()
        .order_by(Team.area_code)
    )


def grids(areas: Sequence[str], codes: Sequence[str] | None) -> Select[Any]:
    """The current grids of some areas, or those of them with these codes, as a phone draws them."""
    shape = func.ST_SimplifyPreserveTopology(Grid.shape, TOLERANCE)
    known = or_(False, *(within(Grid.code, prefix_of(area)) for area in areas))
    current = in_force(select(Grid).where(known))
    if codes is not None:
        current = current.where(Grid.code.in_(codes))
    return current.with_only_columns(
        Grid.code, Grid.name, Grid.basis, func.ST_AsGeoJSON(shape, DIGITS).cast(JSONB).label("outline")
    ).order_by(Grid.code)
