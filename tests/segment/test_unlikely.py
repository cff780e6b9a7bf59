"""What is held for no lesion stays when it is hot or doubtful, and never touches a lesion."""

import numpy as np
import pytest

from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.segment.spots import FEATURES, Spots
from oligocount.segment.unlikely import adding_unlikely

SHAPE = (4, 6, 12)
GRID = Geometry(shape=SHAPE, affine=np.diag([4.0, 4.0, 4.0, 1.0])[[2, 1, 0, 3]])
VOXEL_ML = GRID.voxel_volume_ml

# Row 2 of slice 1: a lesion, two hot pieces side by side, a faint doubt, a faint spot of nothing.
#            0  1  2  3  4  5  6  7  8  9 10 11
ROW = np.array([0, 1, 1, 0, 2, 2, 3, 3, 0, 4, 0, 5])
CHANCES = np.array([0.9, 0.1, 0.2, 0.4, 0.05])
HOT = [True, True, True, False, False]


def spots() -> Spots:
    labels = np.zeros(SHAPE, np.int32)
    labels[1, 2] = ROW
    rows = np.zeros((5, len(FEATURES)), np.float32)
    rows[:, FEATURES.index("top_over_level")] = np.where(HOT, 0.5, -0.5)
    return Spots(labels=labels, rows=rows, geometry=GRID)


def suv() -> Volume:
    array = np.zeros(SHAPE, np.float32)
    array[1, 2] = [0, 9, 8, 0, 5, 5, 7, 6, 0, 3, 0, 2]
    return Volume(array=array, unit=Unit.SUVBW, geometry=GRID)


def lesions(*columns: int) -> LesionMap:
    array = np.zeros(SHAPE, np.int32)
    array[1, 2, list(columns)] = 1
    return LesionMap(
        labels=LabelMap(array=array, names={1: "lesion 1"}, geometry=GRID),
        probability={1: 0.9},
        model=ModelInfo(name="test", version="0"),
    )


def added(found: LesionMap, *, hot_min_ml: float = 0.0) -> LesionMap:
    kept = np.array([False, True, False, False, False, False])
    return adding_unlikely(
        spots(), CHANCES, kept, suv(), doubt_from=0.25, min_volume_ml=0.0, hot_min_ml=hot_min_ml
    )(found)


def test_hot_pieces_are_one_focus_doubts_stand_alone_and_the_rest_is_left_out() -> None:
    whole = added(lesions(1, 2))
    assert whole.labels.array[1, 2].tolist() == [0, 1, 1, 0, 2, 2, 2, 2, 0, 3, 0, 0]
    assert whole.probability == pytest.approx({1: 0.9, 2: 0.2, 3: 0.4})


def test_a_lesion_keeps_every_voxel() -> None:
    """Here it has grown into the first hot piece."""
    whole = added(lesions(1, 2, 3, 4))
    assert whole.labels.array[1, 2].tolist() == [0, 1, 1, 1, 1, 2, 2, 2, 0, 3, 0, 0]


def test_small_hot_uptake_is_left_out_and_a_small_doubt_is_not() -> None:
    whole = added(lesions(1, 2), hot_min_ml=4.5 * VOXEL_ML)
    assert whole.labels.array[1, 2].tolist() == [0, 1, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0]
    assert whole.probability == pytest.approx({1: 0.9, 2: 0.4})


def test_every_label_has_a_name_and_a_probability() -> None:
    whole = added(lesions(1, 2))
    present = set(np.unique(whole.labels.array)) - {0}
    assert present == set(whole.labels.names) == set(whole.probability)
