"""Questions about what a member's phone needs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, and_, cast, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by

from service.areas.models import Grid
from service.areas.queries import in_force, prefix_of, within
from service.checkpoints.models import Checkpoint
from service.duty.models import HOLDING, AssignmentGrid, Shift, ShiftMember, SpotAnswer, SpotCheck
from service.notices.models import Notice, NoticeRead, NoticeTeam
from service.teams.models import Membership, Team

AHEAD = timedelta(days=14)
NOTICES = 50
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


def shifts(member_id: UUID, _: Sequence[str]) -> Select[Any]:
    """What a member's teams do from now on, as far as it concerns the member: whole teams, and one's own."""
    mine = ShiftMember.member_id == member_id
    own = exists().where(ShiftMember.shift_id == Shift.id, mine, ShiftMember.state.in_(HOLDING))
    anybody = exists().where(ShiftMember.shift_id == Shift.id, ShiftMember.state.in_(HOLDING))
    in_team = exists().where(
        Membership.team_id == Shift.team_id,
        Membership.member_id == member_id,
        Membership.since <= Shift.starts_at,
        or_(Membership.until.is_(None), Membership.until > Shift.starts_at),
    )
    codes = (
        select(func.coalesce(func.array_agg(aggregate_order_by(Grid.code, Grid.code)), cast([], ARRAY(Text))))
        .join(AssignmentGrid, AssignmentGrid.grid_id == Grid.id)
        .where(
            AssignmentGrid.assignment_id == Shift.assignment_id,
            func.tstzrange(Shift.starts_at, Shift.ends_at).op("&&")(AssignmentGrid.during),
        )
        .correlate(Shift)
        .scalar_subquery()
    )
    said = select(ShiftMember.state).where(ShiftMember.shift_id == Shift.id, mine).scalar_subquery()
    check = _open_check(member_id)
    soon = Shift.ends_at > func.now(), Shift.starts_at < func.now() + AHEAD
    columns = select(Shift.id, Shift.starts_at, Shift.ends_at, Shift.state, codes.label("grids"))
    found = columns.add_columns(own.label("is_mine"), said.label("my_state"), check).outerjoin(check, true())
    expected = found.where(*soon, Shift.state == "planned", or_(own, and_(~anybody, in_team)))
    return expected.order_by(Shift.starts_at, Shift.id)


def _open_check(member_id: UUID) -> Any:
    """The spot check of a shift that waits for a member's answer, the last to close of several."""
    answered = exists().where(SpotAnswer.spot_check_id == SpotCheck.id, SpotAnswer.member_id == member_id)
    waiting = select(SpotCheck.id.label("spot_check_id"), SpotCheck.closes_at.label("spot_check_closes_at"))
    waiting = waiting.where(SpotCheck.shift_id == Shift.id, SpotCheck.closes_at > func.now(), ~answered)
    return waiting.order_by(SpotCheck.closes_at.desc()).limit(1).correlate(Shift).lateral("spot_check")


def checkpoints(_: UUID, areas: Sequence[str]) -> Select[Any]:
    """The checkpoints in use in some areas."""
    place = func.ST_X(Checkpoint.position).label("lon"), func.ST_Y(Checkpoint.position).label("lat")
    about = Checkpoint.id, Checkpoint.code, Checkpoint.name, Checkpoint.kind
    here = or_(False, *(within(Grid.code, prefix_of(area)) for area in areas))
    found = select(*about, Grid.code.label("grid"), *place).join(Grid, Grid.id == Checkpoint.grid_id)
    return found.where(here, Checkpoint.retired_at.is_(None)).order_by(Grid.code, Checkpoint.code)


def notices(member_id: UUID, _: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """The notices to a member's teams that have not expired, the newest first."""
    read = exists().where(NoticeRead.notice_id == Notice.id, NoticeRead.member_id == member_id)
    mine = exists().where(
        NoticeTeam.notice_id == Notice.id,
        NoticeTeam.team_id == Membership.team_id,
        Membership.member_id == member_id,
        Membership.since <= func.now(),
        or_(Membership.until.is_(None), Membership.until > func.now()),
    )
    lasts = or_(Notice.expires_at.is_(None), Notice.expires_at > func.now())
    columns = select(Notice.id, Notice.title, Notice.text, Notice.sent_at, read.label("is_read"))
    return columns.where(mine, lasts).order_by(Notice.id.desc()).limit(NOTICES)


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
