"""Where the voxels of an nnU-Net lie, by hand."""

import numpy as np

from oligocount.domain.volume import Geometry
from oligocount.inference.nnunet import network_grid

IMAGE = Geometry(shape=(40, 50, 60), affine=np.array(
    [[0, 0, 2.0, -80], [0, 3.0, 0, -60], [4.0, 0, 0, 7], [0, 0, 0, 1]]))  # fmt: skip


def test_the_edges_of_the_box_stay_where_they_are() -> None:
    """Turned so that i comes first; 30, 20 and 24 voxels of the image become 10, 40 and 24."""
    box, axes, shape = [[6, 36], [4, 24], [16, 40]], [2, 0, 1], (10, 40, 24)
    found = network_grid(IMAGE, box=box, axes=axes, shape=shape)
    assert found.shape == shape
    assert found.spacing_mm == (6.0, 2.0, 3.0)
    low, high = np.full(3, -0.5), np.array(shape) - 0.5
    np.testing.assert_allclose(found.to_lps_mm(low), IMAGE.to_lps_mm(np.array([3.5, 15.5, 5.5])))
    np.testing.assert_allclose(found.to_lps_mm(high), IMAGE.to_lps_mm(np.array([23.5, 39.5, 35.5])))


def test_a_box_of_all_that_is_not_resampled_is_the_image() -> None:
    box = [[0, n] for n in IMAGE.shape]
    assert network_grid(IMAGE, box=box, axes=[0, 1, 2], shape=IMAGE.shape).is_same_grid(IMAGE)
