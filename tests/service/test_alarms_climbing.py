"""An alarm that nobody answers climbs level by level; drills show who answers; what is kept goes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from service import db
from service.alarms.actions import escalate, remind
from service.alarms.models import Alarm, AlarmNotice, AlarmStep
from service.db import session, uuid7
from service.outbox.models import OutboxEvent
from service.privacy.retention import retain
from service.settings import Settings
from tests.factories import COMMUNITY, COUNTY, a_grid, a_member, a_team
from tests.service.alarms import HERE, call, on_patrol, set_pin, show, take, told
from tests.service.duty import under_way

TOWNSHIP = "632802001000"
KEEP = Settings("postgresql+psycopg://nobody@/nothing")


@pytest.fixture
def ladder(database):
    """Who is told one after another."""
    levels = {"community": COMMUNITY, "township": TOWNSHIP, "county": COUNTY, "prefecture": "632800000000"}
    return {level: a_member("officer", area) for level, area in levels.items()}


@pytest.fixture
def caller(signed_in):
    member = a_member(area=COMMUNITY)
    a_team(member, leader=a_member("leader", COMMUNITY))
    return signed_in(member)


def wait_out():
    """The time of every waiting alarm is over, and the sweep comes by; gives how many climbed."""
    session.execute(update(Alarm).where(Alarm.due_at.is_not(None)).values(due_at="2026-01-01Z"))
    session.commit()
    return escalate()


def heard(kind):
    """What is announced from now on."""
    facts = []

    def listener(**told):
        facts.append(told)

    db.listen(kind, listener)
    return facts


def test_an_unanswered_alarm_climbs_level_by_level(caller, ladder):
    alarm = call(caller, **HERE)
    reached = []
    for officer in ladder.values():
        before = told(alarm)
        wait_out()
        reached.append((officer.id, told(alarm).keys() - before.keys()))
    assert all(new == {officer} for officer, new in reached)


def test_at_the_top_it_is_told_again_and_again(caller, ladder):
    alarm = call(caller).json["id"]
    for _ in range(6):
        wait_out()
    kinds = [each["kind"] for each in show(caller, alarm).json["steps"]]
    assert kinds == ["raise", *["climb"] * 4, "remind", "remind"]


def test_a_level_without_anybody_is_passed_over(caller, database):
    officer = a_member("officer", COUNTY)
    alarm = call(caller)
    wait_out()
    assert told(alarm)[officer.id] == "county"


def test_each_level_has_its_time(caller, ladder):
    alarm = call(caller).json
    first = datetime.fromisoformat(alarm["due_at"]) - datetime.fromisoformat(alarm["received_at"])
    assert first == timedelta(seconds=60)
    before = datetime.now(UTC)
    wait_out()
    due = datetime.fromisoformat(show(caller, alarm["id"]).json["due_at"])
    assert timedelta(seconds=119) < due - before < timedelta(seconds=130)


def test_nothing_climbs_before_its_time(caller, ladder):
    call(caller)
    session.commit()
    assert escalate() == 0


def test_an_answered_alarm_climbs_no_more(caller, ladder, signed_in):
    alarm = call(caller).json["id"]
    wait_out()
    take(signed_in(ladder["community"]), alarm, "acknowledge")
    assert wait_out() == 0


def test_one_bad_alarm_keeps_no_other_from_climbing(caller, ladder, signed_in):
    bad, good = call(caller, id=str(uuid7())).json["id"], call(caller, id=str(uuid7())).json["id"]
    in_the_way = {"kind": "remind", "role": "system", "status": "raised", "level": "leader"}
    session.add(AlarmStep(alarm_id=bad, version=2, at=datetime.now(UTC), **in_the_way))
    assert wait_out() == 1
    assert [show(caller, each).json["level"] for each in (bad, good)] == ["leader", "community"]


def test_who_listens_hears_every_step(caller, ladder):
    facts = heard("alarm changed")
    alarm = call(caller).json["id"]
    wait_out()
    mine = [each for each in facts if str(each["alarm_id"]) == alarm]
    assert [(each["version"], each["status"]) for each in mine] == [(1, "raised"), (2, "raised")]
    assert mine[1]["told"] == [ladder["community"].id]


@pytest.fixture
def officer(signed_in):
    return signed_in(a_member("officer", TOWNSHIP))


def drill(client, area=COMMUNITY):
    return client.post("/api/v1/alarms/drills", json={"area": area})


def report(client, held):
    return client.get(f"/api/v1/alarms/drills/{held.json['id']}/report").json


def test_a_drill_calls_leaders_and_who_walks(officer, signed_in):
    leader, walker, idler = a_member("leader", COMMUNITY), *(a_member(area=COMMUNITY) for _ in range(2))
    a_team(walker, idler, leader=leader)
    on_patrol(signed_in(walker))
    assert told(drill(officer)) == {leader.id: "drill", walker.id: "drill"}


def test_a_drill_does_not_climb(officer, ladder):
    a_team(leader=a_member("leader", COMMUNITY))
    assert drill(officer).json["due_at"] is None
    assert wait_out() == 0


def test_everybody_answers_a_drill(officer, signed_in):
    leaders = [a_member("leader", COMMUNITY) for _ in range(3)]
    for each in leaders:
        a_team(leader=each)
    held = drill(officer).json["id"]
    answers = [take(signed_in(each), held, "acknowledge").status_code for each in leaders]
    assert answers == [200, 200, 200]


def test_the_report_counts_answers_by_team_and_area(officer, signed_in):
    leaders = [a_member("leader", COMMUNITY) for _ in range(2)]
    teams = [a_team(leader=each, code=f"D{n}") for n, each in enumerate(leaders)]
    held = drill(officer)
    take(signed_in(leaders[1]), held.json["id"], "accept")
    told = report(officer, held)
    assert [(each["code"], each["told"], each["answered"]) for each in told["teams"]] == [
        (teams[0].code, 1, 0),
        (teams[1].code, 1, 1),
    ]
    assert [(each["code"], each["told"], each["answered"]) for each in told["areas"]] == [(COMMUNITY, 2, 1)]
    assert (told["told"], told["answered"]) == (2, 1)


def test_the_report_names_nobody(officer, signed_in):
    leader = a_member("leader", COMMUNITY, name="才仁措")
    a_team(leader=leader)
    held = drill(officer)
    take(signed_in(leader), held.json["id"], "accept")
    told = [report(officer, held), show(officer, held.json["id"]).json["steps"]]
    shown = json.dumps(told, ensure_ascii=False)
    assert "才仁措" not in shown
    assert str(leader.id) not in shown


def test_an_alarm_in_need_has_no_report(officer, caller):
    alarm = call(caller, **HERE)
    assert officer.get(f"/api/v1/alarms/drills/{alarm.json['id']}/report").status_code == 404


def test_a_drill_stays_in_the_officers_area(officer):
    assert drill(officer, "632801001001").status_code == 404


@pytest.mark.parametrize("role", ["member", "leader", "centre", "admin"])
def test_only_an_officer_holds_drills(signed_in, role):
    assert drill(signed_in(role=role, area=TOWNSHIP)).status_code == 403


def test_a_month_without_a_drill_is_told(officer):
    facts = heard("drill due")
    a_team(leader=a_member("leader", COMMUNITY))
    before = remind()
    drill(officer)
    session.commit()
    assert set(before) - set(remind()) == {COUNTY}
    assert {each["area_code"] for each in facts} == set(before)


def test_officers_hear_that_a_drill_is_due(database):
    session.commit()
    remind()
    told = session.query(OutboxEvent.area_code).filter_by(kind="drill.due")
    assert COUNTY in {row.area_code for row in told}


def test_the_counties_of_the_area_show_their_last_drills(signed_in):
    officer = signed_in(a_member("officer", "632800000000"))
    held = drill(officer).json["received_at"]
    items = {each["area"]["code"]: each for each in officer.get("/api/v1/alarms/drills").json["items"]}
    assert len(items) == 7
    assert (items[COUNTY]["last_held_at"], items[COUNTY]["is_due"]) == (held, False)
    assert (items["632801000000"]["last_held_at"], items["632801000000"]["is_due"]) == (None, True)


def test_whoever_is_in_a_running_shift_is_called_out_to_a_drill(officer, signed_in):
    fellow = a_member(area=COMMUNITY)
    under_way(signed_in(role="officer"), a_team(fellow), a_grid())
    assert told(drill(officer)) == {fellow.id: "drill"}


def test_an_export_has_calls_and_answers(caller):
    set_pin(caller)
    alarm = call(caller, **HERE).json["id"]
    take(caller, alarm, "false_alarm", pin="290518")
    copy = caller.get("/api/v1/me/export").json
    assert [each["id"] for each in copy["alarms"]] == [alarm]
    assert [each["kind"] for each in copy["alarm_steps"]] == ["raise", "false_alarm"]


def test_an_erased_member_called_from_nowhere(signed_in):
    member = a_member(area=COMMUNITY)
    client = signed_in(member)
    set_pin(client)
    call(client, **HERE)
    admin = signed_in(role="admin", area=COUNTY)
    assert admin.delete(f"/api/v1/members/{member.id}").status_code == 204
    session.expire_all()
    assert session.query(Alarm).one().position is None


def ended(client, days):
    """An alarm that was called and ended some days ago."""
    id = call(client, id=str(uuid7()), **HERE).json["id"]
    ago = datetime.now(UTC) - timedelta(days=days)
    closed = {"status": "resolved", "due_at": None, "received_at": ago}
    session.execute(update(Alarm).where(Alarm.id == id).values(closed))
    return id


def test_where_somebody_called_goes_with_the_fixes(caller):
    old, young = ended(caller, 31), ended(caller, 29)
    session.commit()
    retain(KEEP, datetime.now(UTC))
    assert [show(caller, each).json["position"] for each in (old, young)] == [None, HERE]


def test_old_alarms_go(caller):
    ended(caller, 366)
    young = ended(caller, 364)
    session.commit()
    assert retain(KEEP, datetime.now(UTC)).erased["alarms"]["rows"] == 1
    assert {str(each.alarm_id) for each in session.query(AlarmStep)} == {young}
    assert {str(each.alarm_id) for each in session.query(AlarmNotice)} == {young}


def test_an_open_alarm_is_kept(caller):
    id = call(caller, **HERE).json["id"]
    session.commit()
    retain(replace(KEEP, keep_alarms_days=0, keep_fixes_days=0), datetime.now(UTC) + timedelta(days=1))
    assert show(caller, id).json["position"] == HERE
