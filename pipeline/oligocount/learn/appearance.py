"""Random appearance: uptake and density by organ, blur, noise, scale, wider than in reality.

All of it happens on the device of the image.
"""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class AppearanceSettings:
    """How far images may vary. `_sd` of logarithms unless a unit is named.

    What is denser than `dense_from_hu` - bone, contrast - is so by a factor of `dense_gain` for the
    whole body, evenly drawn on a logarithmic scale, and one for each organ: the ribs of two real
    patients have a median of 104 and 195 HU on voxels of 4 mm, those of the simulator 240 to 340.
    """

    organ_gain_sd: float = 0.5
    global_gain_sd: float = 0.3
    pet_noise_max: float = 0.25
    blur_max_voxels: float = 0.7
    organ_shift_sd_hu: float = 12.0
    dense_from_hu: float = 60.0
    dense_gain: tuple[float, float] = (0.3, 1.2)
    dense_gain_sd: float = 0.25
    ct_noise_max_hu: float = 45.0


def vary_suv(
    suv: torch.Tensor,
    organs: torch.Tensor | None,
    rng: np.random.Generator,
    settings: AppearanceSettings,
) -> torch.Tensor:
    """SUV with each organ's uptake, the whole level, resolution and noise drawn anew."""
    gain = float(np.exp(rng.normal(0, settings.global_gain_sd)))
    if organs is not None:
        factors = np.exp(rng.normal(0, settings.organ_gain_sd, 256)).astype(np.float32)
        suv = suv * torch.from_numpy(factors).to(suv.device)[organs.long()]
    suv = blur(suv * gain, rng.uniform(0, settings.blur_max_voxels))
    noise = blur(normal(suv, rng), rng.uniform(0.3, 0.8))
    level = rng.uniform(0, settings.pet_noise_max) / float(noise.std())
    # Noise in a corrected PET image grows about with the root of the activity.
    return torch.clamp(suv + level * noise * torch.sqrt(suv.clamp(min=0) + 0.02), min=0)


def vary_ct(
    ct: torch.Tensor,
    organs: torch.Tensor | None,
    rng: np.random.Generator,
    settings: AppearanceSettings,
) -> torch.Tensor:
    """HU with each organ's density, resolution, noise and calibration drawn anew."""
    low, high = np.log(settings.dense_gain)
    gains = np.exp(rng.uniform(low, high) + rng.normal(0, settings.dense_gain_sd, 256))
    of_voxel = float(gains[0]) if organs is None else \
        torch.from_numpy(gains.astype(np.float32)).to(ct.device)[organs.long()]  # fmt: skip
    dense = (ct - settings.dense_from_hu).clamp(min=0)
    ct = ct + dense * (of_voxel - 1)
    if organs is not None:
        shifts = rng.normal(0, settings.organ_shift_sd_hu, 256).astype(np.float32)
        shifts[0] = 0
        ct = ct + torch.from_numpy(shifts).to(ct.device)[organs.long()]
    ct = blur(ct, rng.uniform(0, settings.blur_max_voxels))
    noise = blur(normal(ct, rng), rng.uniform(0, 0.5))
    ct = ct + rng.uniform(0, settings.ct_noise_max_hu) * noise
    return (ct * float(np.exp(rng.normal(0, 0.03))) + rng.normal(0, 8)).clamp(-1024, 3071)


def cut_off(
    image: torch.Tensor, rng: np.random.Generator, *, spacing_mm: float, outside: float
) -> torch.Tensor:
    """An image (k, j, i) that covers less: fewer slices at one end, or a round field of view."""
    cut = image.clone()
    if rng.random() < 0.5:
        lost = int(len(image) * rng.uniform(0.05, 0.5))
        part = slice(0, lost) if rng.random() < 0.5 else slice(len(image) - lost, None)
        cut[part] = outside
        return cut
    half = rng.uniform(200, 260) / spacing_mm  # CT reconstructs 500 mm, arms reach beyond
    middle = [(n - 1) / 2 + rng.normal(0, 20) / spacing_mm for n in image.shape[1:]]
    j, i = (
        torch.arange(n, device=image.device) - m
        for n, m in zip(image.shape[1:], middle, strict=True)
    )
    cut[:, j[:, None] ** 2 + i[None] ** 2 > half**2] = outside
    return cut


def blur(array: torch.Tensor, sigma_voxels: float) -> torch.Tensor:
    """An array (k, j, i) under a Gaussian; one below a quarter voxel changes nothing."""
    if sigma_voxels < 0.25:
        return array
    radius = max(1, int(np.ceil(2.5 * sigma_voxels)))
    steps = torch.arange(-radius, radius + 1, dtype=torch.float32, device=array.device)
    kernel = torch.exp(-0.5 * (steps / sigma_voxels) ** 2)
    kernel = kernel / kernel.sum()
    out = array[None, None]
    for axis in range(3):
        shape = [1, 1, 1, 1, 1]
        shape[2 + axis] = len(steps)
        padding = [0, 0, 0]
        padding[axis] = radius
        out = torch.nn.functional.conv3d(out, kernel.reshape(shape), padding=padding)
    return out[0, 0]


def normal(like: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """White noise of mean 0 and deviation 1 in the image's shape."""
    generator = torch.Generator(device=like.device).manual_seed(int(rng.integers(2**31)))
    return torch.randn(like.shape, generator=generator, device=like.device)
