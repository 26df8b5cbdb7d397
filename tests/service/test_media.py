"""Photos: sent once or often, kept clean, shown to whom they may be shown."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from service.audit.models import AuditRow
from service.db import session, uuid7
from service.media import store
from service.media.actions import remove_leftovers, sweep
from service.media.models import Photo
from service.media.sandbox import DECODER
from tests.factories import COUNTY, a_member, a_team
from tests.service.phone import a_check_in, an_hour_ago, verdicts
from tests.service.photos import LAT, LON, SECRET, a_photo, name_of, picture_of, put, some_exif, url_of

pytestmark = pytest.mark.usefixtures("folder")

GOLMUD = "632801000000"


def files(folder):
    return [each for each in folder.rglob("*") if each.is_file()]


def check_in_with(phone, *photos):
    item = a_check_in(str(uuid7()), an_hour_ago(), photos=[name_of(each) for each in photos])
    assert verdicts(phone, [item]) == ["stored"]


# --- sending ---


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_photo_of_a_known_kind_is_kept(phone, kind):
    answer = put(phone, a_photo(kind))
    assert (answer.status_code, answer.json["width"], answer.json["height"]) == (201, 60, 40)


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA", "LA", "I;16"])
def test_however_colours_are_written_a_photo_is_kept(phone, mode):
    assert put(phone, a_photo("PNG", mode=mode)).status_code == 201


def test_a_photo_in_printing_colours_is_kept(phone):
    assert put(phone, a_photo(mode="CMYK")).status_code == 201


def test_what_is_transparent_becomes_white(phone):
    photo = a_photo("PNG", mode="RGBA", clear=True)
    put(phone, photo)
    assert min(picture_of(phone.get(url_of(photo))).getpixel((5, 5))) > 250


def test_a_photo_sent_again_is_kept_once(phone, folder):
    photo = a_photo()
    first, again = put(phone, photo), put(phone, photo)
    assert (again.status_code, again.json, len(files(folder))) == (200, first.json, 2)


def test_other_bytes_than_the_path_names_are_refused(phone):
    answer = put(phone, a_photo(), url=url_of(b"another"))
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/wrong-digest")


def test_nothing_of_a_refused_photo_is_kept(phone, folder):
    put(phone, a_photo(), url=url_of(b"another"))
    put(phone, b"no photo")
    assert (session.query(Photo).count(), files(folder)) == (0, [])


@pytest.mark.parametrize("name", ["1", "A" * 64, "..%2f..%2fetc%2fpasswd"])
def test_a_name_that_is_no_digest_is_refused(phone, name):
    assert put(phone, a_photo(), url=f"/api/v1/media/{name}").status_code in (404, 422)


def test_another_media_type_is_refused(phone):
    assert put(phone, a_photo(), content_type="image/svg+xml").status_code == 415


def test_a_photo_larger_than_the_setting_is_refused(app, phone, monkeypatch):
    monkeypatch.setenv("GRIDPATROL_PHOTO_BYTES", "100")
    monkeypatch.setattr(app, "settings", type(app.settings).from_env())
    assert put(phone, a_photo()).status_code == 413


def test_a_day_allows_so_many_photos(app, phone, monkeypatch):
    monkeypatch.setenv("GRIDPATROL_PHOTOS_A_DAY", "1")
    monkeypatch.setattr(app, "settings", type(app.settings).from_env())
    put(phone, a_photo())
    answer = put(phone, a_photo(size=(10, 10)))
    assert (answer.status_code, 86000 < int(answer.headers["Retry-After"]) <= 86401) == (429, True)


def test_the_day_after_photos_are_taken_again(app, phone, monkeypatch):
    monkeypatch.setenv("GRIDPATROL_PHOTOS_A_DAY", "1")
    monkeypatch.setattr(app, "settings", type(app.settings).from_env())
    put(phone, a_photo())
    session.execute(text("UPDATE photos SET received_at = now() - interval '25 hours'"))
    assert put(phone, a_photo(size=(10, 10))).status_code == 201


def test_without_room_a_photo_is_refused_and_nothing_is_half_kept(phone, folder, monkeypatch):
    real, calls = store.obstore.put, []

    def put_until_full(objects, path, picture):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(objects, path, picture)

    monkeypatch.setattr(store.obstore, "put", put_until_full)
    answer = put(phone, a_photo())
    assert (answer.status_code, session.query(Photo).count(), files(folder)) == (507, 0, [])


def test_what_was_sent_is_in_the_audit_trail(phone, walker):
    put(phone, a_photo())
    assert session.query(AuditRow).filter_by(action="photo.keep", subject_id=walker.id).count() == 1


# --- what is kept ---


def test_where_and_when_a_photo_was_taken_is_read(phone):
    said = put(phone, a_photo(exif=some_exif())).json
    assert (said["lon"], said["lat"], said["exif_at"], said["exif_offset_min"]) == (
        LON, LAT, "2026-11-24T02:05:03Z", 480)  # fmt: skip


def test_a_time_without_offset_is_beijing_time_and_says_so(phone):
    said = put(phone, a_photo(exif=some_exif(offset=None))).json
    assert (said["exif_at"], said["exif_offset_min"]) == ("2026-11-24T02:05:03Z", None)


@pytest.mark.parametrize(
    "taken", ["0000:00:00 00:00:00", "9999:12:31 23:59:59", "yesterday", "2026:13:40 25:61:61"]
)
def test_a_time_that_does_not_exist_is_left_out(phone, taken):
    answer = put(phone, a_photo(exif=some_exif(taken=taken)))
    assert (answer.status_code, answer.json["exif_at"]) == (201, None)


def test_nothing_but_the_pixels_is_kept(phone, folder):
    put(phone, a_photo(exif=some_exif()) + b"PK\x03\x04<script>")
    kept = b"".join(each.read_bytes() for each in files(folder))
    assert [sign in kept for sign in (SECRET, b"Exif", b"<script>", b"PK\x03\x04")] == [False] * 4


def test_a_photo_is_turned_upright(phone):
    photo = a_photo(exif=some_exif(turn=6))  # to be turned by 90° to the right
    put(phone, photo)
    picture = picture_of(phone.get(url_of(photo)))
    assert (picture.size, picture.getpixel((5, 5))[0] > 200) == ((40, 60), True)


def test_a_large_photo_is_made_smaller(phone):
    photo = a_photo(size=(4000, 2000))
    put(phone, photo)
    assert picture_of(phone.get(url_of(photo))).size == (2560, 1280)


# --- seeing ---


def test_a_member_sees_their_own_photo(phone):
    photo = a_photo()
    put(phone, photo)
    answer = phone.get(url_of(photo))
    assert (answer.status_code, answer.content_type, answer.data[:2]) == (200, "image/jpeg", b"\xff\xd8")


def test_a_thumbnail_is_small(phone):
    photo = a_photo(size=(1000, 500))
    put(phone, photo)
    assert picture_of(phone.get(url_of(photo) + "?size=thumb")).size == (320, 160)


def test_an_unknown_size_is_refused(phone):
    assert phone.get(url_of(b"") + "?size=huge").status_code == 422


def test_a_picture_is_for_the_caller_alone_and_runs_nothing(phone):
    photo = a_photo()
    put(phone, photo)
    headers = phone.get(url_of(photo)).headers
    told = [headers[name] for name in ("Cache-Control", "X-Content-Type-Options", "Content-Security-Policy")]
    assert told == ["private, max-age=86400", "nosniff", "default-src 'none'; sandbox"]


def test_who_has_the_picture_already_is_told_so(phone):
    photo = a_photo()
    put(phone, photo)
    tag = phone.get(url_of(photo)).headers["ETag"]
    assert phone.get(url_of(photo), headers={"If-None-Match": tag}).status_code == 304


def test_a_head_tells_that_a_photo_is_here(phone):
    photo = a_photo()
    before = phone.head(url_of(photo)).status_code
    put(phone, photo)
    assert (before, phone.head(url_of(photo)).status_code) == (404, 200)


def test_a_colleague_sees_no_photo(phone, signed_in):
    photo = a_photo()
    put(phone, photo)
    check_in_with(phone, photo)
    assert signed_in(a_member()).get(url_of(photo)).status_code == 404


def test_an_officer_sees_no_photo_that_nothing_names(phone, signed_in):
    photo = a_photo()
    put(phone, photo)
    assert signed_in(role="officer", area=COUNTY).get(url_of(photo)).status_code == 404


@pytest.mark.parametrize("photo_first", [True, False])
def test_an_officer_sees_the_photo_of_a_check_in_whichever_came_first(phone, signed_in, photo_first):
    photo = a_photo()
    for send in (put, check_in_with) if photo_first else (check_in_with, put):
        send(phone, photo)
    assert signed_in(role="officer", area=COUNTY).get(url_of(photo)).status_code == 200


def test_an_officer_of_another_county_sees_no_photo(phone, signed_in):
    photo = a_photo()
    put(phone, photo)
    check_in_with(phone, photo)
    assert signed_in(role="officer", area=GOLMUD).get(url_of(photo)).status_code == 404


def test_a_leader_sees_the_photos_of_the_team(phone, walker, signed_in):
    leader, photo = a_member(role="leader"), a_photo()
    a_team(walker, leader=leader)
    put(phone, photo)
    check_in_with(phone, photo)
    assert signed_in(leader).get(url_of(photo)).status_code == 200


def test_naming_another_members_photo_opens_nothing(phone, signed_in):
    thief, photo = signed_in(a_member()), a_photo()
    put(phone, photo)
    check_in_with(thief, photo)
    assert thief.get(url_of(photo)).status_code == 404


def test_another_member_who_sends_the_same_photo_learns_nothing_of_the_first(phone, signed_in):
    photo = a_photo()
    put(phone, photo)
    assert put(signed_in(a_member()), photo).status_code == 201


def test_who_looks_at_anothers_photo_leaves_a_row(phone, walker, signed_in):
    photo = a_photo()
    put(phone, photo)
    check_in_with(phone, photo)
    signed_in(role="officer", area=COUNTY).get(url_of(photo))
    phone.get(url_of(photo))
    assert [row.subject_id for row in session.query(AuditRow).filter_by(action="photo.read")] == [walker.id]


@pytest.mark.parametrize("role", ["admin", "centre", "auditor"])
def test_who_is_not_out_there_sends_no_photos(signed_in, role):
    assert put(signed_in(role=role), a_photo()).status_code == 403


# --- letting go ---


def test_with_its_member_a_photo_goes(phone, walker, signed_in, folder):
    put(phone, a_photo())
    signed_in(role="admin").delete(f"/api/v1/members/{walker.id}")
    remove_leftovers()
    assert (session.query(Photo).count(), files(folder)) == (0, [])


def test_of_a_member_who_is_erased_meanwhile_no_photo_is_kept(phone, walker, folder, monkeypatch):
    decode = DECODER.decode

    def decode_meanwhile(*asked):
        session.execute(text("UPDATE members SET left_at = now() WHERE id = :id"), {"id": walker.id})
        return decode(*asked)

    monkeypatch.setattr(DECODER, "decode", decode_meanwhile)
    answer = put(phone, a_photo())
    assert (answer.status_code, session.query(Photo).count(), files(folder)) == (401, 0, [])


def test_pictures_without_a_photo_are_swept_away(app, phone, folder, monkeypatch):
    put(phone, a_photo())
    stray = uuid7()
    store.at(str(folder)).put(stray, {"full": b"x", "thumb": b"x"})
    monkeypatch.setattr("service.media.actions._STRAY", timedelta(0))
    assert (sweep(), len(files(folder))) == (1, 2)


def test_a_picture_on_its_way_is_not_swept_away(phone, folder):
    store.at(str(folder)).put(uuid7(), {"full": b"x", "thumb": b"x"})
    assert (sweep(), len(files(folder))) == (0, 2)


def test_one_can_take_a_copy_of_what_is_known_of_ones_photos(phone):
    photo = a_photo(exif=some_exif())
    put(phone, photo)
    copied = phone.get("/api/v1/me/export").json["photos"]
    assert [(each["sha256"], each["lon"]) for each in copied] == [(name_of(photo), LON)]
