"""Whose data it is: consent, who looked, a copy, erasure."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random
from time import sleep

import gpxpy
import pytest
from sqlalchemy import text

from service import db
from service.audit.models import AuditRow
from service.coverage.actions import mark, rebuild_marked
from service.db import session, uuid7
from service.duty.models import ShiftMember
from service.errors import SignInNeeded
from service.members.models import Consent, Member
from service.patrols.models import CheckIn, Fix
from service.privacy import actions, erasure
from service.uploads import actions as uploads
from tests.factories import COMMUNITY, a_grid, a_member, a_square, a_team
from tests.service.duty import made, midnight, shifts_on
from tests.service.phone import (
    a_check_in,
    a_patrol,
    a_start,
    a_track,
    an_end,
    an_hour_ago,
    send,
    verdicts,
)

DELINGHA, GOLMUD = "632802000000", "632801000000"
CONSENT = "/api/v1/me/consents/track"
NAME, PHONE, USERNAME = "才让卓玛", "13812345678", "zhuoma.xyzzy"


@pytest.fixture
def walker(database):
    return a_member(name=NAME, phone=PHONE, username=USERNAME)


@pytest.fixture
def newcomer(signed_in):
    return signed_in(a_member(consents=False))


def agree(client):
    return client.put(CONSENT, json={"text_id": "track-1", "agreed": True})


def withdraw(client):
    return client.put(CONSENT, json={"agreed": False})


def in_a_moment():
    return datetime.now(UTC) + timedelta(seconds=1)


# --- consent ---


def test_the_words_of_the_consent_are_shown_in_both_languages(newcomer):
    words = newcomer.get(CONSENT).json["text"]
    assert (words["id"], "30天" in words["zh"], "30 days" in words["en"]) == ("track-1", True, True)


def test_nobody_has_agreed_unasked(newcomer):
    found = newcomer.get(CONSENT).json
    assert (found["agreed"], found["text_id"], found["given_at"]) == (False, None, None)


def test_who_agrees_has_agreed(newcomer):
    agree(newcomer)
    found = newcomer.get(CONSENT).json
    assert (found["agreed"], found["text_id"], found["withdrawn_at"]) == (True, "track-1", None)


def test_agreeing_twice_is_agreeing_once(newcomer):
    first, second = agree(newcomer).json, agree(newcomer).json
    assert (first, session.query(Consent).count()) == (second, 1)


@pytest.mark.parametrize(
    "decision", [{"agreed": True}, {"agreed": True, "text_id": "track-0"}, {"agreed": 1}, {}]
)
def test_only_the_words_that_are_valid_now_can_be_agreed_to(newcomer, decision):
    assert newcomer.put(CONSENT, json=decision).status_code == 422


def test_from_a_withdrawal_on_no_track_is_kept(phone):
    withdraw(phone)
    assert (verdicts(phone, a_patrol())[1], session.query(Fix).count()) == ("rejected", 0)


def test_after_a_withdrawal_check_ins_still_are_kept(phone):
    withdraw(phone)
    assert verdicts(phone, a_patrol()) == ["stored", "rejected", "stored", "stored"]


def test_what_was_kept_before_a_withdrawal_stays_until_its_time(phone):
    send(phone, a_patrol())
    withdraw(phone)
    assert session.query(Fix).count() == 3


def test_a_new_consent_begins_anew(phone):
    withdraw(phone)
    agree(phone)
    before = verdicts(phone, [a_track(str(uuid7()), an_hour_ago())])
    after = verdicts(phone, [a_track(str(uuid7()), in_a_moment())])
    assert (before, after) == (["rejected"], ["stored"])


def test_new_words_do_not_interrupt_a_consent(phone, walker):
    session.execute(text("UPDATE consents SET text_id = 'track-0'"))
    agree(phone)
    assert verdicts(phone, [a_track(str(uuid7()), an_hour_ago())]) == ["stored"]


def test_giving_and_withdrawing_leave_rows(newcomer):
    agree(newcomer), withdraw(newcomer), withdraw(newcomer)
    told = session.query(AuditRow.action).filter(AuditRow.action.like("consent.%")).order_by(AuditRow.id)
    assert [row.action for row in told] == ["consent.give", "consent.withdraw"]


@pytest.fixture
def committed(app):
    """A member in real transactions, taken away afterwards."""
    with db.transaction():
        member_id = a_member().id
    db.session.remove()
    yield member_id
    tables = "fixes", "coverage_marks", "patrol_moments", "patrols", "upload_items", "consents", "members"
    with app.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
        for table in tables[:3]:
            connection.execute(text(f"DELETE FROM {table}"))
        for table in tables[3:6]:
            connection.execute(text(f"DELETE FROM {table} WHERE member_id = :id"), {"id": member_id})
        connection.execute(text("DELETE FROM members WHERE id = :id"), {"id": member_id})
        connection.execute(text("DELETE FROM audit_rows"))


def test_a_withdrawal_waits_for_an_upload_that_is_under_way(committed):
    def take_back():
        with db.transaction():
            actions.withdraw(committed)
        db.session.remove()

    batch = uploads.Batch(uuid7(), "wgs84", None, [a_track(str(uuid7()), an_hour_ago())])
    with ThreadPoolExecutor(1) as other:
        with db.transaction():
            kept = uploads.receive(committed, batch)["results"][0]["status"]
            withdrawal = other.submit(take_back)
            sleep(0.3)
            was_done_before = withdrawal.done()
        withdrawal.result()
    later = uploads.Batch(uuid7(), "wgs84", None, [a_track(str(uuid7()), an_hour_ago())])
    with db.transaction():
        refused = uploads.receive(committed, later)["results"][0]["status"]
    db.session.remove()
    assert (kept, was_done_before, refused) == ("stored", False, "rejected")


STRAY = text(
    """
    SELECT count(*) FROM fixes f LEFT JOIN patrols p ON p.id = f.patrol_id
    WHERE p.id IS NULL OR NOT EXISTS (
        SELECT FROM consents c WHERE c.member_id = p.member_id AND c.given_at <= f.recorded_at
          AND f.received_at >= c.given_at AND f.received_at <= coalesce(c.withdrawn_at, 'infinity')
    )
    """
)


@pytest.mark.parametrize("seed", range(10))
def test_no_fix_is_kept_outside_a_patrol_of_a_consenting_member(signed_in, seed):
    chance = Random(seed)
    people = [signed_in(a_member(consents=chance.random() < 0.5)) for _ in range(3)]
    patrols = [str(uuid7()) for _ in range(4)]
    for _ in range(25):
        one, patrol = chance.choice(people), chance.choice([*patrols, None])
        at = datetime.now(UTC) + timedelta(seconds=chance.uniform(-2, 2))
        item = chance.choice([a_start, an_end, a_track, a_track, a_check_in])(patrol, at)
        chance.choice([agree, withdraw, *[lambda who, sent=item: send(who, [sent])] * 4])(one)
    assert session.scalar(STRAY) == 0


# --- who looked ---


def look(client, patrol, purpose="核查签到"):
    return client.get(f"/api/v1/patrols/{patrol}/track", query_string={"purpose": purpose})


def test_a_member_reads_who_looked_when_and_why(signed_in, phone):
    items = a_patrol()
    send(phone, items)
    look(signed_in(role="officer", area=DELINGHA), items[0]["patrol_id"])
    found = phone.get("/api/v1/me/access-log").json["items"]
    told = [(each["role"], each["area"]["name"], each["action"], each["purpose"]) for each in found]
    assert told == [("officer", "德令哈市", "track.read", "核查签到")]


def test_the_access_log_does_not_name_who_looked(signed_in, phone):
    items = a_patrol()
    send(phone, items)
    look(signed_in(role="officer", area=DELINGHA, name="查看者甲"), items[0]["patrol_id"])
    assert "查看者甲" not in phone.get("/api/v1/me/access-log").text


def test_nobody_reads_who_looked_at_others(signed_in, phone):
    items = a_patrol()
    send(phone, items)
    look(signed_in(role="officer", area=DELINGHA), items[0]["patrol_id"])
    assert signed_in(a_member()).get("/api/v1/me/access-log").json["items"] == []


def test_pages_of_the_access_log_follow_each_other(signed_in, phone):
    items = a_patrol()
    send(phone, items)
    officer = signed_in(role="officer", area=DELINGHA)
    for purpose in ("p1", "p2", "p3"):
        look(officer, items[0]["patrol_id"], purpose)
    first = phone.get("/api/v1/me/access-log?limit=2").json
    second = phone.get(f"/api/v1/me/access-log?limit=2&cursor={first['next_cursor']}").json
    assert [each["purpose"] for each in first["items"] + second["items"]] == ["p3", "p2", "p1"]


# --- a copy ---


def test_a_copy_has_everything_that_is_kept(signed_in, phone, walker):
    a_team(walker, name="一队")
    items = a_patrol()
    items[2]["note"] = "门锁坏了"
    send(phone, items)
    look(signed_in(role="officer", area=DELINGHA), items[0]["patrol_id"])
    copy = phone.get("/api/v1/me/export").json
    assert (
        copy["account"]["name"],
        [team["name"] for team in copy["memberships"]],
        [consent["text_id"] for consent in copy["consents"]],
        [patrol["id"] for patrol in copy["patrols"]],
        [check_in["note"] for check_in in copy["check_ins"]],
        [len(track["geometry"]["coordinates"]) for track in copy["tracks"]],
        [entry["purpose"] for entry in copy["access_log"]],
    ) == (NAME, ["一队"], ["track-1"], [items[0]["patrol_id"]], ["门锁坏了"], [3], ["核查签到"])


def test_a_copy_stays_in_no_cache(phone):
    assert phone.get("/api/v1/me/export").headers["Cache-Control"] == "no-store"


def test_a_copy_has_nothing_of_others(signed_in, phone):
    send(phone, a_patrol())
    copy = signed_in(a_member()).get("/api/v1/me/export")
    assert (copy.json["patrols"], NAME in copy.text) == ([], False)


def test_a_copy_has_no_secrets(phone):
    copy = phone.get("/api/v1/me/export").text
    assert ("hash" in copy, "token" in copy) == (False, False)


def test_a_copy_as_gpx_can_be_read(phone):
    send(phone, a_patrol())
    answer = phone.get("/api/v1/me/export", headers={"Accept": "application/gpx+xml"})
    gpx = gpxpy.parse(answer.text)
    assert (answer.mimetype, gpx.get_track_points_no(), len(gpx.waypoints)) == ("application/gpx+xml", 3, 1)


def test_a_copy_in_another_form_is_not_to_be_had(phone):
    assert phone.get("/api/v1/me/export", headers={"Accept": "image/png"}).status_code == 406


def test_taking_a_copy_leaves_a_row(phone):
    phone.get("/api/v1/me/export")
    assert session.query(AuditRow).filter_by(action="data.export").count() == 1


# --- erasure ---

TABLES = text(
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('haixi', 'jobs')"
)


def found_anywhere(*needles):
    """The tables in which a row holds one of these texts."""
    tables = session.scalars(TABLES).all()
    anywhere = " OR ".join(f"to_jsonb(row)::text ILIKE '%' || :n{i} || '%'" for i in range(len(needles)))
    given = {f"n{i}": needle for i, needle in enumerate(needles)}
    query = "SELECT EXISTS (SELECT FROM {} row WHERE " + anywhere + ")"
    return [table for table in tables if session.scalar(text(query.format(table)), given)]


@pytest.fixture
def past(signed_in, phone, walker):
    """A member with a past: a team, a patrol with notes, quarantined items, someone who looked."""
    a_grid()
    a_team(walker)
    items = a_patrol()
    items[2]["note"] = f"{NAME} {PHONE}"
    broken = a_check_in(items[0]["patrol_id"], an_hour_ago(), lat=95, note=f"{NAME} {USERNAME}")
    send(phone, [*items, broken])
    look(signed_in(role="officer", area=DELINGHA), items[0]["patrol_id"])
    return items[0]["patrol_id"]


@pytest.fixture
def admin(signed_in):
    return signed_in(role="admin", area=DELINGHA)


def test_before_an_erasure_the_search_finds_the_member(past):
    assert {"haixi.members", "haixi.check_ins", "haixi.quarantined_items"} <= set(
        found_anywhere(NAME, PHONE, USERNAME)
    )


def test_after_an_erasure_no_byte_of_the_identity_is_left(admin, walker, past):
    assert admin.delete(f"/api/v1/members/{walker.id}").status_code == 204
    assert found_anywhere(NAME, PHONE, USERNAME) == []


def test_after_an_erasure_no_position_is_left(admin, walker, past):
    admin.delete(f"/api/v1/members/{walker.id}")
    assert (
        session.query(Fix).count(),
        session.query(CheckIn).filter(CheckIn.position.isnot(None)).count(),
    ) == (0, 0)


def test_what_an_erased_member_did_stays_under_a_pseudonym(admin, walker, past):
    admin.delete(f"/api/v1/members/{walker.id}")
    name = session.query(Member.name).filter_by(id=walker.id).scalar()
    check_in = session.query(CheckIn).one()
    assert (name.startswith("已注销-"), check_in.grade, check_in.grid_id is not None) == (True, "B", True)


def test_coverage_outlives_the_walker(admin, signed_in, walker, past):
    centre = signed_in(role="centre", area=DELINGHA)
    rebuild_marked()
    before = centre.get("/api/v1/coverage").json["items"][0]["share_seen"]
    admin.delete(f"/api/v1/members/{walker.id}")
    mark([past]), rebuild_marked()
    after = centre.get("/api/v1/coverage").json["items"][0]["share_seen"]
    assert (before > 0, after) == (True, before)


def test_coverage_that_was_not_worked_out_yet_outlives_the_walker(admin, signed_in, walker, past):
    admin.delete(f"/api/v1/members/{walker.id}")
    assert signed_in(role="centre", area=DELINGHA).get("/api/v1/coverage").json["items"][0]["share_seen"] > 0


def test_every_table_of_people_is_erased_or_kept_on_purpose():
    personal = {name for name, table in db.Base.metadata.tables.items() if "member_id" in table.columns}
    acts = {
        "memberships",
        "patrols",
        "upload_items",
        "assignments",
        "shift_members",
        "webhooks",
        "alarms",
        "alarm_steps",
        "alarm_notices",
    }  # stay, unnamed
    photos = {"photos", "photo_parts"}  # erased by their own feature, with what lies in the store
    assert personal == acts | photos | {model.__tablename__ for model in erasure.OWN}


def test_an_erased_member_is_signed_out_everywhere(admin, phone, walker):
    admin.delete(f"/api/v1/members/{walker.id}")
    assert phone.get("/api/v1/me").status_code == 401


def test_an_upload_that_was_on_its_way_is_not_kept_after_an_erasure(admin, walker):
    admin.delete(f"/api/v1/members/{walker.id}")
    with pytest.raises(SignInNeeded):
        uploads.receive(walker.id, uploads.Batch(uuid7(), "wgs84", None, a_patrol()))


def test_erasing_twice_changes_nothing(admin, walker):
    admin.delete(f"/api/v1/members/{walker.id}")
    first = session.query(Member.name).filter_by(id=walker.id).scalar()
    admin.delete(f"/api/v1/members/{walker.id}")
    assert session.query(Member.name).filter_by(id=walker.id).scalar() == first


def test_an_erasure_leaves_a_row(admin, walker):
    admin.delete(f"/api/v1/members/{walker.id}")
    assert session.query(AuditRow.subject_id).filter_by(action="member.erase").scalar() == walker.id


def test_nobody_erases_members_of_another_county(signed_in, walker):
    assert signed_in(role="admin", area=GOLMUD).delete(f"/api/v1/members/{walker.id}").status_code == 404


@pytest.mark.parametrize("role", ["member", "leader", "officer", "centre", "auditor"])
def test_nobody_but_an_admin_erases(signed_in, role):
    assert signed_in(role=role).delete(f"/api/v1/members/{a_member().id}").status_code == 403


# --- duty ---


def on_duty(walker, officer):
    """A shift of the walker alone, declined with words; and a notice that was read."""
    team = a_team(walker)
    ground = a_grid(COMMUNITY + "009", a_square(97.5))
    made(officer, team, ground, member_id=str(walker.id))
    return shifts_on(officer, midnight(1))[0]["id"]


def test_a_copy_has_shifts_and_assignments(signed_in, phone, walker):
    shift = on_duty(walker, signed_in(role="officer", area=DELINGHA))
    phone.post(f"/api/v1/shifts/{shift}/decline", json={"reason": "发烧"})
    copy = phone.get("/api/v1/me/export").json
    assert (len(copy["assignments"]), copy["shifts"][0]["reason"]) == (1, "发烧")


def test_an_erased_member_is_expected_nowhere_and_leaves_no_words(admin, signed_in, phone, walker):
    officer = signed_in(role="officer", area=DELINGHA)
    shift = on_duty(walker, officer)
    phone.post(f"/api/v1/shifts/{shift}/decline", json={"reason": "发烧"})
    admin.delete(f"/api/v1/members/{walker.id}")
    session.expire_all()
    places = session.query(ShiftMember).filter_by(member_id=walker.id).all()
    assert {(each.state, each.reason) for each in places} == {("declined", None), ("released", None)}
