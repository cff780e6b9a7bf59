"""Fine grids are averaged block by block, and every block keeps its place."""

import numpy as np
import pytest

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.quantify.upright import Upright, upright


def seen(shape: tuple, spacing: tuple, direction: int = 1) -> Upright:
    affine = np.diag([spacing[2], spacing[1], direction * spacing[0], 1.0])[:, [2, 1, 0, 3]]
    affine[2, 3] = 100.0
    geometry = Geometry(shape=shape, affine=affine)
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    labels = LabelMap(array=array.astype(int), geometry=geometry)
    return upright(
        AlignedImages(
            suv=Volume(array=array, unit=Unit.SUVBW, geometry=geometry),
            ct=Volume(array=array, unit=Unit.HU, geometry=geometry),
        ),
        OrganMap(labels=labels, known=frozenset(), model=ModelInfo(name="x", version="1")),
    )


def test_a_coarse_grid_stays_as_it_is() -> None:
    view = seen((4, 2, 2), (5.0, 4.0, 4.0))
    assert view.suv.shape == (4, 2, 2)
    assert view.z_mm.tolist() == [100, 105, 110, 115]


def test_blocks_are_averaged_and_labels_are_not() -> None:
    view = seen((4, 2, 2), (2.0, 2.0, 2.0))
    assert view.suv.ravel().tolist() == [3.5, 11.5]
    assert view.ct_hu.ravel().tolist() == [3.5, 11.5]
    assert view.labels.ravel().tolist() == [7, 15]
    assert (view.spacing_mm, view.z_mm.tolist()) == ((4, 4, 4), [101, 105])
    assert view.voxel_ml == pytest.approx(0.064)


def test_heights_rise_whichever_way_the_slices_run() -> None:
    view = seen((4, 2, 2), (2.0, 2.0, 2.0), direction=-1)
    assert view.z_mm.tolist() == [95, 99]
    assert view.suv.ravel().tolist() == [11.5, 3.5]


def test_a_single_thin_slice_is_kept() -> None:
    view = seen((1, 3, 3), (1.0, 1.0, 1.0))
    assert view.suv.shape == view.labels.shape == (1, 1, 1)
    assert view.suv.item() == pytest.approx(4.0)
