"""The second factor: one-time codes of an authenticator app (TOTP, RFC 6238)."""

from datetime import UTC, datetime
from hmac import compare_digest
from typing import NamedTuple
from uuid import UUID

import pyotp
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from service.db import session
from service.errors import Conflict, Invalid
from service.members import queries
from service.members.models import Member, SecondFactor

ROLES = ("officer", "centre", "admin", "auditor")  # must have one
STEP = 30  # s
DRIFT = 1  # steps that a phone's clock may be wrong


class AlreadyEnrolled(Conflict):
    title, title_zh = "A second factor is enrolled already", "已启用双因素验证"


class Enrolment(NamedTuple):
    """What an authenticator app must be given: the secret, or the same as a link."""

    secret: str
    uri: str


def begin(member: Member) -> Enrolment:
    """A new secret, which counts once a first code has confirmed it."""
    secret = pyotp.random_base32()
    pending = SecondFactor.confirmed_at.is_(None)
    new = insert(SecondFactor).values(member_id=member.id, secret=secret)
    kept = new.on_conflict_do_update(index_elements=["member_id"], set_={"secret": secret}, where=pending)
    if session.execute(kept.returning(SecondFactor.member_id)).first() is None:
        raise AlreadyEnrolled
    name = member.username or member.code
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Gridpatrol"))


def confirm(member_id: UUID, code: str) -> None:
    """Have codes asked for from now on."""
    now = datetime.now(UTC)
    factor = session.scalars(queries.second_factor(member_id)).one_or_none()
    if factor is not None and factor.confirmed_at:
        raise AlreadyEnrolled
    if factor is None or not accept(factor, code, now):
        raise Invalid(errors={"code": ["Not the code of this moment."]})
    factor.confirmed_at = now


def accept(factor: SecondFactor, code: str, now: datetime) -> bool:
    """Whether this is a code of this moment; each is good for one time only."""
    step = _step_of(factor.secret, code, now)
    if step is None:
        return False
    unused = SecondFactor.last_step < step
    use = (
        update(SecondFactor).where(SecondFactor.member_id == factor.member_id, unused).values(last_step=step)
    )
    return session.execute(use.returning(SecondFactor.member_id)).first() is not None


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    current = int(now.timestamp()) // STEP
    steps = range(current - DRIFT, current + DRIFT + 1)
    otp, given = pyotp.TOTP(secret, interval=STEP), code.encode()
    return next((step for step in steps if compare_digest(otp.generate_otp(step).encode(), given)), None)
