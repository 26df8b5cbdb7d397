"""Rows that are valid by default: `a_member(role="officer")`, `a_grid("632802001001001")`."""

import secrets
from base64 import b32encode
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Point, Polygon, box

from geo.coverage import cells_of, pack_cells
from geo.plane import area_m2
from service.areas.models import Grid, GridRevision
from service.checkpoints.models import Checkpoint
from service.db import session, uuid7
from service.duty.models import Assignment, Shift, SpotCheck, Swap
from service.members import factors
from service.members.actions import hash_of
from service.members.models import Consent, Member, SecondFactor, Session
from service.notices.models import Notice, NoticeTeam
from service.teams.models import Membership, Team

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of every second factor
COMMUNITY = "632802001001"  # in Delingha
COUNTY = "632802000000"
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
_numbers = count(1)


def a_member(
    role: str = "member", area: str = COUNTY, *, consents: bool = True, enrolled: bool = True, **columns: Any
) -> Member:
    """A person; who must have a second factor has one unless `enrolled` is false."""
    member = Member(
        id=uuid7(), role=role, area_code=area, **{"code": f"M{next(_numbers)}", "name": "巴图", **columns}
    )
    session.add(member)
    session.flush()
    if consents:
        consent = {"member_id": member.id, "kind": "track", "text_id": "track-1", "given_at": BEGINNING}
        session.add(Consent(id=uuid7(), **consent))
    if enrolled and role in factors.ROLES:
        session.add(SecondFactor(member_id=member.id, secret=SECRET, confirmed_at=BEGINNING))
    session.flush()
    return member


def a_session(member: Member | None = None, **columns: Any) -> str:
    """The token of a fresh sign-in."""
    member = member or a_member(**columns)
    token = secrets.token_urlsafe()
    session.add(
        Session(
            id=uuid7(),
            token_hash=hash_of(token),
            member_id=member.id,
            device_id="phone",
            device_name="a phone",
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
    )
    session.flush()
    return token


def a_team(*members: Member, leader: Member | None = None, area: str = COMMUNITY, **columns: Any) -> Team:
    team = Team(
        id=uuid7(),
        area_code=area,
        **{"code": f"T{next(_numbers)}", "name": "邻里守望一队", "kind": "neighbour_watch", **columns},
    )
    session.add(team)
    session.flush()
    for person in {*members, *([leader] if leader else [])}:
        a_membership(team, person, is_leader=person is leader)
    return team


def a_membership(team: Team, person: Member, **columns: Any) -> Membership:
    columns = {"since": BEGINNING, **columns}
    membership = Membership(id=uuid7(), team_id=team.id, member_id=person.id, **columns)
    session.add(membership)
    session.flush()
    return membership


def a_square(lon: float = 97.37, lat: float = 37.37, size: float = 0.003) -> Polygon:
    """A square in degrees with this south-west corner."""
    return box(lon, lat, lon + size, lat + size)


def a_grid(code: str = COMMUNITY + "001", shape: Polygon | None = None, **columns: Any) -> Grid:
    shape = shape or a_square()
    revision = GridRevision(
        id=uuid7(),
        number=next(_numbers),
        status="approved",
        area_code=code[:12],
        features=[],
        retires=[],
        report={},
    )
    grid = Grid(
        code=code,
        community_code=code[:12],
        shape=from_shape(MultiPolygon([shape]), 4326),
        area_m2=area_m2(shape),
        revision_id=revision.id,
        cells=pack_cells(cells_of(shape)),
        **{"name": f"网格{code[12:]}", "since": BEGINNING, **columns},
    )
    session.add(revision)
    session.flush()
    session.add(grid)
    session.flush()
    return grid


def a_checkpoint(grid: Grid, lon: float = 97.3712, lat: float = 37.3712, **columns: Any) -> Checkpoint:
    """A marked place; the check-ins of `phone` are made there."""
    keys = {"code": b32encode(secrets.token_bytes(5)).decode(), "secret": secrets.token_bytes(32)}
    about = {"id": uuid7(), "name": "东门", "kind": "door", "since": BEGINNING} | keys | columns
    checkpoint = Checkpoint(grid_id=grid.id, position=from_shape(Point(lon, lat), 4326), **about)
    session.add(checkpoint)
    session.flush()
    return checkpoint


def a_report(**fields: Any) -> dict[str, Any]:
    """What somebody reports who stands in the square of `a_grid`."""
    return {"class": "fire_hazard", "title": "楼道堆物", "lon": 97.3712, "lat": 37.3712} | fields


def some_duty(team: Team, one: Member, other: Member, name: str = "元旦") -> dict[str, Any]:
    """A shift of a team that goes on, in no grid of its own: with a swap, a spot check, and a notice."""
    now = datetime.now(UTC)
    span = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1)}
    period = {"starts_at": now, "ends_at": now + timedelta(days=9)}
    pattern = {"rrule": "FREQ=DAILY", "begins": "20:00", "minutes": 120, "reason": name}
    assignment = Assignment(id=uuid7(), team_id=team.id, **period, **pattern)
    shift = Shift(id=uuid7(), assignment_id=assignment.id, team_id=team.id, **span)
    swap = Swap(id=uuid7(), shift_id=shift.id, from_member=one.id, to_member=other.id)
    check = SpotCheck(id=uuid7(), shift_id=shift.id, asked_at=now, closes_at=now + timedelta(hours=1))
    notice = Notice(id=uuid7(), title=name, text=name, area_code=team.area_code)
    to = NoticeTeam(notice_id=notice.id, team_id=team.id)
    for rows in ([assignment, notice], [shift], [swap, check, to]):
        session.add_all(rows)
        session.flush()
    return {"assignment": assignment, "shift": shift, "swap": swap, "spot_check": check, "notice": notice}
