"""Import teams and members from tables: all rows or none, and a row that is known changes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert, update

from service.audit import actions as audit
from service.db import session, uuid7
from service.members.models import Member
from service.policy import Caller, Scope
from service.teams import queries
from service.teams.models import Membership, Team
from service.teams.rows import MemberRow, TeamRow, read_all, read_member, read_team
from service.teams.sheets import MOST_TOLD, BadRows, Fault, Row

NOT_YOURS = "Belongs to something that you cannot change."


class Report(NamedTuple):
    """What an import has done, or would do."""

    dry_run: bool
    rows: int
    creates: int
    updates: int
    unchanged: int
    errors: list[Fault]


class Changes(NamedTuple):
    """Rows of one table as they should be: the new ones, and those that differ from what is there."""

    new: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    ids: dict[str, UUID]  # code → id, of all rows there are
    touched: set[str]  # the codes of what is new or changed


def import_teams(caller: Caller, scope: Scope, table: Mapping[int, Row], *, dry_run: bool) -> Report:
    """Make the teams of a table so, inside the caller's reach."""
    faults: list[Fault] = []
    rows: list[TeamRow] = read_all(table, read_team, faults)
    known = _known(Team, [row.code for row in rows])
    areas = set(session.scalars(queries.area_codes(caller, scope)))
    for row in rows:
        _check_place(row, known.get(row.code), areas, faults)
    rows = _sound(rows, faults, dry_run)
    changes = _compare([_team(row) for row in rows], known)
    if not dry_run:
        _write(Team, changes)
        audit.record("teams.import", "table", result=f"{len(changes.touched)} of {len(table)} rows")
    return _report(dry_run, table, rows, changes, faults)


def import_members(caller: Caller, scope: Scope, table: Mapping[int, Row], *, dry_run: bool) -> Report:
    """Make the members of a table so; a team that is named gains the member, other teams lose nobody."""
    faults: list[Fault] = []
    rows: list[MemberRow] = read_all(table, read_member, faults)
    known = _known(Member, [row.code for row in rows])
    areas = set(session.scalars(queries.area_codes(caller, scope)))
    teams = _known(Team, [row.team for row in rows if row.team])
    for row in rows:
        _check_place(row, known.get(row.code), areas, faults)
        _check_role(row, known.get(row.code), areas, faults)
        _check_team(row, teams, areas, faults)
    rows = _sound(rows, faults, dry_run)
    changes = _compare([_member(row, known.get(row.code)) for row in rows], known)
    joins = _compare_memberships([row for row in rows if row.team], changes.ids, teams)
    changes.touched.update(joins.touched)
    if not dry_run:
        _write(Member, changes)
        _write(Membership, joins)
        audit.record("members.import", "table", result=f"{len(changes.touched)} of {len(table)} rows")
    return _report(dry_run, table, rows, changes, faults)


def _sound(rows: Sequence[Any], faults: list[Fault], dry_run: bool) -> list[Any]:
    """The rows without a fault; raises BadRows unless it is only a rehearsal."""
    if faults and not dry_run:
        raise BadRows(faults)
    refused = {fault.row for fault in faults}
    return [row for row in rows if row.number not in refused]


def _known(model: Any, codes: Sequence[str]) -> dict[str, Any]:
    return {row.code: row for row in session.execute(queries.coded(model, codes))}


def _check_place(row: TeamRow | MemberRow, known: Any, areas: set[str], faults: list[Fault]) -> None:
    if row.area not in areas:
        faults.append(Fault(row.number, "area", "Unknown area."))
    if known is not None and known.area_code not in areas:
        faults.append(Fault(row.number, "code", NOT_YOURS))


def _check_role(row: MemberRow, known: Member | None, areas: set[str], faults: list[Fault]) -> None:
    there = known if known is not None and known.area_code in areas else None
    if there is not None and there.role not in ("member", "leader"):
        faults.append(Fault(row.number, "code", NOT_YOURS))
    if there is not None and there.left_at is not None:
        faults.append(Fault(row.number, "code", "Belongs to somebody who has left."))
    if row.is_leader and (row.role == "member" or not row.team):
        column = "role" if row.team else "team"
        faults.append(Fault(row.number, column, "Whoever leads a team has a team and the role leader."))


def _check_team(row: MemberRow, teams: Mapping[str, Team], areas: set[str], faults: list[Fault]) -> None:
    if row.team and (row.team not in teams or teams[row.team].area_code not in areas):
        faults.append(Fault(row.number, "team", "Unknown team."))


def _team(row: TeamRow) -> dict[str, Any]:
    return {"code": row.code, "name": row.name, "kind": row.kind, "area_code": row.area}


def _member(row: MemberRow, known: Member | None) -> dict[str, Any]:
    role = "leader" if row.is_leader else row.role or (known.role if known else "member")
    return {"code": row.code, "name": row.name, "phone": row.phone, "role": role, "area_code": row.area}


def _compare(wanted: Sequence[dict[str, Any]], known: Mapping[str, Any]) -> Changes:
    changes = Changes([], [], {code: row.id for code, row in known.items()}, set())
    for row in wanted:
        there = known.get(row["code"])
        if there is None:
            changes.ids[row["code"]] = uuid7()
            changes.new.append(row | {"id": changes.ids[row["code"]]})
        elif any(getattr(there, name) != value for name, value in row.items()):
            changes.changed.append(row | {"id": there.id})
        else:
            continue
        changes.touched.add(row["code"])
    return changes


def _compare_memberships(
    rows: Sequence[MemberRow], ids: Mapping[str, Any], teams: Mapping[str, Team]
) -> Changes:
    found = session.execute(queries.memberships_of([ids[row.code] for row in rows]))
    current = {(each.member_id, each.team_id): each for each in found}
    changes = Changes([], [], {}, set())
    for row in rows:
        member_id, team_id = ids[row.code], teams[row.team or ""].id
        membership = current.get((member_id, team_id))
        if membership is None:
            joins = {"id": uuid7(), "member_id": member_id, "team_id": team_id, "is_leader": row.is_leader}
            changes.new.append(joins)
        elif membership.is_leader != row.is_leader:
            changes.changed.append({"id": membership.id, "is_leader": row.is_leader})
        else:
            continue
        changes.touched.add(row.code)
    return changes


def _write(model: Any, changes: Changes) -> None:
    if changes.new:
        session.execute(insert(model), changes.new)
    if changes.changed:
        session.execute(update(model), changes.changed)


def _report(
    dry_run: bool, table: Mapping[int, Row], rows: Sequence[Any], changes: Changes, faults: list[Fault]
) -> Report:
    creates, touched = len(changes.new), len(changes.touched)
    unchanged = len(rows) - touched
    return Report(dry_run, len(table), creates, touched - creates, unchanged, sorted(faults)[:MOST_TOLD])
