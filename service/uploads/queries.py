"""Questions about what has arrived before."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from service.areas.queries import prefix_of, reach, within
from service.members.models import Member
from service.policy import Caller, Scope
from service.uploads.models import Item, QuarantinedItem


def known(item_ids: Collection[UUID]) -> Select[UUID, bytes, UUID]:
    """What is known of these ids: id, content, member."""
    return select(Item.id, Item.content, Item.member_id).where(Item.id.in_(item_ids))


def reporters(member_ids: Collection[UUID]) -> Select[UUID, str, str]:
    """Who these people are: id, role, area."""
    return select(Member.id, Member.role, Member.area_code).where(Member.id.in_(member_ids))


def quarantined(contents: Collection[bytes]) -> Select[UUID, bytes]:
    """Which of these contents are in quarantine already: member, content."""
    columns = select(QuarantinedItem.member_id, QuarantinedItem.content)
    return columns.where(QuarantinedItem.content.in_(contents))


def stored(member_id: UUID, item_ids: Collection[UUID]) -> Select[UUID]:
    """Which of these ids a member has stored."""
    return select(Item.id).where(Item.member_id == member_id, Item.id.in_(item_ids))


def set_aside(member_id: UUID, item_ids: Collection[UUID]) -> Select[str]:
    """Which of these ids a member has in quarantine, as text in small letters."""
    id_as_sent = func.lower(QuarantinedItem.item_id)
    return select(id_as_sent).where(
        QuarantinedItem.member_id == member_id, id_as_sent.in_([str(each) for each in item_ids])
    )


def quarantine_visible_to(caller: Caller, scope: Scope) -> Select[QuarantinedItem]:
    """The quarantined items of the members of the caller's area, each with its member."""
    with_member = select(QuarantinedItem).options(joinedload(QuarantinedItem.member))
    return sent_from(with_member, reach(caller, scope))


def sent_from(quarantine: Select[QuarantinedItem], area: str) -> Select[QuarantinedItem]:
    """Those of the items whose member belongs to an area."""
    people = select(Member.id).where(within(Member.area_code, prefix_of(area)))
    return quarantine.where(QuarantinedItem.member_id.in_(people))
