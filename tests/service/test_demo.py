"""The demonstration, on a small part of the prefecture."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from sqlalchemy import func, select

from geo.plane import area_m2
from service.areas.models import Area, Grid
from service.coverage.models import CoverageMark, Footprint
from service.db import session
from service.demo import actions, day, marks, people
from service.demo.actions import HOME, WHOLE, Size, draw
from service.demo.rota import rota
from service.duty.pattern import shifts
from service.matters.models import Matter
from service.members.models import Consent, Member
from service.patrols.models import Patrol
from service.policy import ROLES
from service.teams.models import Membership, Team
from service.uploads.models import QuarantinedItem

SMALL = Size(("632802001", "632801003"), teams=40, members=150, patrols=12, matters=9)
NOW = datetime.now(UTC)
WEDNESDAY = datetime(2026, 11, 25, 16, 30, tzinfo=UTC)  # after midnight: its morning and evening are over


@pytest.fixture(scope="module")
def plan():
    return draw(WHOLE)


@pytest.fixture
def loaded(settings, database, tmp_path):
    settings = replace(settings, demo_accounts=tmp_path / "new" / "accounts.json")
    actions.load(settings, lambda *step: None, SMALL, NOW)
    return settings


def count(model):
    return session.scalar(select(func.count()).select_from(model))


def test_the_whole_demonstration_is_as_large_as_haixi(plan):
    grids = plan.ground.grids
    assert (len(plan.people.teams), len(plan.people.members)) == (1173, 6165)
    assert 1400 <= len(grids) <= 1600
    assert len(plan.ground.centres) == 1 + 7 + 46 + 389


def test_the_same_demonstration_is_drawn_everywhere(plan):
    again = draw(WHOLE)
    assert again.people == plan.people
    assert [grid.shape.wkb for grid in again.ground.grids] == [grid.shape.wkb for grid in plan.ground.grids]


def test_grids_of_the_whole_do_not_overlap(plan):
    shapes = np.array([grid.shape for grid in plan.ground.grids])
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    common = shapely.area(shapely.intersection(shapes[one], shapes[other]))[one < other]
    assert common.max() < 1e-12


def test_every_community_has_grids_numbered_from_one(plan):
    numbers = {}
    for grid in plan.ground.grids:
        numbers.setdefault(grid.code[:12], []).append(int(grid.code[12:]))
    assert len(numbers) == 389
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_town_grids_are_walkable_and_pastures_wide(plan):
    across = {basis: [] for basis in ("area", "checkpoints")}
    for grid in plan.ground.grids:
        across[grid.basis].append(np.sqrt(area_m2(grid.shape)))
    assert min(across["area"]) > 120 and max(across["area"]) < 600
    assert min(across["checkpoints"]) > 4000


def test_neighbouring_grids_share_their_border(plan):
    home = [grid.shape for grid in plan.ground.grids if grid.code.startswith(plan.home)]
    whole = shapely.union_all(home)
    assert shapely.length(whole) < sum(map(shapely.length, home))


def test_the_middle_of_delingha_has_a_grid(plan):
    assert plan.home.startswith("632802")


def test_phone_numbers_cannot_be_real(plan):
    assert all(each["phone"][:3] == "100" and len(each["phone"]) == 11 for each in plan.people.members)


def test_every_team_has_one_leader(plan):
    leaders = Counter(each["team_id"] for each in plan.people.memberships if each["is_leader"])
    assert len(leaders) == 1173 and set(leaders.values()) == {1}


def test_shares_add_up():
    assert people.share_out(10, [1, 1, 1], least=2) == [4, 3, 3]


def test_patrols_end_before_now_and_are_of_different_members(plan):
    patrols = list(day.patrols(plan.ground.grids, plan.people, 60, NOW, np.random.default_rng(1)))
    assert len({each.member_id for each in patrols}) == len(patrols) == 60
    assert all(NOW - timedelta(hours=24) < each.ended_at <= NOW for each in patrols)


def first_delays(plan):
    """Of every shift before now, after how many minutes its team's first patrol began; None is never."""
    patrols = day.patrols(plan.ground.grids, plan.people, 700, WEDNESDAY, np.random.default_rng(1))
    began = {each.member_id: datetime.fromisoformat(each.items[0]["at"]) for each in patrols}
    teams = defaultdict(list)
    for membership in plan.people.memberships:
        if membership["member_id"] in began:
            teams[membership["team_id"]].append(began[membership["member_id"]])
    for duty in rota(plan.ground.grids, plan.people.teams, WEDNESDAY):
        for span in shifts(duty.pattern):
            if span.end <= WEDNESDAY:
                inside = [at - span.start for at in teams[duty.team["id"]] if span.start <= at < span.end]
                yield min(inside) / timedelta(minutes=1) if inside else None


def test_most_shifts_are_kept_some_late_and_some_missed(plan):
    kinds = Counter(
        "missed" if each is None else "late" if each > 15 else "kept" for each in first_delays(plan)
    )
    shares = {kind: count / kinds.total() for kind, count in kinds.items()}
    assert shares["kept"] > 0.5 and shares["late"] > 0.02 and 0.05 < shares["missed"] < 0.4


def test_some_walk_though_nobody_asked_them_to(plan):
    on_duty = {duty.team["id"] for duty in rota(plan.ground.grids, plan.people.teams, WEDNESDAY)}
    patrols = day.patrols(plan.ground.grids, plan.people, 700, WEDNESDAY, np.random.default_rng(1))
    walkers = {each.member_id for each in patrols}
    teams = {each["team_id"] for each in plan.people.memberships if each["member_id"] in walkers}
    assert 0 < len(teams - on_duty) < len(teams) / 5


def test_every_pasture_has_camps_inside_it(plan):
    shapes = {grid.code: grid.shape for grid in plan.ground.grids if grid.basis == "checkpoints"}
    camps = [mark for mark in marks.plan(plan.ground.grids) if mark.kind == "camp"]
    assert {mark.grid for mark in camps} == set(shapes)
    assert all(shapes[mark.grid].contains(shapely.Point(mark.lon, mark.lat)) for mark in camps)


def test_whoever_crosses_a_pasture_scans_the_codes_of_its_camps(plan):
    camps = [mark for mark in marks.plan(plan.ground.grids) if mark.kind == "camp"]
    posted = {mark.grid: [day.Posted(mark.lon, mark.lat, mark.code)] for mark in camps}
    patrols = day.patrols(plan.ground.grids, plan.people, 700, NOW, np.random.default_rng(1), posted)
    scanned = {item.get("proof") for each in patrols for item in each.items} - {None}
    assert scanned and scanned <= {mark.code for mark in camps}


def test_loading_fills_the_tables(loaded):
    assert (count(Team), count(Membership), count(Consent)) == (40, 150, 150)
    assert count(Patrol) == 12
    assert count(Footprint) > 0 and count(CoverageMark) == count(QuarantinedItem) == 0
    around = select(Grid).where(func.ST_Covers(Grid.shape, func.ST_SetSRID(func.ST_MakePoint(*HOME), 4326)))
    assert len(session.scalars(around).all()) == 1


def test_people_report_what_they_find_where_they_are_at_home(loaded):
    found = select(Matter.place_code, Member.area_code, Matter.due_at)
    rows = session.execute(found.join(Member, Member.id == Matter.reporter_id)).all()
    assert len(rows) == 9
    assert all(place[:12] == home and due_at for place, home, due_at in rows)


def test_places_that_are_made_up_say_so(loaded):
    known = dict(session.execute(select(Area.code, Area.is_synthetic).where(Area.centre.is_not(None))).all())
    assert known["632802000000"] is False
    assert known["632802001000"] is True


def test_loading_again_changes_nothing(loaded):
    before = count(Grid), count(Member), count(Patrol), count(Matter), loaded.demo_accounts.read_text()
    actions.load(loaded, lambda *step: None, SMALL, NOW)
    after = count(Grid), count(Member), count(Patrol), count(Matter), loaded.demo_accounts.read_text()
    assert after == before


def test_accounts_of_every_role_can_sign_in(app, client, loaded):
    accounts = json.loads(loaded.demo_accounts.read_text())
    assert {each["role"] for each in accounts} == set(ROLES)
    assert loaded.demo_accounts.stat().st_mode & 0o777 == 0o600
    for each in accounts:
        assert len(each["password"]) >= 12
        answer = client.post("/api/v1/sessions", json=credentials(each))
        assert answer.json["member"]["role"] == each["role"]
        assert answer.json["member"]["area"]["code"] == each["area"]


def test_two_members_and_their_leader_are_of_one_team(client, loaded):
    accounts = {each["username"]: each for each in json.loads(loaded.demo_accounts.read_text())}
    token = client.post("/api/v1/sessions", json=credentials(accounts["leader"])).json["token"]
    team = client.get("/api/v1/members", headers={"Authorization": f"Bearer {token}"}).json["items"]
    names = select(Member.code).where(Member.username.in_(("member1", "member2", "leader")))
    assert set(session.scalars(names)) <= {each["code"] for each in team}


def test_the_accounts_are_told_where_there_is_a_demonstration(app, client, loaded, monkeypatch):
    monkeypatch.setattr(app, "settings", loaded)
    told = client.get("/api/v1/demonstration").json["accounts"]
    assert {"role", "username", "password", "area", "page"} == set(told[0])


def test_elsewhere_there_are_no_accounts_to_tell(app, client, tmp_path, monkeypatch):
    monkeypatch.setattr(app, "settings", replace(app.settings, demo_accounts=tmp_path / "none.json"))
    assert client.get("/api/v1/demonstration").status_code == 404


def credentials(account):
    device = {"id": "d1", "name": "a phone"}
    return {"username": account["username"], "password": account["password"], "device": device}


def test_every_grid_has_a_team_for_some_hours_and_holes_for_others(loaded, signed_in):
    start = NOW.replace(minute=0, second=0, microsecond=0)
    window = {"from": start.isoformat(), "to": (start + timedelta(days=7)).isoformat(), "limit": 500}
    officer = signed_in(role="officer", area="632800000000")
    holes = officer.get("/api/v1/duty/uncovered", query_string=window).json["items"]
    assert len(holes) == count(Grid) and all(0 < each["hours"] < 7 * 24 for each in holes)
