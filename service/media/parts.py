"""Photos in parts, and photos in forms: what a request says about its body (RFC 9110 §14.4, RFC 7578)."""

import re
from typing import NamedTuple

from service.errors import Invalid, Unreadable

_RANGE = re.compile(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12})", re.ASCII)
_FILE_NAME = re.compile(rb'; *filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE | re.DOTALL)
_NAME = re.compile(rb'; *name="([^"]*)"', re.IGNORECASE)
_UNFIT = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]|%0[0ad]", re.IGNORECASE)  # as it is, or as browsers write it
_CLOSING = re.compile(rb"--[ \t]*(\r\n.*)?", re.DOTALL)
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]", re.ASCII)


class Part(NamedTuple):
    """Bytes of a photo, from `start` on."""

    start: int
    body: bytes
    total: int  # bytes of the whole

    @property
    def is_last(self) -> bool:
        """Whether the photo ends with it."""
        return self.start + len(self.body) == self.total


def read_part(content_range: str, body: bytes) -> Part:
    """The part that `Content-Range` says a body is; raises Unreadable where they do not fit."""
    said = _RANGE.fullmatch(content_range.strip())
    if said is None:
        raise Unreadable("Content-Range is not `bytes first-last/total`.")
    first, last, total = map(int, said.groups())
    if not first <= last < total or len(body) != last - first + 1:
        raise Unreadable("Content-Range does not fit the body.")
    return Part(first, body, total)


def read_form(body: bytes, boundary: str | None) -> bytes:
    """The file of a form that holds one part, named `file`; its file name is read by nobody, but must be fit.

    Raises Unreadable for a form that is cut off or is none, Invalid for one that holds anything else.
    """
    if not boundary or not _BOUNDARY.fullmatch(boundary):
        raise Unreadable("multipart/form-data needs a boundary.")
    mark = b"--" + boundary.encode()
    opening, *parts = (b"\r\n" + body).split(b"\r\n" + mark)
    if opening or len(parts) < 2 or not _CLOSING.fullmatch(parts.pop()):
        raise Unreadable("The form is cut off.")
    files = [_file(part) for part in parts]
    if len(files) != 1:
        raise Invalid("The form must hold one file.", errors={"file": ["Given more than once."]})
    return files[0]


def _file(part: bytes) -> bytes:
    padding, ends, rest = part.partition(b"\r\n")
    head, blank, content = rest.partition(b"\r\n\r\n")
    if padding.strip(b" \t") or not (ends and blank):
        raise Unreadable("A part of the form has no head.")
    every = head.split(b"\r\n")
    lines = [line for line in every if line.lower().startswith(b"content-disposition:")]
    if len(lines) != 1 or any(_UNFIT.search(line) or line.count(b'"') % 2 for line in every):
        raise Unreadable("A part of the form has no fit Content-Disposition.")
    name, file_name = _NAME.search(lines[0]), _FILE_NAME.search(lines[0])
    if name is None or name[1] != b"file":
        raise Invalid("The form must hold one file, `file`, and nothing else.")
    if file_name is None or not file_name[1]:
        raise Invalid("The form must hold one file.", errors={"file": ["Has no file name."]})
    return content
