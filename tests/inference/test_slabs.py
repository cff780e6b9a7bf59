"""A body drawn slab by slab is the body drawn at once."""

import numpy as np
import pytest

from oligocount.inference.slabs import by_slabs

BODY = np.random.default_rng(0).normal(size=(2, 23, 3, 4)).astype(np.float32)


def smoothed(slices: slice) -> np.ndarray:
    """The mean of each slice and its neighbours among those seen: wrong at a slab's own ends."""
    seen = BODY[:, slices]
    padded = np.pad(seen, ((0, 0), (1, 1), (0, 0), (0, 0)), mode="edge")
    return (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3


@pytest.mark.parametrize("slab", [1, 5, 8, 23, 99])
def test_what_lies_at_the_ends_of_a_slab_is_seen_by_its_margin(slab: int) -> None:
    found = by_slabs(smoothed, 23, slab=slab, margin=1)
    np.testing.assert_array_equal(found, smoothed(slice(0, 23)))


def test_without_a_margin_the_ends_differ() -> None:
    found = by_slabs(smoothed, 23, slab=5, margin=0)
    assert not np.array_equal(found, smoothed(slice(0, 23)))


def test_each_slice_is_drawn_in_as_many_parts_as_are_told() -> None:
    def doubled(slices: slice) -> np.ndarray:
        return np.repeat(BODY[:, slices], 2, axis=1)

    found = by_slabs(doubled, 23, slab=6, margin=2, parts=2)
    np.testing.assert_array_equal(found, np.repeat(BODY, 2, axis=1))


def test_a_body_without_slices_is_refused() -> None:
    with pytest.raises(ValueError, match="no slices"):
        by_slabs(smoothed, 0, slab=4, margin=1)
