"""Marked places, and what proves that somebody was there."""

from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO

import pytest
from pypdf import PdfReader

from service.checkpoints import proofs
from service.coverage.actions import rebuild_marked
from service.db import session, uuid7
from service.patrols.models import CheckIn
from tests.factories import COMMUNITY, a_checkpoint, a_grid, a_square
from tests.service.phone import a_check_in, a_start, an_hour_ago, rfc3339, send

URL = "/api/v1/checkpoints"
NEW = {"name": "东门", "kind": "door", "lon": 97.3712, "lat": 37.3712}
UID, KEY = "04DE5F1EACC040", bytes(16)  # the example of NXP AN12196
SUN = f"uid={UID}&e=EF963FF7828658A599F3041510671E88&c=94EED9EE65337086"
NOWHERE = {"lon": None, "lat": None, "accuracy_m": None}


def check_in(client, proof, at=None, method="qr", **fields):
    """The check-in as it was kept."""
    at, patrol = at or an_hour_ago(), str(uuid7())
    item = a_check_in(patrol, at, method=method, proof=proof, **fields)
    assert send(client, [a_start(patrol, at), item]).json["results"][1]["status"] == "stored"
    session.expire_all()
    return session.get_one(CheckIn, item["id"])


def code_at(mark, at):
    return proofs.make(mark.secret, mark.code, proofs.step_at(at))


def test_the_example_of_the_application_note_is_genuine():
    finding = proofs.verify(proofs.read(SUN), b"", KEY, datetime.now(UTC))
    assert finding == ("ok", True, f"uid={UID}&ctr=00003D&cmac=94EED9EE65337086")


def test_a_tag_that_mirrors_in_the_clear_proves_the_same():
    claim = proofs.read(f"https://example.org/t?uid={UID}&ctr=00003D&cmac=94EED9EE65337086")
    assert proofs.verify(claim, b"", KEY, datetime.now(UTC)).verdict == "ok"


def test_a_counter_that_was_changed_is_forged():
    claim = proofs.read(f"uid={UID}&ctr=00003E&cmac=94EED9EE65337086")
    assert proofs.verify(claim, b"", KEY, datetime.now(UTC)).verdict == "forged"


def test_a_rotating_code_carries_fifty_bits():
    assert len(proofs.make(bytes(32), "ABCDEFGH", 7).split(".")[3]) * 5 == 50


def test_a_checkpoint_lies_in_the_grid_around_it(officer):
    grid = a_grid()
    assert officer.post(URL, json=NEW).json["grid"] == grid.code


def test_a_checkpoint_outside_all_grids_is_refused(officer):
    a_grid()
    assert officer.post(URL, json=NEW | {"lon": 98.5}).status_code == 404


def test_a_checkpoint_in_another_grid_than_said_is_refused(officer):
    a_grid()
    assert officer.post(URL, json=NEW | {"grid": COMMUNITY + "002"}).status_code == 422


def test_no_secret_is_shown_with_a_checkpoint(officer):
    a_grid()
    assert not {"secret", "nfc_key", "nfc_uid"} & officer.post(URL, json=NEW).json.keys()


def test_two_checkpoints_cannot_share_a_tag(officer):
    a_grid()
    officer.post(URL, json=NEW | {"nfc_uid": UID})
    assert officer.post(URL, json=NEW | {"nfc_uid": UID}).status_code == 409


def test_a_changed_checkpoint_is_shown_as_it_then_is(officer):
    mark = a_checkpoint(a_grid())
    url = f"{URL}/{mark.id}"
    changed = officer.patch(url, json={"name": "西门"}, headers={"If-Match": "*"})
    shown = officer.get(url)
    assert (changed.json, changed.headers["ETag"]) == (shown.json, shown.headers["ETag"])


def test_a_checkpoint_is_changed_by_who_has_read_it(officer):
    mark = a_checkpoint(a_grid())
    etag = officer.get(f"{URL}/{mark.id}").headers["ETag"]
    answer = officer.patch(f"{URL}/{mark.id}", json={"name": "西门"}, headers={"If-Match": etag})
    assert answer.json["name"] == "西门"


def test_a_checkpoint_does_not_move(officer):
    mark = a_checkpoint(a_grid())
    answer = officer.patch(f"{URL}/{mark.id}", json={"lon": 97.3713}, headers={"If-Match": "*"})
    assert answer.status_code == 422


def test_a_retired_checkpoint_leaves_the_list(officer):
    mark = a_checkpoint(a_grid())
    officer.delete(f"{URL}/{mark.id}")
    assert officer.get(URL).json["items"] == []


def test_checkpoints_can_be_asked_of_one_grid(officer):
    a_checkpoint(a_grid())
    other = a_grid(COMMUNITY + "002", a_square(97.38))
    mark = a_checkpoint(other, 97.381)
    items = officer.get(URL, query_string={"grid": other.code}).json["items"]
    assert [each["id"] for each in items] == [str(mark.id)]


def test_the_sheet_has_a_code_for_every_checkpoint(officer):
    grid = a_grid()
    marks = a_checkpoint(grid), a_checkpoint(grid)
    sheet = PdfReader(BytesIO(officer.get(f"{URL}/sheet", query_string={"grid": grid.code}).data))
    assert [mark.code in sheet.pages[0].extract_text() for mark in marks] == [True, True]


def test_a_name_on_the_sheet_is_only_text(officer):
    grid = a_grid()
    a_checkpoint(grid, name='#panic("东门") *$')
    sheet = PdfReader(BytesIO(officer.get(f"{URL}/sheet", query_string={"grid": grid.code}).data))
    assert '#panic("东门") *$' in sheet.pages[0].extract_text()


def test_a_member_cannot_print_codes(phone):
    grid = a_grid()
    assert phone.get(f"{URL}/sheet", query_string={"grid": grid.code}).status_code == 403


def test_one_code_can_be_had_as_pdf(officer):
    mark = a_checkpoint(a_grid())
    assert officer.get(f"{URL}/{mark.id}/qr?format=pdf").data.startswith(b"%PDF")


def test_a_display_can_make_the_codes_itself(officer):
    shown = officer.get(f"{URL}/{a_checkpoint(a_grid()).id}/display").json
    step = int(shown["proof"].split(".")[2])
    assert proofs.make(bytes.fromhex(shown["secret"]), shown["code"], step) == shown["proof"]


def test_a_fresh_code_where_the_phone_is_gives_grade_a(phone):
    mark, at = a_checkpoint(a_grid()), an_hour_ago()
    assert check_in(phone, code_at(mark, at), at).grade == "A"


def test_a_code_scanned_offline_is_judged_by_the_time_of_the_scan(phone):
    mark, at = a_checkpoint(a_grid()), an_hour_ago() - timedelta(hours=9)
    assert check_in(phone, code_at(mark, at), at).checkpoint_id == mark.id


def test_an_old_code_proves_nothing(phone):
    mark, at = a_checkpoint(a_grid()), an_hour_ago()
    kept = check_in(phone, code_at(mark, at - timedelta(minutes=10)), at)
    assert (kept.checkpoint_id, kept.grade, kept.marks) == (None, "C", ["stale_proof"])


def test_a_printed_code_gives_grade_b(phone):
    mark = a_checkpoint(a_grid())
    assert check_in(phone, proofs.make_static(mark.secret, mark.code)).grade == "B"


def test_a_forged_code_gives_grade_d(phone):
    mark, at = a_checkpoint(a_grid()), an_hour_ago()
    forged = proofs.make(bytes(32), mark.code, proofs.step_at(at))
    kept = check_in(phone, forged, at)
    assert (kept.checkpoint_id, kept.grade, kept.marks) == (None, "D", ["forged_proof"])


def test_a_code_shown_far_from_its_checkpoint_gives_grade_d(phone):
    mark, at = a_checkpoint(a_grid()), an_hour_ago()
    kept = check_in(phone, code_at(mark, at), at, lat=37.3726)
    assert (kept.grade, kept.marks) == ("D", ["far_from_checkpoint"])


def test_an_inaccurate_position_near_by_leaves_grade_b_to_the_proof(phone):
    mark, at = a_checkpoint(a_grid()), an_hour_ago()
    assert check_in(phone, code_at(mark, at), at, accuracy_m=80).grade == "B"


def test_a_foreign_code_leaves_the_position_to_speak(phone):
    a_grid()
    kept = check_in(phone, "https://example.org/menu")
    assert (kept.grade, kept.marks) == ("B", ["unknown_proof"])


def test_a_proof_without_position_lies_in_the_grid_of_its_checkpoint(phone):
    grid, at = a_grid(), an_hour_ago()
    assert check_in(phone, code_at(a_checkpoint(grid), at), at, **NOWHERE).grid_id == grid.id


def test_a_proof_indoors_counts_as_having_been_there(phone, officer):
    at = an_hour_ago()
    check_in(phone, code_at(a_checkpoint(a_grid()), at), at, **NOWHERE)
    rebuild_marked()
    assert officer.get("/api/v1/coverage").json["items"][0]["state"] == "no_evidence"


def test_what_was_scanned_before_a_retirement_still_counts(phone, officer):
    mark, at = a_checkpoint(a_grid()), an_hour_ago()
    code = code_at(mark, at)
    officer.delete(f"{URL}/{mark.id}")
    assert check_in(phone, code, at).grade == "A"


def test_a_tag_proves_by_its_uid(phone):
    mark = a_checkpoint(a_grid(), nfc_uid=UID)
    kept = check_in(phone, "04:de:5f:1e:ac:c0:40", method="nfc")
    assert (kept.checkpoint_id, kept.grade) == (mark.id, "B")


def test_the_uid_of_a_tag_that_signs_is_no_proof(phone):
    a_checkpoint(a_grid(), nfc_uid=UID, nfc_key=KEY)
    assert check_in(phone, UID, method="nfc").checkpoint_id is None


def test_a_signed_touch_gives_grade_a(phone):
    a_checkpoint(a_grid(), nfc_uid=UID, nfc_key=KEY)
    assert check_in(phone, SUN, method="nfc").grade == "A"


@pytest.mark.parametrize("later_first", [False, True])
def test_whoever_shows_the_code_of_another_later_is_marked_in_any_order(signed_in, later_first):
    mark, at = a_checkpoint(a_grid()), an_hour_ago()
    scan = partial(check_in, proof=code_at(mark, at))
    moments = [at + timedelta(seconds=20), at] if later_first else [at, at + timedelta(seconds=20)]
    kept = [scan(signed_in(role="member"), at=each).id for each in moments]
    marks = {
        session.get_one(CheckIn, each).recorded_at: session.get_one(CheckIn, each).marks for each in kept
    }
    assert marks == {at: [], at + timedelta(seconds=20): ["replayed_code"]}


def test_a_printed_code_is_not_replayed(signed_in):
    mark = a_checkpoint(a_grid())
    proof = proofs.make_static(mark.secret, mark.code)
    check_in(signed_in(role="member"), proof)
    assert check_in(signed_in(role="member"), proof).marks == []


def test_a_pastoral_grid_is_seen_by_the_share_of_its_checkpoints(phone, officer):
    grid, at = a_grid(basis="checkpoints"), an_hour_ago()
    mark, _ = a_checkpoint(grid), a_checkpoint(grid, lat=37.3722)
    check_in(phone, code_at(mark, at), at)
    rebuild_marked()
    window = {"from": rfc3339(at - timedelta(hours=1))}
    assert officer.get("/api/v1/coverage", query_string=window).json["items"][0]["share_seen"] == 0.5


def test_a_leap_that_only_a_car_can_make_is_doubted_of_a_walker(phone):
    a_grid()
    at, patrol = an_hour_ago(), str(uuid7())
    points = [
        [round(at.timestamp() * 1000) + n * 10_000, 97.3702 + n * 0.0001, 37.3712, 6.0] for n in range(5)
    ]
    points[2][2] += 0.0027  # 300 m aside within ten seconds
    track = {"type": "track", "id": str(uuid7()), "patrol_id": patrol, "points": points}
    marks = send(phone, [a_start(patrol, at), track]).json["results"][1]["marks"]
    assert "implausible_speed" in marks
