"""Load the demonstration, once: real areas, and made-up grids, teams, members and patrols."""

import secrets
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy import insert, select, update

from service.areas import actions as areas
from service.areas import tree
from service.areas.models import Area
from service.checkpoints.models import Checkpoint
from service.checkpoints.proofs import make_static
from service.coverage.actions import rebuild_marked
from service.db import session, transaction, uuid7
from service.demo import accounts, day, found, ground, marks, people, queries, rota
from service.demo.ground import Ground
from service.demo.people import People
from service.duty.actions import Author, Wanted, assign
from service.matters import reporting
from service.matters.actions import Said, take
from service.matters.facts import Report
from service.matters.models import Matter
from service.matters.queries import ground_of, locked
from service.members.models import Consent, Member
from service.policy import Caller
from service.settings import Settings
from service.teams.models import Membership, Team
from service.uploads.actions import Batch, receive
from service.values import EARLIEST

OnStep = Callable[[str, int, int], None]  # step, done, of how many

SEED = 632800  # the same demonstration everywhere
HOME = (97.3702, 37.3741)  # where the people with accounts are at home: in the middle of Delingha
FILED, SENT_OUT = 0.75, 0.6  # of the matters; of those that are filed
AT_ONCE = 50  # patrols in one transaction
UPLOADS_AFTER = timedelta(seconds=20)  # a patrol's end


class Size(NamedTuple):
    """How much of the prefecture to show."""

    prefixes: tuple[str, ...] = ("6328",)  # of the codes of the communities
    teams: int = 1173
    members: int = 6165
    patrols: int = 700
    matters: int = 160


WHOLE = Size()


class Plan(NamedTuple):
    """All of the demonstration that does not depend on the time of the day."""

    ground: Ground
    people: People

    @property
    def home(self) -> str:
        """The community around HOME."""
        point = shapely.Point(HOME)
        return next(grid.code[:12] for grid in self.ground.grids if grid.shape.covers(point))


def load(settings: Settings, on_step: OnStep, size: Size = WHOLE, now: datetime | None = None) -> None:
    """Load what is missing of the demonstration, and tell how far it is."""
    plan = draw(size)
    for step, is_there, make in (
        ("areas and grids", queries.has_grids(), lambda: _lay(plan.ground)),
        ("teams and members", queries.has_people(), lambda: _enlist(plan.people)),
    ):
        on_step(step, 0, 1)
        with transaction():
            if not session.scalar(is_there):
                make()
        on_step(step, 1, 1)
    if not settings.demo_accounts.exists():
        with transaction():
            accounts.issue(accounts.planned(plan.people, plan.home), settings.demo_accounts)
    on_step("accounts", 1, 1)
    if not session.scalar(queries.has_assignments()):
        put_on_duty(plan, now or datetime.now(UTC), on_step)
    if not session.scalar(queries.has_patrols()):
        walk(plan, size.patrols, now or datetime.now(UTC), on_step)
    if not session.scalar(queries.has_matters()):
        report(plan, size.matters, now or datetime.now(UTC), on_step)


def draw(size: Size) -> Plan:
    """The demonstration as it is everywhere, before anything of it is stored."""
    every = [area for area in tree.areas() if _is_shown(area, size.prefixes)]
    laid = ground.lay(every, np.random.default_rng(SEED))
    grids = Counter(grid.code[:12] for grid in laid.grids)
    by_code = {area["code"]: area for area in every}
    number = size.teams, size.members
    return Plan(laid, people.gather(grids, by_code, number, np.random.default_rng(SEED + 1)))


def _is_shown(area: dict[str, Any], prefixes: tuple[str, ...]) -> bool:
    code = area["code"]
    significant = code[: {"prefecture": 4, "county": 6, "township": 9, "community": 12}[area["level"]]]
    return any(code.startswith(prefix) or prefix.startswith(significant) for prefix in prefixes)


def _lay(laid: Ground) -> None:
    areas.load_tree()
    centres = [
        {
            "code": code,
            "centre": from_shape(shapely.Point(place.lon, place.lat), 4326),
            "is_synthetic": place.is_synthetic,
        }
        for code, place in laid.centres.items()
    ]
    session.execute(update(Area), centres)
    areas.adopt(laid.grids)
    ids = {row.code: row.id for row in session.execute(queries.grid_ids())}
    session.execute(
        insert(Checkpoint), [_checkpoint(mark, ids[mark.grid]) for mark in marks.plan(laid.grids)]
    )


def _checkpoint(mark: marks.MarkPlan, grid_id: int) -> dict[str, Any]:
    position = from_shape(shapely.Point(mark.lon, mark.lat), 4326)
    known = {
        "code": mark.code,
        "kind": mark.kind,
        "name": mark.name,
        "position": position,
        "grid_id": grid_id,
    }
    return known | {"id": uuid7(), "secret": secrets.token_bytes(32), "since": EARLIEST}


def _enlist(rows: People) -> None:
    for model, part in zip((Team, Member, Membership, Consent), rows, strict=True):
        session.execute(insert(model), part)


def put_on_duty(plan: Plan, now: datetime, on_step: OnStep) -> None:
    """Give the grids of each community to teams that are at home there, for some hours of the day."""
    duties = rota.rota(plan.ground.grids, plan.people.teams, now)
    ids = {row.code: row.id for row in session.execute(queries.grid_ids())}
    author = Author(None, select(Team))
    for done in range(0, len(duties), AT_ONCE):
        on_step("assignments", done, len(duties))
        with transaction():
            for each in duties[done : done + AT_ONCE]:
                grids = tuple(ids[code] for code in each.grids)
                assign(Wanted(each.team["id"], None, grids, each.pattern), author)
    on_step("assignments", len(duties), len(duties))


def walk(plan: Plan, count: int, now: datetime, on_step: OnStep) -> None:
    """Have so many members walk in the 24 hours before now, and their phones send it, as phones do."""
    random = np.random.default_rng(SEED + 2)
    posted = defaultdict(list)
    for row in session.execute(queries.posted()):
        posted[row.grid].append(day.Posted(row.lon, row.lat, make_static(row.secret, row.code)))
    recorded = list(day.patrols(plan.ground.grids, plan.people, count, now, random, posted))
    for done in range(0, len(recorded), AT_ONCE):
        on_step("patrols", done, len(recorded))
        with transaction():
            for each in recorded[done : done + AT_ONCE]:
                batch = Batch(uuid7(), "wgs84", None, each.items)
                receive(each.member_id, batch, each.ended_at + UPLOADS_AFTER)
        rebuild_marked()
    on_step("patrols", len(recorded), len(recorded))


def report(plan: Plan, count: int, now: datetime, on_step: OnStep) -> None:
    """Have people report so many matters; leaders file most, and give some to their team."""
    on_step("matters", 0, count)
    random = np.random.default_rng(SEED + 3)
    reports = found.found(plan.ground.grids, plan.people.members, count, now, random)
    teams = {each["member_id"]: each["team_id"] for each in plan.people.memberships if each["is_leader"]}
    leaders = {each["area_code"]: each for each in plan.people.members if each["id"] in teams}
    with transaction():
        reporting.keep(reports)
        for each in reports:
            leader = leaders.get(each.area_code)
            if leader and random.random() < FILED:
                given_to = teams[leader["id"]] if random.random() < SENT_OUT else None
                _handle(each, leader, given_to, now)
    on_step("matters", count, count)


def _handle(report: Report, leader: dict[str, Any], team: UUID | None, now: datetime) -> None:
    """A leader files what was reported an hour ago, and another hour later gives it to a team."""
    who = Caller(leader["id"], leader["name"], "leader", leader["area_code"], uuid7())
    matter = session.scalars(locked(select(Matter).where(Matter.id == report.id))).one()
    ground, hour = ground_of(who), timedelta(hours=1)
    take(matter, who, Said("file", matter.version), ground, min(now, report.recorded_at + hour))
    if team:
        given = Said("dispatch", matter.version, team_id=team)
        take(matter, who, given, ground, min(now, report.recorded_at + 2 * hour))
