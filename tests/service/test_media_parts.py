"""Photos that come in parts, and photos that come in forms."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.db import session
from service.errors import Problem
from service.media.actions import MOST_UNFINISHED, sweep
from service.media.models import Photo, PhotoPart
from service.media.parts import Part, read_form, read_part
from tests.factories import a_member
from tests.service.photos import a_photo, put, put_part, url_of

pytestmark = pytest.mark.usefixtures("folder")


PHOTO = a_photo()
HALF, END = len(PHOTO) // 2, len(PHOTO)


# --- parts ---


def test_a_part_is_kept_and_the_phone_told_where_to_go_on(phone):
    answer = put_part(phone, PHOTO, 0, HALF)
    assert (answer.status_code, answer.headers["Upload-Offset"], answer.json["upload_offset"]) == (
        202, str(HALF), HALF)  # fmt: skip


def test_the_last_part_completes_the_photo(phone):
    put_part(phone, PHOTO, 0, HALF)
    assert (put_part(phone, PHOTO, HALF, END).status_code, phone.get(url_of(PHOTO)).status_code) == (201, 200)


def test_of_a_photo_that_is_complete_no_part_stays(phone):
    put_part(phone, PHOTO, 0, HALF)
    put_part(phone, PHOTO, HALF, END)
    assert session.query(PhotoPart).count() == 0


def test_many_parts_make_one_photo(phone):
    statuses = [put_part(phone, PHOTO, at, min(at + 100, END)).status_code for at in range(0, END, 100)]
    assert statuses == [202] * (len(statuses) - 1) + [201]


def test_a_part_sent_again_changes_nothing(phone):
    put_part(phone, PHOTO, 0, HALF)
    again = put_part(phone, PHOTO, 0, HALF)
    assert (again.status_code, again.json["upload_offset"], session.query(PhotoPart).count()) == (
        202,
        HALF,
        1,
    )


def test_the_last_part_sent_again_is_answered_with_the_photo(phone):
    put_part(phone, PHOTO, 0, HALF)
    first = put_part(phone, PHOTO, HALF, END)
    whole = put(phone, PHOTO)
    assert (whole.status_code, whole.json) == (200, first.json)


def test_parts_may_overlap(phone):
    put_part(phone, PHOTO, 0, HALF)
    assert put_part(phone, PHOTO, HALF - 50, END).status_code == 201


def test_a_gap_is_refused_and_the_phone_told_where_to_go_on(phone):
    put_part(phone, PHOTO, 0, 10)
    answer = put_part(phone, PHOTO, HALF, END)
    assert (answer.status_code, answer.json["errors"]) == (409, {"upload_offset": 10})


def test_after_a_broken_connection_the_phone_asks_how_far_it_came(phone):
    put_part(phone, PHOTO, 0, HALF)
    answer = phone.head(url_of(PHOTO))
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(HALF))


def test_nobody_else_learns_how_far_a_photo_came(phone, signed_in):
    put_part(phone, PHOTO, 0, HALF)
    assert signed_in(a_member()).head(url_of(PHOTO)).status_code == 404


def test_a_photo_cannot_be_seen_before_it_is_complete(phone):
    put_part(phone, PHOTO, 0, HALF)
    assert phone.get(url_of(PHOTO)).status_code == 404


def test_parts_that_make_another_photo_are_refused_and_forgotten(phone):
    put_part(phone, bytes(END), 0, 100, url=url_of(PHOTO))
    answer = put_part(phone, PHOTO, 100, END)
    assert (answer.status_code, session.query(PhotoPart).count(), session.query(Photo).count()) == (422, 0, 0)


def test_a_whole_photo_after_some_parts_is_taken(phone):
    put_part(phone, PHOTO, 0, HALF)
    assert (put(phone, PHOTO).status_code, session.query(PhotoPart).count()) == (201, 0)


RANGES = ("bytes 0-9", "bytes 5-2/10", "bytes 0-10/10", "items 0-9/10", "bytes */10", "bytes 0-3/10")


@pytest.mark.parametrize("said", RANGES)
def test_a_content_range_that_does_not_fit_is_refused(phone, said):
    answer = put(phone, PHOTO, data=b"0123456789", headers={"Content-Range": said})
    assert answer.status_code == 400


def test_a_part_of_a_photo_that_is_too_large_is_refused(phone):
    said = {"Content-Range": f"bytes 0-9/{17 * 1024 * 1024}"}
    assert put(phone, PHOTO, data=b"0123456789", headers=said).status_code == 413


def test_only_so_many_photos_may_be_on_their_way(phone):
    photos = [a_photo(size=(10, 10 + n)) for n in range(MOST_UNFINISHED + 1)]
    assert [put_part(phone, each, 0, 9).status_code for each in photos] == [202] * MOST_UNFINISHED + [429]


def test_parts_of_a_photo_that_never_came_go_after_a_day(phone, monkeypatch):
    put_part(phone, PHOTO, 0, HALF)
    monkeypatch.setattr("service.media.actions.DAY", timedelta(0))
    sweep()
    assert session.query(PhotoPart).count() == 0


def test_parts_of_an_erased_member_go(phone, signed_in):
    put_part(phone, PHOTO, 0, HALF)
    member_id = session.query(PhotoPart.member_id).scalar()
    signed_in(role="admin").delete(f"/api/v1/members/{member_id}")
    assert session.query(PhotoPart).count() == 0


@given(st.data(), st.binary(min_size=1, max_size=60))
def test_a_content_range_that_fits_gives_its_part(data, body):
    start, behind = data.draw(st.integers(0, 10**9)), data.draw(st.integers(0, 10**9))
    total = start + len(body) + behind
    part = read_part(f"bytes {start}-{start + len(body) - 1}/{total}", body)
    assert (part, part.is_last) == (Part(start, body, total), behind == 0)


# --- forms ---


def a_form(content=PHOTO, name="file", file_name="a.jpg", end="\r\n--B--\r\n"):
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
    return head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content + end.encode()


def put_form(client, form, content_type="multipart/form-data; boundary=B"):
    return put(client, PHOTO, data=form, content_type=content_type)


@pytest.mark.parametrize("file_name", ["照片.jpg", "..\\..\\x.jpg", "x.jpg.php", ".htaccess", "x" * 4096])
def test_what_a_file_is_called_does_not_matter(phone, file_name):
    assert put_form(phone, a_form(file_name=file_name)).status_code == 201


SHARP = [
    "a.jpg\0.php",
    'x"\r\nContent-Type: text/html.jpg',
    "x\r\nContent-Type: text/html.jpg",
    "a%0D%0A.jpg",
]


@pytest.mark.parametrize("file_name", SHARP)
def test_a_file_name_that_could_break_a_header_is_refused(phone, file_name):
    assert put_form(phone, a_form(file_name=file_name)).status_code == 400


OTHERS = [a_form(file_name=""), a_form(name="photo"), a_form(end="\r\n") + a_form(), a_form(b"no photo")]


@pytest.mark.parametrize("form", OTHERS)
def test_a_form_that_holds_something_else_than_one_photo_is_refused(phone, form):
    assert put_form(phone, form).status_code == 422


@pytest.mark.parametrize(
    "form", [a_form()[:-20], a_form(end=""), a_form(end="\r\n--B\r\n"), b"xx", b"", b"--B--\r\n"]
)
def test_a_form_that_is_cut_off_is_refused(phone, form):
    assert put_form(phone, form).status_code == 400


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "B" * 71])
def test_a_form_without_a_boundary_is_refused(phone, boundary):
    assert put_form(phone, a_form(), "multipart/form-data" + boundary).status_code == 400


@given(st.binary(max_size=200).filter(lambda content: b"\r\n--B" not in content))
def test_a_form_gives_its_file(content):
    assert read_form(a_form(content), "B") == content


@given(st.integers(0, len(a_form()) - 3))
def test_wherever_a_form_is_cut_off_it_is_refused(end):
    with pytest.raises(Problem):
        read_form(a_form()[:end], "B")
