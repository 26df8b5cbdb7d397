"""Invitations: a code, shown once as text and QR, that signs one member in."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, update

from service.audit import actions as audit
from service.db import session, uuid7
from service.errors import Forbidden, NotFound, Problem, SignInNeeded
from service.members import passwords, queries, tries
from service.members.actions import Door, SignIn, end_sessions, open_session, pass_second_factor
from service.members.models import Invitation, Member, SecondFactor
from service.members.tokens import hash_of_code, new_code
from service.policy import ROLES, Caller

LIFETIME = timedelta(days=7)
BY_OPERATOR = timedelta(minutes=30)
MAY_INVITE = {"leader": ("member",), "officer": ("member", "leader"), "admin": ROLES}  # never one's equals
PAGES = {"member": "phone", "leader": "leader"}  # all others: centre


class InvitationIsVoid(SignInNeeded):
    title, title_zh = "This invitation is unknown, used or too old", "邀请码无效、已使用或已过期"


class MayNotInvite(Forbidden):
    title, title_zh = "You may not invite this person", "您无权邀请此人"


class Invited(NamedTuple):
    """A new invitation, the code that only its maker will ever see, and the page on which it signs in."""

    code: str
    expires_at: datetime
    page: str


def page_of(role: str) -> str:
    """The page on which people of a role work."""
    return PAGES.get(role, "centre")


class Account(NamedTuple):
    """With what somebody wants to sign in from now on."""

    username: str
    password: str


def invite(member: Member, by: Caller | None, lifetime: timedelta = LIFETIME) -> Invited:
    """Make a code for a member; those made before are void. The operator (nobody) may invite anybody."""
    if by and (by.member_id == member.id or member.role not in MAY_INVITE[by.role]):
        raise MayNotInvite
    code, now = new_code(), datetime.now(UTC)
    older = Invitation.member_id == member.id, Invitation.expires_at > now
    session.execute(update(Invitation).where(*older).values(expires_at=now))
    invitation = Invitation(
        id=uuid7(),
        member_id=member.id,
        code_hash=hash_of_code(code),
        made_by=by.member_id if by else None,
        expires_at=now + lifetime,
    )
    session.add(invitation)
    audit.record("invitation.make", "invitation", invitation.id, subject=member.id)
    return Invited(code, invitation.expires_at, page_of(member.role))


def enter(name: str, role: str, area_code: str) -> Member:
    """A new member whom nobody has listed: the first administrator, an officer."""
    member = Member(id=uuid7(), code=f"P-{secrets.token_hex(4)}", name=name, role=role, area_code=area_code)
    session.add(member)
    session.flush()
    return member


def recover(username: str) -> Invited:
    """A way back in for who lost the phone with the second factor: it is forgotten, and all sessions end."""
    member = session.scalars(queries.member_named(username)).one_or_none()
    if member is None:
        raise NotFound(f"Nobody signs in as {username}.")
    session.execute(delete(SecondFactor).where(SecondFactor.member_id == member.id))
    end_sessions(member.id)
    return invite(member, None, BY_OPERATOR)


def accept(code: str, account: Account | None, second_factor: str | None, door: Door) -> SignIn | Problem:
    """Sign an invited member in, once; a new username and password end the sessions opened with the old."""
    now, keys = (
        datetime.now(UTC),
        [tries.by_account("invited", door.device_id), *tries.by_address(door.address)],
    )
    tries.admit(keys, now)
    found = session.execute(queries.invitation_with(hash_of_code(code), now)).one_or_none()
    if found is None:
        tries.note(keys, now)
        return InvitationIsVoid()
    invitation, member = found
    if problem := pass_second_factor(member, second_factor, keys, now):
        return problem
    invitation.used_at = now
    if account is not None:
        member.username, member.password_hash = account.username, passwords.hash(account.password)
        end_sessions(member.id)
    tries.forget(keys[:1])
    return open_session(member, door, now)
