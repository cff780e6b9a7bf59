"""scripts/train_on_gpu.py: what it draws on the device is what the product draws, and it learns."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from oligocount.anatomy.calm import without_hot_foci
from oligocount.inference.bundle import load_bundle
from oligocount.inference.channels import intensity_channel
from oligocount.inference.fine import load_fine
from oligocount.inference.scorer import load_scorer

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import train_on_gpu

CPU = torch.device("cpu")


def drawn_phantom(seed: int = 0) -> train_on_gpu.Phantom:
    """A block of a body with a hot brain and a lesion."""
    rng = np.random.default_rng(seed)
    shape = (70, 44, 50)
    organs, lesions = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    organs[10:60, 10:34, 10:40] = 1
    organs[50:58, 14:30, 16:34] = 2
    lesions[30:34, 20:24, 20:24] = 7
    suv = (organs > 0) * rng.uniform(0.5, 1.5, shape) + 6.0 * (organs == 2) + 7.0 * (lesions > 0)
    ct = np.where(organs > 0, 40, -1000)
    return suv.astype(np.float16), ct.astype(np.int16), organs, lesions


def test_hot_foci_are_taken_out_as_in_use() -> None:
    suv = np.random.default_rng(0).gamma(1.0, 2.0, (20, 18, 16)).astype(np.float32)
    found = train_on_gpu.opened(torch.from_numpy(suv)).numpy()
    expected = without_hot_foci(suv, (4.0, 4.0, 4.0), train_on_gpu.CALM_MM)
    inner = (slice(4, -4),) * 3  # beyond the border one repeats and the other mirrors
    np.testing.assert_array_equal(found[inner], expected[inner])


def test_channels_are_filled_as_in_use() -> None:
    rng = np.random.default_rng(0)
    suv = rng.normal(2, 3, (3, 4, 5)).astype(np.float32)
    ct = rng.normal(0, 900, (3, 4, 5)).astype(np.float32)
    found = train_on_gpu.channels(torch.from_numpy(suv), torch.from_numpy(ct), torch.zeros(3, 4, 5))
    for channel, (name, image) in zip(
        found, (("suv_log", suv), ("ct_wide", ct), ("ct_soft", ct)), strict=False
    ):
        np.testing.assert_allclose(channel.numpy(), intensity_channel(name, image), atol=1e-6)
    assert (found[3:] == 1).all()
    without = train_on_gpu.channels(torch.from_numpy(suv), None, torch.zeros(3, 4, 5))
    assert not without[[1, 2, 4]].any()


def test_a_coarse_voxel_has_the_commonest_label_of_its_eight() -> None:
    labels = torch.zeros(4, 2, 2, dtype=torch.long)
    labels[0] = 3
    labels[1, 0, 0] = 3
    labels[2:, 0] = 5
    labels[3, 1, 0] = 5
    assert train_on_gpu.commonest(labels).tolist() == [[[3]], [[5]]]


@pytest.mark.parametrize(("depth", "expected"), [(32, 1), (96, 1), (224, 2), (448, 5)])
def test_slabs_follow_one_another_from_end_to_end(depth: int, expected: int) -> None:
    parts = list(train_on_gpu.slabs(depth, 96))
    assert len(parts) == expected
    assert [p.start for p in parts] == [0, *(p.stop for p in parts[:-1])]
    assert parts[-1].stop == depth
    assert all(p.start % 8 == 0 for p in parts)


@pytest.mark.parametrize("seed", range(6))
def test_labels_and_images_of_a_view_lie_on_one_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    suv, ct, organs, lesions = train_on_gpu.view_of(drawn_phantom(), rng, CPU)
    assert suv is not None or ct is not None
    shown = [one for one in (suv, ct) if one is not None]
    assert {tuple(one.shape) for one in shown} == {tuple(organs.shape)} == {tuple(lesions.shape)}
    assert all(side % train_on_gpu.SIDE == 0 for side in organs.shape)
    assert set(organs.unique().tolist()) <= {0, 1, 2}
    own = lesions == 7
    if suv is not None and own.sum() > 20:  # it lies in organ 1 and is varied with it
        around = (organs == 1) & ~own
        assert suv[own].median() > 2 * suv[around].median()


@pytest.mark.slow
def test_all_networks_learn_from_a_view_and_their_bundles_load(tmp_path: Path) -> None:
    by = train_on_gpu.pupils(tmp_path / "work", CPU, 10.0, 0)
    rng, fine = np.random.default_rng(0), train_on_gpu.shipped_fine(CPU)
    before = {name: train_on_gpu.last(one.run.network).weight.clone() for name, one in by.items()}
    for n in range(2):
        view = train_on_gpu.view_of(drawn_phantom(n), rng, CPU)
        if view[0] is None:
            continue
        train_on_gpu.learn(by, fine, view, blind=False)
    for name, one in by.items():
        assert one.run.step >= 1
        assert not torch.equal(train_on_gpu.last(one.run.network).weight, before[name])
    train_on_gpu.keep(by, tmp_path / "work")
    again = train_on_gpu.pupils(tmp_path / "work", CPU, 10.0, 0)
    for name, one in again.items():
        assert one.run.step == by[name].run.step
    train_on_gpu.write(again, tmp_path / "out")
    organs = load_bundle(tmp_path / "out" / "organs_ct", device=CPU)
    beside = load_fine(tmp_path / "out" / "organs_ct", device=CPU)
    lesions = load_bundle(tmp_path / "out" / "fdg_lesions", device=CPU)
    assert beside is not None
    assert load_scorer(tmp_path / "out" / "fdg_lesions") is not None
    channels = np.zeros((len(organs.metadata.channels), 16, 16, 16), np.float32)
    said = beside.predict(np.zeros((5, 32, 32, 32), np.float32), organs.predict(channels))
    assert said.shape == (len(organs.metadata.classes), 32, 32, 32)
    shown = np.zeros((len(lesions.metadata.channels), 16, 16, 16), np.float32)
    assert lesions.predict(shown).shape == (1, 16, 16, 16)
