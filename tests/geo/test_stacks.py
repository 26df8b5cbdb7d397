"""Grids kept whole or as windows, and put together many at once."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage import Cells, cells_of, share_seen
from geo.stacks import Stack, is_small, keep, kept

SMALL, LARGE = [cells_of(shapely.box(97.37, 37.37, 97.37 + size, 37.37 + size)) for size in (0.002, 0.02)]
SEEDS = st.integers(0, 9999)


def something(cells: Cells, seed: int) -> np.ndarray:
    """Bits of a raster, nothing at all now and then."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 256, cells.inside.shape, np.uint8) & cells.inside
    return bits * np.uint8(rng.random() < 0.8)


def test_grids_of_both_kinds_are_tried() -> None:
    assert (is_small(SMALL), is_small(LARGE)) == (True, False)


@given(SEEDS, st.sampled_from([SMALL, LARGE]))
def test_what_was_seen_survives_keeping(seed: int, cells: Cells) -> None:
    seen = something(cells, seed)
    assert np.array_equal(kept([keep(seen, cells)], cells), seen)


@given(SEEDS, st.sampled_from([SMALL, LARGE]))
def test_what_was_kept_of_a_grid_joins_in_any_order(seed: int, cells: Cells) -> None:
    one, other = something(cells, seed), something(cells, seed + 1)
    parts = [keep(one, cells), b"", keep(other, cells)]
    assert np.array_equal(kept(parts, cells), one | other)
    assert keep(kept(parts[::-1], cells), cells) == keep(one | other, cells)


def test_nothing_seen_is_no_bytes() -> None:
    assert [keep(kept([], cells), cells) for cells in (SMALL, LARGE)] == [b"", b""]


@given(SEEDS, st.integers(1, 4))
def test_a_stack_shows_of_each_grid_what_was_laid_on_it(seed: int, times: int) -> None:
    rng = np.random.default_rng(seed)
    cells, stack = [SMALL, LARGE, SMALL, LARGE], Stack()
    laid = [np.zeros_like(each.inside) for each in cells]
    for time in range(times):
        if time in (0, times - 1):  # grids may come later
            stack.widen(cells[len(stack.cells) : 4 if time else 2])
        grids = rng.permutation(len(stack.cells))
        seen = [something(cells[grid], seed + 10 * time + int(grid)) for grid in grids]
        parts = [keep(each, cells[grid]) for each, grid in zip(seen, grids, strict=True)]
        stack.lay(grids, np.array([len(part) for part in parts]), b"".join(parts))
        for grid, bits in zip(grids, seen, strict=True):
            laid[grid] |= bits
    for grid in range(len(stack.cells)):
        assert np.array_equal(stack.bits(grid), laid[grid])
        assert stack.shares()[grid] == share_seen(laid[grid], cells[grid])
