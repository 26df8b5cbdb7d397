"""Questions about what a member's phone needs.

Areas are codes of communities, and of grids where a shift leads elsewhere.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, and_, case, cast, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by
from sqlalchemy.orm import aliased

from service.areas.models import Grid
from service.areas.queries import in_force, prefix_of, within
from service.checkpoints.models import Checkpoint
from service.duty.models import HOLDING, AssignmentGrid, Shift, ShiftMember, SpotAnswer, SpotCheck, Swap
from service.matters.models import Matter, MatterStep
from service.matters.workflow import OVER
from service.members.models import Member
from service.notices.models import Notice, NoticeRead, NoticeTeam
from service.teams.models import Membership, Team

AHEAD, LONGEST = timedelta(days=14), timedelta(days=1)  # no shift is longer
NOTICES, MATTERS, SWAPS = 50, 200, 50
ENDED = timedelta(days=14)  # how long a matter that is over is still shown
TOLERANCE = 0.00005  # degrees, about 5 m: what a phone draws at street level
DIGITS = 5  # of a degree, about 1 m


def teams(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """The teams that a member is in: id, area_code, is_leader."""
    return (
        select(Team.id, Team.area_code, Membership.is_leader)
        .join(Membership, Membership.team_id == Team.id)
        .where(
            Membership.member_id == member_id,
            Membership.since <= func.now(),
            or_(Membership.until.is_(None), Membership.until > func.now()),
        )
        .order_by(Team.area_code, Team.id)
    )


def shifts(member_id: UUID) -> Select[Any]:
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
    theirs = select(Membership.team_id).where(Membership.member_id == member_id)
    begun = Shift.starts_at > func.now() - LONGEST, Shift.starts_at < func.now() + AHEAD
    soon = Shift.team_id.in_(theirs), *begun, Shift.ends_at > func.now()
    columns = select(
        Shift.id, Shift.starts_at, Shift.ends_at, Shift.state, Shift.late_minutes, codes.label("grids")
    )
    found = columns.add_columns(own.label("is_mine"), said.label("my_state"), check).outerjoin(check, true())
    expected = found.where(*soon, Shift.state == "planned", or_(own, and_(~anybody, in_team)))
    return expected.order_by(Shift.starts_at, Shift.id)


def _open_check(member_id: UUID) -> Any:
    """The spot check of a shift that waits for a member's answer, the last to close of several."""
    answered = exists().where(SpotAnswer.spot_check_id == SpotCheck.id, SpotAnswer.member_id == member_id)
    waiting = select(SpotCheck.id.label("spot_check_id"), SpotCheck.closes_at.label("spot_check_closes_at"))
    waiting = waiting.where(SpotCheck.shift_id == Shift.id, SpotCheck.closes_at > func.now(), ~answered)
    return waiting.order_by(SpotCheck.closes_at.desc()).limit(1).correlate(Shift).lateral("spot_check")


def swaps(member_id: UUID, led: Sequence[UUID]) -> Select[Any]:
    """The swaps of shifts that are not over: which a member asks for, is to take, or decides as a leader.

    The two people know each other by name; the reason is between whoever asks and the leader.
    """
    asks, takes = aliased(Member), aliased(Member)
    is_mine, is_for_me = Swap.from_member == member_id, Swap.to_member == member_id
    may_decide = and_(Swap.state == "asked", Shift.team_id.in_(led))
    reason = case((or_(is_mine, Shift.team_id.in_(led)), Swap.reason))
    return (
        select(
            Swap.id, Swap.shift_id, Shift.starts_at, Shift.ends_at, Swap.state, reason.label("reason"),
            asks.name.label("from_name"), takes.name.label("to_name"), is_mine.label("is_mine"),
            is_for_me.label("is_for_me"), may_decide.label("may_decide"),
        )
        .join(Shift, Shift.id == Swap.shift_id)
        .join(asks, asks.id == Swap.from_member)
        .join(takes, takes.id == Swap.to_member)
        .where(Shift.ends_at > func.now(), or_(is_mine, is_for_me, may_decide))
        .order_by(Swap.id.desc())
        .limit(SWAPS)
    )  # fmt: skip


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


def matters(seen: Select[Matter], ids: Sequence[str] | None) -> Select[Matter]:
    """Of the matters that a member sees, those open now or until lately: of some, or the newest of all."""
    shown = seen.where(or_(Matter.stage.not_in(OVER), Matter.entered_at > func.now() - ENDED))
    if ids is not None:
        return shown.where(Matter.id.in_(ids))
    return shown.order_by(Matter.received_at.desc(), Matter.id.desc()).limit(MATTERS)


def known_matters(
    seen: Select[Matter], member_id: UUID, team_ids: Sequence[UUID], ids: Sequence[str]
) -> Select[UUID]:
    """Which of these matters a member sees, or has seen: they were once given to the member or their team."""
    named = [str(member_id), *(str(each) for each in team_ids)]
    given = or_(
        MatterStep.actor_id == member_id,
        MatterStep.details["assignee_id"].astext.in_(named),
        MatterStep.details["team_id"].astext.in_(named),
    )
    once = select(MatterStep.matter_id).where(MatterStep.matter_id.in_(ids), given)
    now = seen.with_only_columns(Matter.id).where(Matter.id.in_(ids))
    return select(Matter.id).where(Matter.id.in_(once) | Matter.id.in_(now)).order_by(Matter.id)
