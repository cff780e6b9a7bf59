"""Views of a phantom as MR: lesions stand out as on each sequence, mimics are no lesion."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.learn.mr_looks import MrLooks, look, plant, plant_outside, vessel
from oligocount.learn.mr_task import MrTask, mr_draw, mr_fields
from oligocount.learn.recipes import MR_BRAIN, MR_LIVER, mr_recipe
from oligocount.learn.samples import Sample
from oligocount.simulate.mr import MrPart, shown_around

NAMES = load_vocabulary().network
TASK = MrTask(
    part=MrPart.BRAIN, series=("t1_contrast", "flair"), spacing_mm=2.0,
    mimics=((0.5, 0.25),), side=32, views=3,
)  # fmt: skip
QUIET = MrLooks(
    structure_sd=0, lesion_sd=0, texture=0, blur_max_voxels=0, thick_most_voxels=1, field_sd=0,
    noise_range=(0, 0), level_sd=0, core_share=0,
)  # fmt: skip


def head() -> Sample:
    """A ball of brain in bone: one lesion in the brain, one in the bone, at 4 mm."""
    k, j, i = np.indices((40, 40, 40)) - 19.5
    away = np.sqrt(k**2 + j**2 + i**2)
    organs = np.zeros((40, 40, 40), np.uint8)
    organs[away < 17] = NAMES.index("skull") + 1
    organs[away < 14] = NAMES.index("brain") + 1
    lesions = np.zeros((40, 40, 40), np.uint8)
    lesions[18:22, 18:22, 18:22] = 1
    lesions[18:22, 18:22, 4:6] = 2
    return Sample(spacing_mm=4.0, suv=None, ct=None, organs=organs, lesions=lesions)


def endless() -> Iterator[Sample]:
    while True:
        yield head()


def test_a_field_targets_the_organs_own_lesions_alone() -> None:
    fields = mr_fields(endless(), TASK, NAMES)
    shown = next(fields)
    assert shown.target.sum() == 64
    assert shown.lesions.sum() == 64 + 32
    assert next(fields) is next(fields) is shown
    assert next(fields) is not shown


def test_samples_without_the_organ_are_passed_over() -> None:
    bare = replace(head(), organs=np.zeros((40, 40, 40), np.uint8))
    assert list(mr_fields(iter([bare]), TASK, NAMES)) == []


def quiet_draw(seed: int, looks: MrLooks) -> tuple[torch.Tensor, torch.Tensor]:
    task = replace(TASK, looks=looks)
    fields = mr_fields(endless(), task, NAMES)
    return mr_draw(fields, np.random.default_rng(seed), task, NAMES)


@pytest.mark.parametrize("seed", range(4))
def test_lesions_are_bright_on_both_sequences(seed: int) -> None:
    looks = replace(QUIET, mean_planted=0, mean_mimics=0)
    channels, target = quiet_draw(seed, looks)
    assert channels.shape == (1, 2, 32, 32, 32)
    assert target.shape == (1, 1, 32, 32, 32)
    if target.sum() > 30:
        for channel in channels[0]:
            assert channel[target[0, 0] > 0].mean() > channel[target[0, 0] == 0].mean() + 0.5


def test_planted_lesions_are_targets_and_mimics_are_not() -> None:
    lesions = [quiet_draw(n, replace(QUIET, mean_planted=5, mean_mimics=0)) for n in range(6)]
    mimics = [quiet_draw(n, replace(QUIET, mean_planted=0, mean_mimics=5)) for n in range(6)]
    none = [quiet_draw(n, replace(QUIET, mean_planted=0, mean_mimics=0)) for n in range(6)]
    assert sum(float(target.sum()) for _, target in lesions) > 1.3 * sum(
        float(target.sum()) for _, target in none
    )
    changed = sum(
        float((one[0] - other[0]).abs().max()) for one, other in zip(mimics, none, strict=True)
    )
    assert changed > 1


def test_what_is_planted_lies_in_the_organ_and_has_its_signals() -> None:
    images = torch.full((2, 24, 24, 24), 100.0)
    organ = torch.zeros(24, 24, 24, dtype=torch.bool)
    organ[:, :, :12] = True
    laid = plant(
        images, organ, np.array([300.0, 50.0]), count=3, spacing_mm=2.0,
        rng=np.random.default_rng(2), looks=QUIET,
    )  # fmt: skip
    assert laid.any()
    assert not laid[~organ].any()
    assert images[0].max() == pytest.approx(300, abs=1)
    assert images[1].min() == pytest.approx(50, abs=1)


def test_a_scanner_without_faults_changes_nothing() -> None:
    image = torch.rand(12, 12, 12) + 1
    seen = look(image, 1.0, is_adc=False, rng=np.random.default_rng(0), looks=QUIET)
    torch.testing.assert_close(seen, image)


def test_adc_is_never_negative_and_keeps_its_scale() -> None:
    noisy = replace(QUIET, noise_range=(0.5, 0.5))
    seen = look(torch.full((16, 16, 16), 800.0), 800.0, is_adc=True,
                rng=np.random.default_rng(0), looks=noisy)  # fmt: skip
    assert seen.min() >= 0
    assert seen.mean() == pytest.approx(800, rel=0.1)


@pytest.mark.parametrize("name", [MR_BRAIN, MR_LIVER])
def test_a_recipe_declares_the_sequences_it_learns(name: str) -> None:
    recipe = mr_recipe(name)
    assert recipe.config["in_channels"] == len(recipe.facts.channels) == 2
    assert all(each.startswith("mr_") for each in recipe.facts.channels)
    assert recipe.facts.settings["trained_on"] == "synthetic MR only"


def test_a_field_reaches_below_the_skull_as_the_examination_does() -> None:
    """An MR of the head shows the neck: what training never shows a network takes for a lesion."""
    sample = head()
    organs = np.zeros((80, 40, 40), np.uint8)
    organs[40:] = sample.organs
    organs[:40, 15:25, 15:25] = NAMES.index("body") + 1
    lesions = np.concatenate([np.zeros_like(sample.lesions), sample.lesions])
    low = replace(sample, organs=organs, lesions=lesions)
    shown = next(mr_fields(iter([low]), TASK, NAMES))
    structures, margin_mm = shown_around(MrPart.BRAIN)
    assert structures == ("brain", "skull")
    neck = (shown.organs == NAMES.index("body") + 1).any(axis=(1, 2)).sum()
    assert neck * low.spacing_mm >= margin_mm


def test_what_looks_like_a_lesion_outside_the_organ_changes_nothing_in_it() -> None:
    images = torch.full((2, 40, 40, 40), 100.0)
    organ = torch.zeros(40, 40, 40, dtype=torch.bool)
    organ[:, :, :20] = True
    looks = replace(QUIET, mean_nodes_outside=6, mean_vessels_outside=6)
    seen = plant_outside(
        images, organ, torch.ones_like(organ), np.array([300.0, 50.0]), spacing_mm=2.0,
        rng=np.random.default_rng(3), looks=looks,
    )  # fmt: skip
    assert (images == 100.0).all()
    assert (seen[:, organ] == 100.0).all()
    assert seen[0][~organ].max() > 250
    assert seen[1][~organ].min() < 75


def test_a_vessel_is_long_and_thin() -> None:
    low, high = np.zeros(3, int), np.full(3, 41)
    shape = vessel(low, high, np.full(3, 20), 12.0, np.random.default_rng(1)) > 0.5
    places = np.argwhere(shape.numpy()).astype(float)
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(places.T)))
    assert spread[2] > 2.5 * spread[1]
    assert np.linalg.norm(places - 20, axis=1).max() <= 13.5
