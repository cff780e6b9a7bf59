"""One forward pass where memory allows, overlapping tiles where it does not."""

import math

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from numpy.typing import NDArray

from oligocount.errors import InferenceError
from oligocount.inference.device import free_memory_bytes, half_precision, layout

_SHARE_OF_FREE_MEMORY = 0.5  # the rest is for the images and the other stages
_OVERLAP = 0.25


@torch.inference_mode()
def run_network(
    network: torch.nn.Module,
    channels: NDArray[np.float32],
    *,
    device: torch.device,
    divisor: int,
    bytes_per_voxel: int,
    budget_bytes: int | None = None,
) -> NDArray[np.float32]:
    """The network's raw output (K, k, j, i) for channels (C, k, j, i).

    The volume is padded to multiples of `divisor`. When `bytes_per_voxel` for all voxels exceed
    the budget (half of the free memory unless given), it is cut into overlapping tiles blended
    by a Gaussian. Raises InferenceError when even one tile fails.
    """
    shape = channels.shape[1:]
    image = torch.from_numpy(np.ascontiguousarray(channels))[None]
    image = torch.nn.functional.pad(image, _padding(shape, divisor), mode="replicate")
    if budget_bytes is None:
        budget_bytes = int(free_memory_bytes(device) * _SHARE_OF_FREE_MEMORY)
    tile = tile_shape(tuple(image.shape[2:]), divisor, budget_bytes // bytes_per_voxel)
    network = network.to(device).eval()
    try:
        output = _forward(network, image, tile, device)
    except (RuntimeError, torch.OutOfMemoryError) as error:
        raise InferenceError(
            f"network failed on {tuple(shape)} voxels, tile {tile}, {device}: {error}"
        ) from error
    return output[0, :, : shape[0], : shape[1], : shape[2]].numpy()


def tile_shape(shape: tuple[int, ...], divisor: int, max_voxels: int) -> tuple[int, int, int]:
    """The largest tile that fits: the longest side is halved until it does, at least `divisor`.

    Every side stays a multiple of `divisor` or equal to the volume's.
    """
    tile = list(shape)
    while math.prod(tile) > max_voxels and max(tile) > divisor:
        longest = tile.index(max(tile))
        tile[longest] = max(divisor, math.ceil(tile[longest] / 2 / divisor) * divisor)
    return (tile[0], tile[1], tile[2])


def _padding(shape: tuple[int, ...], divisor: int) -> list[int]:
    """Padding at the far ends, in the order torch wants (last axis first)."""
    return [n for side in reversed(shape) for n in (0, -side % divisor)]


def _forward(
    network: torch.nn.Module,
    image: torch.Tensor,
    tile: tuple[int, int, int],
    device: torch.device,
) -> torch.Tensor:
    with half_precision(device):
        if tile == tuple(image.shape[2:]):
            output = network(image.to(device, memory_format=layout(device)))
        else:
            output = sliding_window_inference(
                image,
                tile,
                sw_batch_size=1,
                predictor=network,
                overlap=_OVERLAP,
                mode="gaussian",
                sw_device=device,
                device=torch.device("cpu"),
            )
    if not isinstance(output, torch.Tensor):
        raise InferenceError(f"network returned {type(output).__name__}, expected one tensor")
    return output.float().cpu()
