"""Photos are decoded beside the service, never in it: by a process that waits, and a child for each photo."""

import json
import socket
import struct
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from service.errors import Invalid, Unavailable

PROGRAM = Path(__file__).with_name("decoder.py")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
PATIENCE = 15.0  # s, for an answer; the child itself is given less
QUEUE = 10.0  # s, until it is this photo's turn
_MOST = 64 * 1024 * 1024  # bytes of an answer


class Pictures(NamedTuple):
    """What became of a photo."""

    about: dict[str, Any]  # width, height; lon, lat; taken (local), offset_min: as far as the photo says
    picture: bytes
    thumbnail: bytes


class Decoder:
    """The process of this process; it is started when it is first needed, and again after it has died."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._pixels = 0

    def warm(self, pixels: int) -> None:
        """Have it ready; costs nothing if it is, and does not wait."""
        if self._turn.acquire(blocking=False):
            try:
                self._start(pixels)
            finally:
                self._turn.release()

    def decode(self, photo: bytes, pixels: int) -> Pictures:
        """The clean pictures of a photo of at most `pixels`; raises Invalid for what is none.

        One after another: whoever waits too long gets Unavailable.
        """
        if not self._turn.acquire(timeout=QUEUE):
            raise Unavailable(retry_after=5)
        try:
            return self._ask(self._start(pixels), photo)
        except (OSError, ValueError):
            self.stop()
            raise Unavailable(retry_after=5) from None
        finally:
            self._turn.release()

    def _start(self, pixels: int) -> socket.socket:
        if self._line and self._process and self._process.poll() is None and self._pixels == pixels:
            return self._line
        self.stop()
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE)
        command = [sys.executable, "-I", str(PROGRAM), str(pixels)]
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=ENVIRONMENT,
            )
        self._line, self._pixels = ours, pixels
        return ours

    def stop(self) -> None:
        """End it; the next photo starts another."""
        if self._line:
            self._line.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None

    def _ask(self, line: socket.socket, photo: bytes) -> Pictures:
        line.sendall(struct.pack(">I", len(photo)))
        line.sendall(photo)
        about = json.loads(_read(line, *struct.unpack(">I", _read(line, 4))))
        if "refused" in about:
            raise Invalid(about["refused"])
        picture, thumbnail = (_read(line, about.pop(name)) for name in ("picture", "thumbnail"))
        if not (picture.startswith(b"\xff\xd8") and thumbnail.startswith(b"\xff\xd8")):
            raise ValueError("not a picture that the decoder makes")
        return Pictures(about, picture, thumbnail)


def _read(line: socket.socket, size: int) -> bytes:
    if not 0 <= size <= _MOST:
        raise ValueError("an answer of no sensible length")
    data = bytearray()
    while len(data) < size:
        more = line.recv(min(size - len(data), 1 << 20))
        if not more:
            raise ConnectionError("the decoder is gone")
        data += more
    return bytes(data)


DECODER = Decoder()
