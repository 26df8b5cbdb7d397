"""Tiles are drawn once, and kept only while there is room."""

import pytest

from service.tiles.cache import HOUR, OVERHEAD, Questions, TileCache


def undrawn():
    pytest.fail("this tile was kept, and need not be drawn")


def test_a_kept_tile_is_not_drawn_again():
    cache = TileCache()
    cache.get("a", lambda: b"tile")
    assert cache.get("a", undrawn) == b"tile"


def test_the_least_recently_asked_for_leaves_first():
    cache = TileCache(room=2 * (4 + OVERHEAD))
    for key in "aba":
        cache.get(key, lambda: b"tile")
    cache.get("c", lambda: b"tile")
    assert list(cache.tiles) == ["a", "c"]


def test_the_cache_never_outgrows_its_room():
    cache = TileCache(room=10_000)
    for each in range(1_000):
        cache.get(each, lambda each=each: bytes(each))
    assert sum(len(tile) + OVERHEAD for tile in cache.tiles.values()) == cache.size <= cache.room


def test_a_tile_larger_than_the_room_is_drawn_and_not_kept():
    cache = TileCache(room=OVERHEAD)
    assert (cache.get("a", lambda: b"tile"), cache.size) == (b"tile", 0)


def test_an_accepted_question_is_known_until_the_hour_ends():
    questions = Questions()
    questions.keep("words", "window", HOUR * 9 - 1)
    assert [questions.get("words", HOUR * 9 + at) for at in (-2, 0, 24 * HOUR - 1)] == ["window", None, None]


def test_no_more_questions_are_known_than_there_is_room_for():
    questions = Questions(most=10)
    for each in range(100):
        questions.keep(each, each, 0)
    assert 0 < len(questions.known) <= 10
