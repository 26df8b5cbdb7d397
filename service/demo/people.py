"""The teams of the demonstration and who is in them; every name and number is made up."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from service.demo import names
from service.demo.walks import id_at

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
BEGINNING_MS = round(BEGINNING.timestamp() * 1000)
CONSENT = "track-1"  # the words that everybody here has agreed to
KINDS = {
    "community": (
        "neighbour_watch", "grid_workers", "shop_watch", "building_watch", "seconded_police", "alarm_bell",
    ),
    "enterprise_area": ("grid_workers", "shop_watch", "building_watch", "alarm_bell"),
    "village": ("ten_households", "neighbour_watch", "grid_workers", "village_police", "first_secretary"),
    "herder_village": ("ten_households", "village_police", "first_secretary", "alarm_bell"),
}  # fmt: skip
SIZES = {"seconded_police": 0.6, "village_police": 0.5, "first_secretary": 0.5, "ten_households": 1.5}
LEAST = 3  # people in a team


class People(NamedTuple):
    """Rows of four tables, parents before children."""

    teams: list[dict[str, Any]]
    members: list[dict[str, Any]]
    memberships: list[dict[str, Any]]
    consents: list[dict[str, Any]]


def gather(
    grids: Mapping[str, int], areas: Mapping[str, Mapping[str, Any]], size: tuple[int, int], random: Generator
) -> People:
    """So many teams, most where a community has most grids, and so many people, each in one team."""
    teams, members = size
    of_each = zip(grids, share_out(teams, list(grids.values()), least=2), strict=True)
    rows = [row for code, count in of_each for row in _teams(areas[code], count, random)]
    for number, row in enumerate(rows, 1):
        row["code"] = f"HX-T{number:04}"
    sizes = share_out(members, [SIZES.get(row["kind"], 1) for row in rows], least=LEAST)
    people = People(rows, [], [], [])
    for team, count in zip(rows, sizes, strict=True):
        for place in range(count):
            _join(people, team, place == 0, random)
    return people


def share_out(total: int, weights: Sequence[float], least: int) -> list[int]:
    """Whole shares that add up to the total, by weight, each at least so much (largest remainder)."""
    exact = np.asarray(weights, float)
    exact = exact / exact.sum() * (total - least * len(exact))
    shares = np.floor(exact).astype(int)
    order = np.argsort(shares - exact, kind="stable")
    shares[order[: total - least * len(exact) - shares.sum()]] += 1
    return [int(share) + least for share in shares]


def _teams(area: Mapping[str, Any], count: int, random: Generator) -> list[dict[str, Any]]:
    first, *others = KINDS[area["kind"]]
    kinds = [first, *(str(kind) for kind in random.permutation(others))]
    return [
        {
            "id": id_at(BEGINNING_MS, random),
            "name": names.team(area["name"], kinds[n % len(kinds)], n // len(kinds) + 1),
            "kind": kinds[n % len(kinds)],
            "area_code": area["code"],
        }
        for n in range(count)
    ]


def _join(people: People, team: Mapping[str, Any], leads: bool, random: Generator) -> None:
    member_id, number = id_at(BEGINNING_MS, random), len(people.members) + 1
    people.members.append(
        {
            "id": member_id,
            "code": f"HX-{number:06}",
            "name": names.person(team["area_code"], random),
            "phone": f"100{random.integers(10**8):08}",  # no mobile number begins with 100
            "role": "leader" if leads else "member",
            "area_code": team["area_code"],
            "joined_at": BEGINNING,
        }
    )
    membership = {
        "id": id_at(BEGINNING_MS, random),
        "team_id": team["id"],
        "member_id": member_id,
        "is_leader": leads,
    }
    people.memberships.append(membership | {"since": BEGINNING})
    consent = {"id": id_at(BEGINNING_MS, random), "member_id": member_id, "kind": "track", "text_id": CONSENT}
    people.consents.append(consent | {"given_at": BEGINNING})
