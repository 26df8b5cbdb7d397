"""Questions about people and their sign-ins."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, literal_column, select
from sqlalchemy.orm import aliased

from service.members.models import Consent, Device, Invitation, Member, SecondFactor, Session
from service.policy import Caller


def member_named(username: str) -> Select[Member]:
    """The member who signs in with this name and has not left."""
    return select(Member).where(
        func.lower(Member.username) == username.strip().lower(), Member.left_at.is_(None)
    )


def session_with(token_hash: bytes, kind: str, now: datetime) -> Select[Session, Member, bool]:
    """The live session of a phone or page with this token, its member, and whether codes are asked of it."""
    enrolled = exists().where(SecondFactor.member_id == Member.id, SecondFactor.confirmed_at.is_not(None))
    return (
        select(Session, Member, enrolled)
        .join(Member, Member.id == Session.member_id)
        .where(
            Session.token_hash == token_hash,
            Session.kind == kind,
            Session.revoked_at.is_(None),
            Session.expires_at > now,
            Member.left_at.is_(None),
        )
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
    """The caller's own devices that may upload, oldest first."""
    own = select(Device).where(Device.member_id == caller.member_id, Device.revoked_at.is_(None))
    return own.order_by(Device.id)


def device_with(token_hash: bytes) -> Select[Device, Member]:
    """The device with this token that may upload, and its member."""
    live = Device.token_hash == token_hash, Device.revoked_at.is_(None), Member.left_at.is_(None)
    return select(Device, Member).join(Member, Member.id == Device.member_id).where(*live)


def consent_to_tracks(member_id: UUID) -> Select[Consent]:
    """The consent to tracks that is in force."""
    return select(Consent).where(
        Consent.member_id == member_id, Consent.kind == "track", Consent.withdrawn_at.is_(None)
    )


def present(member_id: UUID) -> Select[Any]:
    """The id of a member who has not left, and cannot be erased before this transaction ends."""
    here = select(Member.id).where(Member.id == member_id, Member.left_at.is_(None))
    return here.with_for_update(read=True, key_share=True)


def consented_since(member_id: UUID) -> Select[Any]:
    """Since when consent to tracks holds without a break; new words may have been agreed to meanwhile."""
    before = aliased(Consent)
    goes_on = select(before.id).where(
        before.member_id == member_id, before.kind == "track", before.withdrawn_at == Consent.given_at
    )
    given = select(func.max(Consent.given_at)).where(Consent.member_id == member_id, Consent.kind == "track")
    return given.where(~goes_on.exists())


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
