"""What the scanner makes of the patient: resolution, noise, breathing, field of view."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_DEEP_MM = 90.0  # about the depth of the spine
_END_MM = 12.0  # the planes that an overlap of beds would have saved


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """One day's acquisition.

    `pet_noise` is relative, at SUV 1 near the skin; `pet_noise_inside` how much more of it there is
    deep in the body, where most photons are lost; `pet_end_noise` how much more in the first and
    last planes, which fewest coincidences cross.
    """

    pet_fwhm_mm: float
    pet_noise: float
    pet_grain_mm: float
    pet_noise_inside: float
    pet_end_noise: float
    ct_fwhm_mm: float
    ct_noise_hu: float
    breath_shift_mm: float
    breath_blur_mm: float


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Random: 4 to 8 mm PET resolution, low to high counts, low-dose to diagnostic CT."""
    return Scanner(
        pet_fwhm_mm=float(rng.uniform(4.0, 8.5)),
        pet_noise=float(np.exp(rng.uniform(np.log(0.04), np.log(0.32)))),
        pet_grain_mm=float(rng.uniform(4.0, 9.0)),
        pet_noise_inside=float(rng.uniform(0.0, 1.2)),
        pet_end_noise=float(rng.uniform(0.5, 4.0)) if rng.random() < 0.6 else 0.0,
        ct_fwhm_mm=float(rng.uniform(1.0, 3.5)),
        ct_noise_hu=float(np.exp(rng.uniform(np.log(4), np.log(45)))),
        breath_shift_mm=float(rng.normal(0, 7)) if rng.random() < 0.6 else 0.0,
        breath_blur_mm=float(rng.uniform(0, 9)),
    )


def blur(array: NDArray[np.float32], fwhm_mm: float, spacing_mm: float) -> NDArray[np.float32]:
    """The array after a Gaussian of this width."""
    sigma = fwhm_mm / 2.355 / spacing_mm
    blurred: NDArray[np.float32] = ndimage.gaussian_filter(
        array, sigma, mode="nearest", truncate=3.0
    )
    return blurred


def pet_image(
    activity: NDArray[np.float32],
    scanner: Scanner,
    spacing_mm: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """SUV as reconstructed: blurred, with noise that grows with the root of the uptake."""
    sharp = blur(activity, scanner.pet_fwhm_mm, spacing_mm)
    noise = rng.standard_normal(activity.shape, np.float32)
    noise = blur(noise, max(scanner.pet_grain_mm, 0.6 * scanner.pet_fwhm_mm), spacing_mm)
    noise /= noise[:: max(1, noise.shape[0] // 40)].std() + 1e-9
    level = np.sqrt(np.maximum(sharp, 0.03)) * _noisiness(activity > 0, scanner, spacing_mm)
    image = sharp + scanner.pet_noise * level * noise
    clipped: NDArray[np.float32] = np.maximum(image, 0.0).astype(np.float32)
    return clipped


def _noisiness(body: NDArray[np.bool_], scanner: Scanner, spacing_mm: float) -> NDArray[np.float32]:
    """1 at the skin, more within the body and in the planes at both ends of the scan."""
    depth = ndimage.distance_transform_edt(body[::3, ::3, ::3]) * 3 * spacing_mm
    deep = 1 + scanner.pet_noise_inside * np.minimum(depth / _DEEP_MM, 1)
    wide = deep.repeat(3, 0).repeat(3, 1).repeat(3, 2)[tuple(slice(n) for n in body.shape)]
    to_end = np.minimum(np.arange(len(body)), np.arange(len(body))[::-1]) * spacing_mm
    ends = 1 + scanner.pet_end_noise * np.exp(-to_end / _END_MM)
    noisiness: NDArray[np.float32] = (wide * ends[:, None, None]).astype(np.float32)
    return noisiness


def ct_image(
    density: NDArray[np.float32],
    scanner: Scanner,
    spacing_mm: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """HU as reconstructed on this grid: averaged over the voxel, noisy, within -1024 to 3071."""
    sharp = blur(density, float(np.hypot(scanner.ct_fwhm_mm, 0.7 * spacing_mm)), spacing_mm)
    noise = rng.standard_normal(density.shape, np.float32)
    damping = min(1.0, (2.0 / spacing_mm) ** 1.5)  # noise averages out over coarse voxels
    image = sharp + scanner.ct_noise_hu * damping * noise * np.where(sharp < -900, 0.3, 1.0)
    clipped: NDArray[np.float32] = np.clip(image, -1024, 3071).astype(np.float32)
    return clipped


def breathe(
    array: NDArray[np.float32], dome_slice: float, scanner: Scanner, spacing_mm: float
) -> NDArray[np.float32]:
    """The array with the organs around the diaphragm shifted along z and smeared."""
    where = _breathing(len(array), dome_slice, scanner, spacing_mm)
    moved = _shifted(array, where)
    if scanner.breath_blur_mm < 1:
        return moved
    weight = _near_dome(len(array), dome_slice, spacing_mm)
    k = np.arange(len(array))
    step = weight * scanner.breath_blur_mm / 2 / spacing_mm
    above, below = _shifted(moved, k + step), _shifted(moved, k - step)
    smeared: NDArray[np.float32] = (0.4 * moved + 0.3 * above + 0.3 * below).astype(np.float32)
    return smeared


def breathe_labels(
    labels: NDArray[np.uint8], dome_slice: float, scanner: Scanner, spacing_mm: float
) -> NDArray[np.uint8]:
    """Labels where `breathe` leaves what they mark: shifted, never smeared."""
    where = _breathing(len(labels), dome_slice, scanner, spacing_mm)
    moved: NDArray[np.uint8] = labels[np.clip(np.rint(where), 0, len(labels) - 1).astype(int)]
    return moved


def _near_dome(count: int, dome_slice: float, spacing_mm: float) -> NDArray[np.float64]:
    away = (np.arange(count) - dome_slice) * spacing_mm
    weight: NDArray[np.float64] = np.exp(-0.5 * (away / 45.0) ** 2)
    return weight


def _breathing(
    count: int, dome_slice: float, scanner: Scanner, spacing_mm: float
) -> NDArray[np.float64]:
    """The slice (fractional) that each slice shows."""
    shift = _near_dome(count, dome_slice, spacing_mm) * scanner.breath_shift_mm / spacing_mm
    where: NDArray[np.float64] = np.arange(count) + shift
    return where


def _shifted(array: NDArray[np.float32], where: NDArray[np.float64]) -> NDArray[np.float32]:
    where = np.clip(where, 0, len(array) - 1)
    low = np.floor(where).astype(int)
    high = np.minimum(low + 1, len(array) - 1)
    share = (where - low).astype(np.float32)[:, None, None]
    moved: NDArray[np.float32] = array[low] * (1 - share) + array[high] * share
    return moved
