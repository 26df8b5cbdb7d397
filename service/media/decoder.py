"""Makes clean pictures of what phones send; a program of its own, which imports nothing else of the service.

It is talked to over standard input, a socket: four bytes of length and a photo go in; four bytes of length, a
JSON object, the picture and its thumbnail come out. Each photo is looked at in a child of its own that has
little memory and time, and can open neither a file nor a socket; what breaks there breaks nothing else.
"""

import io
import json
import os
import re
import resource
import signal
import socket
import struct
import sys
from datetime import datetime
from typing import Any

import pillow_heif
from PIL import Image, ImageOps

MEMORY = 512 * 1024 * 1024  # bytes of address space
CPU, WALL = 5, 10  # s
LONGEST_SIDE = 12_000  # pixels of what is sent
MOST_OF_WEBP, MOST_OF_MANY = 25_000_000, 40_000_000  # pixels that fit into that memory
FEW_BYTES = ("1", "L", "RGB", "YCbCr", "CMYK")  # modes that are not copied on the way
MOST_SCANS = 32  # of a JPEG; cameras write up to ten, and each costs as much as the whole picture
PICTURE, THUMBNAIL = 2560, 320  # pixels of the longest side of what is kept
QUALITY = 85
_HEIF = re.compile(rb"....ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)", re.DOTALL)
_TIME = re.compile(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_GPS_IFD, _EXIF_IFD = 0x8825, 0x8769
_TAKEN, _TAKEN_OFFSET = 0x9003, 0x9011  # DateTimeOriginal, OffsetTimeOriginal


class Refused(Exception):
    """Not a photo that is taken; says why."""


def kind_of(photo: bytes) -> str:
    """The format that the first bytes promise; raises Refused for any but four."""
    if photo.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if photo.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if photo[:4] == b"RIFF" and photo[8:12] == b"WEBP":
        return "WEBP"
    if _HEIF.match(photo):
        return "HEIF"
    raise Refused("Not a JPEG, PNG, WebP or HEIC picture.")


def clean(photo: bytes, pixels: int) -> tuple[dict[str, Any], bytes, bytes]:
    """What a photo says of itself, and a picture and a thumbnail (JPEG) that hold nothing but pixels."""
    image = _open(photo)
    width, height = image.size
    most = min(pixels, _most(image))
    if max(width, height) > LONGEST_SIDE or width * height > most:
        raise Refused(f"At most {LONGEST_SIDE} pixels a side and {most} in all; this has {width} x {height}.")
    if image.format == "JPEG" and scans(photo) > MOST_SCANS:
        raise Refused(f"At most {MOST_SCANS} scans.")
    evidence = _evidence(image)
    try:
        picture = _flat(image)
    except MemoryError:
        raise Refused("Takes too much memory to decode.") from None
    except Exception:
        raise Refused("The picture is damaged or ends too early.") from None
    small = picture.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    about = evidence | {"width": picture.width, "height": picture.height}
    return about, _jpeg(picture), _jpeg(small)


def _open(photo: bytes) -> Image.Image:
    kind = kind_of(photo)
    try:
        return Image.open(io.BytesIO(photo), formats=[kind])
    except Exception:
        raise Refused(f"Begins as {kind} but is no picture.") from None


def _most(image: Image.Image) -> int:
    """How many pixels of this kind can be decoded in the memory that there is."""
    if image.format == "WEBP":
        return MOST_OF_WEBP
    return LONGEST_SIDE**2 if image.mode in FEW_BYTES else MOST_OF_MANY


def scans(jpeg: bytes) -> int:
    """How often a JPEG goes over its picture (ITU-T T.81, B.1), without previews before and behind it."""
    at = 2
    while jpeg[at : at + 1] == b"\xff" and jpeg[at + 1 : at + 2] not in (b"\xda", b""):
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    end = jpeg.find(b"\xff\xd9", at)
    return jpeg.count(b"\xff\xda", at, end if end > 0 else len(jpeg))


def _flat(image: Image.Image) -> Image.Image:
    """Upright, on white, in RGB, no larger than kept, and without anything that stood beside the pixels."""
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    elif image.mode.startswith(("I", "F")):  # 16 bits a sample
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    image.thumbnail((PICTURE, PICTURE), Image.Resampling.BILINEAR)  # half the time of the default
    image = ImageOps.exif_transpose(image)
    flat = Image.new("RGB", image.size, "white")
    mask = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    flat.paste(image.convert("RGB"), mask=mask)
    return flat


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _evidence(image: Image.Image) -> dict[str, Any]:
    """Where and when the phone says that it was taken; nothing of what cannot be read."""
    try:
        exif = image.getexif()
        return _place(exif.get_ifd(_GPS_IFD)) | _time(exif.get_ifd(_EXIF_IFD))
    except Exception:
        return {}


def _place(gps: dict[int, Any]) -> dict[str, float]:
    lat, lon = _degrees(gps.get(2), gps.get(1)), _degrees(gps.get(4), gps.get(3))
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180 or (lat, lon) == (0, 0):
        return {}
    return {"lon": lon, "lat": lat}


def _degrees(parts: Any, side: Any) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if value != value:
        return None
    return -value if str(side).upper() in ("S", "W") else value


def _time(exif: dict[int, Any]) -> dict[str, Any]:
    taken, offset = str(exif.get(_TAKEN, "")), _OFFSET.match(str(exif.get(_TAKEN_OFFSET, "")))
    if not _TIME.match(taken):
        return {}
    try:
        date, time = taken[:19].split(" ")
        said = {"taken": datetime.fromisoformat(f"{date.replace(':', '-')}T{time}").isoformat()}
    except ValueError:
        return {}
    if offset is None:
        return said
    minutes = int(offset[2]) * 60 + int(offset[3])
    return said | {"offset_min": -minutes if offset[1] == "-" else minutes}


def answer(photo: bytes, pixels: int) -> bytes:
    """The answer to one photo, as it goes over the wire."""
    try:
        about, picture, small = clean(photo, pixels)
    except Refused as refusal:
        return _frame({"refused": str(refusal)})
    except MemoryError:
        return _frame({"refused": "Takes too much memory to decode."})
    return _frame(about | {"picture": len(picture), "thumbnail": len(small)}) + picture + small


def _frame(about: dict[str, Any]) -> bytes:
    head = json.dumps(about).encode()
    return struct.pack(">I", len(head)) + head


def confine(*, threads: bool) -> None:
    """From here on: little memory and time, no file or socket that is not there already, and no new process.

    Who needs `threads` keeps the right to start some, and processes with it; nothing else can be told apart.
    """
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: CPU,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 0,
    } | ({} if threads else {resource.RLIMIT_NPROC: 0})
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
    signal.setitimer(signal.ITIMER_REAL, WALL)


def _in_a_child(photo: bytes, pixels: int) -> bytes:
    """The answer that a confined child gives, or what is said of one that died."""
    paper = os.memfd_create("answer")
    if (child := os.fork()) == 0:
        try:
            os.closerange(0, 3)
            confine(threads=_HEIF.match(photo) is not None)  # libheif cannot do without
            os.write(paper, answer(photo, pixels))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    size = os.lseek(paper, 0, os.SEEK_END)
    said = os.pread(paper, size, 0)
    os.close(paper)
    return said or _frame({"refused": "Cannot be decoded within the limits of time and memory."})


def main(pixels: int) -> None:
    """Answer photos until nobody asks any more."""
    Image.init()  # a child can load nothing more
    Image.MAX_IMAGE_PIXELS = None  # the limit here is asked before a pixel is decoded
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False
    pillow_heif.register_heif_opener()
    with socket.socket(fileno=0) as line, line.makefile("rb") as asked:
        while head := asked.read(4):
            line.sendall(_in_a_child(asked.read(*struct.unpack(">I", head)), pixels))


if __name__ == "__main__":
    main(int(sys.argv[1]))
