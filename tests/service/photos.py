"""Photos as phones take them."""

import io
import struct
import zlib
from hashlib import sha256
from typing import Any

from flask.testing import FlaskClient
from PIL import Image
from pillow_heif import register_heif_opener

register_heif_opener()
LON, LAT = 97.25, 37.5
SECRET = b"serial-4711"  # stands in the EXIF of every photo with evidence


def a_photo(
    kind: str = "JPEG",
    size: tuple[int, int] = (60, 40),
    exif: Any = None,
    mode: str = "RGB",
    *,
    clear: bool = False,
) -> bytes:
    """A picture: red on the left, blue on the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    out = io.BytesIO()
    image = image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)
    if clear:
        image.putalpha(0)
    image.save(out, kind, **({"exif": exif} if exif else {}))
    return out.getvalue()


def some_exif(taken: str = "2026:11:24 10:05:03", offset: str | None = "+08:00", turn: int = 1) -> Any:
    """What a phone writes into a photo."""
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = turn, "<script>alert(1)</script>"
    exif.get_ifd(0x8769)[0x9003] = taken
    exif.get_ifd(0x8769)[0xA431] = SECRET.decode()
    if offset:
        exif.get_ifd(0x8769)[0x9011] = offset
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (37.0, 30.0, 0.0), "E", (97.0, 15.0, 0.0)
    return exif


def a_png_of(width: int, height: int) -> bytes:
    """A small file that promises a picture of this size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def a_jpeg_of(scans: int, size: tuple[int, int] = (600, 400)) -> bytes:
    """A progressive JPEG that goes over its picture so often, with previews before and behind it."""
    out = io.BytesIO()
    Image.new("L", size, 128).save(out, "JPEG", progressive=True)
    photo = out.getvalue()
    first, last, end = (photo.find(b"\xff\xda"), photo.rindex(b"\xff\xda"), photo.rindex(b"\xff\xd9"))
    more = scans - photo.count(b"\xff\xda")
    preview = b"\xff\xda" * 100
    kept = b"\xff\xed" + struct.pack(">H", 2 + len(preview)) + preview
    return (
        photo[:2] + kept + photo[2:first] + photo[first:end] + photo[last:end] * more + photo[end:] + preview
    )


def name_of(photo: bytes) -> str:
    return sha256(photo).hexdigest()


def url_of(photo: bytes) -> str:
    return f"/api/v1/media/{name_of(photo)}"


def put(client: FlaskClient, photo: bytes, url: str = "", **more: Any) -> Any:
    """Send a photo in whole."""
    return client.put(url or url_of(photo), **({"data": photo, "content_type": "image/jpeg"} | more))


def put_part(client: FlaskClient, photo: bytes, first: int, end: int, **more: Any) -> Any:
    """Send the bytes of a photo from `first` to before `end`."""
    said = {"Content-Range": f"bytes {first}-{end - 1}/{len(photo)}"}
    return put(client, photo, data=photo[first:end], headers=said, **more)


def picture_of(answer: Any) -> Image.Image:
    """The picture of an answer."""
    return Image.open(io.BytesIO(answer.data))
