"""Samples on disk, varied views, a loop that resumes, a bundle that loads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.domain.volume import Geometry, LabelMap
from oligocount.errors import InputError, ModelError
from oligocount.inference.bundle import load_bundle
from oligocount.inference.channels import structure_mask
from oligocount.inference.network import build_network
from oligocount.learn.export import BundleFacts, update_settings, write_bundle
from oligocount.learn.losses import body_lesion_loss, lesion_loss, organ_loss
from oligocount.learn.planting import PlantSettings
from oligocount.learn.samples import Sample, draw_samples, read_sample, write_sample
from oligocount.learn.tasks import (
    GROUPS,
    LESION_CHANNELS,
    TaskSettings,
    groups_of,
    lesion_draw,
    organ_draw,
)
from oligocount.learn.training import LoopSettings, train
from oligocount.learn.warp import WarpSettings, random_grid, sample_at

NAMES = ("body", "brain", "heart", "liver", "spleen", "kidney", "urinary_bladder", "stomach",
         "small_bowel", "colon", "lung", "head_glands")  # fmt: skip
SETTINGS = TaskSettings(max_window_voxels=40_000, window_range=(16, 32))
TINY = {
    "_target_": "SegResNet", "spatial_dims": 3, "init_filters": 8, "in_channels": 5,
    "out_channels": 13, "blocks_down": [1, 1], "blocks_up": [1],
}  # fmt: skip


def patient() -> Sample:
    """A block of a body with a brain on top and one lesion."""
    organs = np.zeros((48, 30, 40), np.uint8)
    organs[2:46, 4:26, 4:36] = 1
    organs[38:46, 8:20, 12:28] = 2
    lesions = np.zeros_like(organs)
    lesions[20:24, 10:14, 10:14] = 1
    suv = (organs > 0) + 7.0 * (organs == 2) + 8.0 * lesions
    ct = np.where(organs > 0, 40, -1000)
    return Sample(spacing_mm=6.0, suv=suv, ct=ct, organs=organs, lesions=lesions)


def endless() -> object:
    while True:
        yield patient()


def test_a_sample_comes_back_from_disk(tmp_path: Path) -> None:
    write_sample(patient(), tmp_path / "a.npz")
    back = read_sample(tmp_path / "a.npz")
    assert back.spacing_mm == 6.0
    np.testing.assert_array_equal(back.organs, patient().organs)
    np.testing.assert_allclose(back.suv, patient().suv)


def test_what_a_sample_lacks_stays_unknown(tmp_path: Path) -> None:
    whole = patient()
    write_sample(
        Sample(spacing_mm=4.0, suv=whole.suv, ct=None, organs=None, lesions=whole.lesions),
        tmp_path / "a.npz",
    )
    back = read_sample(tmp_path / "a.npz")
    assert (back.ct, back.organs) == (None, None)


def test_a_folder_without_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no training samples"):
        next(draw_samples((tmp_path,), np.random.default_rng(0)))


def test_without_variation_a_view_is_a_window_of_the_sample() -> None:
    still = WarpSettings(
        scale_sd=0, anisotropy_sd=0, angle_sd_deg=0, elastic_sd_voxels=0, mirror_share=0
    )
    array = torch.arange(20 * 16 * 18, dtype=torch.float32).reshape(20, 16, 18)
    grid = random_grid((20, 16, 18), (6, 4, 8), (9.5, 7.5, 8.5), np.random.default_rng(0), still)
    found = sample_at(array, grid, nearest=True, outside=0)
    torch.testing.assert_close(found, array[7:13, 6:10, 5:13])


def test_mirroring_turns_left_into_right_and_nothing_else() -> None:
    flipped = WarpSettings(
        scale_sd=0, anisotropy_sd=0, angle_sd_deg=0, elastic_sd_voxels=0, mirror_share=1
    )
    array = torch.arange(4 * 6 * 8, dtype=torch.float32).reshape(4, 6, 8)
    grid = random_grid((4, 6, 8), (4, 6, 8), (1.5, 2.5, 3.5), np.random.default_rng(0), flipped)
    torch.testing.assert_close(sample_at(array, grid, nearest=True, outside=0), array.flip(2))


@pytest.mark.parametrize("seed", range(3))
def test_an_organ_view_never_lacks_both_images(seed: int) -> None:
    settings = TaskSettings(
        max_window_voxels=40_000, window_range=(16, 32), drop_ct=0.9, drop_suv=0.9
    )
    rng = np.random.default_rng(seed)
    for _ in range(6):
        channels, target = organ_draw(endless(), rng, settings)
        assert channels.shape[2:] == target.shape[1:]
        assert all(side % 16 == 0 for side in target.shape[1:])
        has_suv, has_ct = (float(channels[0, n].mean()) for n in (3, 4))
        assert (has_suv, has_ct) in {(1.0, 1.0), (1.0, 0.0), (0.0, 1.0)}
        assert torch.isfinite(channels).all()


def test_a_lesion_view_shows_the_lesion_hot() -> None:
    rng = np.random.default_rng(1)
    seen = 0
    even = replace(SETTINGS, plant=PlantSettings(unevenness=0.03))
    for _ in range(12):
        channels, target = lesion_draw(endless(), rng, even, NAMES)
        assert channels.shape[1] == len(LESION_CHANNELS) == 5 + len(GROUPS) + 1
        if target.sum() > 20:
            seen += 1
            near = torch.nn.functional.max_pool3d(target, 7, stride=1, padding=3)[0, 0] > 0
            around = channels[0, 0][near & (target[0, 0] == 0)].median()  # the brain may be near
            assert channels[0, 0][target[0, 0] > 0].median() > around
    assert seen > 3


def test_the_losses_fall_to_nothing_for_a_perfect_answer() -> None:
    target = torch.randint(0, 3, (1, 6, 6, 6))
    sure = 40 * torch.nn.functional.one_hot(target, 3).permute(0, 4, 1, 2, 3).float()
    assert organ_loss(sure, target) < 0.02
    assert organ_loss(-sure, target) > 10
    mask = (target[:, None] == 1).float()
    assert lesion_loss(80 * mask - 40, mask) < 0.02
    assert lesion_loss(40 - 80 * mask, mask) > 10


def draw(rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    return organ_draw(endless(), rng, SETTINGS)  # type: ignore[arg-type]


def test_training_learns_resumes_and_exports_a_bundle(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_network({"network_def": TINY}, name="tiny", trusted=False)
    checkpoint, cpu = tmp_path / "c.pt", torch.device("cpu")
    first = train(network, draw, organ_loss, checkpoint=checkpoint, device=cpu,
                  settings=LoopSettings(minutes=0.05))  # fmt: skip
    assert first.step > 1
    again = build_network({"network_def": TINY}, name="tiny", trusted=False)
    second = train(again, draw, organ_loss, checkpoint=checkpoint, device=cpu,
                   settings=LoopSettings(minutes=first.seconds / 60 + 0.01))  # fmt: skip
    assert second.step > first.step
    facts = BundleFacts(
        name="tiny", task="a test", spacing_mm=6.0,
        channels=("suv_log", "ct_wide", "ct_soft", "has_suv", "has_ct"),
        classes=("outside", *NAMES), activation="softmax", bytes_per_voxel=500, settings={},
    )  # fmt: skip
    write_bundle(
        tmp_path / "b", facts, config={"network_def": TINY}, weights=second.average,
        version="0.1.0", notes="tiny",
    )  # fmt: skip
    update_settings(tmp_path / "b", {"voxel_threshold": 0.3})
    bundle = load_bundle(tmp_path / "b", device=cpu)
    assert bundle.metadata.settings == {"voxel_threshold": 0.3}
    assert bundle.predict(np.zeros((5, 16, 16, 16), np.float32)).shape == (13, 16, 16, 16)


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    network = build_network({"network_def": TINY}, name="tiny", trusted=False)
    settings = LoopSettings(minutes=0.0)
    train(network, draw, organ_loss, checkpoint=tmp_path / "c.pt", settings=settings,
          device=torch.device("cpu"))  # fmt: skip
    other = build_network({"network_def": {**TINY, "out_channels": 4}}, name="other", trusted=False)
    with pytest.raises(ModelError, match="not a checkpoint of this network"):
        train(other, draw, organ_loss, checkpoint=tmp_path / "c.pt", settings=settings,
              device=torch.device("cpu"))  # fmt: skip


def test_in_a_body_a_small_lesion_that_is_missed_costs_as_much_as_a_large_one() -> None:
    lesions = torch.zeros(24, 24, 24, dtype=torch.long)
    lesions[2:6, 2:6, 2:6] = 1  # 64 voxels
    lesions[14:18, 14:18, 16:17] = 2  # 16
    suv = torch.full(lesions.shape, 0.8)
    suv[lesions > 0] = 6.0

    def loss(called: torch.Tensor) -> float:
        return float(body_lesion_loss(torch.where(called, 9.0, -9.0)[None, None], lesions, suv))

    both, first, second = lesions > 0, lesions == 1, lesions == 2
    assert loss(both) < 0.01
    entropies = [loss(one) - loss(both) for one in (first, second)]
    assert entropies[0] == pytest.approx(entropies[1], rel=0.5)
    warm = suv.clone()
    warm[20:22, 2:4, 2:4] = 3.0
    false = both.clone()
    false[20:22, 2:4, 2:4] = True
    output = torch.where(false, 9.0, -9.0)[None, None]
    cold, hot = (float(body_lesion_loss(output, lesions, each)) for each in (suv, warm))
    assert hot > cold > loss(both)


def test_a_group_holds_the_structures_that_its_channel_names() -> None:
    names = load_vocabulary().network
    held = groups_of(names)
    assert held.shape == (len(GROUPS), len(names) + 1)
    assert not held[:, 0].any()
    for group, row in zip(GROUPS, held, strict=True):
        named = {names[n - 1] for n in row.nonzero()[:, 0].tolist()}
        labels = LabelMap(
            array=np.arange(len(names) + 1)[None, None],
            names=dict(enumerate(names, 1)),
            geometry=Geometry(shape=(1, 1, len(names) + 1), affine=np.eye(4)),
        )
        inside = structure_mask(labels, group.split("|"))[0, 0]
        assert named == {names[n - 1] for n in np.flatnonzero(inside)}
        assert named
