"""Rows of an imported table: from text to values, or to what is wrong with them. No database."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from service.teams.models import KINDS
from service.teams.sheets import Columns, Fault, Row
from service.values import read_text

KINDS_ZH = (
    "邻里守望",
    "店店联防",
    "十户联防",
    "楼栋单元联防",
    "村警",
    "第一书记",
    "下沉警力",
    "网格员",
    "平安警铃",
)
_KINDS = dict(zip(KINDS_ZH, KINDS, strict=True)) | {kind: kind for kind in KINDS}
_ROLES = {"member": "member", "leader": "leader", "队员": "member", "队长": "leader"}
_ANSWERS = dict.fromkeys(("true", "yes", "1", "是"), True) | dict.fromkeys(("false", "no", "0", "否"), False)

TEAM_COLUMNS = Columns(
    {"编号": "code", "名称": "name", "类型": "kind", "区域": "area"}
    | {name: name for name in ("code", "name", "kind", "area")},
    frozenset(("code", "name", "kind", "area")),
)
MEMBER_COLUMNS = Columns(
    {"编号": "code", "姓名": "name", "名称": "name", "手机": "phone", "角色": "role", "区域": "area"}
    | {"队伍": "team", "队长": "is_leader"}
    | {name: name for name in ("code", "name", "phone", "role", "area", "team", "is_leader")},
    frozenset(("code", "name", "phone", "area")),
)


class TeamRow(NamedTuple):
    """A team as a table has it."""

    number: int
    code: str
    name: str
    kind: str
    area: str


class MemberRow(NamedTuple):
    """A member as a table has it; what may stay blank is None."""

    number: int
    code: str
    name: str
    phone: str
    area: str
    role: str | None
    team: str | None
    is_leader: bool


class Reader:
    """Takes the cells of one row, one by one, and notes what is wrong with them."""

    def __init__(self, number: int, row: Row, faults: list[Fault]):
        self.number, self.row, self.faults = number, row, faults

    def take(self, column: str, read: Callable[[str], Any], blank: Any = ...) -> Any:
        """The cell as `read` understands it; `blank`, if there is one, where nothing stands."""
        cell = self.row.get(column)
        if cell is None and blank is not ...:
            return blank
        try:
            return read(cell or "")
        except ValueError as error:
            self.faults.append(Fault(self.number, column, str(error)))


def read_team(reader: Reader) -> TeamRow:
    """A row of a table of teams."""
    return TeamRow(
        reader.number,
        reader.take("code", _code),
        reader.take("name", lambda cell: read_text(cell, 100)),
        reader.take("kind", lambda cell: _word(cell, _KINDS)),
        reader.take("area", _area),
    )


def read_member(reader: Reader) -> MemberRow:
    """A row of a table of members."""
    return MemberRow(
        reader.number,
        reader.take("code", _code),
        reader.take("name", lambda cell: read_text(cell, 100)),
        reader.take("phone", _phone),
        reader.take("area", _area),
        reader.take("role", lambda cell: _word(cell, _ROLES), blank=None),
        reader.take("team", _code, blank=None),
        reader.take("is_leader", lambda cell: _word(cell, _ANSWERS), blank=False),
    )


def read_all(rows: Mapping[int, Row], read: Callable[[Reader], Any], faults: list[Fault]) -> list[Any]:
    """The rows that can be read; what is wrong with others, and codes that stand twice, go to `faults`."""
    good: list[Any] = []
    first: dict[str, int] = {}
    for number, row in rows.items():
        before = len(faults)
        value = read(Reader(number, row, faults))
        if value.code is not None and first.setdefault(value.code, number) != number:
            faults.append(Fault(number, "code", f"Stands in row {first[value.code]} already."))
        if len(faults) == before:
            good.append(value)
    return good


def _code(cell: str) -> str:
    code = read_text(cell, 50)
    if not re.fullmatch(r"[\w./-]+", code):
        raise ValueError("A code has only letters, digits and . _ / -")
    return code


def _word(cell: str, words: Mapping[str, Any]) -> Any:
    word = read_text(cell, 100).lower()
    if word not in words:
        raise ValueError(f"Not one of {', '.join(words)}.")
    return words[word]


def _area(cell: str) -> str:
    if not re.fullmatch(r"\d{12}", cell, re.ASCII):
        raise ValueError("Not a code of 12 digits.")
    return cell


def _phone(cell: str) -> str:
    phone = re.sub(r"^\+86|[ -]", "", cell)
    if not re.fullmatch(r"1\d{10}", phone, re.ASCII):
        raise ValueError("Not a mobile number of 11 digits.")
    return phone
