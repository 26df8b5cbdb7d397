"""Calling for help: whatever is sent is heard, once, and reaches who can help."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from service.alarms.models import Alarm
from service.audit.models import AuditRow
from service.db import session, uuid7
from service.duty.models import Assignment, Shift, ShiftMember
from service.members.models import Consent
from tests.factories import COMMUNITY, a_grid, a_member, a_session, a_team
from tests.service.alarms import HERE, call, on_patrol, told
from tests.service.duty import under_way
from tests.service.phone import rfc3339, send, verdicts


@pytest.fixture
def walker(database, leader):
    member = a_member(area=COMMUNITY)
    a_team(member, leader=leader)
    return member


def now():
    return datetime.now(UTC)


def a_neighbour(signed_in, place, **patrol):
    """A member of another team who walks at a place."""
    member = a_member(area=COMMUNITY)
    a_team(member)
    on_patrol(signed_in(member), place, **patrol)
    return member


def test_a_call_is_an_alarm(phone):
    alarm = call(phone, id=str(uuid7()), at=rfc3339(now()), **HERE, accuracy_m=8)
    assert (alarm.status_code, alarm.json["status"], alarm.json["position"]) == (201, "raised", HERE)


def test_a_call_belongs_to_the_grid_where_it_was_made(phone):
    grid = a_grid()
    alarm = call(phone, **HERE).json
    assert (alarm["grid"]["code"], alarm["area"]["code"]) == (grid.code, COMMUNITY)


def test_a_call_from_another_county_asks_nothing_about_the_ground(phone):
    a_grid("632801001001001")
    alarm = call(phone, **HERE).json
    assert (alarm["area"], alarm["grid"], alarm["position"]) == (None, None, HERE)


def test_a_call_from_nowhere_belongs_to_the_callers_area(phone):
    alarm = call(phone).json
    assert (alarm["area"]["code"], alarm["position"], alarm["marks"]) == (COMMUNITY, None, ["no_position"])


@pytest.mark.parametrize(
    "odd",
    [
        {"lat": 95.0},
        {"lon": "97"},
        {"lon": None},
        {"lat": True},
        {"at": "yesterday"},
        {"at": "1970-01-01T00:00:00Z"},
        {"at": "2099-01-01T00:00:00Z"},
        {"at": 5},
        {"id": "no-uuid"},
        {"id": ["x"]},
        {"crs": {"a": 1}},
        {"crs": "mars"},
        {"accuracy_m": -1},
        {"sent_at": "9999-12-31T23:59:59Z"},
        {"sent_at": 12},
        {"colour": "red"},
        {"mock": True},
    ],
    ids=str,
)
def test_nothing_odd_keeps_a_call_from_being_heard(phone, odd):
    assert call(phone, **(HERE | odd)).status_code == 201


@pytest.mark.parametrize("body", [[], "help", 3, None], ids=str)
def test_a_body_of_another_kind_is_a_call_too(phone, body):
    assert phone.post("/api/v1/alarms", json=body).status_code == 201


def test_an_unreadable_body_is_a_bad_request(phone):
    answer = phone.post("/api/v1/alarms", data=b"{", content_type="application/json")
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/unreadable")


def test_a_call_sent_twenty_times_is_one_alarm(phone):
    body = {"id": str(uuid7()), "at": rfc3339(now()), **HERE}
    answers = [call(phone, **body) for _ in range(20)]
    assert [each.status_code for each in answers] == [201] + [200] * 19
    assert len({each.json["id"] for each in answers}) == session.query(Alarm).count() == 1


def test_a_key_makes_a_call_without_an_id_safe_to_repeat(phone):
    answers = [phone.post("/api/v1/alarms", json=HERE, headers={"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 200]


def test_a_call_without_id_and_key_is_the_alarm_that_is_open(phone):
    assert call(phone).json["id"] == call(phone, **HERE).json["id"]


def test_an_id_stands_for_one_alarm(phone):
    id = str(uuid7())
    call(phone, id=id, **HERE)
    answer = call(phone, id=id, lon=98.0, lat=37.0)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/id-taken")


def test_an_id_of_somebody_elses_alarm_is_taken(phone, signed_in):
    id = str(uuid7())
    call(phone, id=id)
    assert call(signed_in(a_member()), id=id).status_code == 409


def test_a_wrong_clock_is_corrected(phone):
    ahead = now() + timedelta(days=3)
    alarm = call(phone, at=rfc3339(ahead), sent_at=rfc3339(ahead), **HERE).json
    assert alarm["marks"] == ["clock_skew"]
    assert abs(datetime.fromisoformat(alarm["recorded_at"]) - now()) < timedelta(minutes=1)


def test_an_old_call_is_heard_and_marked(phone):
    assert call(phone, at=rfc3339(now() - timedelta(hours=8)), **HERE).json["marks"] == ["late"]


def test_gcj02_is_converted(phone):
    assert call(phone, crs="gcj02", **HERE).json["position"]["lon"] == pytest.approx(97.369, abs=0.002)


@pytest.mark.parametrize("role", ["leader", "officer", "centre", "admin", "auditor"])
def test_everybody_may_call(signed_in, role):
    assert call(signed_in(role=role)).status_code == 201


def a_bell(app, client, kind="bell"):
    token = client.post("/api/v1/me/devices", json={"kind": kind, "name": "铃"}).json["token"]
    bell = app.test_client()
    bell.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return bell


def test_a_bell_calls_with_its_devices_token(app, phone):
    answer = call(a_bell(app, phone))
    assert (answer.status_code, answer.json["way"]) == (201, "bell")


def test_a_bell_does_nothing_else(app, phone):
    bell = a_bell(app, phone)
    assert {bell.get(f"/api/v1/{path}").status_code for path in ("alarms", "me", "teams")} == {401}


def test_the_token_of_another_app_is_no_bell(app, phone):
    assert call(a_bell(app, phone, "owntracks")).status_code == 401


def test_a_bell_that_was_removed_is_silent(app, phone):
    bell = a_bell(app, phone)
    device = phone.get("/api/v1/me/devices").json["items"][0]["id"]
    phone.delete(f"/api/v1/me/devices/{device}")
    assert call(bell).status_code == 401


def test_an_alarm_comes_by_upload(phone):
    item = {"type": "alarm", "id": str(uuid7()), "at": rfc3339(now()), **HERE}
    assert verdicts(phone, [item]) == ["stored"]
    assert phone.get(f"/api/v1/alarms/{item['id']}").json["way"] == "upload"


def test_an_upload_sent_again_raises_no_second_alarm(phone):
    item = {"type": "alarm", "id": str(uuid7()), "at": rfc3339(now()), **HERE}
    assert [verdicts(phone, [item]) for _ in range(2)] == [["stored"], ["duplicate"]]
    assert session.query(Alarm).count() == 1


def test_a_call_that_came_both_ways_is_one_alarm(phone):
    body = {"id": str(uuid7()), "at": rfc3339(now()), **HERE}
    call(phone, **body)
    assert verdicts(phone, [{"type": "alarm"} | body]) == ["stored"]
    assert session.query(Alarm).count() == 1


@pytest.mark.parametrize(
    "odd", [{"lat": 95.0}, {"lon": None}, {"at": "never"}, {"id": "x"}, {"id": None}, {"note": "!"}], ids=str
)
def test_nothing_odd_sets_an_uploaded_alarm_aside(phone, odd):
    item = {"type": "alarm", "id": str(uuid7()), "at": rfc3339(now()), **HERE} | odd
    assert verdicts(phone, [item]) == ["stored"]


def test_an_uploaded_alarm_with_somebody_elses_id_is_a_conflict(phone, signed_in):
    id = str(uuid7())
    call(signed_in(a_member()), id=id)
    assert verdicts(phone, [{"type": "alarm", "id": id, "at": rfc3339(now()), **HERE}]) == ["conflict"]


def test_an_alarm_beside_bad_items_is_raised(phone):
    items = [{"type": "song", "id": "x"}, {"type": "alarm", "id": str(uuid7()), "at": rfc3339(now())}]
    assert verdicts(phone, items) == ["quarantined", "stored"]


def test_the_leader_is_told(phone, leader):
    assert told(call(phone)) == {leader.id: "leader"}


def test_who_walks_with_the_same_team_is_told(signed_in, leader):
    caller, fellow, idler = (a_member(area=COMMUNITY) for _ in range(3))
    a_team(caller, fellow, idler, leader=leader)
    on_patrol(signed_in(fellow))
    assert told(call(signed_in(caller))) == {leader.id: "leader", fellow.id: "team"}


@pytest.fixture
def in_shift(signed_in, leader):
    """Somebody who calls, and two fellows who are in a shift of the team now, at home."""
    caller, one, other = (a_member(area=COMMUNITY) for _ in range(3))
    team = a_team(caller, one, other, leader=leader)
    shift = under_way(signed_in(role="officer"), team, a_grid())
    clients = [signed_in(each) for each in (caller, one, other)]
    return SimpleNamespace(clients=clients, ids=[one.id, other.id], shift=f"/api/v1/shifts/{shift}")


def test_who_is_in_a_shift_of_the_team_is_told_without_walking(in_shift, leader):
    assert told(call(in_shift.clients[0])) == {leader.id: "leader"} | dict.fromkeys(in_shift.ids, "team")


def test_who_has_left_the_shift_is_not_told(in_shift, leader):
    in_shift.clients[1].post(f"{in_shift.shift}/accept")
    session.query(ShiftMember).update({"state": "declined"})
    assert told(call(in_shift.clients[0])) == {leader.id: "leader", in_shift.ids[1]: "team"}


def test_a_shift_that_is_over_calls_nobody(in_shift, leader):
    session.query(Shift).update({"ends_at": now()})
    assert told(call(in_shift.clients[0])) == {leader.id: "leader"}


def test_only_the_one_to_whom_a_shift_was_given_is_told(in_shift, leader):
    session.query(Assignment).update({"member_id": in_shift.ids[0]})
    session.add(
        ShiftMember(
            shift_id=session.query(Shift.id).scalar(),
            member_id=in_shift.ids[0],
            during=Range(now() - timedelta(hours=1), now() + timedelta(hours=1)),
        )
    )
    session.flush()
    assert told(call(in_shift.clients[0])) == {leader.id: "leader", in_shift.ids[0]: "team"}


def test_the_nearest_teams_are_told(phone, leader, signed_in):
    near = [a_neighbour(signed_in, (97.3712 + 0.001 * n, 37.3712)) for n in (4, 1, 3, 2)]
    assert told(call(phone, **HERE)) == {leader.id: "leader"} | {each.id: "near" for each in near[1:]}


def test_who_is_too_far_away_is_not_told(phone, leader, signed_in):
    a_neighbour(signed_in, (98.3712, 37.3712))
    assert told(call(phone, **HERE)) == {leader.id: "leader"}


def test_who_was_seen_too_long_ago_is_not_told(phone, leader, signed_in):
    a_neighbour(signed_in, (97.3722, 37.3712), ago=timedelta(minutes=40))
    assert told(call(phone, **HERE)) == {leader.id: "leader"}


def test_who_has_withdrawn_the_consent_is_not_found(phone, leader, signed_in):
    member = a_neighbour(signed_in, (97.3722, 37.3712))
    session.query(Consent).filter_by(member_id=member.id).update({"withdrawn_at": now()})
    assert told(call(phone, **HERE)) == {leader.id: "leader"}


def test_without_a_leader_the_nearest_level_with_somebody_is_told(signed_in):
    officer, centre = a_member("officer", "632802001000"), a_member("centre", "632802001000")
    a_member("officer", "632802000000")
    alarm = call(signed_in(a_member(area=COMMUNITY)))
    assert told(alarm) == {officer.id: "township", centre.id: "township"}
    assert alarm.json["level"] == "township"


def test_an_alarm_leaves_a_row_in_the_audit_trail(phone, walker):
    alarm = call(phone).json["id"]
    row = session.execute(select(AuditRow).filter_by(object_id=alarm)).scalar_one()
    assert (row.action, row.subject_id) == ("alarm.raise", walker.id)


def test_a_stranger_calls_nobody(client):
    assert call(client).status_code == 401
    assert session.scalar(select(func.count()).select_from(Alarm)) == 0


def test_send_is_answered_with_marks(phone):
    item = {"type": "alarm", "id": str(uuid7()), "at": rfc3339(now()), "lat": 95, "lon": 1}
    assert send(phone, [item]).json["results"][0]["marks"] == ["bad_lat", "no_position"]


def test_a_page_may_not_be_made_to_call(app, database):
    token = a_session(a_member())
    page = app.test_client()
    page.set_cookie("gridpatrol", token)
    assert call(page).status_code == 401
