"""Given organ maps: names, id tables, sides."""

import numpy as np
import pytest

import drawn_body
from oligocount.anatomy.labelmap import GivenMap, label_table
from oligocount.anatomy.sides import split_paired
from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.volume import LabelMap
from oligocount.errors import ConfigError, GeometryError


@pytest.mark.parametrize(
    ("table", "label", "name"),
    [
        ("totalsegmentator_v2", 31, "vertebrae_L1"),
        ("totalsegmentator_v2", 116, "sternum"),
        ("totalsegmentator_v1", 49, "pulmonary_artery"),
        ("totalsegmentator_v1", 104, "urinary_bladder"),
    ],
)
def test_published_ids_mean_what_was_published(table: str, label: int, name: str) -> None:
    assert label_table(table)[label] == name


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(ConfigError, match="known tables"):
        label_table("totalsegmentator_v9")


def test_every_published_name_has_a_place_in_the_vocabulary() -> None:
    vocabulary = load_vocabulary()
    for table in ("totalsegmentator_v1", "totalsegmentator_v2"):
        for name in label_table(table).values():
            assert vocabulary.structure(name).organ != "other", name


@pytest.mark.parametrize(
    ("name", "organ"),
    [("rib_left_4", "bone"), ("vertebrae_T8", "bone"), ("lung_middle_lobe_right", "lung"),
     ("adrenal_gland_left", "adrenal"), ("esophagus", "oesophagus"), ("aorta", None)],
)  # fmt: skip
def test_a_structure_collapses_to_its_counting_organ(name: str, organ: str | None) -> None:
    assert load_vocabulary().structure(name).organ == organ


def test_a_paired_structure_is_split_at_the_spine() -> None:
    x, _, _ = drawn_body.world()
    array = np.zeros(drawn_body.SHAPE, np.int16)
    array[40:60, 20:30, 10:30] = 1  # x < 0: the patient's right
    array[40:60, 20:30, 50:70] = 1
    array[30:70, 35:40, 38:42] = 2
    split = split_paired(
        LabelMap(array=array, names={1: "kidney", 2: "spinal_cord"}, geometry=drawn_body.geometry())
    )
    right, left = split.mask("kidney_right"), split.mask("kidney_left")
    assert (x + np.zeros(right.shape))[right].max() < 0 < (x + np.zeros(left.shape))[left].min()
    assert (right | left).sum() == (array == 1).sum()


def test_a_map_outside_the_scan_is_refused() -> None:
    organs = drawn_body.organ_map()
    affine = organs.labels.geometry.affine.copy()
    affine[:3, 3] += 5000.0
    geometry = type(organs.labels.geometry)(shape=drawn_body.SHAPE, affine=affine)
    far = LabelMap(array=organs.labels.array, names=organs.labels.names, geometry=geometry)
    with pytest.raises(GeometryError, match="outside"):
        GivenMap(given=far, model=ModelInfo(name="far", version="1"))(drawn_body.images())
