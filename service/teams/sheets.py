"""Tables that people keep in a spreadsheet: CSV in UTF-8, or the first sheet of an XLSX workbook."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import openpyxl

from service.errors import Invalid, TooLarge, Unreadable

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 50_000
MOST_COLUMNS = 50
MOST_PARTS = 1000  # files in a workbook
MOST_TOLD = 500  # faults in one answer
_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORMULA = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠﹦﹢﹣﹫]|[\t\r\n]")  # full width, too
_BROKEN = (
    zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, TypeError, AttributeError, OSError,
    EOFError, RuntimeError,
)  # fmt: skip


class Fault(NamedTuple):
    """What is wrong in a row, numbered as the spreadsheet shows it; the headings are row 1."""

    row: int
    column: str
    problem: str


class BadRows(Invalid):
    title, title_zh = "Some rows cannot be accepted; nothing was imported", "部分行不符合要求，未导入任何数据"

    def __init__(self, faults: list[Fault]):
        told = [fault._asdict() for fault in sorted(faults)[:MOST_TOLD]]
        count = len({fault.row for fault in faults})
        super().__init__(f"{count} rows cannot be accepted.", errors={"rows": told})


class Columns(NamedTuple):
    """The headings that a table may have, in any language, and the columns that it must have."""

    headings: Mapping[str, str]
    required: frozenset[str]


Row = dict[str, str]  # column → text; blank cells are left out


def read(body: bytes, media_type: str, columns: Columns, limit: int) -> dict[int, Row]:
    """The rows that are not blank, by number; a workbook of more than `limit` bytes inside is not opened."""
    lines = _workbook(body, limit) if media_type == XLSX else _csv(body)
    try:
        cells = list(islice(lines, MOST_ROWS + 2))
    except csv.Error as error:
        raise Unreadable(f"The file is not CSV: {error}.") from None
    if len(cells) > MOST_ROWS + 1:
        raise TooLarge(f"At most {MOST_ROWS} rows in one file.")
    names = _names(cells[0] if cells else [], columns)
    rows = {number: _row(line, names, number) for number, line in enumerate(cells[1:], 2)}
    return {number: row for number, row in rows.items() if row}


def defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def printable(text: str) -> str:
    """What of a text a workbook can hold: the characters of XML 1.0, with line feeds for line breaks."""
    return _NO_XML.sub("", text)


def _csv(body: bytes) -> Iterator[list[str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("The file is not UTF-8: save it as “CSV UTF-8”, or as XLSX.") from None
    return csv.reader(io.StringIO(text, newline=""), strict=True)


def _workbook(body: bytes, limit: int) -> Iterator[list[str]]:
    try:
        _check_size(body, limit)
        sheet = openpyxl.load_workbook(io.BytesIO(body), read_only=True).worksheets[0]
        lines = list(sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS, values_only=True))
    except _BROKEN:
        raise Unreadable("The file is not an XLSX workbook.") from None
    return ([_text(value) for value in line] for line in lines)


def _check_size(body: bytes, limit: int) -> None:
    """A part never inflates beyond the size that the archive declares for it."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > limit:
        raise TooLarge(f"A workbook may be at most {limit} bytes when unpacked.")


def _text(value: Any) -> str:
    """A cell as its text; a formula stays the text that it is written as."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(getattr(value, "text", value))


def _names(headings: list[str], columns: Columns) -> list[str]:
    headings = [heading.strip() for heading in headings]
    while headings and not headings[-1]:
        headings.pop()
    names = [columns.headings.get(heading.lower(), "") for heading in headings]
    pairs = list(zip(headings, names, strict=True))
    faults = [Fault(1, heading[:50], "Unknown column.") for heading, name in pairs if not name]
    faults += [Fault(1, name, "Given twice.") for name in {*names} - {""} if names.count(name) > 1]
    faults += [Fault(1, name, "Missing.") for name in columns.required - {*names}]
    if faults:
        raise BadRows(faults)
    return names


def _row(line: list[str], names: list[str], number: int) -> Row:
    if any(cell.strip() for cell in line[len(names) :]):
        raise BadRows([Fault(number, "", "Has more cells than there are headings.")])
    cells = {name: cell.strip() for name, cell in zip(names, line, strict=False)}
    return {name: cell for name, cell in cells.items() if cell}
