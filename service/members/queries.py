"""Questions about people and their sign-ins."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal_column, select

from service.members.models import Consent, Device, Invitation, Member, SecondFactor, Session
from service.policy import Caller

# The live session of a phone or page with this token, its member, and whether codes are asked of it.
SESSION_WITH = """
SELECT sessions.id AS session_id, sessions.created_at, last_used_at, member_id, name, role, area_code,
    EXISTS (
        SELECT FROM second_factors WHERE member_id = members.id AND confirmed_at IS NOT NULL
    ) AS is_enrolled
FROM sessions JOIN members ON members.id = member_id
WHERE token_hash = %(token_hash)s AND kind = %(kind)s
    AND revoked_at IS NULL AND expires_at > %(now)s AND left_at IS NULL"""
# The same, and a scalar beside it.
SESSION_AND = f"SELECT who.*, {{beside}} AS beside FROM ({SESSION_WITH}) AS who"
# Those of these members who have not left; they cannot be erased before this transaction ends.
PRESENT = """
SELECT id FROM members WHERE id = ANY(%(member_ids)s::uuid[]) AND left_at IS NULL ORDER BY id FOR KEY SHARE"""
# Since when each member's consent to tracks holds without a break, if it is in force; new words may have been
# agreed to meanwhile. A withdrawal waits until this transaction ends. Whoever had to wait for one sees new
# words only by a second look.
CONSENT_HELD = """
SELECT member_id, (
    SELECT max(given_at) FROM consents AS given
    WHERE given.member_id = held.member_id AND kind = 'track' AND NOT EXISTS (
        SELECT FROM consents AS ended
        WHERE ended.member_id = held.member_id AND kind = 'track' AND withdrawn_at = given.given_at
    )
) AS since
FROM consents AS held
WHERE member_id = ANY(%(member_ids)s::uuid[]) AND kind = 'track' AND withdrawn_at IS NULL
ORDER BY member_id FOR SHARE"""


def member_named(username: str) -> Select[Member]:
    """The member who signs in with this name and has not left."""
    return select(Member).where(
        func.lower(Member.username) == username.strip().lower(), Member.left_at.is_(None)
    )


def sessions_of(caller: Caller, now: datetime) -> Select[Session]:
    """The caller's own live sessions."""
    return select(Session).where(
        Session.member_id == caller.member_id, Session.revoked_at.is_(None), Session.expires_at > now
    )


def second_factor(member_id: UUID) -> Select[SecondFactor]:
    """The second factor of a member, confirmed or not."""
    return select(SecondFactor).where(SecondFactor.member_id == member_id)


def invitation_with(code_hash: bytes, now: datetime) -> Select[Invitation, Member]:
    """The invitation with this code that can still be used, locked, and whom it invites."""
    return (
        select(Invitation, Member)
        .join(Member, Member.id == Invitation.member_id)
        .where(
            Invitation.code_hash == code_hash,
            Invitation.used_at.is_(None),
            Invitation.expires_at > now,
            Member.left_at.is_(None),
        )
        .with_for_update(of=Invitation)
    )


def devices_of(caller: Caller) -> Select[Device]:
    """The caller's own devices that may upload."""
    return select(Device).where(Device.member_id == caller.member_id, Device.revoked_at.is_(None))


def device_with(token_hash: bytes) -> Select[Device, Member]:
    """The device with this token that may upload, and its member."""
    live = Device.token_hash == token_hash, Device.revoked_at.is_(None), Member.left_at.is_(None)
    return select(Device, Member).join(Member, Member.id == Device.member_id).where(*live)


def consent_to_tracks(member_id: UUID) -> Select[Consent]:
    """The consent to tracks that is in force."""
    return select(Consent).where(
        Consent.member_id == member_id, Consent.kind == "track", Consent.withdrawn_at.is_(None)
    )


def account(member_id: UUID) -> Select[Any]:
    """A member's own account, with the name of the area and whether tracks may be kept."""
    area_name: ColumnElement[str] = literal_column(
        "(SELECT name FROM areas WHERE areas.code = members.area_code)"
    )
    return select(
        Member.id,
        Member.code,
        Member.name,
        Member.role,
        func.json_build_object("code", Member.area_code, "name", area_name).label("area"),
        consent_to_tracks(member_id).exists().label("consented_to_tracks"),
    ).where(Member.id == member_id)
