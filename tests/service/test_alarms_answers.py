"""Answering an alarm: who may take which step, one of several at once wins, who raised it needs the PIN."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, update

from service.alarms.actions import escalate
from service.alarms.models import Alarm, AlarmNotice, AlarmPin, AlarmStep
from service.audit.models import AuditRow
from service.db import session, transaction, uuid7
from service.members.models import Consent, Member, SecondFactor, Session, Tries
from tests.factories import COMMUNITY, COUNTY, a_grid, a_member, a_session, a_team
from tests.service.alarms import HERE, PIN, call, on_patrol, set_pin, show, take, told


@pytest.fixture
def people(signed_in):
    """A caller, two fellows who walk, their leader, an officer of the community; all told of `alarm`."""
    members = {"caller": a_member(area=COMMUNITY), "one": a_member(area=COMMUNITY)}
    members |= {"other": a_member(area=COMMUNITY), "leader": a_member("leader", COMMUNITY)}
    members |= {"officer": a_member("officer", COMMUNITY), "centre": a_member("centre", COUNTY)}
    a_grid()
    a_team(members["caller"], members["one"], members["other"], leader=members["leader"])
    clients = {name: signed_in(member) for name, member in members.items()}
    for name in ("one", "other"):
        on_patrol(clients[name])
    return SimpleNamespace(**clients, ids={name: member.id for name, member in members.items()})


@pytest.fixture
def alarm(people):
    return call(people.caller, **HERE).json["id"]


def test_an_alarm_goes_its_way(people, alarm):
    way = [
        take(people.leader, alarm, "acknowledge"),
        take(people.one, alarm, "accept"),
        take(people.one, alarm, "arrived"),
        take(people.officer, alarm, "resolve"),
    ]
    assert [each.json["status"] for each in way] == ["acknowledged", "accepted", "arrived", "resolved"]


def test_every_step_has_a_version(people, alarm):
    take(people.leader, alarm, "acknowledge")
    steps = take(people.one, alarm, "accept").json["steps"]
    assert [(each["version"], each["kind"]) for each in steps] == [
        (1, "raise"),
        (2, "acknowledge"),
        (3, "accept"),
    ]


def test_every_step_is_audited(people, alarm):
    take(people.leader, alarm, "acknowledge")
    row = session.query(AuditRow).filter_by(object_id=alarm, action="alarm.acknowledge").one()
    assert (row.actor_id, row.subject_id) == (people.ids["leader"], people.ids["caller"])


def audited(alarm):
    rows = session.query(AuditRow.action, AuditRow.actor_id, AuditRow.subject_id).filter_by(object_id=alarm)
    return [tuple(row) for row in rows.order_by(AuditRow.id) if row.action != "alarm.read"]


@pytest.mark.parametrize("end", ["resolve", "false_alarm"])
def test_the_audit_trail_has_every_step_and_who_took_it(people, alarm, end):
    session.execute(update(Alarm).values(due_at="2026-01-01Z"))
    escalate()
    take(people.leader, alarm, "acknowledge")
    draw(people.officer, alarm, around())
    for step in ("accept", "arrived"):
        take(people.one, alarm, step)
    take(people.officer, alarm, end)
    who = [("raise", "caller"), ("climb", None), ("acknowledge", "leader"), ("reinforce", "officer"),
           ("accept", "one"), ("arrived", "one"), (end, "officer")]  # fmt: skip
    caller = people.ids["caller"]
    assert audited(alarm) == [(f"alarm.{kind}", people.ids.get(by), caller) for kind, by in who]


def test_an_answer_ends_the_climbing(people, alarm):
    assert take(people.one, alarm, "accept").json["due_at"] is None


def test_the_second_to_acknowledge_is_told_the_state(people, alarm):
    take(people.leader, alarm, "acknowledge")
    answer = take(people.one, alarm, "acknowledge")
    assert (answer.status_code, answer.json["errors"]) == (409, {"status": "acknowledged", "version": 2})


def test_several_can_be_on_their_way(people, alarm):
    assert [take(each, alarm, "accept").status_code for each in (people.one, people.other)] == [200, 200]


def test_who_sets_out_later_takes_nothing_back(people, alarm):
    take(people.one, alarm, "arrived")
    assert take(people.other, alarm, "accept").json["status"] == "arrived"


def test_an_answer_sent_again_changes_nothing(people, alarm):
    answers = [take(people.one, alarm, "accept") for _ in range(3)]
    assert [each.json["version"] for each in answers] == [2, 2, 2]


@pytest.mark.parametrize("step", ["acknowledge", "accept", "arrived", "resolve", "false_alarm"])
def test_nothing_happens_after_the_end(people, alarm, step):
    take(people.officer, alarm, "resolve")
    who = people.officer if step == "false_alarm" else people.one
    refused = 403 if step == "resolve" else 409
    assert take(who, alarm, step).status_code == refused


@pytest.mark.parametrize("step", ["resolve", "false_alarm"])
@pytest.mark.parametrize("who", ["one", "leader"])
def test_a_helper_does_not_end_it(people, alarm, who, step):
    assert take(getattr(people, who), alarm, step).status_code == 403


@pytest.mark.parametrize("step", ["acknowledge", "accept", "arrived"])
def test_nobody_answers_their_own_call(people, alarm, step):
    assert take(people.caller, alarm, step).status_code == 403


def test_who_was_not_told_finds_nothing(people, alarm, signed_in):
    stranger = signed_in(a_member(area=COMMUNITY))
    answers = show(stranger, alarm), take(stranger, alarm, "accept")
    assert [each.status_code for each in answers] == [404, 404]
    assert stranger.get("/api/v1/alarms").json["items"] == []


@pytest.mark.parametrize("who", ["caller", "one", "leader", "officer", "centre"])
def test_whoever_helps_sees_where(people, alarm, who):
    assert show(getattr(people, who), alarm).json["position"] == HERE


@pytest.mark.parametrize(("who", "sees"), [("caller", True), ("one", False), ("leader", False),
                                           ("officer", True), ("centre", False)])  # fmt: skip
def test_afterwards_where_and_who_are_no_longer_shown_to_helpers(people, alarm, who, sees):
    take(people.officer, alarm, "resolve")
    shown = show(getattr(people, who), alarm).json
    hidden = ("position", "member", "grid", "accuracy_m")
    assert [name for name in hidden[:3] if shown[name]] == (list(hidden[:3]) if sees else [])
    assert all(each["by"] is None for each in shown["steps"]) is not sees


def test_a_look_leaves_a_row_for_who_called(people, alarm):
    show(people.one, alarm)
    assert "alarm.read" in [
        each["action"] for each in people.caller.get("/api/v1/me/access-log").json["items"]
    ]


def test_the_list_says_neither_who_nor_where(people, alarm):
    (item,) = people.officer.get("/api/v1/alarms").json["items"]
    assert item["id"] == alarm
    assert not {"position", "member", "grid", "steps"} & item.keys()


def test_the_list_can_be_narrowed(people, alarm):
    def ids(query):
        return [each["id"] for each in people.officer.get(f"/api/v1/alarms?{query}").json["items"]]

    take(people.officer, alarm, "resolve")
    asked = ("state=open", "state=closed", f"area={COMMUNITY}", "area=632801000000")
    assert [ids(each) for each in asked] == [[], [alarm], [alarm], []]


def test_the_list_has_pages(people):
    alarms = [call(people.caller, id=str(uuid7())).json["id"] for _ in range(3)]
    first = people.caller.get("/api/v1/alarms?limit=2").json
    rest = people.caller.get(f"/api/v1/alarms?limit=2&cursor={first['next_cursor']}").json
    assert [each["id"] for each in first["items"] + rest["items"]] == alarms[::-1]


def test_who_called_ends_it_with_the_pin(people, alarm):
    set_pin(people.caller)
    assert take(people.caller, alarm, "false_alarm", pin=PIN).json["status"] == "false_alarm"


@pytest.mark.parametrize(
    ("pin", "status"), [({"pin": "111222"}, 403), ({}, 422), ({"pin": "1"}, 422)], ids=str
)
def test_without_the_pin_it_goes_on(people, alarm, pin, status):
    set_pin(people.caller)
    assert take(people.caller, alarm, "false_alarm", **pin).status_code == status
    assert show(people.caller, alarm).json["status"] == "raised"


def test_who_has_no_pin_cannot_end_it(people, alarm):
    answer = take(people.caller, alarm, "resolve", pin=PIN)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/pin-needed")


def test_guessing_the_pin_is_delayed(people, alarm):
    set_pin(people.caller)
    answers = [take(people.caller, alarm, "resolve", pin=f"99887{n}").status_code for n in range(6)]
    assert answers == [403] * 5 + [429]
    assert take(people.caller, alarm, "resolve", pin=PIN).status_code == 429


def test_the_delay_passes(people, alarm):
    set_pin(people.caller)
    for n in range(5):
        take(people.caller, alarm, "resolve", pin=f"99887{n}")
    session.execute(update(Tries).values(last_at="2026-01-01Z"))
    assert take(people.caller, alarm, "resolve", pin=PIN).json["status"] == "resolved"


def test_a_pin_is_kept_as_a_slow_hash(people):
    set_pin(people.caller)
    assert session.query(AlarmPin).one().pin_hash.startswith("$argon2id$")


def test_another_pin_needs_the_one_before(people):
    set_pin(people.caller)
    answers = set_pin(people.caller, "518290"), set_pin(people.caller, "518290", current="111222")
    assert [each.status_code for each in answers] == [422, 403]
    assert set_pin(people.caller, "518290", current=PIN).status_code == 204


@pytest.mark.parametrize(
    "pin", ["0000", "1234", "987654", "123", "123456789", "12a4", "１２９５", "2905\n", 2905]
)
def test_a_pin_is_hard_to_guess(people, pin):
    assert set_pin(people.caller, pin).status_code == 422


@pytest.mark.parametrize("body", [{"step": "fly"}, {}, {"step": None}, {"step": "accept", "x": 1}], ids=str)
def test_an_unknown_step_is_refused(people, alarm, body):
    assert people.one.post(f"/api/v1/alarms/{alarm}/steps", json=body).status_code == 422


def around(lon=97.40, lat=37.40, size=0.01):
    corners = [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]
    return {"type": "Polygon", "coordinates": [corners]}


def draw(client, alarm, polygon):
    return client.post(f"/api/v1/alarms/{alarm}/reinforce", json={"polygon": polygon})


def test_who_walks_in_a_drawn_polygon_is_told(people, alarm, signed_in):
    inside, outside = a_member(area=COMMUNITY), a_member(area=COMMUNITY)
    on_patrol(signed_in(inside), (97.405, 37.405))
    on_patrol(signed_in(outside), (97.415, 37.405))
    before = told(show(people.officer, alarm))
    answer = draw(people.officer, alarm, around())
    assert told(answer).items() - before.items() == {(inside.id, "drawn")}
    assert answer.json["steps"][-1]["kind"] == "reinforce"


@pytest.mark.parametrize(
    "polygon",
    [
        around(size=0.001),
        around(lat=89.995),
        {"type": "Point", "coordinates": [97, 37]},
        {"type": "Polygon", "coordinates": [[[97, 37], [98, 38], [98, 37], [97, 38], [97, 37]]]},
        {"type": "MultiPolygon", "coordinates": [around()["coordinates"]]},
        around() | {"crs": "EPSG:3857"},
        "here",
        None,
    ],
    ids=str,
)
def test_a_bad_polygon_is_refused(people, alarm, polygon):
    assert draw(people.officer, alarm, polygon).status_code == 422


@pytest.mark.parametrize("who", ["caller", "one", "leader"])
def test_only_officials_draw(people, alarm, who):
    assert draw(getattr(people, who), alarm, around()).status_code == 403


def test_an_ended_alarm_needs_nobody(people, alarm):
    take(people.officer, alarm, "resolve")
    assert draw(people.officer, alarm, around()).status_code == 409


HELPERS = 8


@pytest.fixture
def committed(app: Any) -> Iterator[Any]:
    """An alarm and officers whom other connections see; all of it is taken away afterwards."""
    session.remove()
    with transaction():
        members = [a_member(area=COMMUNITY), *(a_member("officer", COMMUNITY) for _ in range(HELPERS))]
        tokens = [a_session(each) for each in members]
        ids = [each.id for each in members]
    yield SimpleNamespace(tokens=tokens)
    session.remove()
    with transaction():
        mine = session.query(Alarm.id).filter(Alarm.member_id.in_(ids)).subquery().select()
        for table in (AlarmNotice, AlarmStep):
            session.execute(delete(table).where(table.alarm_id.in_(mine)))
        session.execute(delete(Alarm).where(Alarm.member_id.in_(ids)))
        for owned in (Session, Consent, SecondFactor):
            session.execute(delete(owned).where(owned.member_id.in_(ids)))
        session.execute(delete(Member).where(Member.id.in_(ids)))
    session.remove()


def ask(app, token, path, body):
    return app.test_client().post(f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def plain(app, monkeypatch):
    """The application with clients that prepare nothing."""
    monkeypatch.setattr(app, "test_client_class", None)
    return app


def test_of_several_at_once_one_wins(plain, committed):
    alarm = ask(plain, committed.tokens[0], "/alarms", HERE).json["id"]
    gate = Barrier(HELPERS)

    def acknowledge(token):
        gate.wait()
        return ask(plain, token, f"/alarms/{alarm}/steps", {"step": "acknowledge"})

    with ThreadPoolExecutor(HELPERS) as threads:
        answers = list(threads.map(acknowledge, committed.tokens[1:]))
    assert sorted(each.status_code for each in answers) == [200] + [409] * (HELPERS - 1)
    assert {each.json["errors"]["version"] for each in answers if each.status_code == 409} == {2}


def test_the_same_call_at_once_is_one_alarm(plain, committed):
    gate, body = Barrier(HELPERS), {"id": str(uuid7()), **HERE}

    def shout(_):
        gate.wait()
        return ask(plain, committed.tokens[0], "/alarms", body).status_code

    with ThreadPoolExecutor(HELPERS) as threads:
        assert sorted(threads.map(shout, range(HELPERS))) == [200] * (HELPERS - 1) + [201]


def test_a_call_without_an_id_at_once_is_one_alarm(plain, committed):
    gate = Barrier(HELPERS)

    def shout(_):
        gate.wait()
        return ask(plain, committed.tokens[0], "/alarms", {}).json["id"]

    with ThreadPoolExecutor(HELPERS) as threads:
        assert len(set(threads.map(shout, range(HELPERS)))) == 1


def test_a_flood_elsewhere_does_not_keep_a_call_from_being_heard(plain, committed):
    taken = plain.engine.pool.size() + plain.engine.pool._max_overflow
    held = [plain.engine.connect() for _ in range(taken)]
    try:
        flooded = plain.test_client().get(
            "/api/v1/patrols", headers={"Authorization": f"Bearer {committed.tokens[0]}"}
        )
        heard = ask(plain, committed.tokens[0], "/alarms", HERE)
    finally:
        for connection in held:
            connection.close()
    assert (flooded.status_code, heard.status_code) == (503, 201)
