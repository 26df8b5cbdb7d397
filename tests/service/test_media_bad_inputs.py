"""What is no photo, and what would like to break a decoder: refused clearly, at once, and without harm."""

import json
import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from service.db import session, transaction
from service.media import actions, decoder
from service.media.models import Photo
from service.media.sandbox import DECODER, Decoder
from tests.conftest import SHARED
from tests.factories import a_member
from tests.service.photos import a_jpeg_of, a_photo, a_png_of, name_of, put

pytestmark = pytest.mark.usefixtures("folder")

PIXELS = 50_000_000
BAD = {
    "nothing": b"",
    "html": b"<html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "program": b"MZ" + bytes(1000),
    "archive": b"PK\x03\x04" + bytes(1000),
    "gif": a_photo("GIF"),
    "tiff": a_photo("TIFF"),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "address": b'{"url":"http://169.254.169.254/latest/meta-data/"}',
    "jpeg in name only": b"\xff\xd8\xff\xe0" + bytes(500),
    "png in name only": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "webp in name only": b"RIFF\xff\xff\xff\xffWEBPVP8 " + bytes(500),
    "heic in name only": b"\0\0\0\x18ftypheic" + bytes(500),
    "half a jpeg": a_photo(size=(600, 400))[:-2000],
    "half a png": a_photo("PNG", size=(600, 400))[:400],
    "half a webp": a_photo("WEBP", size=(600, 400))[:200],
    "half a heic": a_photo("HEIF", size=(600, 400))[:-100],
    "65,535 square": a_png_of(65535, 65535),
    "12,000 square": a_png_of(12000, 12000),
    "8 by 50,000": a_png_of(8, 50000),
    "a thousand scans": a_jpeg_of(1000),
    "50 million pixels with transparency": a_photo("PNG", size=(8100, 6100), mode="RGBA"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_photo_is_refused(phone, name):
    answer = put(phone, BAD[name])
    assert (answer.status_code, answer.json["status"]) == (422, 422)


@pytest.mark.parametrize("name", BAD)
def test_after_what_is_no_photo_the_next_photo_is_taken(phone, name):
    put(phone, BAD[name])
    assert put(phone, a_photo()).status_code == 201


def cases():
    file = SHARED / "cases" / "bad_inputs.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return [each for each in known if each["target"] == "photo" and _body_of(each) is not None]


def _body_of(case):
    generator = case.get("generator", "")
    if "raw" in case:
        return case["raw"].encode()
    known = {"PNG": a_png_of, "JPEG_GPS": a_photo()}
    return eval(generator[3:], known) if generator.startswith("py:") else None


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_a_known_bad_photo_is_answered_as_it_should_be(phone, case):
    body = _body_of(case)
    kind = case.get("content_type", "image/jpeg")
    answer = put(phone, body, data=body, content_type=kind)
    wanted = {"reject_400": 400, "reject_422": 422}.get(case["expect"], 201)
    assert answer.status_code == wanted


def test_a_jpeg_that_cameras_could_have_written_is_taken(phone):
    assert put(phone, a_jpeg_of(10)).status_code == 201


NARROW = """
import sys; sys.path.insert(0, {folder!r})
import decoder
decoder.Image.init()
decoder.MEMORY = 160 * 1024 * 1024
sys.stdout.buffer.write(decoder._in_a_child(sys.stdin.buffer.read(), 50_000_000))
"""


def test_a_picture_that_takes_too_much_memory_is_refused():
    script = NARROW.format(folder=os.path.dirname(decoder.__file__))
    image = a_photo("PNG", size=(6000, 6000))
    told = subprocess.run([sys.executable, "-I", "-c", script], input=image, capture_output=True, check=True)
    assert b"Takes too much memory" in told.stdout


def test_a_decoder_that_was_killed_is_started_anew():
    decoder = Decoder()
    decoder.decode(a_photo(), PIXELS)
    decoder._process.kill()
    decoder._process.wait()
    assert decoder.decode(a_photo(), PIXELS).about == {"width": 60, "height": 40}


def test_a_decoder_ends_with_the_service_that_asked_it():
    decoder = Decoder()
    decoder.decode(a_photo(), PIXELS)
    decoder._line.close()
    assert decoder._process.wait(10) == 0


CONFINED = """
import sys; sys.path.insert(0, {folder!r})
import decoder, os
if os.getuid() == 0:
    os.setuid(65534)  # whom limits bind
decoder.confine(threads=False)
try:
    {act}
except (OSError, MemoryError) as error:
    os._exit(7)
os._exit(0)
"""


ACTS = [
    "open('/etc/passwd')",
    "__import__('_socket').socket()",
    "bytes(600 * 1024 * 1024)",
    "os.pipe()",
    "os.fork()",
]


@pytest.mark.parametrize("act", ACTS)
def test_what_decodes_a_photo_reaches_nothing(act):
    script = CONFINED.format(folder=os.path.dirname(decoder.__file__), act=act)
    loaded = "import socket, _socket\n" + script  # as the decoder itself has loaded it
    assert subprocess.run([sys.executable, "-I", "-c", loaded], check=False).returncode == 7


def test_what_decodes_for_ever_is_ended():
    script = CONFINED.format(folder=os.path.dirname(decoder.__file__), act="exec('while True: pass')")
    script = script.replace("decoder.confine(", "decoder.CPU = 1; decoder.confine(")
    assert subprocess.run([sys.executable, "-I", "-c", script], check=False).returncode < 0


def test_the_decoder_knows_nothing_of_our_environment():
    DECODER.decode(a_photo(), PIXELS)
    pid = DECODER._process.pid
    with open(f"/proc/{pid}/environ", "rb") as environ:
        assert b"GRIDPATROL" not in environ.read()


def test_the_decoder_holds_no_connection_of_ours(phone):
    put(phone, a_photo())
    pid = DECODER._process.pid
    held = [os.readlink(f"/proc/{pid}/fd/{each}") for each in os.listdir(f"/proc/{pid}/fd")]
    assert sum(each.startswith("socket:") for each in held) == 1


def test_decoding_leaves_the_service_as_small_as_it_was():
    DECODER.decode(a_photo(), PIXELS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    DECODER.decode(a_photo(size=(6000, 6000)), PIXELS)
    assert (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
    )  # KiB; the pixels take 105,000


def test_of_a_photo_that_comes_many_times_at_once_one_is_kept(app, folder):
    with transaction():
        id = a_member().id
    photo, knobs = a_photo(), app.settings

    def send(_):
        try:
            with transaction():
                return actions.keep(id, name_of(photo), photo, knobs).is_new
        finally:
            session.remove()

    try:
        with ThreadPoolExecutor(4) as threads:
            told = list(threads.map(send, range(4)))
        kept = len(list(folder.rglob("*.jpg")))
        assert (sum(told), session.query(Photo).filter_by(member_id=id).count(), kept) == (1, 1, 2)
    finally:
        session.remove()
        _take_away(id)


def _take_away(id):
    with transaction():
        session.execute(text("DELETE FROM photos WHERE member_id = :id"), {"id": id})
        session.execute(text("DELETE FROM consents WHERE member_id = :id"), {"id": id})
        session.execute(text("DELETE FROM members WHERE id = :id"), {"id": id})
    session.remove()
