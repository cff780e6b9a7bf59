"""Cold cores are filled in large lesions; small ones and gaps between them stay."""

import numpy as np

from oligocount.domain.volume import Geometry
from oligocount.segment.core import with_cold_cores

GRID = Geometry(shape=(24, 24, 40), affine=np.array(
    [[0, 0, 4.0, 0], [0, 4.0, 0, 0], [4.0, 0, 0, 0], [0, 0, 0, 1]]))  # fmt: skip


def ball(centre: tuple[int, int, int], radius: float) -> np.ndarray:
    index = np.indices(GRID.shape)
    return sum((i - c) ** 2 for i, c in zip(index, centre, strict=True)) <= radius**2


def test_a_horseshoe_is_filled_to_a_ball() -> None:
    """A ball of 32 mm radius with a core of 16 mm that opens to one side."""
    whole = ball((12, 12, 12), 8)
    open_core = ball((12, 12, 12), 4)
    open_core[12, 12, 12:] = True
    filled = with_cold_cores(whole & ~open_core, GRID, radius_mm=20, min_ml=30)
    assert filled[12, 12, 12]
    assert (filled & whole).sum() > 0.98 * whole.sum()
    assert not (filled & ~whole).any()


def test_a_small_ring_keeps_its_hole() -> None:
    ring = ball((12, 12, 12), 3) & ~ball((12, 12, 12), 1)
    assert (with_cold_cores(ring, GRID, radius_mm=20, min_ml=30) == ring).all()


def test_two_neighbours_are_not_welded() -> None:
    pair = ball((12, 12, 8), 6) | ball((12, 12, 24), 6)
    assert (with_cold_cores(pair, GRID, radius_mm=20, min_ml=30) == pair).all()
