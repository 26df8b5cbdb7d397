"""Tell for those below who only announce, and open streams."""

from collections.abc import Collection

from sqlalchemy import select

from service.areas.models import Grid
from service.db import session
from service.outbox.actions import Event, tell


def tell_revised(grids: Collection[int], retired: Collection[int]) -> None:
    """Let watchers know which grids have come and gone."""
    for kind, ids in (("grid.created", grids), ("grid.retired", retired)):
        codes = session.scalars(select(Grid.code).where(Grid.id.in_(list(ids))).order_by(Grid.code))
        tell(*(Event(kind, code[:12], code, subject=code) for code in codes))
