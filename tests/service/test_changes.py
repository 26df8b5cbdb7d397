"""What a phone must know, at first and afterwards."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from service.changes.actions import everything, since
from service.db import ask, session, transaction, uuid7
from service.duty.models import SpotCheck, Swap
from service.matters.actions import Said, take
from service.matters.facts import Report
from service.matters.models import Matter, MatterStep, MatterWords
from service.matters.queries import ground_of, locked
from service.matters.reporting import keep
from service.members.models import Consent, Member, SecondFactor
from service.outbox.actions import Event, tell
from service.policy import Caller
from service.teams.models import Membership, Team
from tests.factories import (
    BEGINNING,
    COMMUNITY,
    a_checkpoint,
    a_grid,
    a_member,
    a_square,
    a_team,
    some_duty,
)
from tests.servers import PATIENCE
from tests.service.duty import made
from tests.service.matter_steps import report, steps

WRITERS = 16
FAR = "632801001001"


@pytest.fixture
def phone(signed_in) -> Any:
    member = a_member()
    a_team(member)
    return signed_in(member)


def changes(phone: Any, **query: str) -> Any:
    answer = phone.get("/api/v1/changes", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_a_phone_gets_the_grids_of_its_teams_community(phone):
    a_grid()
    a_grid(FAR + "001", a_square(94.9, 36.4))
    assert [each["code"] for each in changes(phone)["grids"]["items"]] == [COMMUNITY + "001"]


def test_with_the_cursor_a_phone_gets_nothing_again(phone):
    a_grid()
    assert changes(phone, cursor=changes(phone)["cursor"])["grids"] == {
        "items": [],
        "gone": [],
        "whole": False,
    }


def test_a_phone_gets_the_checkpoints_of_its_grids(phone):
    mark = a_checkpoint(a_grid())
    (shown,) = changes(phone)["checkpoints"]["items"]
    assert (shown["id"], shown["grid"]) == (str(mark.id), COMMUNITY + "001")


def test_a_phone_gets_the_shifts_of_its_team(phone, signed_in):
    grid, team = a_grid(), session.query(Team).one()
    made(signed_in(role="officer"), team, grid)
    assert {each["grids"][0] for each in changes(phone)["shifts"]["items"]} == {grid.code}


@pytest.fixture
def shift(phone, signed_in) -> Any:
    """A shift of the phone's team that goes on, and its leader."""
    team, leader = session.query(Team).one(), a_member(role="leader")
    session.add(Membership(id=uuid7(), team_id=team.id, member_id=leader.id, is_leader=True, since=BEGINNING))
    session.flush()
    shown = some_duty(team, a_member(), a_member())["shift"]
    session.query(SpotCheck).delete()
    return shown, signed_in(leader)


def test_a_phone_gets_what_its_member_has_said_of_a_shift(phone, shift):
    path = f"/api/v1/shifts/{shift[0].id}"
    said = [changes(phone)["shifts"]["items"][0]["my_state"]]
    for answer, body in (("accept", None), ("decline", {"reason": "生病"})):
        assert phone.post(f"{path}/{answer}", json=body).status_code == 200
        said.append(changes(phone)["shifts"]["items"][0]["my_state"])
    assert said == [None, "accepted", "declined"]


def test_a_phone_is_told_how_late_its_shift_begins(phone, shift):
    assert phone.post(f"/api/v1/shifts/{shift[0].id}/late", json={"minutes": 20}).status_code == 200
    assert changes(phone)["shifts"]["items"][0]["late_minutes"] == 20


@pytest.fixture
def swap(phone, shift, signed_in) -> Any:
    """Three phones, of whoever asks for a swap, is to take the shift, and decides; and the swap."""
    team, asks, takes = session.query(Team).one(), a_member(name="苏和"), a_member(name="其木格")
    for each in (asks, takes):
        session.add(Membership(id=uuid7(), team_id=team.id, member_id=each.id, since=BEGINNING))
    session.query(Swap).delete()
    clients = signed_in(asks), signed_in(takes), shift[1]
    path, wanted = f"/api/v1/shifts/{shift[0].id}", {"to_member": str(takes.id), "reason": "家中有事"}
    clients[0].post(f"{path}/accept")
    asked = clients[0].post(f"{path}/swaps", json=wanted)
    assert asked.status_code == 201, asked.json
    return clients, asked.json["id"]


def swaps(phone: Any) -> Any:
    return changes(phone)["swaps"]["items"]


def test_the_people_of_a_swap_are_told_of_it_each_as_it_concerns_them(swap, phone):
    shown = [swaps(each)[0] for each in swap[0]]
    names = ("from_name", "to_name", "reason", "is_mine", "is_for_me", "may_decide")
    assert [tuple(each[name] for name in names) for each in shown] == [
        ("苏和", "其木格", "家中有事", True, False, False),
        ("苏和", "其木格", None, False, True, False),
        ("苏和", "其木格", "家中有事", False, False, True),
    ]
    assert swaps(phone) == []  # of the team, and nothing to do with it


def test_a_swap_that_is_decided_waits_no_more(swap):
    (asks, takes, leader), id = swap
    assert leader.post(f"/api/v1/swaps/{id}/decision", json={"approved": True}).status_code == 200
    assert [[each["state"] for each in swaps(phone)] for phone in (asks, takes, leader)] == [
        ["approved"],
        ["approved"],
        [],
    ]
    assert [len(changes(phone)["shifts"]["items"]) for phone in (asks, takes)] == [0, 1]


def test_a_phone_is_told_of_a_spot_check_until_it_is_answered(phone, shift):
    asked = shift[1].post(f"/api/v1/shifts/{shift[0].id}/spot-checks", json={}).json
    heard = changes(phone)["shifts"]["items"][0]
    assert phone.post(f"/api/v1/spot-checks/{asked['id']}/answer").status_code == 204
    after = changes(phone)["shifts"]["items"][0]
    shown = [(each["spot_check_id"], each["spot_check_closes_at"]) for each in (heard, after)]
    assert shown == [(asked["id"], asked["closes_at"]), (None, None)]


def test_a_phone_gets_the_notices_to_its_team(phone, signed_in):
    a_grid()
    told = {"title": "大风", "text": "今晚大风", "area": COMMUNITY}
    assert signed_in(role="officer").post("/api/v1/notices", json=told).status_code == 201
    (notice,) = changes(phone)["notices"]["items"]
    assert (notice["title"], notice["is_read"]) == ("大风", False)


def test_with_another_team_a_phone_loads_everything(phone, signed_in):
    cursor = changes(phone)["cursor"]
    a_team(session.query(Member).order_by(Member.joined_at.desc(), Member.id.desc()).first(), area=FAR)
    assert phone.get("/api/v1/changes", query_string={"cursor": cursor}).status_code == 410


@pytest.mark.parametrize("cursor", ["", "x", "1.-1.a", "1.99999999999999999999.a", "1.1", "1..a"])
def test_what_is_no_cursor_is_refused(phone, cursor):
    assert phone.get("/api/v1/changes", query_string={"cursor": cursor}).status_code == 422


def test_the_cursor_of_another_epoch_is_gone(phone):
    cursor = changes(phone)["cursor"].replace("1.", "9.", 1)
    assert phone.get("/api/v1/changes", query_string={"cursor": cursor}).status_code == 410


def test_a_phones_bundle_is_small(phone):
    for n in range(1, 101):
        a_grid(f"{COMMUNITY}{n:03}", a_square(97.3 + n / 250))
    assert len(json.dumps(changes(phone))) < 200_000


def test_a_phone_gets_the_matters_that_its_member_reported_and_no_others(phone, signed_in):
    a_grid()
    mine, _ = report(phone), report(signed_in(a_member()))
    shown = changes(phone)["matters"]["items"]
    assert [(each["id"], each["grid"], each["is_mine"], each["is_given"]) for each in shown] == [
        (mine["id"], COMMUNITY + "001", True, False)
    ]


def test_a_phone_gets_what_was_given_to_its_team(phone, signed_in):
    a_grid()
    team, officer = session.query(Team).one(), signed_in(role="officer")
    given = report(officer)
    steps(officer, given, ("dispatch", {"team_id": str(team.id)}))
    assert [(each["id"], each["is_given"]) for each in changes(phone)["matters"]["items"]] == [
        (given["id"], True)
    ]


def test_a_leaders_phone_gets_the_matters_of_the_teams_community(signed_in):
    a_grid()
    leader, stranger = a_member(role="leader"), signed_in(a_member())
    a_team(leader=leader)
    here, _ = report(stranger), report(stranger, lon=94.9, lat=36.4)
    assert [each["id"] for each in changes(signed_in(leader))["matters"]["items"]] == [here["id"]]


def test_a_matter_that_is_over_stays_on_the_phone_for_two_weeks(phone):
    report(phone)
    shown = []
    for days in (13, 15):
        session.query(Matter).update({"stage": "closed", "entered_at": datetime.now(UTC) - timedelta(days)})
        shown.append(len(changes(phone)["matters"]["items"]))
    assert shown == [1, 0]


def test_a_phone_gets_the_grid_of_a_shift_in_another_community_and_its_checkpoints(phone, signed_in):
    a_grid()
    away, _ = a_grid("632802001002001", a_square(97.4)), a_grid("632802001002002", a_square(97.41))
    mark, team, cursor = a_checkpoint(away), session.query(Team).one(), changes(phone)["cursor"]
    made(signed_in(role="officer"), team, away)
    found = changes(phone)
    assert [each["code"] for each in found["grids"]["items"]] == [COMMUNITY + "001", away.code]
    assert [each["id"] for each in found["checkpoints"]["items"]] == [str(mark.id)]
    assert phone.get("/api/v1/changes", query_string={"cursor": cursor}).status_code == 410


def test_with_a_second_team_in_the_same_community_a_phone_loads_everything(phone):
    cursor = changes(phone)["cursor"]
    a_team(session.query(Member).one())
    assert phone.get("/api/v1/changes", query_string={"cursor": cursor}).status_code == 410


def known_to(person: Member) -> Caller:
    return Caller(person.id, person.name, person.role, person.area_code, uuid7())


@pytest.fixture
def world(app: Any) -> Iterator[Any]:
    """A member, an officer and the member's team, whom other connections see, taken away afterwards."""
    with transaction():
        people = a_member(), a_member(role="officer")
        callers, team = [known_to(each) for each in people], a_team(people[0]).id
    ids = [each.member_id for each in callers]
    yield (*callers, team)
    session.remove()
    with transaction():
        reported = select(Matter.id).where(Matter.reporter_id.in_(ids))
        for table in (MatterStep, MatterWords):
            session.execute(delete(table).where(table.matter_id.in_(reported)))
        session.execute(delete(Matter).where(Matter.reporter_id.in_(ids)))
        for table in (Membership, Consent, SecondFactor):
            session.execute(delete(table).where(table.member_id.in_(ids)))
        session.execute(delete(Team).where(Team.id == team))
        session.execute(delete(Member).where(Member.id.in_(ids)))
        ask("DELETE FROM outbox")
    session.remove()


@pytest.fixture
def member(world: Any) -> Caller:
    return world[0]


def heard(member: Caller, cursor: str, name: str) -> Any:
    """What is told of a kind once there is something; others' transactions may delay what is settled."""
    end = time.monotonic() + PATIENCE
    while True:
        with transaction():
            answer = since(member, cursor)
        session.remove()
        if answer[name]["items"] or answer[name]["gone"] or time.monotonic() > end:
            return answer


def dispatched(matter_id: UUID, officer: Caller, **to: UUID) -> None:
    with transaction():
        matter = session.scalars(locked(select(Matter).where(Matter.id == matter_id))).one()
        take(matter, officer, Said("dispatch", matter.version, **to), ground_of(officer))
    session.remove()


def test_a_matter_comes_when_it_is_given_and_goes_when_it_is_taken_away(world):
    member, officer, team = world
    now, by = datetime.now(UTC), (officer.member_id, officer.role, officer.area)
    words = "fire_hazard", "楼道堆物", None, {}, [], (97.3712, 37.3712), 5.0, now, now, now, []
    given, strange = (Report(uuid7(), *words, *by) for _ in range(2))
    with transaction():
        cursor = everything(member)["cursor"]
    with transaction():
        keep([given, strange])
    dispatched(given.id, officer, team_id=team)
    came = heard(member, cursor, "matters")
    dispatched(given.id, officer, assignee_id=officer.member_id)
    left = heard(member, came["cursor"], "matters")
    ids = [[str(each["id"]) for each in answer["matters"]["items"]] for answer in (came, left)]
    assert (ids, left["matters"]["gone"]) == ([[str(given.id)], []], [str(given.id)])


def test_what_is_retired_by_many_at_once_is_told_as_gone_to_whoever_asks_on(app, member):
    gate, codes = Barrier(WRITERS + 1), [f"{COMMUNITY}{n:03}" for n in range(900, 900 + WRITERS)]
    with transaction():
        cursor = everything(member)["cursor"]

    def retire(code: str) -> None:
        gate.wait()
        with transaction():
            tell(Event("grid.retired", COMMUNITY, code, subject=code))
            ask("SELECT pg_sleep(%(s)s)", s=Random(code).random() / 3)
        session.remove()

    gone: set[str] = set()
    with ThreadPoolExecutor(WRITERS) as threads:
        done = [threads.submit(retire, code) for code in codes]
        gate.wait()
        end = time.monotonic() + PATIENCE
        while gone != set(codes) and time.monotonic() < end:
            with transaction():
                answer = since(member, cursor)
            session.remove()
            gone, cursor = gone | set(answer["grids"]["gone"]), answer["cursor"]
    assert [each.result() for each in done] == [None] * WRITERS
    assert gone == set(codes)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("duty.changed", "shifts"), ("notice.sent", "notices"), ("checkpoint.changed", "checkpoints")],
)
def test_a_short_list_comes_as_a_whole_when_anything_of_it_changed(app, member, kind, name):
    with transaction():
        cursor = everything(member)["cursor"]
    with transaction():
        tell(Event(kind, COMMUNITY, subject="x"))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:  # other transactions of the server may delay what is settled
        with transaction():
            answer = since(member, cursor)
        session.remove()
        if answer[name]["whole"]:
            break
    others = {"shifts", "notices", "checkpoints"} - {name}
    assert answer[name]["whole"] and not any(answer[each]["whole"] for each in others)
