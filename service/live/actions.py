"""Tell for those below who only announce, and open streams."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from service.areas.models import Grid
from service.db import session
from service.duty.models import Shift
from service.outbox.actions import Event, tell
from service.teams.models import Team


def tell_revised(grids: Collection[int], retired: Collection[int]) -> None:
    """Let watchers know which grids have come and gone."""
    for kind, ids in (("grid.created", grids), ("grid.retired", retired)):
        codes = session.scalars(select(Grid.code).where(Grid.id.in_(list(ids))).order_by(Grid.code))
        tell(*(Event(kind, code[:12], code, subject=code) for code in codes))


def tell_duty(teams: Collection[UUID], **_: Any) -> None:
    """Let watchers know that teams have other shifts."""
    _tell_teams("duty.changed", teams)


def tell_spot_check(shifts: Collection[UUID], teams: Collection[UUID]) -> None:
    """Let a team know that it is asked where it is."""
    for shift in shifts:
        _tell_teams("spot_check.asked", teams, shift)


def tell_begin(shifts: Collection[UUID], teams: Collection[UUID]) -> None:
    """Let teams know that a shift of theirs is about to begin."""
    for shift, team in session.execute(select(Shift.id, Shift.team_id).where(Shift.id.in_(list(shifts)))):
        _tell_teams("shift.begins", {team} & set(teams), shift)


def tell_holes(grids: Collection[int], at: Collection[datetime]) -> None:
    """Let watchers know of grids that nobody is about to have."""
    rows = session.execute(select(Grid.id, Grid.code).where(Grid.id.in_(list(grids))))
    codes = {row.id: row.code for row in rows}
    when = zip(grids, at, strict=True)
    tell(*(Event("hole.opens", codes[id][:12], codes[id], subject=time.isoformat()) for id, time in when))


def tell_notice(notices: Collection[UUID], teams: Collection[UUID]) -> None:
    """Let teams know of a notice to them."""
    for notice in notices:
        _tell_teams("notice.sent", teams, notice)


def tell_checkpoints(grids: Collection[int]) -> None:
    """Let phones know that a grid has other checkpoints."""
    codes = session.scalars(select(Grid.code).where(Grid.id.in_(list(grids))).order_by(Grid.code))
    tell(*(Event("checkpoint.changed", code[:12], code, subject=code) for code in codes))


def tell_alarm(alarm_id: UUID, area_code: str, told: Collection[UUID], **_: Any) -> None:
    """Let the area, and each person who is told of an alarm, know that it has changed."""
    tell(Event("alarm.changed", area_code, subject=alarm_id, told=told))


def tell_drill_due(area_code: str) -> None:
    """Let the officers of a county know that it has held no drill for a month."""
    tell(Event("drill.due", area_code, subject=area_code))


def tell_matters(
    steps: Collection[Any], place_codes: Mapping[UUID, str], told: Mapping[UUID, Collection[UUID]]
) -> None:
    """Let the areas, and the people and teams whose matters they are, know which have moved on."""
    ids = dict.fromkeys(each["matter_id"] for each in steps)
    tell(*(Event("matter.changed", place_codes[id][:12], subject=id, told=told.get(id, ())) for id in ids))


def tell_bulletin(bulletin_id: UUID, area_code: str) -> None:
    """Let the officers of an area know that a month's bulletin has been made."""
    tell(Event("bulletin.made", area_code, subject=bulletin_id))


def _tell_teams(kind: str, teams: Collection[UUID], subject: object = None) -> None:
    homes = session.execute(
        select(Team.id, Team.area_code).where(Team.id.in_(list(teams))).order_by(Team.code)
    )
    tell(*(Event(kind, area, team=team, subject=subject or team) for team, area in homes))
