"""What all facts show together, worked out by several processes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete

from service.areas.models import Grid, GridRevision
from service.coverage import scratch
from service.coverage.models import CoverageMark
from service.db import session, transaction, uuid7
from service.members.models import Consent, Member
from service.patrols.models import CheckIn, Fix, Patrol, PatrolMoment
from service.uploads.actions import Batch, receive
from service.uploads.models import Item
from tests.factories import a_grid, a_member
from tests.service.coverage import THESE_DAYS
from tests.service.phone import a_patrol


@pytest.fixture
def walked(app: Any) -> Iterator[Grid]:
    """A grid and two patrols that other connections see; they are taken away afterwards."""
    with transaction():
        member, grid = a_member().id, a_grid()
        code, revision = grid.code, grid.revision_id
    with transaction():
        receive(member, Batch(uuid7(), "wgs84", None, a_patrol() + a_patrol()))
    yield grid
    session.remove()
    with transaction():
        patrols = session.query(Patrol.id).filter_by(member_id=member).subquery()
        for table in (Fix, CheckIn, PatrolMoment, CoverageMark):
            session.execute(delete(table).where(table.patrol_id.in_(patrols.select())))
        for table in (Item, Consent, Patrol):
            session.execute(delete(table).where(table.member_id == member))
        session.execute(delete(Member).where(Member.id == member))
        session.execute(delete(Grid).where(Grid.code == code))
        session.execute(delete(GridRevision).where(GridRevision.id == revision))
    session.remove()


def test_two_processes_see_what_one_sees(walked):
    one, two = (scratch.seen_of(*THESE_DAYS, processes) for processes in (1, 2))
    assert [walked.id] == list(one) == list(two)
    assert np.array_equal(one[walked.id], two[walked.id])


def test_connections_go_on_after_processes_were_forked(walked):
    checks = [scratch.check(*THESE_DAYS, processes) for processes in (1, 2, 1)]
    assert checks == [(1, [walked.code])] * 3
