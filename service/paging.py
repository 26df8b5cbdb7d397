"""Pages of a list by its key, with an opaque cursor."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

from sqlalchemy import Select

from service.db import session
from service.errors import Invalid

_CHECK = 4  # bytes of the checksum


class Page(NamedTuple):
    """Some rows, and where the next ones begin."""

    items: list[Any]
    next_cursor: str | None


def page(select: Select[Any], key: Any, limit: int, cursor: str | None, *, newest: bool = False) -> Page:
    """At most `limit` rows of `select` after the cursor, in the order of the unique column `key`.

    With `newest` the order is turned round.
    """
    if cursor is not None:
        last = read_cursor(cursor, key.type.python_type)
        select = select.where(key < last if newest else key > last)
    rows = list(session.scalars(select.order_by(key.desc() if newest else key).limit(limit + 1)))
    more = len(rows) > limit
    return Page(rows[:limit], cursor_at(getattr(rows[limit - 1], key.key)) if more else None)


def cursor_at(value: Any) -> str:
    """The cursor of a list that goes on behind `value`: the value behind its checksum, in base64."""
    text = str(value).encode()
    return urlsafe_b64encode(crc32(text).to_bytes(_CHECK) + text).decode().rstrip("=")


def read_cursor(cursor: str, kind: Callable[[str], Any] = str) -> Any:
    """The value of a kind that a cursor stands for; raises Invalid when it is none of ours.

    The checksum keeps mistakes out, not malice: whoever makes a cursor sees no more than by turning pages.
    """
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[_CHECK:].decode()
        if cursor == cursor_at(text):
            return kind(text)
    except ValueError:
        pass
    raise Invalid(errors={"cursor": ["Not a cursor of this list."]})
