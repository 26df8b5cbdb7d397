"""Drawn tiles, kept in this process; the least recently asked for leave first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

ROOM = 64 * 1024 * 1024  # bytes of tiles in one process
OVERHEAD = 500  # bytes that a kept tile takes beside its own, so that empty ones count too


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
