"""One hand-drawn patient for every segmenter: a liver, a heart with a node on it, two foci."""

import numpy as np
import pytest

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume

GRID = Geometry(shape=(30, 30, 40), affine=np.array(
    [[0, 0, 4.0, -80], [0, 4.0, 0, -60], [4.0, 0, 0, 0], [0, 0, 0, 1]]))  # fmt: skip


@pytest.fixture
def images() -> AlignedImages:
    """SUV 1 everywhere, liver 2, heart 8, a node of SUV 12 that touches it, a focus of SUV 9."""
    suv = np.ones(GRID.shape, np.float32)
    suv[2:14, 5:20, 2:16] = 2.0
    suv[18:26, 10:20, 20:30] = 8.0
    suv[18:26, 10:20, 30] = 2.6
    suv[20:24, 13:17, 31:35] = 12.0
    suv[5:9, 22:26, 28:32] = 9.0
    return AlignedImages(suv=Volume(array=suv, unit=Unit.SUVBW, geometry=GRID))


@pytest.fixture
def organs() -> OrganMap:
    array = np.zeros(GRID.shape, np.uint8)
    array[2:14, 5:20, 2:16] = 1
    array[18:26, 10:20, 20:31] = 2
    labels = LabelMap(array=array, names={1: "liver", 2: "heart"}, geometry=GRID)
    return OrganMap(
        labels=labels,
        known=frozenset({"liver", "heart"}),
        model=ModelInfo(name="drawn", version="1"),
    )
