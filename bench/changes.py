"""What a phone loads at first: beside the same questions asked bare, and beside what is allowed."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import psycopg
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from bench.database import connect
from bench.ground import FULL
from bench.stand import Stand, demonstration
from bench.table import Figure, Mark, in_turns
from service.app import create_app
from service.areas.models import Grid
from service.db import session, transaction, uuid7
from service.demo.actions import WHOLE, Size
from service.members.models import Member, Session
from service.members.tokens import hash_of, new_token
from service.teams.models import Membership, Team
from service.web import Service

NAME = "changes"
ALLOWED_MS, ALLOWED_KB = 100.0, 200.0
PHONES = 12
MATTERS = 40  # open in the community of each phone, all of them its member's
SHOWN = WHOLE._replace(patrols=0)
SMALL = Size(("632802001", "632801003"), 40, 150, 0)
Asked = list[tuple[str, Any]]


def figures(stand: Stand) -> Iterator[Figure]:
    """The bundle of a member of the demonstration, and asking on when nothing is new."""
    with demonstration(SHOWN if stand.size == FULL else SMALL) as settings:
        app = create_app(settings)
        phones = [_phone(app, member) for member in _members()]
        sizes = [len(_get(phone).data) / 1000 for phone in phones]
        about = f"of {len(phones)} phones, {MATTERS} matters each"
        allowed = Mark(ALLOWED_KB, "KB allowed")
        yield Figure(NAME, f"bundle, largest {about}", max(sizes), "KB", 1, allowed)
        with connect(settings) as door:
            for name, cursors in (("bundle", None), ("nothing new", [_cursor(each) for each in phones])):
                yield _timed(app, f"{name}, median {about}", phones, cursors, door, stand.runs)


def _timed(
    app: Service,
    case: str,
    phones: Sequence[FlaskClient],
    cursors: Sequence[str] | None,
    door: psycopg.Connection,
    runs: int,
) -> Figure:
    ours, bare = [], []
    for n, phone in enumerate(phones):
        query = {} if cursors is None else {"cursor": cursors[n]}
        asked = _asked(app, phone, query)
        took = in_turns(runs, lambda: _get(phone, **query), lambda: _ask(door, asked))  # noqa: B023
        ours.append(took[0] * 1000)
        bare.append(took[1] * 1000)
    limit, peer = Mark(median(bare), "its questions alone"), Mark(ALLOWED_MS, "allowed")
    return Figure(NAME, case, median(ours), "ms", len(phones) * runs, limit, peer)


def _members() -> list[Member]:
    """A member of a team in each of the communities with most grids."""
    here = select(func.count()).where(Grid.community_code == Team.area_code).scalar_subquery()
    of_each = (
        select(Member)
        .join(Membership, Membership.member_id == Member.id)
        .join(Team, Team.id == Membership.team_id)
        .distinct(here, Team.area_code)
        .order_by(here.desc(), Team.area_code, Member.code)
        .limit(PHONES)
    )
    return list(session.scalars(of_each))


def _phone(app: Service, member: Member) -> FlaskClient:
    """The phone of a member who has reported something in each grid of the community."""
    phone, home = app.test_client(), member.area_code
    with transaction():
        phone.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {_signed_in(member)}"
        inside = func.ST_PointOnSurface(Grid.shape)
        rows = session.execute(
            select(func.ST_X(inside), func.ST_Y(inside)).where(Grid.community_code == home).limit(MATTERS)
        ).all()
    for n in range(MATTERS):
        lon, lat = rows[n % len(rows)]
        found = {"class": "fire_hazard", "title": f"楼道堆物 {n}", "lon": lon, "lat": lat}
        answer = phone.post("/api/v1/matters", json=found)
        assert answer.status_code == 201, answer.json
    return phone


def _signed_in(member: Member) -> str:
    token, until = new_token(), datetime.now(UTC) + timedelta(days=1)
    signed = Session(id=uuid7(), token_hash=hash_of(token), member_id=member.id, expires_at=until)
    signed.device_id = signed.device_name = "phone"
    session.add(signed)
    return token


def _get(phone: FlaskClient, **query: str) -> Any:
    answer = phone.get("/api/v1/changes", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer


def _cursor(phone: FlaskClient) -> str:
    return _get(phone).json["cursor"]


def _asked(app: Service, phone: FlaskClient, query: dict[str, str]) -> Asked:
    """What one request asks the database."""
    asked: Asked = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    event.listen(app.engine, "before_cursor_execute", note)
    try:
        _get(phone, **query)
    finally:
        event.remove(app.engine, "before_cursor_execute", note)
    return asked


def _ask(door: psycopg.Connection, asked: Asked) -> None:
    for statement, parameters in asked:
        door.execute(statement, parameters, prepare=True).fetchall()
    door.rollback()
