"""The PIN with which a member calls off their own alarm: a phone that was taken away does not know it."""

from datetime import UTC, datetime
from itertools import pairwise

from sqlalchemy.dialects.postgresql import insert

from service.alarms import queries
from service.alarms.models import AlarmPin
from service.audit import actions as audit
from service.db import session
from service.errors import Conflict, Forbidden, Invalid, Problem
from service.members import passwords, tries
from service.policy import Caller

FORM = "[0-9]{4,8}"


class PinNeeded(Conflict):
    title, title_zh = (
        "Set a PIN first; until then an officer ends the alarm",
        "请先设置警铃密码；在此之前由值守人员解除",
    )


class WrongPin(Forbidden):
    title, title_zh = "This is not your PIN", "警铃密码错误"


def choose(caller: Caller, pin: str, current: str | None) -> Problem | None:
    """Set the caller's PIN; another than the first only for who knows the one before.

    A refusal is given back, not raised, so that the failure stays counted.
    """
    if is_plain(pin):
        raise Invalid(errors={"pin": ["Too easy to guess: one digit over and over, or a plain count."]})
    known = session.scalars(queries.pin_of(caller.member_id)).one_or_none()
    if known and (problem := prove(caller, current)):
        return problem
    new = insert(AlarmPin).values(member_id=caller.member_id, pin_hash=passwords.hash(pin))
    changed = {"pin_hash": new.excluded.pin_hash, "set_at": datetime.now(UTC)}
    was_first = None if known else AlarmPin.pin_hash.is_(None)  # of two first ones, one wins
    kept = new.on_conflict_do_update(index_elements=["member_id"], set_=changed, where=was_first)
    if session.execute(kept.returning(AlarmPin.member_id)).first() is None:
        raise Conflict
    audit.record("alarm_pin.set", "member", caller.member_id, subject=caller.member_id)
    return None


def prove(caller: Caller, pin: str | None) -> Problem | None:
    """What keeps somebody from calling off; after some failures the next try must wait."""
    known = session.scalars(queries.pin_of(caller.member_id)).one_or_none()
    if known is None:
        return PinNeeded()
    if pin is None:
        return Invalid(errors={"pin": ["Missing."]})
    now, keys = datetime.now(UTC), [tries.by_account("alarm-pin", str(caller.member_id))]
    tries.admit(keys, now)
    if not passwords.matches(known.pin_hash, pin):
        tries.note(keys, now)
        return WrongPin()
    tries.forget(keys)
    return None


def is_plain(pin: str) -> bool:
    """Whether digits are all the same, or count up or down by one."""
    leaps = {int(b) - int(a) for a, b in pairwise(pin)}
    return len(leaps) == 1 and leaps <= {0, 1, -1}
