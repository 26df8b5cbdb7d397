"""Reading single values that came from outside; each raises ValueError with a sentence for the sender."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
UUID_FORM = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[47][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}"
_UUID = re.compile(UUID_FORM)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def read_time(value: Any, earliest: datetime = EARLIEST, latest: datetime = LATEST) -> datetime:
    """The UTC time of an RFC 3339 text with offset, between 2020 and 2100 or the given limits."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("Not an RFC 3339 time with offset.")
    try:
        time = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("Not a time that exists.") from None
    if not earliest <= time < latest:
        raise ValueError(f"Outside {earliest.year} to {latest.year}.")
    return time


def read_uuid(value: Any) -> UUID:
    """The UUID of version 4 or 7 that its canonical 36 characters spell."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("Not a UUID of version 4 or 7.")
    return UUID(value)


def read_text(value: Any, longest: int, *, lines: bool = False) -> str:
    """Text in NFC of 1 to `longest` characters; in `lines` it may be broken and loses direction overrides."""
    if not isinstance(value, str):
        raise ValueError("Not a text.")
    text = unicodedata.normalize("NFC", value)
    if lines:
        text = _BIDI.sub("", text.replace("\r\n", "\n"))
    if not is_clean(text, lines=lines):
        raise ValueError("Has characters that cannot be kept.")
    if not text.strip():
        raise ValueError("May not be blank.")
    if len(text) > longest:
        raise ValueError(f"Longer than {longest} characters.")
    return text


def is_clean(text: str, *, lines: bool = False) -> bool:
    """Whether text has no control characters, half surrogates or direction overrides."""
    allowed = "\n\t" if lines else ""
    return not _BIDI.search(text) and not any(
        unicodedata.category(c) in ("Cc", "Cs") for c in text if c not in allowed
    )
