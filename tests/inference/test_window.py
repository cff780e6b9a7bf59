"""Tiles, padding and devices."""

import numpy as np
import pytest
import torch

from oligocount.errors import InferenceError, ModelError
from oligocount.inference.device import choose_device, free_memory_bytes
from oligocount.inference.window import run_network, tile_shape


def test_a_volume_that_fits_is_one_tile() -> None:
    assert tile_shape((64, 48, 32), 16, 64 * 48 * 32) == (64, 48, 32)


def test_the_longest_side_is_halved_first() -> None:
    assert tile_shape((128, 48, 48), 16, 64 * 48 * 48) == (64, 48, 48)


def test_a_tile_never_falls_below_the_divisor() -> None:
    assert tile_shape((64, 64, 64), 16, 1) == (16, 16, 16)


class Copy(torch.nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image.clone()


@pytest.mark.parametrize("budget", [10**9, 4 * 12**3])
def test_a_network_that_copies_gives_the_image_back(budget: int) -> None:
    """Whatever the tiling and padding, identity stays identity."""
    image = np.random.default_rng(0).normal(size=(2, 13, 21, 9)).astype(np.float32)
    copied = run_network(
        Copy(), image, device=torch.device("cpu"), divisor=4,
        bytes_per_voxel=4, budget_bytes=budget,
    )  # fmt: skip
    np.testing.assert_allclose(copied, image, atol=1e-5)


def test_a_network_that_fails_says_on_what() -> None:
    network = torch.nn.Conv3d(5, 1, 1)
    with pytest.raises(InferenceError, match=r"\(8, 8, 8\) voxels"):
        run_network(
            network, np.zeros((2, 8, 8, 8), np.float32), device=torch.device("cpu"), divisor=4,
            bytes_per_voxel=4,
        )  # fmt: skip


def test_the_processor_is_always_there() -> None:
    assert choose_device("cpu").type == "cpu"
    assert free_memory_bytes(choose_device("cpu")) > 0


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "CPU"])
def test_a_device_outside_the_vocabulary_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="expected auto, cpu, cuda"):
        choose_device(name)


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelError, match="CUDA device"):
        choose_device("cuda:99")
