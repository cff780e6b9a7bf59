"""Every segmenter keeps the same promises."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap, Volume
from oligocount.inference.bundle import Bundle, Metadata
from oligocount.segment.bundle import Calibration, NetworkSegmenter
from oligocount.segment.choose import THRESHOLDS, load_segmenter
from oligocount.segment.given import GivenMask
from oligocount.segment.segmenter import Segmenter, finder_of

SETTINGS = load_settings().segment


class Hot(torch.nn.Module):
    """A network that calls SUV above 4 a lesion: channel 0 is log(1 + SUV)."""

    asked = 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.asked += 1
        return 8 * (image[:, :1] - float(np.log(5)))


def network() -> NetworkSegmenter:
    metadata = Metadata(
        name="hot", version="1", description="", sha256="0", spacing_mm=(4.0, 4.0, 4.0),
        channels=("suv_log",), classes=("lesion",), activation="sigmoid", divisor=2,
        bytes_per_voxel=100, settings={},
    )  # fmt: skip
    return NetworkSegmenter(
        bundle=Bundle(metadata=metadata, network=Hot(), device=torch.device("cpu")),
        calibration=Calibration(
            voxel_threshold=0.5, focus_threshold=0.1, slope=1, uptake_slope=0, intercept=0
        ),
        settings=SETTINGS,
    )


def given(images: AlignedImages) -> GivenMask:
    mask = LabelMap(array=(images.suv.array > 4).astype(np.uint8), geometry=images.suv.geometry)
    return GivenMask(mask=mask, settings=SETTINGS)


@pytest.fixture(params=[*THRESHOLDS, "network", "given"])
def segmenter(request: pytest.FixtureRequest, images: AlignedImages) -> Segmenter:
    if request.param == "network":
        return network()
    if request.param == "given":
        return given(images)
    return load_segmenter(request.param, SETTINGS, "cpu")


def hottest(found: LesionMap, suv: np.ndarray) -> list[float]:
    return [float(suv[found.labels.array == n].max()) for n in sorted(found.labels.names)]


def test_labels_run_from_one_without_gaps_on_the_pet_grid(
    segmenter: Segmenter, images: AlignedImages, organs: OrganMap
) -> None:
    found = segmenter(images, organs)
    count = int(found.labels.array.max())
    assert found.labels.geometry.is_same_grid(images.suv.geometry)
    assert sorted(found.labels.names) == sorted(found.probability) == list(range(1, count + 1))
    assert set(np.unique(found.labels.array)) == set(range(count + 1))


def test_probabilities_lie_between_zero_and_one_or_are_unknown(
    segmenter: Segmenter, images: AlignedImages, organs: OrganMap
) -> None:
    chances = segmenter(images, organs).probability.values()
    assert all(chance is None or 0 <= chance <= 1 for chance in chances)


def test_the_node_at_the_heart_stands_apart_from_the_heart(
    segmenter: Segmenter, images: AlignedImages, organs: OrganMap
) -> None:
    """Three foci: node 12, focus 9, heart 8."""
    found = segmenter(images, organs)
    assert hottest(found, images.suv.array) == [12, 9, 8]


def test_the_same_foci_are_found_in_a_mirrored_patient(
    segmenter: Segmenter, images: AlignedImages, organs: OrganMap
) -> None:
    if isinstance(segmenter, GivenMask):
        pytest.skip("a given mask does not move with the patient")
    suv = images.suv
    turned = AlignedImages(
        suv=Volume(array=suv.array[:, :, ::-1], unit=suv.unit, geometry=suv.geometry)
    )
    labels = organs.labels
    turned_organs = OrganMap(
        labels=LabelMap(
            array=labels.array[:, :, ::-1], names=labels.names, geometry=labels.geometry
        ),
        known=organs.known,
        model=organs.model,
    )
    assert hottest(segmenter(turned, turned_organs), turned.suv.array) == [12, 9, 8]


def test_no_uptake_gives_an_empty_map(
    segmenter: Segmenter, images: AlignedImages, organs: OrganMap
) -> None:
    cold = AlignedImages(
        suv=Volume(
            array=np.zeros(images.suv.array.shape), unit=images.suv.unit,
            geometry=images.suv.geometry,
        )
    )  # fmt: skip
    if isinstance(segmenter, GivenMask):
        empty = LabelMap(
            array=np.zeros(images.suv.array.shape, np.uint8), geometry=images.suv.geometry
        )
        segmenter = GivenMask(mask=empty, settings=SETTINGS)
    found = segmenter(cold, organs)
    assert not found.labels.array.any()
    assert dict(found.probability) == {}


def same(one: LesionMap, other: LesionMap) -> bool:
    return (
        np.array_equal(one.labels.array, other.labels.array)
        and dict(one.probability) == dict(other.probability)
        and dict(one.splits) == dict(other.splits)
    )


CHANGES = (
    {"min_volume_ml": 3.9},
    {"connectivity": 6},
    {"split": replace(SETTINGS.split, join_gap_mm=40.0, fragment_max_ml=9.0)},
    {"split": replace(SETTINGS.split, prominence=0.9)},
    {},
)


def test_a_finder_finds_what_the_segmenter_of_those_settings_finds(
    segmenter: Segmenter, images: AlignedImages, organs: OrganMap
) -> None:
    """Asked in turn, with what it remembers, and asked afresh."""
    find = finder_of(segmenter, images, organs)
    for changes in (*CHANGES, *reversed(CHANGES)):
        changed = replace(SETTINGS, **changes)
        assert same(find(changed), replace(segmenter, settings=changed)(images, organs))


def test_a_finder_raises_every_threshold_that_it_is_told(
    images: AlignedImages, organs: OrganMap
) -> None:
    levels = replace(SETTINGS.threshold, low_suv=8.5, high_suv=8.5, liver_times=4.25)
    raised = replace(SETTINGS, threshold=levels)
    for name in ("suv25", "suv40", "percist", "percent41"):
        find = finder_of(load_segmenter(name, SETTINGS, "cpu"), images, organs)
        assert hottest(find(raised), images.suv.array) == [12, 9]
        assert hottest(find(SETTINGS), images.suv.array) == [12, 9, 8]


def test_a_finder_asks_its_network_once(images: AlignedImages, organs: OrganMap) -> None:
    segmenter = network()
    find = finder_of(segmenter, images, organs)
    for changes in CHANGES:
        find(replace(SETTINGS, **changes))
    assert segmenter.bundle.network.asked == 1


def test_whoever_has_no_finder_finds_the_same_whatever_the_settings(
    images: AlignedImages, organs: OrganMap
) -> None:
    plain = load_segmenter("suv40", SETTINGS, "cpu").__call__  # a function, and no more
    find = finder_of(plain, images, organs)
    assert find(replace(SETTINGS, min_volume_ml=1e6)) is find(SETTINGS)
    assert len(find(SETTINGS).labels.names) == 3


def test_lesions_given_one_by_one_do_not_depend_on_settings(
    images: AlignedImages, organs: OrganMap
) -> None:
    drawn = np.zeros(images.suv.array.shape, np.uint8)
    drawn[20:24, 13:17, 31:35], drawn[5, 22, 28] = 3, 7
    given_mask = GivenMask(
        mask=LabelMap(array=drawn, geometry=images.suv.geometry), settings=SETTINGS
    )
    find = finder_of(given_mask, images, organs)
    assert same(find(replace(SETTINGS, min_volume_ml=1e6)), find(SETTINGS))
    assert len(find(SETTINGS).labels.names) == 2
