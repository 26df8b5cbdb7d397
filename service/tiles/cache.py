"""Drawn tiles, of which the least recently asked for leave first, and accepted questions; of this process."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Question = TypeVar("Question")
ROOM = 64 * 1024 * 1024  # bytes of tiles in one process
HOUR = 3600  # s
OVERHEAD = 500  # bytes that a kept tile takes beside its own, so that empty ones count too
MOST = 2000  # questions


class Questions(Generic[Question]):
    """Questions that were accepted, by the words in which they were asked and how far who asked sees.

    Good until the hour ends: the window of a question may end now.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.known: dict[Hashable, tuple[int, Question]] = {}

    def get(self, words: Hashable, now: float) -> Question | None:
        """What was asked in these words within the hour of `now` (unix time)."""
        hour, question = self.known.get(words, (0, None))
        return question if hour == now // HOUR else None

    def keep(self, words: Hashable, question: Question, now: float) -> None:
        """Remember a question that was asked at `now`."""
        if len(self.known) >= self.most:
            self.known.clear()
        self.known[words] = int(now // HOUR), question


class TileCache:
    """Tiles by a key that names their content: a version, a place, and whatever else they depend on."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self.size = 0
        self.tiles: OrderedDict[Hashable, bytes] = OrderedDict()
        self.lock = Lock()

    def get(self, key: Hashable, draw: Callable[[], bytes]) -> bytes:
        """The tile of a key, drawn if it is not here; two who ask at once may both draw it."""
        with self.lock:
            if key in self.tiles:
                self.tiles.move_to_end(key)
                return self.tiles[key]
        tile = draw()
        self._keep(key, tile)
        return tile

    def _keep(self, key: Hashable, tile: bytes) -> None:
        with self.lock:
            if key in self.tiles or len(tile) + OVERHEAD > self.room:
                return
            self.tiles[key] = tile
            self.size += len(tile) + OVERHEAD
            while self.size > self.room:
                _, oldest = self.tiles.popitem(last=False)
                self.size -= len(oldest) + OVERHEAD
