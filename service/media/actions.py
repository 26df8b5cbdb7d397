"""Take in photos, in whole or in parts; let them go, with everything that was kept of them.

Pictures are put into the store before the row that knows them; what no row knows is swept away. They are
deleted after the row is gone for good.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256 as digest_of
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from service import jobs
from service.audit import actions as audit
from service.db import announce, session, transaction, uuid7
from service.errors import Conflict, Invalid, Problem, TooLarge, TooManyTries
from service.media import queries, store
from service.media.models import Photo, PhotoLeftover, PhotoPart
from service.media.parts import Part
from service.media.sandbox import DECODER
from service.policy import Caller
from service.settings import Settings

DAY = timedelta(days=1)  # a photo that has not arrived in whole by then is given up
MOST_UNFINISHED = 8  # photos of one member that are on their way
MOST_PARTS = 256  # of one photo
_STRAY = timedelta(hours=1)  # an object without a row for so long has been left behind
_AT_ONCE = 500
_BEIJING = 480  # min; where a photo does not say its offset
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class WrongDigest(Invalid):
    title, title_zh = "These bytes are not the photo that the path names", "内容与路径中的摘要不符"


class WrongOffset(Conflict):
    title, title_zh = "This part does not go on where the last one ended", "分段位置不连续"


class TooManyPhotos(TooManyTries):
    title, title_zh = "No more photos today, please send them later", "今日照片数量已达上限，请稍后再传"


class Kept(NamedTuple):
    """A photo that is kept, and whether it is new."""

    photo: Photo
    is_new: bool


def keep(member_id: UUID, sha256: str, body: bytes, knobs: Settings) -> Kept:
    """Keep what a photo shows; whoever sends it again is told the same.

    Raises Invalid for other bytes than `sha256` names and for what is no photo, TooManyPhotos, NoRoom.
    """
    if digest_of(body).hexdigest() != sha256:
        raise WrongDigest
    if known := session.scalars(queries.own(member_id, sha256)).one_or_none():
        return Kept(known, False)
    _check_quota(member_id, knobs)
    about, *pictures = DECODER.decode(body, knobs.photo_pixels)
    id, keeper = uuid7(), store.at(knobs.media_url)
    keeper.put(id, dict(zip(store.SIZES, pictures, strict=True)))
    try:
        return _enter(
            Photo(id=id, sha256=sha256, member_id=member_id, sent_bytes=len(body), **_columns(about)), knobs
        )
    except Problem:
        keeper.forget(id)
        raise


def _enter(photo: Photo, knobs: Settings) -> Kept:
    _hold(photo.member_id)
    if known := session.scalars(queries.own(photo.member_id, photo.sha256)).one_or_none():
        store.at(knobs.media_url).forget(photo.id)  # it came twice at once
        return Kept(known, False)
    _check_quota(photo.member_id, knobs)
    session.add(photo)
    session.flush()
    forget_parts(photo.member_id, photo.sha256)
    session.refresh(photo)
    audit.record("photo.keep", "photo", photo.id, subject=photo.member_id)
    return Kept(photo, True)


def _hold(member_id: UUID) -> None:
    """Whoever else sends for this member waits, and who erases the member too; a listener may object."""
    announce("photo arrives", member_id=member_id)
    key = int.from_bytes(digest_of(b"photos of " + member_id.bytes).digest()[:8], signed=True)
    session.execute(select(func.pg_advisory_xact_lock(key)))


def _check_quota(member_id: UUID, knobs: Settings) -> None:
    now = datetime.now(UTC)
    sent = session.scalars(queries.sent_since(member_id, now - DAY)).all()
    if len(sent) >= knobs.photos_a_day:
        free = sent[knobs.photos_a_day - 1] + DAY - now
        raise TooManyPhotos(retry_after=max(1, int(free.total_seconds()) + 1))


def _columns(about: dict[str, Any]) -> dict[str, Any]:
    """What a photo says of itself, as it is kept."""
    columns = {"width": about["width"], "height": about["height"]}
    if "lon" in about:
        columns["exif_position"] = f"SRID=4326;POINT({about['lon']!r} {about['lat']!r})"
    if "taken" in about:
        offset = about.get("offset_min")
        at = datetime.fromisoformat(about["taken"]).replace(tzinfo=UTC)
        at -= timedelta(minutes=_BEIJING if offset is None else offset)
        if _EARLIEST <= at < _LATEST and abs(offset or 0) <= 900:
            columns |= {"exif_at": at, "exif_offset_min": offset}
    return columns


def add_part(member_id: UUID, sha256: str, part: Part, knobs: Settings) -> bytes | int:
    """Keep a part of a photo; gives how many bytes have come, or all of them when this was the last part.

    What a part repeats is skipped. Raises WrongOffset for a gap or another length.
    """
    if part.total > knobs.photo_bytes:
        raise TooLarge(f"At most {knobs.photo_bytes} bytes.")
    if not part.is_last:
        _hold(member_id)
    have, total, count = session.execute(queries.progress(member_id, sha256)).one_or_none() or (
        0,
        part.total,
        0,
    )
    if part.start > have or part.total != total:
        raise WrongOffset(errors={"upload_offset": have})
    rest = part.body[have - part.start :]
    if part.is_last:
        return b"".join(session.scalars(queries.bodies(member_id, sha256))) + rest
    if rest:
        _check_parts(member_id, count, knobs)
        row = {"member_id": member_id, "sha256": sha256, "start": have, "total": total, "body": rest}
        session.execute(insert(PhotoPart), row)
    return have + len(rest)


def _check_parts(member_id: UUID, count: int, knobs: Settings) -> None:
    if count >= MOST_PARTS:
        raise Invalid(f"A photo may come in at most {MOST_PARTS} parts.")
    if count == 0:
        _check_quota(member_id, knobs)
        if session.scalars(queries.unfinished(member_id)).one() >= MOST_UNFINISHED:
            raise TooManyPhotos("Finish the photos that are on their way.", retry_after=60)


def offset(member_id: UUID, sha256: str) -> int | None:
    """How many bytes of a photo have come, if it is on its way."""
    row = session.execute(queries.progress(member_id, sha256)).one_or_none()
    return row[0] if row else None


def forget_parts(member_id: UUID, sha256: str) -> None:
    """Let the parts of a photo go: it is complete, or it never will be."""
    _do(delete(PhotoPart).where(PhotoPart.member_id == member_id, PhotoPart.sha256 == sha256))


def look(photo: Photo, viewer: Caller) -> None:
    """Let the sender know who looked at a photo in full; a look at one's own leaves nothing."""
    if photo.member_id != viewer.member_id:
        audit.record("photo.read", "photo", photo.id, subject=photo.member_id)


def erase_of(member_id: UUID) -> int:
    """Erase whatever a member sent; the pictures go as soon as this has been committed."""
    _do(delete(PhotoPart).where(PhotoPart.member_id == member_id))
    return _erase(Photo.member_id == member_id)


def erase(ids: Iterable[UUID]) -> int:
    """Erase these photos; the pictures go as soon as this has been committed."""
    return _erase(Photo.id.in_(list(ids)))


def _erase(which: Any) -> int:
    gone = session.scalars(
        delete(Photo).where(which).returning(Photo.id).execution_options(synchronize_session=False)
    ).all()
    if gone:
        session.execute(insert(PhotoLeftover), [{"id": id} for id in gone])
        jobs.later("media.remove")
    return len(gone)


@jobs.task("media.remove", every="43 * * * *")
def remove_leftovers() -> int:
    """Delete the pictures of photos that are gone; gives how many photos."""
    keeper, removed = store.at(Settings.from_env().media_url), 0
    while True:
        with transaction():
            ids = session.scalars(queries.leftovers(_AT_ONCE)).all()
            for id in ids:
                keeper.delete(id)
            _do(delete(PhotoLeftover).where(PhotoLeftover.id.in_(ids)))
        if not ids:
            return removed
        removed += len(ids)


@jobs.task("media.sweep", every="37 20 * * *")
def sweep() -> int:
    """Delete pictures that no photo knows, and parts of photos that never came; gives of how many photos."""
    now = datetime.now(UTC)
    keeper, swept = store.at(Settings.from_env().media_url), 0
    with transaction():
        _do(delete(PhotoPart).where(PhotoPart.received_at < now - DAY))
    for ids in keeper.older_than(now - _STRAY):
        with transaction():
            strays = ids - set(session.scalars(queries.known(ids)))
        for id in strays:
            keeper.delete(id)
        swept += len(strays)
    keeper.clear_unfinished(now - _STRAY)
    return swept


def _do(statement: Any) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
