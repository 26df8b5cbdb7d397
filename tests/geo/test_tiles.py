"""Map tiles."""

import pytest

from geo import tiles


def test_the_first_tile_is_the_whole_world_between_85_degrees() -> None:
    assert tiles.bounds(0, 0, 0) == pytest.approx((-180, -85.0511287798066, 180, 85.0511287798066))


def test_the_four_children_of_a_tile_fill_it() -> None:
    west, south, east, north = tiles.bounds(9, 394, 197)
    assert tiles.bounds(10, 788, 394)[::3] == (west, north)
    assert tiles.bounds(10, 789, 395)[1:3] == (south, east)


@pytest.mark.parametrize("tile", [(-1, 0, 0), (23, 0, 0), (1, 2, 0), (1, 0, 2), (3, -1, 0)])
def test_there_is_no_tile_beyond_the_edges(tile: tuple[int, int, int]) -> None:
    assert not tiles.is_tile(*tile)


def test_the_deepest_tile_is_a_tile() -> None:
    assert tiles.is_tile(22, (1 << 22) - 1, (1 << 22) - 1)
