"""Sign in, sign out, know who is calling, change the password, let other devices upload."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import update

from service.audit import actions as audit
from service.db import ask, glance, session, uuid7
from service.errors import Invalid, Problem, SignInNeeded
from service.members import factors, passwords, queries, tries
from service.members.models import Device, Member, Session
from service.members.tokens import hash_of, is_token, new_token
from service.policy import Caller
from service.settings import Lifetime, Settings

_TOUCH = timedelta(minutes=1)  # how stale `last_used_at` may be


class WrongCredentials(SignInNeeded):
    title, title_zh = "Name or password is wrong", "用户名或密码错误"


class SecondFactorNeeded(SignInNeeded):
    title, title_zh = "The code of your authenticator app is needed", "请输入动态验证码"


class Door(NamedTuple):
    """Where somebody signs in: a phone or a page, on a device, from an address; and for how long."""

    kind: str
    device_id: str
    device_name: str
    address: str | None
    lifetime: Lifetime


class SignIn(NamedTuple):
    """A new session and the token that only its owner will ever see."""

    token: str
    session: Session
    member: Member


class Uploader(NamedTuple):
    """A device that may upload, and for whom."""

    device: Device
    member: Member


def sign_in(username: str, password: str, code: str | None, door: Door) -> SignIn | Problem:
    """Open a session; an unknown name and a wrong password look and take the same.

    A refusal is given back, not raised, so that the failure stays counted.
    """
    now, account = datetime.now(UTC), tries.by_account(username, door.device_id)
    keys = [account, *tries.by_address(door.address)]
    tries.admit(keys, now)
    member = session.scalars(queries.member_named(username)).one_or_none()
    kept = member.password_hash if member else None
    if not passwords.matches(kept, password) or member is None or kept is None:
        tries.note(keys, now)
        return WrongCredentials()
    if problem := pass_second_factor(member, code, keys, now):
        return problem
    if passwords.is_outdated(kept):
        member.password_hash = passwords.hash(password)
    tries.forget([account])
    return open_session(member, door, now)


def pass_second_factor(
    member: Member, code: str | None, keys: Sequence[tries.Key], now: datetime
) -> Problem | None:
    """What keeps a member out who has a second factor and not shown it."""
    factor = session.scalars(queries.second_factor(member.id)).one_or_none()
    if factor is None or factor.confirmed_at is None:
        return None
    if code is None:
        return SecondFactorNeeded()
    guesses = tries.by_code(member.id)
    tries.admit([guesses], now)
    if not factors.accept(factor, code, now):
        tries.note([*keys, guesses], now)
        return SecondFactorNeeded()
    tries.forget([guesses])
    return None


def open_session(member: Member, door: Door, now: datetime) -> SignIn:
    """A new session with a new token."""
    token = new_token()
    opened = Session(
        id=uuid7(),
        token_hash=hash_of(token),
        member_id=member.id,
        device_id=door.device_id,
        device_name=door.device_name,
        kind=door.kind,
        created_at=now,
        last_used_at=now,
        expires_at=now + min(door.lifetime),
    )
    session.add(opened)
    session.flush()
    who = Caller(member.id, member.name, member.role, member.area_code, opened.id)
    audit.record("session.open", "session", opened.id, subject=member.id, by=who)
    return SignIn(token, opened, member)


def recognise(token: str, kind: str, settings: Settings) -> Caller | None:
    """Who holds this token, if its session lives; using a session keeps it alive."""
    if not is_token(token):
        return None
    now = datetime.now(UTC)
    known = next(iter(ask(queries.SESSION_WITH, token_hash=hash_of(token), kind=kind, now=now)), None)
    if known is None:
        return None
    if now - known.last_used_at > _TOUCH:
        lifetime = settings.lifetime(kind)
        until = min(now + lifetime.idle, known.created_at + lifetime.longest)
        used = {"last_used_at": now, "expires_at": until}
        session.execute(update(Session).where(Session.id == known.session_id).values(used))
    return _caller(known, settings)


def glimpse(token: str, kind: str, beside: str, settings: Settings) -> tuple[Caller, Any] | None:
    """Who holds this token, and a scalar `beside` (SQL of our own), by one statement that changes nothing.

    None also for a session that has to be kept alive: `recognise` does that.
    """
    if not is_token(token):
        return None
    now = datetime.now(UTC)
    sql = queries.SESSION_AND.format(beside=beside)
    known = next(iter(glance(sql, token_hash=hash_of(token), kind=kind, now=now)), None)
    if known is None or now - known.last_used_at > _TOUCH:
        return None
    return _caller(known, settings), known.beside


def _caller(known: Any, settings: Settings) -> Caller:
    must_enrol = known.role in factors.ROLES and not known.is_enrolled and settings.needs_second_factor
    return Caller(known.member_id, known.name, known.role, known.area_code, known.session_id, must_enrol)


def sign_out(signed_in: Session) -> None:
    """End a session; its token is worth nothing from now on."""
    signed_in.revoked_at = datetime.now(UTC)
    audit.record("session.end", "session", signed_in.id, subject=signed_in.member_id)


def end_sessions(member_id: UUID, but: UUID | None = None) -> None:
    """Sign a member out everywhere, `but` in this session."""
    now = datetime.now(UTC)
    live = Session.member_id == member_id, Session.revoked_at.is_(None), Session.id != but
    session.execute(update(Session).where(*live).values(revoked_at=now))


def end_page(token: str) -> None:
    """End a page's session, if this is its token: a new one takes its place."""
    if is_token(token):
        of_page = Session.token_hash == hash_of(token), Session.kind == "page", Session.revoked_at.is_(None)
        session.execute(update(Session).where(*of_page).values(revoked_at=datetime.now(UTC)))


def change_password(caller: Caller, current: str, new: str) -> Problem | None:
    """Set another password and sign out everywhere else; a wrong current one counts as a failed sign-in."""
    now, member = datetime.now(UTC), session.get_one(Member, caller.member_id)
    keys = [tries.by_account("password", str(caller.session_id))]
    tries.admit(keys, now)
    if not passwords.matches(member.password_hash, current):
        tries.note(keys, now)
        return Invalid(errors={"current": ["Not your password."]})
    tries.forget(keys)
    member.password_hash = passwords.hash(new)
    end_sessions(member.id, but=caller.session_id)
    audit.record("password.change", "member", member.id, subject=member.id)
    return None


def enrol_second_factor(caller: Caller, code: str) -> None:
    """Have codes asked for from now on; sessions opened without one end."""
    factors.confirm(caller.member_id, code)
    audit.record("second_factor.enrol", "member", caller.member_id, subject=caller.member_id)
    end_sessions(caller.member_id, but=caller.session_id)


def add_device(caller: Caller, kind: str, name: str) -> tuple[Device, str]:
    """Let another app upload; gives it with the token that only its owner will ever see."""
    token = new_token()
    device = Device(id=uuid7(), member_id=caller.member_id, kind=kind, name=name, token_hash=hash_of(token))
    session.add(device)
    session.flush()
    audit.record("device.add", "device", device.id, subject=caller.member_id)
    return device, token


def remove_device(device: Device) -> None:
    """Let a device upload no longer."""
    device.revoked_at = datetime.now(UTC)
    audit.record("device.remove", "device", device.id, subject=device.member_id)


def present(member_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these members who have not left; none is erased before this has been committed."""
    return {row.id for row in ask(queries.PRESENT, member_ids=list(member_ids))}


def consented_since(member_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """Since when each member's consent to tracks holds; a withdrawal waits until this has been committed."""
    since: dict[UUID, datetime] = {}
    for _ in range(2):  # a consent that was renewed while we waited for it is seen only by a new look
        if unknown := [each for each in set(member_ids) if each not in since]:
            since |= {row.member_id: row.since for row in ask(queries.CONSENT_HELD, member_ids=unknown)}
    return since


def device_of(token: str) -> Uploader | None:
    """The device that may upload with this token, and for whom."""
    if not is_token(token):
        return None
    found = session.execute(queries.device_with(hash_of(token))).one_or_none()
    return None if found is None else Uploader(*found)


def hold(member_id: UUID) -> None:
    """Let nobody erase a member before this transaction ends; raises SignInNeeded for one who has left."""
    if not present([member_id]):
        raise SignInNeeded
