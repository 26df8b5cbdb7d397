"""The departments that handle matters jointly, as they are shipped. No database."""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parent / "data" / "departments.csv"


class Department(NamedTuple):
    """A department of a county or of the prefecture."""

    code: str
    name_zh: str
    name_en: str


@cache
def listed() -> dict[str, Department]:
    """Every department, by its code."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: Department(**row) for row in csv.DictReader(file)}


@cache
def by_name() -> dict[str, Department]:
    """The same, by the name under which a party stands in a matter."""
    return {each.name_zh: each for each in listed().values()}


def name_of(party: str) -> str:
    """The name under which a party is kept: that of the department with this code, else what was said."""
    return listed()[party].name_zh if party in listed() else party
