"""What phones send is kept once, whatever the network does."""

import gzip
import json

from service.db import session, uuid7
from service.patrols.models import CheckIn, Fix, Patrol
from service.uploads.models import QuarantinedItem
from tests.factories import a_member
from tests.service.phone import a_check_in, a_patrol, a_start, a_track, an_end, an_hour_ago, send, verdicts


def test_a_patrol_is_stored_with_all_its_fixes(phone):
    items = a_patrol()
    assert verdicts(phone, items) == ["stored"] * 4
    assert session.query(Fix).filter_by(track_id=items[1]["id"]).count() == 3


def test_everything_sent_again_is_a_duplicate(phone):
    items = a_patrol()
    send(phone, items)
    assert verdicts(phone, items) == ["duplicate"] * 4


def test_sending_again_adds_no_row(phone):
    items = a_patrol()
    send(phone, items), send(phone, items)
    assert (session.query(Fix).count(), session.query(CheckIn).count()) == (3, 1)


def test_the_same_id_with_other_content_is_a_conflict(phone):
    items = a_patrol()
    send(phone, items)
    items[2]["accuracy_m"] = 8
    assert verdicts(phone, items) == ["duplicate", "duplicate", "conflict", "duplicate"]


def test_a_conflict_keeps_the_first_and_quarantines_the_second(phone):
    check_in = a_check_in(str(uuid7()), an_hour_ago(), note="first")
    send(phone, [check_in]), send(phone, [check_in | {"note": "second"}])
    kept = (
        session.query(CheckIn.note).scalar(),
        json.loads(session.query(QuarantinedItem.raw).scalar())["note"],
    )
    assert kept == ("first", "second")


def test_the_same_item_twice_in_one_batch_is_stored_once(phone):
    start = a_start(str(uuid7()), an_hour_ago())
    assert verdicts(phone, [start, start]) == ["stored", "duplicate"]


def test_a_bad_item_never_spoils_the_others(phone):
    items = a_patrol()
    items[1]["points"][0][1] = 540
    assert verdicts(phone, items) == ["stored", "quarantined", "stored", "stored"]


def test_a_quarantined_item_is_kept_as_it_was_sent(phone):
    item = a_check_in(str(uuid7()), an_hour_ago(), lat="north\u0000\ud800")
    send(phone, [item])
    assert json.loads(session.query(QuarantinedItem.raw).scalar()) == item


def test_a_quarantined_item_sent_again_is_kept_once(phone):
    item = a_check_in(str(uuid7()), an_hour_ago(), lat=95)
    send(phone, [item]), send(phone, [item])
    assert session.query(QuarantinedItem).count() == 1


def test_an_unknown_type_is_quarantined(phone):
    assert verdicts(phone, [{"type": "song", "id": str(uuid7())}]) == ["quarantined"]


def test_items_may_arrive_before_the_start_of_their_patrol(phone):
    patrol, at = str(uuid7()), an_hour_ago()
    send(phone, [a_track(patrol, at)])
    assert phone.get(f"/api/v1/patrols/{patrol}").json["implied"] is True


def test_a_patrol_is_no_longer_implied_once_its_start_has_arrived(phone):
    patrol, at = str(uuid7()), an_hour_ago()
    send(phone, [a_track(patrol, at)]), send(phone, [a_start(patrol, at, mode="horse")])
    found = phone.get(f"/api/v1/patrols/{patrol}").json
    assert (found["implied"], found["mode"]) == (False, "horse")


def test_the_earliest_start_and_the_latest_end_count_in_any_order(phone):
    patrol, at = str(uuid7()), an_hour_ago()
    later = at.replace(minute=(at.minute + 1) % 60)
    first, last = min(at, later), max(at, later)
    send(phone, [an_end(patrol, last), a_start(patrol, last)])
    send(phone, [an_end(patrol, first), a_start(patrol, first)])
    row = session.get(Patrol, patrol, populate_existing=True)
    assert (row.started_at, row.ended_at) == (first, last)


def test_another_members_patrol_is_rejected(phone, signed_in):
    items = a_patrol()
    send(phone, items)
    stranger = signed_in(a_member())
    mine = a_check_in(items[0]["patrol_id"], an_hour_ago())
    assert verdicts(stranger, [mine]) == ["rejected"]


def test_a_track_of_a_member_who_did_not_agree_is_rejected(signed_in):
    items = a_patrol()
    assert verdicts(signed_in(a_member(consents=False)), items) == ["stored", "rejected", "stored", "stored"]


def test_what_is_rejected_leaves_nothing_behind(signed_in):
    send(signed_in(a_member(consents=False)), [a_patrol()[1] | {"points": "none"}])
    assert session.query(QuarantinedItem).count() + session.query(Patrol).count() == 0


def test_a_position_outside_any_patrol_is_rejected(phone):
    check_in = a_check_in("", an_hour_ago())
    del check_in["patrol_id"]
    assert verdicts(phone, [check_in]) == ["rejected"]


def test_gcj02_positions_are_stored_as_wgs84(phone):
    patrol, at = str(uuid7()), an_hour_ago()
    send(phone, [a_track(patrol, at)], crs="gcj02")
    lon = phone.get(f"/api/v1/patrols/{patrol}/track").json["geometry"]["coordinates"][0][0]
    assert 0.0005 < 97.3702 - lon < 0.004


def test_times_are_corrected_by_the_phones_clock(phone):
    at, fast = an_hour_ago(), 7200
    ahead = {"sent_at": at.replace(year=at.year).isoformat()}
    answer = send(phone, a_patrol(at), clock=ahead)
    assert answer.json["results"][0]["marks"] == ["clock_skew"] and fast


def test_a_clock_decades_off_loses_nothing(phone):
    answer = send(phone, a_patrol(), clock={"sent_at": "1970-01-01T00:00:00Z"})
    assert {each["status"] for each in answer.json["results"]} == {"quarantined"}


def test_a_gzipped_upload_is_understood(phone):
    body = gzip.compress(json.dumps({"batch_id": str(uuid7()), "crs": "wgs84", "items": a_patrol()}).encode())
    answer = phone.post(
        "/api/v1/uploads", data=body, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert {each["status"] for each in answer.json["results"]} == {"stored"}


def test_a_gzip_bomb_is_refused(phone):
    body = gzip.compress(b" " * 3_000_000)
    answer = phone.post(
        "/api/v1/uploads", data=body, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 413


def test_more_than_500_items_are_refused(phone):
    assert send(phone, [None] * 501).status_code == 422


def test_a_missing_crs_is_refused(phone):
    body = {"batch_id": str(uuid7()), "items": []}
    assert "crs" in phone.post("/api/v1/uploads", json=body).json["errors"]


def test_only_those_who_patrol_may_upload(signed_in):
    assert send(signed_in(role="centre"), []).status_code == 403


def test_a_track_far_away_is_kept_and_marked(phone):
    track = a_track(str(uuid7()), an_hour_ago(), [(121.47, 31.23)])
    assert send(phone, [track]).json["results"][0]["marks"] == ["outside_grids"]
