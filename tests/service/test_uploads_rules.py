"""The phone's contract at its edges: late ends, shared phones, withdrawn consent, clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.db import session, uuid7
from service.members.actions import passwords
from service.patrols.models import CheckIn, Fix, Patrol
from service.uploads.actions import Batch, receive
from service.uploads.models import QuarantinedItem
from tests.factories import a_member
from tests.service.phone import (
    a_check_in,
    a_patrol,
    a_start,
    a_track,
    an_end,
    an_hour_ago,
    ms,
    rfc3339,
    send,
    verdicts,
)

CONSENT = "/api/v1/me/consents/track"
PASSWORD = "wind over the salt lake"
MINUTE = timedelta(minutes=1)


# --- after the end ---


def test_what_was_recorded_after_the_end_is_kept(phone):
    items, later = a_patrol(), an_hour_ago() + 30 * MINUTE
    send(phone, items)
    patrol = items[0]["patrol_id"]
    assert verdicts(phone, [a_track(patrol, later), a_check_in(patrol, later)]) == ["stored", "stored"]


def test_what_was_recorded_after_the_end_does_not_move_the_end(phone):
    patrol, at = str(uuid7()), an_hour_ago()
    send(phone, [a_start(patrol, at), an_end(patrol, at + 5 * MINUTE)])
    send(phone, [a_check_in(patrol, at + 30 * MINUTE)])
    row = session.get(Patrol, patrol, populate_existing=True)
    assert (row.ended_at, row.last_at) == (at + 5 * MINUTE, at + 30 * MINUTE)


def test_what_was_recorded_before_the_end_may_arrive_after_it(phone):
    items = a_patrol()
    send(phone, [items[0], items[3]])
    assert verdicts(phone, items[1:3]) == ["stored", "stored"]


# --- a shared phone ---


@pytest.fixture
def shared_phone(app, database):
    """Signs members in on one and the same device: `shared_phone("batu")`."""

    def sign_in(username: str) -> Any:
        a_member(username=username, password_hash=passwords.hash(PASSWORD))
        client, device = app.test_client(), {"id": "of the station", "name": "a shared phone"}
        credentials = {"username": username, "password": PASSWORD, "device": device}
        token = client.post("/api/v1/sessions", json=credentials).json["token"]
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return sign_in


def test_what_waits_on_a_shared_phone_is_still_taken_from_who_recorded_it(shared_phone):
    batu, items = shared_phone("batu"), a_patrol()
    saran = shared_phone("saran")
    assert (verdicts(saran, a_patrol()), verdicts(batu, items)) == (["stored"] * 4, ["stored"] * 4)


def test_patrols_of_a_shared_phone_belong_to_who_recorded_them(shared_phone):
    batu, saran = shared_phone("batu"), shared_phone("saran")
    send(saran, a_patrol()), send(batu, a_patrol())
    owners = [client.get("/api/v1/me").json["id"] for client in (saran, batu)]
    assert {str(each) for (each,) in session.query(Patrol.member_id)} == set(owners)


def test_who_signs_in_next_cannot_send_what_another_has_begun(shared_phone):
    batu, items = shared_phone("batu"), a_patrol()
    send(batu, items[:1])
    saran = shared_phone("saran")
    assert verdicts(saran, items[1:]) == ["rejected"] * 3


def test_what_the_wrong_session_sent_can_still_come_from_the_right_one(shared_phone):
    batu, items = shared_phone("batu"), a_patrol()
    send(batu, items[:1]), send(shared_phone("saran"), items[1:])
    assert verdicts(batu, items) == ["duplicate", "stored", "stored", "stored"]


# --- consent ---


def withdraw(client):
    client.put(CONSENT, json={"agreed": False})


def agree(client):
    client.put(CONSENT, json={"text_id": "track-1", "agreed": True})


def test_a_track_that_arrives_after_a_withdrawal_is_rejected_though_recorded_before(phone):
    track = a_track(str(uuid7()), an_hour_ago())
    withdraw(phone)
    answer = send(phone, [track]).json["results"][0]
    assert (answer["status"], answer["durable"], answer["problem"]["type"]) == (
        "rejected", False, "/problems/no-consent"
    )  # fmt: skip


def test_a_track_that_is_sent_again_after_a_withdrawal_is_not_stored_again(phone):
    track = a_track(str(uuid7()), an_hour_ago())
    send(phone, [track]), withdraw(phone), send(phone, [track])
    assert session.query(Fix).filter_by(track_id=track["id"]).count() == 3


def test_a_track_from_before_a_new_consent_is_rejected_and_one_from_after_it_is_stored(phone):
    patrol, now = str(uuid7()), datetime.now(UTC)
    withdraw(phone), agree(phone)
    tracks = [a_track(patrol, now - 10 * MINUTE), a_track(patrol, datetime.now(UTC) + timedelta(seconds=1))]
    assert verdicts(phone, tracks) == ["rejected", "stored"]


def test_a_track_across_a_new_consent_is_rejected_whole(phone):
    withdraw(phone), agree(phone)
    across = a_track(str(uuid7()), datetime.now(UTC) - MINUTE, every=90)
    assert verdicts(phone, [across]) == ["rejected"]


# --- clocks ---

DAY = timedelta(hours=24)


@pytest.mark.parametrize(
    ("ahead", "status"), [(DAY - MINUTE, "stored"), (DAY + MINUTE, "quarantined")], ids=["within", "beyond"]
)
@pytest.mark.parametrize("make", [a_start, an_end, a_check_in, a_track])
def test_more_than_24_hours_ahead_is_quarantined(phone, make, ahead, status):
    at = datetime.now(UTC) + ahead
    item = make(str(uuid7()), at, [(97.37, 37.37)]) if make is a_track else make(str(uuid7()), at)
    assert verdicts(phone, [item]) == [status]


@pytest.mark.parametrize("off", [timedelta(days=900), timedelta(days=-20_000)], ids=["ahead", "at 1972"])
def test_a_clock_far_off_loses_nothing_that_it_recorded_itself(phone, off):
    at = an_hour_ago()
    items = a_patrol(at + off)
    answer = send(phone, items, clock={"sent_at": rfc3339(datetime.now(UTC) + off)}).json["results"]
    assert all(each["status"] == "stored" and "clock_skew" in each["marks"] for each in answer)
    row = session.get_one(CheckIn, items[2]["id"])
    assert abs(row.recorded_at - at) < MINUTE and abs(row.phone_at - at - off) < MINUTE


NEW_YEAR = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("make", [a_start, an_end, a_check_in])
def test_before_2020_is_quarantined(phone, make):
    before, since = (make(str(uuid7()), at) for at in (NEW_YEAR - MINUTE, NEW_YEAR))
    assert verdicts(phone, [before, since]) == ["quarantined", "stored"]


def test_a_track_with_one_fix_before_2020_is_quarantined_whole(phone):
    track = a_track(str(uuid7()), an_hour_ago())
    track["points"][0][0] = ms(NEW_YEAR) - 1
    assert verdicts(phone, [track]) == ["quarantined"]


def test_what_is_quarantined_for_its_time_is_kept_and_may_be_deleted(phone):
    item = a_check_in(str(uuid7()), datetime.now(UTC) + 2 * DAY)
    answer = send(phone, [item]).json["results"][0]
    assert (answer["durable"], session.query(QuarantinedItem.item_id).scalar()) == (True, item["id"])


def test_a_correction_that_makes_a_time_absurd_quarantines_the_item(phone):
    slow = datetime.now(UTC) - 3 * DAY  # what it calls yesterday is the day after tomorrow
    item = a_check_in(str(uuid7()), datetime.now(UTC) - DAY)
    assert verdicts(phone, [item], clock={"sent_at": rfc3339(slow)}) == ["quarantined"]


@pytest.mark.parametrize("sign", [-1, 1], ids=["slow", "fast"])
@pytest.mark.parametrize(("seconds", "is_off"), [(115, False), (125, True)])
def test_a_clock_is_corrected_from_two_minutes_on(phone, sign, seconds, is_off):
    at, off = an_hour_ago(), timedelta(seconds=sign * seconds)
    check_in = a_check_in(str(uuid7()), at + off)
    answer = send(phone, [check_in], clock={"sent_at": rfc3339(datetime.now(UTC) + off)}).json
    row = session.query(CheckIn).one()
    wrong = abs(row.recorded_at - (at if is_off else at + off))
    assert (answer["results"][0]["marks"] == ["outside_grids"]) is not is_off
    assert (wrong < timedelta(seconds=2), row.phone_at) == (True, at + off)


def test_exactly_two_minutes_are_left_as_they_are(database):
    now, at = datetime.now(UTC), an_hour_ago()
    exact, beyond = now + 2 * MINUTE, now + 2 * MINUTE + timedelta(milliseconds=1)
    for sent_at in (exact, beyond):
        receive(a_member().id, Batch(uuid7(), "wgs84", sent_at, [a_check_in(str(uuid7()), at)]), now)
    times = sorted(session.query(CheckIn.recorded_at).all())
    assert [time for (time,) in times] == [at - 2 * MINUTE - timedelta(milliseconds=1), at]


# --- what a form leaves blank, and what no text can hold ---


@pytest.mark.parametrize("blank", ["", "  ", "\u3000\n"])
@pytest.mark.parametrize("field", ["note", "proof"])
def test_a_blank_field_of_a_check_in_is_as_good_as_none(phone, field, blank):
    item = a_check_in(str(uuid7()), an_hour_ago(), **{field: blank})
    assert verdicts(phone, [item]) == ["stored"]
    assert getattr(session.get_one(CheckIn, item["id"]), field) is None


def test_an_id_with_half_a_letter_spoils_nothing(phone):
    good = a_check_in(str(uuid7()), an_hour_ago())
    assert verdicts(phone, [good | {"id": "\ud800"}, good]) == ["quarantined", "stored"]
