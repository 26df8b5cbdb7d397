"""The gate that a request passes before any schema looks at it."""

import json
import re
import zlib
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np

from service.errors import Invalid, TooLarge, Unreadable, WrongMediaType

DEEPEST = 16  # levels of brackets in a JSON body
_STRING = re.compile(
    rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL
)  # one without end goes to the end: no second try
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its `Content-Encoding` (gzip or none); raises a problem beyond `limit` bytes."""
    if encoding in ("", "identity"):
        plain = body
    elif encoding == "gzip":
        plain = _gunzip(body, limit)
    else:
        raise WrongMediaType("Content-Encoding may only be gzip.")
    if len(plain) > limit:
        raise TooLarge(f"At most {limit} bytes after inflation.")
    return plain


def _gunzip(body: bytes, limit: int) -> bytes:
    plain, rest = b"", body
    while rest:
        member = zlib.decompressobj(wbits=31)
        try:
            plain += member.decompress(rest, limit + 1 - len(plain))
        except zlib.error:
            raise Unreadable("The body is not gzip.") from None
        if len(plain) > limit:
            return plain
        if not member.eof:
            raise Unreadable("The gzip body ends too early.")
        rest = member.unused_data
    return plain


def read_json(body: bytes) -> Any:
    """The value of a JSON body; raises Unreadable for bad UTF-8 or syntax, doubled keys, NaN, great depth."""
    if _depth(body) > DEEPEST:
        raise Unreadable(f"JSON may be nested at most {DEEPEST} levels deep.")
    try:
        return json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Unreadable("The body is not UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"The body is not JSON: {_reason(error)}.") from None


def _depth(body: bytes) -> int:
    signs = np.frombuffer(_STRING.sub(b"", body), np.uint8)
    opens = (signs == ord("[")) | (signs == ord("{"))
    closes = (signs == ord("]")) | (signs == ord("}"))
    steps = opens.astype(np.int32) - closes.astype(np.int32)
    return int(steps.cumsum().max(initial=0))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return str(error) if "digits" not in str(error) else "a number has too many digits"


def check_query(query: bytes, given: dict[str, list[str]], known: set[str]) -> None:
    """Raise a problem for a query string that is not UTF-8, or has unknown, doubled or unprintable parts."""
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise Unreadable("The query string is not UTF-8.") from None
    errors = {name: ["Unknown parameter."] for name in given.keys() - known}
    errors |= {name: ["Given twice."] for name, values in given.items() if len(values) > 1}
    errors |= {
        n: ["Has control characters."] for n, values in given.items() if _CONTROL.search("".join(values))
    }
    if errors:
        raise Invalid("The query string cannot be accepted.", errors=errors)
