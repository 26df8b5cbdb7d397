"""What people of the demonstration have found and reported in the last two days."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from service.db import uuid7
from service.demo.ground import GridPlan
from service.matters.facts import Report

LATEST, EARLIEST = timedelta(minutes=20), timedelta(hours=48)  # before now
TITLES = {
    "neighbour_dispute": ("楼上漏水起争执", "噪声扰民"),
    "fire_hazard": ("楼道堆放杂物", "电动车飞线充电", "消防通道被占"),
    "safety_hazard": ("院墙开裂", "井盖缺失"),
    "theft_risk": ("单元门锁损坏",),
    "utility_damage": ("路灯不亮", "水管渗漏"),
    "environment": ("垃圾未清运",),
    "stray_animals": ("流浪犬聚集",),
    "natural_hazard": ("坡面落石", "河道结冰壅水"),
}
TEXT = "巡逻时发现，已到现场查看。"


def found(
    grids: Sequence[GridPlan],
    people: Sequence[Mapping[str, Any]],
    count: int,
    now: datetime,
    random: np.random.Generator,
) -> list[Report]:
    """So many reports, each by somebody at home in the community where it lies; the earliest first."""
    at_home: dict[str, list[Mapping[str, Any]]] = {}
    for person in people:
        at_home.setdefault(person["area_code"], []).append(person)
    lived_in = [grid for grid in grids if grid.code[:12] in at_home]
    chosen = random.choice(len(lived_in), size=min(count, len(lived_in)), replace=False)
    youth = random.uniform(0, 1, len(chosen)) ** 3  # most of what is open is young
    ago = np.sort(LATEST.total_seconds() + youth * (EARLIEST - LATEST).total_seconds())[::-1]
    reports = []
    for index, seconds in zip(chosen.tolist(), ago.tolist(), strict=True):
        grid = lived_in[index]
        person = at_home[grid.code[:12]][int(random.integers(len(at_home[grid.code[:12]])))]
        kind = list(TITLES)[int(random.integers(len(TITLES)))]
        title = TITLES[kind][int(random.integers(len(TITLES[kind])))]
        reports.append(_report(grid, person, kind, title, now - timedelta(seconds=seconds)))
    return reports


def _report(grid: GridPlan, person: Mapping[str, Any], kind: str, title: str, at: datetime) -> Report:
    place = grid.shape.representative_point()
    return Report(
        id=uuid7(),
        class_code=kind,
        title=title,
        text=TEXT,
        facts={},
        photos=[],
        position=(place.x, place.y),
        accuracy_m=8.0,
        recorded_at=at,
        phone_at=at,
        received_at=at,
        marks=[],
        reporter_id=person["id"],
        role=person["role"],
        area_code=person["area_code"],
    )
