"""The fine network's training: its draws, and a bundle that it is added to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from oligocount.anatomy.bundle import BundleMapper
from oligocount.cli.main import main
from oligocount.config import load_settings
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.errors import ConfigError
from oligocount.inference.bundle import Bundle, load_bundle
from oligocount.inference.fine import load_fine
from oligocount.inference.network import build_network
from oligocount.learn.export import BundleFacts, write_bundle
from oligocount.learn.fine_recipe import logit_adjustment, train_fine
from oligocount.learn.fine_task import FineSettings, fine_draws, made_coarse, varied_body
from oligocount.learn.planting import PlantSettings
from oligocount.learn.samples import Sample, write_sample
from oligocount.learn.tasks import IMAGE_CHANNELS, View
from oligocount.learn.training import LoopSettings

CPU = torch.device("cpu")
CLASSES = ("outside", "body", "brain", "liver")
TINY = {
    "_target_": "SegResNet", "spatial_dims": 3, "init_filters": 8, "in_channels": 5,
    "out_channels": len(CLASSES), "blocks_down": [1, 1], "blocks_up": [1],
}  # fmt: skip
SETTINGS = FineSettings(calm_mm=10.0, max_voxels=16 * 48 * 48, box_sides=(16, 32))


def patient() -> Sample:
    """A body with a hot brain on top and a dense liver in it, on voxels of 4 mm."""
    organs = np.zeros((60, 36, 40), np.uint8)
    organs[4:56, 4:32, 4:36] = 1
    organs[44:54, 10:24, 12:28] = 2
    organs[14:26, 8:24, 6:22] = 3
    suv = (organs > 0) + 7.0 * (organs == 2) + 1.5 * (organs == 3)
    ct = np.where(organs > 0, 0, -1000) + 90 * (organs == 3)
    return Sample(spacing_mm=4.0, suv=suv, ct=ct, organs=organs, lesions=np.zeros_like(organs))


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An organ bundle with untrained weights."""
    folder = tmp_path_factory.mktemp("bundle") / "organs"
    torch.manual_seed(0)
    network = build_network({"network_def": TINY}, name="tiny", trusted=False)
    facts = BundleFacts(
        name="tiny", task="a test", spacing_mm=8.0, channels=IMAGE_CHANNELS, classes=CLASSES,
        activation="softmax", bytes_per_voxel=500, settings={},
    )  # fmt: skip
    write_bundle(folder, facts, config={"network_def": TINY}, weights=network.state_dict(),
                 version="0.1.0", notes="tiny")  # fmt: skip
    return folder


def endless() -> Iterator[Sample]:
    while True:
        yield patient()


def test_a_draw_has_the_images_the_first_networks_probabilities_and_the_truth(start: Path) -> None:
    draw = fine_draws(endless(), load_bundle(start, device=CPU), SETTINGS)
    rng = np.random.default_rng(0)
    shapes = set()
    for _ in range(8):
        channels, target = draw(rng)
        assert channels.shape[1] == len(IMAGE_CHANNELS) + len(CLASSES)
        assert channels.shape[2:] == target.shape[1:]
        assert all(side % 16 == 0 for side in target.shape[1:])
        assert target.numel() <= SETTINGS.max_voxels
        chances = channels[0, len(IMAGE_CHANNELS) :]
        torch.testing.assert_close(chances.sum(dim=0), torch.ones(target.shape[1:]))
        assert channels[0, 3:5].amax(dim=(1, 2, 3)).sum() >= 1  # one image at least
        shapes.add(tuple(target.shape[1:]))
    assert len(shapes) > 1


def test_the_probabilities_of_a_draw_lie_where_the_images_do(start: Path) -> None:
    """A first network that calls brain whatever is hotter than SUV 4 marks the brain's place."""

    class Hot(torch.nn.Module):
        def forward(self, channels: torch.Tensor) -> torch.Tensor:
            is_hot = (channels[:, :1] > np.log1p(4.0)).float()
            nothing = torch.zeros_like(is_hot)
            return torch.cat([5 * (1 - is_hot), nothing, 5 * is_hot, nothing], dim=1)

    held = load_bundle(start, device=CPU)
    hot = Bundle(metadata=held.metadata, network=Hot(), device=CPU)
    draw = fine_draws(endless(), hot, replace(SETTINGS, calm_mm=0.0))
    rng, gaps = np.random.default_rng(3), []
    for _ in range(12):
        channels, _target = draw(rng)
        says = channels[0, len(IMAGE_CHANNELS) + 2] > 0.5
        is_hot = channels[0, 0] > np.log1p(4.0)
        if says.sum() > 200:  # else without SUV, or of the legs
            middles = [torch.argwhere(each).float().mean(dim=0) for each in (says, is_hot)]
            gaps.append(float((middles[0] - middles[1]).abs().max()))
    assert len(gaps) > 2
    assert np.mean(gaps) < 0.8  # of a fine voxel


def test_a_varied_body_has_no_hot_foci() -> None:
    """Eight voxels of SUV 40, 8 mm across, in an even body: nothing of them is seen."""
    still = replace(SETTINGS.view, plant=PlantSettings(mean_count=0.0), drop_suv=0.0)
    spot = np.zeros((60, 36, 40), bool)
    spot[30:32, 14:16, 28:30] = True
    organs = np.where(spot, 3, patient().organs)  # its uptake varies by itself
    focal = replace(patient(), suv=np.where(spot, 40.0, 1.0 * (organs > 0)), organs=organs)
    for calm_mm, least, most in ((0.0, 7.0, np.inf), (10.0, 0.0, 6.0)):
        settings = replace(SETTINGS, calm_mm=calm_mm, view=still, short_share=0.0)
        seen = varied_body(focal, np.random.default_rng(4), settings).suv
        assert seen is not None
        assert least < float(seen.max()) < most


def test_a_coarse_voxel_is_the_mean_of_those_inside_it() -> None:
    even = torch.full((8, 8, 8), 3.0)
    even[4:] = 5.0
    view = View(suv=even, ct=None, organs=torch.zeros(8, 8, 8), lesions=torch.zeros(8, 8, 8))
    coarse = made_coarse(view)
    assert coarse.ct is None
    assert coarse.suv is not None
    torch.testing.assert_close(coarse.suv[0, 1:3, 1:3], torch.full((2, 2), 3.0), rtol=0.2, atol=0)
    assert coarse.suv[1, 1, 1] < 4 < coarse.suv[2, 1, 1]
    assert coarse.suv.shape == coarse.organs.shape == (4, 4, 4)


def images() -> AlignedImages:
    sample = patient()
    affine = np.array([[0, 0, 4.0, 0], [0, 4.0, 0, 0], [4.0, 0, 0, 0], [0, 0, 0, 1.0]])
    grid = Geometry(shape=sample.shape, affine=affine)
    assert sample.suv is not None
    assert sample.ct is not None
    return AlignedImages(
        suv=Volume(array=sample.suv.astype(np.float32), unit=Unit.SUVBW, geometry=grid),
        ct=Volume(array=sample.ct.astype(np.float32), unit=Unit.HU, geometry=grid),
    )


def test_a_bundle_gets_a_fine_network_that_is_taken_up_again(start: Path, tmp_path: Path) -> None:
    write_sample(patient(), tmp_path / "samples" / "a.npz")
    out, cpu = tmp_path / "out", CPU
    arguments = {"device": cpu, "version": "0.2.0", "settings": SETTINGS}
    first = train_fine(tmp_path / "samples", start, tmp_path, out, **arguments,
                       loop=LoopSettings(minutes=0.02))  # fmt: skip
    assert first.step > 0
    held = load_bundle(out, device=cpu)
    fine = load_fine(out, device=cpu)
    assert fine is not None
    assert held.metadata.version == "0.2.0"
    again = train_fine(tmp_path / "samples", out, tmp_path, out, **arguments,
                       loop=LoopSettings(minutes=first.seconds / 60 + 0.01))  # fmt: skip
    assert again.step > first.step
    mapper = BundleMapper(bundle=held, fine=fine, settings=load_settings().anatomy)
    grid, probability = mapper.probability(images().suv.geometry, images().suv, None)
    assert grid.spacing_mm == (4.0, 4.0, 4.0)
    assert probability.shape == (len(CLASSES), *grid.shape)
    organs = mapper(images())
    assert organs.labels.geometry.is_same_grid(images().suv.geometry)


def test_a_fine_network_at_its_start_draws_what_the_first_network_draws(
    start: Path, tmp_path: Path
) -> None:
    write_sample(patient(), tmp_path / "samples" / "a.npz")
    train_fine(tmp_path / "samples", start, tmp_path, tmp_path / "out", device=CPU, version="0.2.0",
               loop=LoopSettings(minutes=0.0), settings=replace(SETTINGS, adjust=0.0))  # fmt: skip
    held, anatomy = load_bundle(start, device=CPU), load_settings().anatomy
    alone = BundleMapper(bundle=held, settings=anatomy)(images()).labels.array
    fine = load_fine(tmp_path / "out", device=CPU)
    both = BundleMapper(bundle=held, settings=anatomy, fine=fine)(images()).labels.array
    assert (alone == both).mean() > 0.95


def test_large_classes_are_favoured_by_a_share_of_the_logarithm_of_their_size(
    tmp_path: Path,
) -> None:
    """100 voxels of muscle and 10 of bone in two samples; glands are nowhere: one is taken."""
    organs = np.zeros((1, 10, 11), np.uint8)
    organs[..., 10] = 1
    for name in ("a", "b"):
        sample = Sample(spacing_mm=4.0, suv=None, ct=None, organs=organs, lesions=None)
        write_sample(sample, tmp_path / f"{name}.npz")
    classes, half = ("muscle", "bone", "head_glands"), replace(SETTINGS, adjust=0.5, as_muscle=())
    told = logit_adjustment(tmp_path, classes, half)
    np.testing.assert_allclose(np.diff(told), 0.5 * np.log([21 / 201, 1 / 21]), atol=2e-3)
    assert sum(told) == pytest.approx(0.0, abs=3e-3)
    told = logit_adjustment(tmp_path, classes, replace(half, as_muscle=("head_glands", "tonsil")))
    assert told[0] == told[2]
    assert told[0] - told[1] == pytest.approx(0.5 * np.log(201 / 21), abs=2e-3)


def test_a_bundle_that_sees_other_images_is_refused(start: Path, tmp_path: Path) -> None:
    facts = BundleFacts(
        name="tiny", task="a test", spacing_mm=8.0, channels=("suv_log",), classes=CLASSES,
        activation="softmax", bytes_per_voxel=500, settings={},
    )  # fmt: skip
    definition = {**TINY, "in_channels": 1}
    network = build_network({"network_def": definition}, name="tiny", trusted=False)
    write_bundle(tmp_path / "other", facts, config={"network_def": definition},
                 weights=network.state_dict(), version="0.1.0", notes="tiny")  # fmt: skip
    with pytest.raises(ConfigError, match="sees"):
        train_fine(tmp_path, tmp_path / "other", tmp_path, tmp_path / "out", device=CPU,
                   version="0.2.0", settings=SETTINGS, loop=LoopSettings(minutes=0.01))  # fmt: skip


@pytest.mark.parametrize(
    "options", [["--phantoms", "1"], ["--data", "scans", "--from-bundle", "mine"]]
)
def test_what_it_cannot_learn_from_is_a_usage_error(tmp_path: Path, options: list[str]) -> None:
    asked = ["train", "organs_fine", "--work", str(tmp_path), "-o", str(tmp_path / "b"), *options]
    assert main(asked) == 2
