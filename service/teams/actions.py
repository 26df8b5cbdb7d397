"""Make and change teams; let members join, lead, leave and move."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select

from service.audit import actions as audit
from service.db import announce, moment, session, uuid7
from service.errors import Conflict
from service.members.models import Member
from service.teams import queries
from service.teams.models import Membership, Team


class TeamCodeTaken(Conflict):
    title, title_zh = "Another team has this code", "队伍编号已被使用"
    constraint = "teams_code_key"


class AlreadyInTeam(Conflict):
    title, title_zh = "This member is in the team at that time already", "该队员在此期间已在队伍中"
    constraint = "memberships_member_during_excl"


class EndsBeforeItBegins(Conflict):
    title, title_zh = "Nobody leaves a team before joining it", "离队时间不能早于入队时间"
    constraint = "memberships_duration_check"


def found(code: str, name: str, kind: str, area: str) -> Team:
    """Make a team; raises TeamCodeTaken, whoever has the code."""
    team = Team(id=uuid7(), code=code, name=name, kind=kind, area_code=area)
    session.add(team)
    session.flush()
    audit.record("team.found", "team", team.id)
    return team


def change(team: Team, changes: dict[str, Any]) -> None:
    """Give a team another name, kind or home."""
    for name, value in changes.items():
        setattr(team, "area_code" if name == "area" else name, value)
    session.flush()
    audit.record("team.change", "team", team.id)


def join(team: Team, member: Member, is_leader: bool = False, since: datetime | None = None) -> None:
    """Let a member be in a team, from now on or from a given time."""
    since = since or moment()
    session.add(
        Membership(id=uuid7(), team_id=team.id, member_id=member.id, is_leader=is_leader, since=since)
    )
    session.flush()
    audit.record("team.join", "team", team.id, subject=member.id)
    if is_leader:
        _follow(member)


def lead(membership: Membership, member: Member, is_leader: bool) -> None:
    """Let a member lead the team, or be one among others."""
    membership.is_leader = is_leader
    audit.record(
        "team.lead" if is_leader else "team.lead_no_more", "team", membership.team_id, subject=member.id
    )
    _follow(member)


def leave(membership: Membership, member: Member) -> None:
    """End a member's time in a team now; one that has not begun is as if it had never been planned."""
    _end(membership, moment())
    _follow(member)


def transfer(member: Member, team: Team, seen: Select[Team], at: datetime | None = None) -> None:
    """Move a member to a team, out of all others among those that the caller sees."""
    at = at or moment()
    for membership in session.scalars(queries.left_for(seen, team, member, at)).all():
        _end(membership, at)
    session.flush()
    join(team, member, since=at)
    _follow(member)


def _end(membership: Membership, at: datetime) -> None:
    audit.record("team.leave", "team", membership.team_id, subject=membership.member_id)
    announce("team left", team=membership.team_id, member=membership.member_id, at=at)
    if membership.since >= at:
        session.delete(membership)
    else:
        membership.until = at


def _follow(member: Member) -> None:
    """Whoever leads a team has the role of a leader, and loses it with the last; other roles stay."""
    session.flush()
    if member.role in ("member", "leader"):
        member.role = "leader" if session.scalar(queries.leads(member)) else "member"
