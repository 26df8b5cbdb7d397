"""The areas of Haixi as the statistical codes give them.

Source: National Bureau of Statistics of China, 统计用区划代码和城乡划分代码, 2023 edition
(cut-off 2023-06-30).
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PREFECTURE = "632800000000"
_FOLDER = Path(__file__).parent / "data"


def areas() -> list[dict[str, Any]]:
    """Every area of the prefecture, parents before children, as columns of `areas`."""
    prefecture = _area(PREFECTURE, "prefecture", "海西蒙古族藏族自治州", None, name_en="Haixi Prefecture")
    counties = (
        _area(row["code12"], "county", row["name"], PREFECTURE, name_en=row["name_en"])
        for row in _rows("counties")
    )
    townships = (
        _area(row["code12"], "township", row["name"], row["county_code"] + "000000")
        for row in _rows("townships")
    )
    communities = (
        _area(row["code12"], "community", row["name"], row["township_code9"] + "000", kind=row["kind"])
        for row in _rows("communities")
    )
    return [prefecture, *counties, *townships, *communities]


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _area(code: str, level: str, name: str, parent: str | None, **more: str) -> dict[str, Any]:
    row: dict[str, Any] = {"code": code, "level": level, "name": name, "parent_code": parent}
    return row | {"name_en": more.get("name_en"), "kind": more.get("kind")}
