"""Questions about what has arrived before."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select

from service.uploads.models import Item, QuarantinedItem


def known(item_ids: Collection[UUID]) -> Select[UUID, bytes, UUID]:
    """What is known of these ids: id, content, member."""
    return select(Item.id, Item.content, Item.member_id).where(Item.id.in_(item_ids))


def quarantined(member_id: UUID, contents: Collection[bytes]) -> Select[bytes]:
    """Which of these contents of a member are in quarantine already."""
    return select(QuarantinedItem.content).where(
        QuarantinedItem.member_id == member_id, QuarantinedItem.content.in_(contents)
    )
