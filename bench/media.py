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
MOST_MS = 200.0  # until a bomb is refused


def figures(stand: Stand) -> Iterator[Figure]:
    """A photo, and bombs, through the process that waits."""
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
    for name, bomb in _bombs().items():
        refusals = partial(_refused, waiting, bomb), partial(_in_a_new_process, bomb)
        ours, anew = (each * 1e3 for each in in_turns(stand.runs * ROUNDS, *refusals))
        marks = Mark(MOST_MS, "allowed"), Mark(anew, "a process a photo")
        yield Figure(NAME, f"a bomb is refused: {name}", ours, "ms", stand.runs * ROUNDS, *marks)


def _photo() -> bytes:
    """A picture with as much detail as a street has."""
    chance = np.random.default_rng(7)
    coarse = chance.integers(0, 256, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    image = Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def _bombs() -> dict[str, bytes]:
    """Small files that would take long, or much memory, to be pictures."""
    out = io.BytesIO()
    Image.new("L", (7000, 7000), 128).save(out, "JPEG", progressive=True)
    jpeg = out.getvalue()
    last, end = jpeg.rindex(b"\xff\xda"), jpeg.rindex(b"\xff\xd9")
    return {
        "PNG of 65,535 × 65,535": _png(65535, 65535),
        "PNG of 12,000 × 12,000": _png(12000, 12000),
        "PNG with 50 MB of words in 50 KB": _png(
            10, 10, b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000))
        ),
        "JPEG of 1,000 scans": jpeg[:end] + jpeg[last:end] * 1000 + jpeg[end:],
    }


def _png(width: int, height: int, name: bytes = b"tEXt", words: bytes = b"a\0") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head, pixels = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0), zlib.compress(bytes(1_000_000))
    chunks = (chunk(b"IHDR", head), chunk(name, words), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


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
