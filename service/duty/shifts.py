"""What people do with a shift: accept, decline, be late, swap, answer a spot check."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as insert_new

from service import jobs
from service.audit import actions as audit
from service.db import announce, moment, session, transaction, uuid7
from service.duty import actions, holes, queries
from service.duty.models import HOLDING, Assignment, Shift, ShiftMember, SpotAnswer, SpotCheck, Swap, ToldHole
from service.errors import Conflict, Forbidden, NotFound
from service.policy import Caller
from service.teams.models import Membership

AHEAD = timedelta(minutes=30)  # how long before it a shift, and a hole, is announced
KEPT = timedelta(days=7)  # that a hole was announced


class ShiftClosed(Conflict):
    title, title_zh = "This shift is over, or will not take place", "该班次已结束或已取消"


class NotInShift(Conflict):
    title, title_zh = "This shift is not yours", "您不在该班次中"


class SwapOpen(Conflict):
    title, title_zh = "A swap of this shift is waiting for an answer already", "该班次已有待批准的换班申请"
    constraint = "shift_swaps_open_key"


class SwapDecided(Conflict):
    title, title_zh = "This swap has been decided already", "该换班申请已处理"


class NotUnderWay(Conflict):
    title, title_zh = "Only a shift that is under way can be spot-checked", "只能对进行中的班次点名抽查"


class SpotCheckClosed(Conflict):
    title, title_zh = "This spot check has closed", "点名抽查已截止"


def accept(shift: Shift, caller: Caller) -> None:
    """Say that one will be there; raises PersonBusy for who is expected elsewhere at that time."""
    _check_open(shift)
    if _is_whole(shift):
        _hold(shift, caller.member_id)
    else:
        place = _place(shift, caller.member_id)
        place.state, place.reason, place.answered_at = "accepted", None, moment()
    session.flush()
    _tell(shift)


def decline(shift: Shift, caller: Caller, reason: str, *, whole_team: bool = False) -> None:
    """Say that one will not be there; if nobody else would be, the grids have nobody in that time."""
    _check_open(shift)
    if whole_team:
        _check_leads(shift, caller)
    elif _is_whole(shift):
        _hold(shift, caller.member_id, "declined", reason)
    else:
        place = _place(shift, caller.member_id)
        place.state, place.reason, place.answered_at = "declined", reason, moment()
    session.flush()
    if whole_team or (not _is_whole(shift) and not _is_held(shift)):
        shift.state, shift.reason = "declined", reason if whole_team else None
        actions.free([shift.id])
        actions.uncover(shift.assignment_id, [(shift.starts_at, shift.ends_at)])
    _tell(shift)


def be_late(shift: Shift, caller: Caller, minutes: int) -> None:
    """Say beforehand that it will begin so many minutes late."""
    _check_open(shift)
    _check_belongs(shift, caller)
    shift.late_minutes = minutes
    session.flush()
    _tell(shift)


def colleagues(shift: Shift, caller: Caller) -> list[Any]:
    """Who could take one's place in a shift: id, name. Raises NotInShift for who has none to give."""
    if shift.state != "planned" or shift.ends_at <= moment():
        raise ShiftClosed
    _place(shift, caller.member_id)
    return list(session.execute(queries.free_colleagues(shift, caller.member_id)))


def ask_swap(shift: Shift, caller: Caller, to_member: UUID, reason: str | None) -> Swap:
    """Ask that a colleague of the team take one's place; nothing changes until a leader agrees."""
    _check_open(shift)
    _place(shift, caller.member_id)
    colleague = queries.was_in(shift.team_id, to_member, shift.starts_at)
    if to_member == caller.member_id or session.scalars(colleague).first() is None:
        raise NotFound
    during = actions.multirange([(shift.starts_at, shift.ends_at)])
    if session.execute(queries.busy(to_member, during)).first():
        raise actions.PersonBusy
    swap = Swap(
        id=uuid7(), shift_id=shift.id, from_member=caller.member_id, to_member=to_member, reason=reason
    )
    session.add(swap)
    session.flush()
    _tell(shift)
    return swap


def decide(swap: Swap, caller: Caller, *, approved: bool) -> None:
    """Approve a swap, or refuse it; raises PersonBusy if the colleague has got another shift meanwhile."""
    session.refresh(swap, with_for_update=True)
    if swap.state != "asked":
        raise SwapDecided
    shift = session.get_one(Shift, swap.shift_id, with_for_update={"key_share": True})
    swap.state, swap.decided_by, swap.decided_at = (
        "approved" if approved else "refused",
        caller.member_id,
        moment(),
    )
    if approved:
        _check_open(shift)
        _place(shift, swap.from_member).state = "swapped"
        session.flush()
        _hold(shift, swap.to_member)
    session.flush()
    audit.record("shift.swap", "shift", shift.id, subject=swap.from_member, result=swap.state)
    _tell(shift)


def call_roll(shift: Shift, caller: Caller, minutes: int) -> SpotCheck:
    """Ask whoever is in the shift to show up within so many minutes."""
    now = moment()
    if shift.state != "planned" or not shift.starts_at <= now < shift.ends_at:
        raise NotUnderWay
    closes = now + timedelta(minutes=minutes)
    check = SpotCheck(
        id=uuid7(), shift_id=shift.id, asked_by=caller.member_id, asked_at=now, closes_at=closes
    )
    session.add(check)
    session.flush()
    audit.record("shift.spot_check", "shift", shift.id)
    announce("spot check asked", shifts=[shift.id], teams=[shift.team_id])
    return check


def answer(check: SpotCheck, caller: Caller) -> None:
    """Show up for a spot check; once is enough."""
    _check_belongs(session.get_one(Shift, check.shift_id), caller)
    if not check.asked_at <= moment() < check.closes_at:
        raise SpotCheckClosed
    shown = insert_new(SpotAnswer).on_conflict_do_nothing()
    session.execute(shown, {"spot_check_id": check.id, "member_id": caller.member_id})


@jobs.task("duty.announce", every="* * * * *", line="clocks")
def announce_coming() -> None:
    """Announce the shifts that are about to begin, and the grids that nobody is about to have; each once."""
    with transaction():
        now = moment()
        begins = select(Shift).where(
            Shift.state == "planned", Shift.told_at.is_(None),
            Shift.starts_at > now, Shift.starts_at <= now + AHEAD,
        )  # fmt: skip
        shifts = session.scalars(begins.order_by(Shift.starts_at).with_for_update(skip_locked=True)).all()
        for shift in shifts:
            shift.told_at = now
        session.flush()
        if shifts:
            announce("shifts begin", shifts=[each.id for each in shifts],
                     teams=sorted({each.team_id for each in shifts}))  # fmt: skip
        opening = session.execute(holes.opening(now, now + AHEAD)).all()
        if opening:
            announce(
                "holes open", grids=[each.grid_id for each in opening], at=[each.opens_at for each in opening]
            )
        session.execute(delete(ToldHole).where(ToldHole.opens_at < now - KEPT))


def _check_open(shift: Shift) -> None:
    """Keep the shift as it is until the end; raise ShiftClosed if it is over or off."""
    session.refresh(shift, with_for_update={"key_share": True})
    if shift.state != "planned" or shift.ends_at <= moment():
        raise ShiftClosed


def _is_whole(shift: Shift) -> bool:
    """Whether the shift was given to the team as a whole."""
    return session.get_one(Assignment, shift.assignment_id).member_id is None


def _is_held(shift: Shift) -> bool:
    held = ShiftMember.shift_id == shift.id, ShiftMember.state.in_(HOLDING)
    return session.scalars(select(ShiftMember.member_id).where(*held)).first() is not None


def _place(shift: Shift, member_id: UUID) -> ShiftMember:
    place = session.get(ShiftMember, (shift.id, member_id), populate_existing=True)
    if place is None or place.state not in HOLDING:
        raise NotInShift
    return place


def _hold(shift: Shift, member_id: UUID, state: str = "accepted", reason: str | None = None) -> None:
    actions.lock((), member_id)
    values = {"state": state, "reason": reason, "answered_at": moment()}
    key = {"shift_id": shift.id, "member_id": member_id, "during": Range(shift.starts_at, shift.ends_at)}
    new = insert_new(ShiftMember).values(key | values)
    session.execute(new.on_conflict_do_update(index_elements=["shift_id", "member_id"], set_=values))
    session.expire_all()


def _check_belongs(shift: Shift, caller: Caller) -> None:
    """Raise NotInShift for who has no place in the shift, nor in the team that has it as a whole."""
    place = session.get(ShiftMember, (shift.id, caller.member_id))
    if place is not None and place.state in HOLDING:
        return
    in_team = session.scalars(queries.was_in(shift.team_id, caller.member_id, moment())).first()
    if not _is_whole(shift) or in_team is None or place is not None:
        raise NotInShift


def _check_leads(shift: Shift, caller: Caller) -> None:
    here = queries.was_in(shift.team_id, caller.member_id, moment()).where(Membership.is_leader)
    if session.scalars(here).first() is None:
        raise Forbidden


def _tell(shift: Shift) -> None:
    grids: list[Any] = [row.grid_id for row in session.scalars(queries.grids_of(shift.assignment_id))]
    announce("duty changed", grids=grids, teams=[shift.team_id])
