"""How long grids may go unseen: what holds for a code, and setting it."""

from typing import NamedTuple

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from service.audit.actions import record
from service.coverage import queries
from service.coverage.models import CoverageTarget
from service.db import session

DEFAULT_HOURS = 168  # a week, where nothing was set for a grid or any area above it


class Target(NamedTuple):
    """What holds for an area or grid, and for which code it was set; for none if it is the default."""

    code: str
    hours: int
    set_for: str | None


def holding_for(code: str) -> Target:
    """The target that holds for an area or grid."""
    found = session.scalars(queries.target_over(code)).one_or_none()
    return Target(code, found.hours, found.code) if found else Target(code, DEFAULT_HOURS, None)


def set_for(code: str, hours: int) -> None:
    """Let an area's grids, or one grid, go unseen for so long."""
    new = insert(CoverageTarget).values(code=code, hours=hours)
    session.execute(new.on_conflict_do_update(index_elements=["code"], set_={"hours": hours}))
    record("set target", "coverage_target", code)


def unset(code: str) -> None:
    """Let the target above hold again."""
    session.execute(delete(CoverageTarget).where(CoverageTarget.code == code))
    record("unset target", "coverage_target", code)
