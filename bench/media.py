"""What it costs to decode photos apart from the service."""

import io
import struct
import zlib
from collections.abc import Iterator
from functools import partial

import numpy as np
from PIL import Image, ImageOps

from bench.stand import Stand
from bench.table import Figure, Mark, in_turns
from service.errors import Invalid
from service.media import decoder
from service.media.sandbox import Decoder

NAME = "media"
PIXELS = 50_000_000
SIZE = 4000, 3000  # what phones take
ROUNDS = 5


def figures(stand: Stand) -> Iterator[Figure]:
    """A photo, and a bomb, through the process that waits."""
    photo, waiting = _photo(), Decoder()
    waiting.decode(photo, PIXELS)
    ways = (
        partial(decoder.clean, photo, PIXELS),
        partial(waiting.decode, photo, PIXELS),
        partial(_in_a_new_process, photo),
        partial(_as_usual, photo),
    )
    within, ours, anew, usual = (each * 1e3 for each in in_turns(stand.runs * ROUNDS, *ways))
    limit = Mark(within, "inside the service")
    for peer in (Mark(anew, "a process a photo"), Mark(usual, "Pillow, full size, inside")):
        yield Figure(
            NAME, f"a photo of 12 Mpx, {peer.name} beside", ours, "ms", stand.runs * ROUNDS, limit, peer
        )
    bomb = _bomb()
    refusals = (
        partial(_refused, waiting, b"no photo"),
        partial(_refused, waiting, bomb),
        partial(_in_a_new_process, bomb),
    )
    floor, ours, anew = (each * 1e3 for each in in_turns(stand.runs * ROUNDS, *refusals))
    marks = Mark(floor, "there and back"), Mark(anew, "a process a photo")
    yield Figure(NAME, "a bomb of 65,535 × 65,535 is refused", ours, "ms", stand.runs * ROUNDS, *marks)


def _photo() -> bytes:
    """A picture with as much detail as a street has."""
    chance = np.random.default_rng(7)
    coarse = chance.integers(0, 256, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    image = Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def _bomb() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 65535, 65535, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _refused(asked: Decoder, photo: bytes) -> None:
    try:
        asked.decode(photo, PIXELS)
    except Invalid:
        return
    raise AssertionError("it was not refused")


def _in_a_new_process(photo: bytes) -> None:
    fresh = Decoder()
    try:
        fresh.decode(photo, PIXELS)
    except Invalid:
        pass
    finally:
        fresh.stop()


def _as_usual(photo: bytes) -> None:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(photo)))
    image.save(io.BytesIO(), "JPEG", quality=decoder.QUALITY, exif=b"")
    image.thumbnail((decoder.THUMBNAIL, decoder.THUMBNAIL))
    image.save(io.BytesIO(), "JPEG", quality=decoder.QUALITY)
