"""Threshold rules: which voxels belong, and where the liver is measured."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap, Volume
from oligocount.errors import BundleNotFound, ConfigError, ModelError
from oligocount.segment.bundle import drawn_to_uptake
from oligocount.segment.choose import load_segmenter
from oligocount.segment.given import GivenMask
from oligocount.segment.threshold import percist_level

SETTINGS = load_settings().segment


def without_liver(organs: OrganMap) -> OrganMap:
    labels = LabelMap(
        array=np.zeros(organs.labels.array.shape, np.uint8), geometry=organs.labels.geometry
    )
    return OrganMap(labels=labels, known=frozenset(), model=ModelInfo(name="none", version="1"))


def test_percist_is_one_and_a_half_liver_where_the_liver_is_even(
    images: AlignedImages, organs: OrganMap
) -> None:
    """An even liver of SUV 2 has no deviation: 1.5 x 2 = 3."""
    assert percist_level(images.suv, organs, SETTINGS) == pytest.approx(3.0)


def test_a_metastasis_does_not_raise_the_liver_reference(
    images: AlignedImages, organs: OrganMap
) -> None:
    suv = images.suv.array.copy()
    suv[4:8, 7:11, 4:8] = 15
    hot = Volume(array=suv, unit=images.suv.unit, geometry=images.suv.geometry)
    assert percist_level(hot, organs, SETTINGS) == pytest.approx(3.0, abs=0.2)


def test_the_liver_reference_hardly_depends_on_where_the_map_ends(
    images: AlignedImages, organs: OrganMap
) -> None:
    """Noise of SD 0.4 about 2: near 1.5 x 2 + 2 x 0.4, whichever slice the drawn liver lacks."""
    noise = np.random.default_rng(4).normal(2.0, 0.4, images.suv.array.shape).astype(np.float32)
    suv = replace(images.suv, array=noise)
    levels = []
    for axis, end in itertools.product(range(3), (0, -1)):
        array = organs.labels.array.copy()
        within = np.flatnonzero(
            (array == organs.labels.id_of("liver")).any(axis=tuple({0, 1, 2} - {axis}))
        )
        np.moveaxis(array, axis, 0)[within[end]] = 0
        levels.append(
            percist_level(
                suv, replace(organs, labels=replace(organs.labels, array=array)), SETTINGS
            )
        )
    assert levels == pytest.approx([3.8] * 6, rel=0.02)


def test_a_liver_of_a_few_spoonfuls_gives_no_level(images: AlignedImages, organs: OrganMap) -> None:
    """161 ml do; 61 ml of the same liver, deep enough for the sphere, do not."""
    array = organs.labels.array.copy()
    array[10:14] = 0
    array[2:10, 13:20, :] = 0
    few = replace(organs, labels=replace(organs.labels, array=array))
    assert few.labels.mask("liver").sum() * 0.064 == pytest.approx(57.3, abs=0.1)
    assert percist_level(images.suv, few, SETTINGS) is None
    lax = replace(SETTINGS, threshold=replace(SETTINGS.threshold, liver_min_ml=10.0))
    assert percist_level(images.suv, few, lax) == pytest.approx(3.0)


def test_without_a_liver_the_fixed_level_is_used_and_told(
    images: AlignedImages, organs: OrganMap
) -> None:
    found = load_segmenter("percist", SETTINGS, "cpu")(images, without_liver(organs))
    assert [caveat.code for caveat in found.caveats] == ["NO_LIVER_REFERENCE"]
    assert (images.suv.array[found.labels.array > 0] >= SETTINGS.threshold.high_suv).all()


def test_forty_one_percent_is_of_each_focus_own_maximum(
    images: AlignedImages, organs: OrganMap
) -> None:
    """Beside the focus of SUV 9 a rim of 3.6 (40 %) is left out, one of 3.8 (42 %) is kept."""
    suv = images.suv.array.copy()
    suv[5:9, 22:26, 32], suv[5:9, 22:26, 27] = 3.6, 3.8
    rimmed = AlignedImages(
        suv=Volume(array=suv, unit=images.suv.unit, geometry=images.suv.geometry)
    )
    found = load_segmenter("percent41", SETTINGS, "cpu")(rimmed, organs)
    inside = found.labels.array > 0
    assert not inside[5:9, 22:26, 32].any()
    assert inside[5:9, 22:26, 27].all()


def test_a_name_that_means_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected suv25"):
        load_segmenter("no_such_model", SETTINGS, "cpu")


def test_a_folder_without_a_bundle_is_a_model_error(tmp_path: object) -> None:
    with pytest.raises(ModelError) as caught:
        load_segmenter(str(tmp_path), SETTINGS, "cpu")
    assert isinstance(caught.value, BundleNotFound)


def test_a_mask_with_instances_keeps_them_though_they_touch(
    images: AlignedImages, organs: OrganMap
) -> None:
    array = np.zeros(images.suv.array.shape, np.uint8)
    array[20:24, 13:17, 31:33], array[20:24, 13:17, 33:35] = 4, 9
    mask = LabelMap(array=array, geometry=images.suv.geometry)
    found = GivenMask(mask=mask, settings=SETTINGS)(images, organs)
    assert sorted(found.probability) == [1, 2]


def test_a_marked_spot_grows_to_its_lesion_and_no_further(images: AlignedImages) -> None:
    """One voxel marked in the focus of 4 x 4 x 4: at reach 20 mm all of it, at 0 the voxel."""
    marked = np.zeros(images.suv.array.shape, bool)
    marked[6, 23, 29] = True
    assert drawn_to_uptake(images.suv, marked, 0.41, 20.0).sum() == 64
    assert drawn_to_uptake(images.suv, marked, 0.41, 0.0).sum() == 1
