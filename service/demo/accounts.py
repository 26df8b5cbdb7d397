"""Who may sign in to the demonstration, with passwords that every installation makes for itself."""

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from service.db import session, uuid7
from service.demo.people import People
from service.members.actions import passwords
from service.members.models import Member

PAGES = {"member": "/phone", "leader": "/leader"}
DELINGHA, GOLMUD, PREFECTURE = "632802000000", "632801000000", "632800000000"


class Account(NamedTuple):
    """Who signs in: somebody of the teams, by code, or a person of the office, with a name."""

    username: str
    role: str
    area: str
    code: str
    name: str | None = None


def planned(people: People, home: str) -> list[Account]:
    """At least one of each role: a team of the community `home`, its officers, and two people of Golmud."""
    leader, first, second = _team_in(people, home)
    far = next(each for each in people.members if each["area_code"][:6] == GOLMUD[:6] and _is_plain(each))
    return [
        Account("member1", "member", home, first),
        Account("member2", "member", home, second),
        Account("leader", "leader", home, leader),
        Account("officer", "officer", DELINGHA, "HX-S0001", "德令哈值班员"),
        Account("township", "officer", home[:9] + "000", "HX-S0002", "街道值班员"),
        Account("centre", "centre", PREFECTURE, "HX-S0003", "州指挥中心"),
        Account("admin", "admin", PREFECTURE, "HX-S0004", "系统管理员"),
        Account("auditor", "auditor", PREFECTURE, "HX-S0005", "审计员"),
        Account("golmud_member", "member", far["area_code"], far["code"]),
        Account("golmud_officer", "officer", GOLMUD, "HX-S0006", "格尔木值班员"),
    ]


def _is_plain(member: dict[str, Any]) -> bool:
    return member["role"] == "member"


def _team_in(people: People, home: str) -> list[str]:
    """The codes of the leader and two members of the first team at home there."""
    team = next(team["id"] for team in people.teams if team["area_code"] == home)
    inside = {each["member_id"] for each in people.memberships if each["team_id"] == team}
    members = sorted((each for each in people.members if each["id"] in inside), key=_is_plain)
    return [each["code"] for each in members[:3]]


def issue(accounts: Iterable[Account], file: Path) -> None:
    """Give every account a new password, and write them to the file, for its owner's eyes only."""
    told = []
    for account in accounts:
        password = secrets.token_urlsafe(12)
        _enter(account, passwords.hash(password))
        told.append(
            {
                "role": account.role,
                "username": account.username,
                "password": password,
                "area": account.area,
                "page": PAGES.get(account.role, "/"),
            }
        )
    _write(file, json.dumps(told, indent=2) + "\n")


def _enter(account: Account, password_hash: str) -> None:
    signs_in = {"username": account.username, "password_hash": password_hash}
    if account.name is None:
        session.execute(update(Member).where(Member.code == account.code).values(signs_in))
        return
    person = {"id": uuid7(), "code": account.code, "name": account.name}
    person |= {"role": account.role, "area_code": account.area}
    new = insert(Member).values(person | signs_in)
    session.execute(new.on_conflict_do_update(index_elements=["code"], set_=signs_in))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
