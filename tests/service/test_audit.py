"""Whatever happens leaves a row, in the transaction that it tells of, and only auditors read it."""

import pytest

from service.audit.actions import record
from service.audit.models import AuditRow
from service.db import session, uuid7
from service.members.actions import passwords
from service.policy import current
from tests.factories import a_member, a_team
from tests.service.phone import a_patrol, send

DELINGHA, GOLMUD, HAIXI = "632802000000", "632801000000", "632800000000"
PHONE = "13812345678"
PASSWORD = "correct horse battery"


@pytest.fixture
def walker(database):
    return a_member(phone=PHONE)


@pytest.fixture
def patrol(walker, signed_in):
    items = a_patrol()
    send(signed_in(walker), items)
    return items[0]["patrol_id"]


@pytest.fixture
def auditor(signed_in):
    return signed_in(role="auditor", area=HAIXI)


def rows(action):
    return session.query(AuditRow).filter_by(action=action).all()


def track(client, patrol, **query):
    return client.get(f"/api/v1/patrols/{patrol}/track", query_string=query)


def test_a_look_at_anothers_track_leaves_exactly_one_row(officer, patrol):
    track(officer, patrol, purpose="核查签到")
    assert len(rows("track.read")) == 1


def test_the_row_names_viewer_walker_role_purpose_and_request(signed_in, walker, patrol):
    viewer = a_member(role="officer", area=DELINGHA)
    answer = track(signed_in(viewer), patrol, purpose="核查签到")
    row = rows("track.read")[0]
    told = (row.actor_id, row.subject_id, row.role, row.purpose, row.object_id, row.trace_id, row.area_code)
    trace = answer.headers["X-Trace-Id"]
    assert told == (viewer.id, walker.id, "officer", "核查签到", patrol, trace, DELINGHA)


def test_a_look_without_a_word_leaves_a_row_as_well(officer, patrol):
    assert (track(officer, patrol).status_code, len(rows("track.read"))) == (200, 1)


def test_one_looks_at_ones_own_track_without_a_purpose_and_without_a_row(signed_in, walker, patrol):
    assert (track(signed_in(walker), patrol).status_code, rows("track.read")) == (200, [])


def test_a_track_out_of_sight_is_not_there_whatever_the_purpose(signed_in, patrol):
    stranger = signed_in(role="officer", area=GOLMUD)
    statuses = [track(stranger, patrol).status_code, track(stranger, patrol, purpose="x1").status_code]
    assert (statuses, rows("track.read")) == ([404, 404], [])


@pytest.mark.parametrize("purpose", ["巴图的签到", "call 13812345678"])
def test_a_purpose_may_not_name_the_walker(officer, walker, patrol, purpose):
    assert track(officer, patrol, purpose=purpose).status_code == 422


def test_a_list_of_people_leaves_a_row(officer, walker):
    officer.get("/api/v1/members")
    assert [row.object_kind for row in rows("members.read")] == ["members"]


def test_the_people_of_a_team_leave_a_row_that_names_the_team(officer, walker):
    team = a_team(walker)
    officer.get(f"/api/v1/teams/{team.id}/members")
    assert [row.object_id for row in rows("members.read")] == [str(team.id)]


def test_who_sees_only_oneself_leaves_no_row(signed_in, walker):
    signed_in(walker).get("/api/v1/members")
    assert rows("members.read") == []


def test_an_upload_leaves_one_row_a_batch(signed_in, walker):
    send(signed_in(walker), [*a_patrol(), {"type": "song"}])
    assert [row.result for row in rows("upload.receive")] == ["1 quarantined, 4 stored"]


def test_a_sign_in_tells_who_and_on_which_session(client, signed_in):
    member = a_member(username="batu", password_hash=passwords.hash(PASSWORD))
    device = {"id": "d-1", "name": "phone"}
    client.post("/api/v1/sessions", json={"username": "batu", "password": PASSWORD, "device": device})
    row = rows("session.open")[0]
    assert (row.actor_id, str(row.session_id)) == (member.id, row.object_id)


def test_a_sign_out_leaves_a_row(signed_in):
    signed_in().delete("/api/v1/sessions/current")
    assert len(rows("session.end")) == 1


def test_what_is_rolled_back_leaves_no_row(signed_in, walker):
    before = session.query(AuditRow).count()
    signed_in(walker).post("/api/v1/uploads", json={"batch_id": str(uuid7()), "crs": "mars", "items": []})
    assert session.query(AuditRow).count() == before


def test_what_no_request_asked_for_was_done_by_the_system(database):
    record("retention.run", "retention-run", 1)
    row = rows("retention.run")[0]
    assert (row.role, row.actor_id, row.trace_id) == ("system", None, None)


def test_the_caller_of_one_request_is_forgotten_before_the_next(officer, client, walker):
    officer.get("/api/v1/members")
    assert current.get() is None


def test_the_auditor_reads_the_newest_first(auditor, officer, patrol):
    track(officer, patrol, purpose="first")
    track(officer, patrol, purpose="second")
    found = auditor.get("/api/v1/audit?action=track.read").json["items"]
    assert [row["purpose"] for row in found] == ["second", "first"]


def test_pages_of_the_trail_follow_each_other(auditor, officer, patrol):
    for purpose in ("p1", "p2", "p3"):
        track(officer, patrol, purpose=purpose)
    first = auditor.get("/api/v1/audit?action=track.read&limit=2").json
    cursor = {"action": "track.read", "limit": 2, "cursor": first["next_cursor"]}
    second = auditor.get("/api/v1/audit", query_string=cursor).json
    assert [row["purpose"] for row in first["items"] + second["items"]] == ["p3", "p2", "p1"]


@pytest.mark.parametrize("cursor", ["bm8", "IngiCg==", "Im5vIg=="])
def test_a_cursor_that_is_none_is_refused(auditor, cursor):
    assert auditor.get(f"/api/v1/audit?cursor={cursor}").status_code == 422


def test_the_trail_is_filtered_by_actor_subject_and_time(auditor, officer, walker, patrol):
    track(officer, patrol, purpose="why")
    row = rows("track.read")[0]
    wanted = {"actor": row.actor_id, "subject": walker.id, "from": row.at.isoformat()}
    found = auditor.get("/api/v1/audit", query_string=wanted).json["items"]
    assert [item["id"] for item in found] == [row.id]


def test_reading_the_trail_leaves_a_row_too(auditor):
    auditor.get("/api/v1/audit")
    assert len(rows("audit.read")) == 1


@pytest.mark.parametrize("role", ["member", "leader", "officer", "centre", "admin"])
def test_nobody_but_an_auditor_reads_the_trail(signed_in, role):
    assert signed_in(role=role).get("/api/v1/audit").status_code == 403


def test_a_countys_auditor_reads_what_its_people_did(signed_in, officer, patrol):
    track(officer, patrol, purpose="why")
    counties = [signed_in(role="auditor", area=area) for area in (DELINGHA, GOLMUD)]
    found = [each.get("/api/v1/audit?action=track.read").json["items"] for each in counties]
    assert [len(each) for each in found] == [1, 0]
