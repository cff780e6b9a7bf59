"""Random geometry: one resampling that scales, turns, bends, mirrors and crops a sample."""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class WarpSettings:
    """How far geometry may vary (standard deviations; angles in degrees)."""

    scale_sd: float = 0.1
    anisotropy_sd: float = 0.05
    angle_sd_deg: float = 4.0
    elastic_sd_voxels: float = 1.2
    elastic_nodes: int = 5
    mirror_share: float = 0.5


def random_grid(
    shape: tuple[int, int, int],
    window: tuple[int, int, int],
    centre: tuple[float, float, float],
    rng: np.random.Generator,
    settings: WarpSettings,
    *,
    step: float = 1.0,
    device: torch.device | None = None,
) -> torch.Tensor:
    """A sampling grid (1, k, j, i, 3) for grid_sample: a warped window about `centre` (k, j, i).

    One voxel of the window is `step` voxels of the sample. Left and right are mirrored in
    `mirror_share` of the draws.
    """
    matrix = step * _random_matrix(rng, settings)
    axes = [torch.arange(n, dtype=torch.float32, device=device) - (n - 1) / 2 for n in window]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    points = points @ torch.from_numpy(matrix.T.astype(np.float32)).to(device)
    points = points + _elastic(window, rng, settings, device)
    points = points + torch.tensor(centre, dtype=torch.float32, device=device)
    size = torch.tensor(shape, dtype=torch.float32, device=device)
    normalised = (2 * points + 1) / size - 1
    return normalised.flip(-1)[None]


def sample_at(
    array: torch.Tensor, grid: torch.Tensor, *, nearest: bool, outside: float
) -> torch.Tensor:
    """An array (k, j, i) at the grid's points; `outside` beyond its edges."""
    moved = torch.nn.functional.grid_sample(
        (array - outside)[None, None],
        grid,
        mode="nearest" if nearest else "bilinear",
        padding_mode="zeros",
        align_corners=False,
    )
    return moved[0, 0] + outside


def _random_matrix(rng: np.random.Generator, settings: WarpSettings) -> np.ndarray:
    angles = np.deg2rad(rng.normal(0, settings.angle_sd_deg, 3))
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [n for n in range(3) if n != axis]
        one = np.eye(3)
        one[a, a] = one[b, b] = np.cos(angle)
        one[a, b], one[b, a] = -np.sin(angle), np.sin(angle)
        turn = turn @ one
    scale = np.exp(rng.normal(0, settings.scale_sd) + rng.normal(0, settings.anisotropy_sd, 3))
    scale[2] *= -1 if rng.random() < settings.mirror_share else 1
    return turn * scale


def _elastic(
    window: tuple[int, int, int],
    rng: np.random.Generator,
    settings: WarpSettings,
    device: torch.device | None,
) -> torch.Tensor:
    nodes = settings.elastic_nodes
    coarse = rng.normal(0, settings.elastic_sd_voxels, (1, 3, nodes, nodes, nodes))
    smooth = torch.nn.functional.interpolate(
        torch.from_numpy(coarse.astype(np.float32)).to(device),
        window,
        mode="trilinear",
        align_corners=True,
    )
    return smooth[0].permute(1, 2, 3, 0)
