"""Questions about photos."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from service.media.models import Photo, PhotoLeftover, PhotoPart
from service.policy import Caller, Scope

Rule = Callable[[Caller, Scope], ColumnElement[bool]]
_rules: list[Rule] = []


def shown_by(rule: Rule) -> None:
    """Let a feature above say which photos (a condition on `Photo`) its own rows show to a caller."""
    if rule not in _rules:
        _rules.append(rule)


def visible_to(caller: Caller, scope: Scope) -> Select[Photo]:
    """The photos that the caller sent, and those that any rule shows."""
    shown = (rule(caller, scope) for rule in _rules)
    return select(Photo).where(or_(Photo.member_id == caller.member_id, *shown))


def named(photos: Select[Photo], sha256: str, caller: Caller) -> Select[Photo]:
    """The one of the photos that is meant: whoever sent the same is answered with their own."""
    own_first = (Photo.member_id != caller.member_id, Photo.id)
    return photos.where(Photo.sha256 == sha256).order_by(*own_first).limit(1)


def own(member_id: UUID, sha256: str) -> Select[Photo]:
    """A photo that a member sent."""
    return select(Photo).where(Photo.member_id == member_id, Photo.sha256 == sha256)


def sent_since(member_id: UUID, since: datetime) -> Select[Any]:
    """When a member's photos came, the latest first."""
    sent = select(Photo.received_at).where(Photo.member_id == member_id, Photo.received_at > since)
    return sent.order_by(Photo.received_at.desc())


def progress(member_id: UUID, sha256: str) -> Select[*tuple[Any, ...]]:
    """How far a photo has come: bytes, of how many, in how many parts; no row before its first part."""
    sums = (func.sum(func.length(PhotoPart.body)), func.max(PhotoPart.total), func.count())
    own = (PhotoPart.member_id == member_id, PhotoPart.sha256 == sha256)
    return select(*sums).where(*own).having(func.count() > 0)


def bodies(member_id: UUID, sha256: str) -> Select[Any]:
    """The parts of a photo that have come, in order."""
    own = (PhotoPart.member_id == member_id, PhotoPart.sha256 == sha256)
    return select(PhotoPart.body).where(*own).order_by(PhotoPart.start)


def unfinished(member_id: UUID) -> Select[Any]:
    """How many photos of a member have come in part."""
    return select(func.count(PhotoPart.sha256.distinct())).where(PhotoPart.member_id == member_id)


def old(before: datetime, limit: int) -> Select[Any]:
    """Some photos that came before a time."""
    return select(Photo.id).where(Photo.received_at < before).limit(limit)


def known(ids: Collection[UUID]) -> Select[Any]:
    """Which of these are photos."""
    return select(Photo.id).where(Photo.id.in_(ids))


def leftovers(limit: int) -> Select[Any]:
    """Some photos whose objects must go."""
    return select(PhotoLeftover.id).limit(limit).with_for_update(skip_locked=True)


def of_member(member_id: UUID) -> Select[*tuple[Any, ...]]:
    """All that is known of a member's photos."""
    columns = (Photo.sha256, Photo.received_at, Photo.sent_bytes, Photo.width, Photo.height, Photo.exif_at)
    every = select(*columns, Photo.exif_offset_min, Photo.lon, Photo.lat)
    return every.where(Photo.member_id == member_id).order_by(Photo.received_at, Photo.id)
