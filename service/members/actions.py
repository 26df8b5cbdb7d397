"""Sign in, sign out, know who is calling."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from service.audit import actions as audit
from service.db import session, uuid7
from service.errors import SignInNeeded
from service.members import queries
from service.members.models import Member, Session
from service.policy import Caller

passwords = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's floor for Argon2id
_NOBODY = passwords.hash(secrets.token_hex())  # checked for unknown names, so that they take as long
_TOUCH = timedelta(minutes=1)  # how stale `last_used_at` may be


class WrongCredentials(SignInNeeded):
    title, title_zh = "Name or password is wrong", "用户名或密码错误"


class SignIn(NamedTuple):
    """A new session and the token that only its owner will ever see."""

    token: str
    session: Session
    member: Member


def sign_in(username: str, password: str, device_id: str, device_name: str, lifetime: timedelta) -> SignIn:
    """Open a session on a device; an unknown name and a wrong password look and take the same."""
    member = session.scalars(queries.member_named(username)).one_or_none()
    if not _matches(member.password_hash if member else None, password) or member is None:
        raise WrongCredentials
    token = secrets.token_urlsafe(32)
    opened = Session(
        id=uuid7(),
        token_hash=hash_of(token),
        member_id=member.id,
        device_id=device_id,
        device_name=device_name,
        expires_at=datetime.now(UTC) + lifetime,
    )
    session.add(opened)
    session.flush()
    who = Caller(member.id, member.name, member.role, member.area_code, opened.id)
    audit.record("session.open", "session", opened.id, subject=member.id, by=who)
    return SignIn(token, opened, member)


def _matches(password_hash: str | None, password: str) -> bool:
    try:
        return passwords.verify(password_hash or _NOBODY, password) and password_hash is not None
    except VerificationError:
        return False


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def recognise(token: str, lifetime: timedelta) -> Caller | None:
    """Who holds this token, if its session lives; using a session keeps it alive."""
    now = datetime.now(UTC)
    found = session.execute(queries.session_with(hash_of(token), now)).one_or_none()
    if found is None:
        return None
    signed_in, member = found
    if now - signed_in.last_used_at > _TOUCH:
        signed_in.last_used_at, signed_in.expires_at = now, now + lifetime
    return Caller(member.id, member.name, member.role, member.area_code, signed_in.id)


def sign_out(signed_in: Session) -> None:
    """End a session; its token is worth nothing from now on."""
    signed_in.revoked_at = datetime.now(UTC)
    audit.record("session.end", "session", signed_in.id, subject=signed_in.member_id)
