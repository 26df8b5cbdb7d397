"""Agree to tracks, and withdraw."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from service.audit import actions as audit
from service.db import session, uuid7
from service.errors import Invalid
from service.members import queries as members
from service.members.models import Consent
from service.privacy import texts

TRACK = "track"


def agree(member_id: UUID, text_id: str | None) -> None:
    """Let tracks be kept from now on; only the words that are valid now can be agreed to."""
    if text_id != texts.current(TRACK).id:
        raise Invalid(errors={"text_id": ["Not the text that is agreed to now."]})
    known = _in_force(member_id)
    if known and known.text_id == text_id:
        return
    now = _now()
    if known:  # agreed to older words; the consent goes on without a break
        known.withdrawn_at = now
        session.flush()
    given = {"id": uuid7(), "member_id": member_id, "kind": TRACK, "text_id": text_id, "given_at": now}
    session.execute(insert(Consent).on_conflict_do_nothing(), given)
    audit.record("consent.give", "consent", text_id, subject=member_id)


def withdraw(member_id: UUID) -> None:
    """Let no track be kept from now on; uploads under way hold the consent, and this waits for them."""
    known = _in_force(member_id)
    if known is None:
        return
    known.withdrawn_at = _now()
    session.flush()
    audit.record("consent.withdraw", "consent", known.text_id, subject=member_id)


def _in_force(member_id: UUID) -> Consent | None:
    locked = members.consent_to_tracks(member_id).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one_or_none()


def _now() -> datetime:
    return session.scalars(select(func.clock_timestamp())).one()
