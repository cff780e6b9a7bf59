"""What FDG and X-rays see before the scanner does: SUV and HU of every structure."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.simulate.body import BodyMap
from oligocount.simulate.tissue import load_tissues


@dataclass(frozen=True, slots=True, kw_only=True)
class Physiology:
    """This patient's metabolism on the day of the scan; factors multiply the table's SUV."""

    heart_suv: float
    bowel_factor: float
    marrow_factor: float
    spleen_factor: float
    brain_factor: float
    bladder_suv: float
    kidney_factor: float
    muscle_factor: float
    esophagus_factor: float
    stomach_factor: float
    overall_factor: float
    contrast: float


def draw_physiology(rng: np.random.Generator) -> Physiology:
    """Random, wider than reality: heart on or off, metformin, G-CSF, diabetes, contrast.

    Shares follow section 3.3 of the project's uptake table where it has them.
    """
    g_csf = rng.random() < 0.08
    active_heart = rng.random() < 0.55
    return Physiology(
        heart_suv=float(
            np.clip(rng.lognormal(1.8, 0.55), 2, 25) if active_heart else rng.normal(1.8, 0.3)
        ),
        bowel_factor=float(rng.uniform(2, 6) if rng.random() < 0.15 else rng.lognormal(0, 0.3)),
        marrow_factor=float(rng.uniform(1.8, 4) if g_csf else rng.lognormal(0, 0.2)),
        spleen_factor=float(rng.uniform(1.3, 2.2) if g_csf else rng.lognormal(0, 0.15)),
        brain_factor=float(rng.uniform(0.25, 0.7) if rng.random() < 0.12 else 1.0),
        bladder_suv=float(np.clip(20 * rng.lognormal(0, 0.8), 1.5, 120)),
        kidney_factor=float(rng.lognormal(0, 0.35)),
        muscle_factor=float(rng.uniform(1.8, 3.5) if rng.random() < 0.06 else 1.0),
        esophagus_factor=float(rng.uniform(1.6, 3.0) if rng.random() < 0.08 else 1.0),
        stomach_factor=float(rng.uniform(1.5, 3.0) if rng.random() < 0.12 else 1.0),
        overall_factor=float(rng.lognormal(0, 0.12)),
        contrast=float(rng.uniform(0.4, 1.3)) if rng.random() < 0.3 else 0.0,
    )


def draw_activity(
    body: BodyMap, physiology: Physiology, rng: np.random.Generator
) -> NDArray[np.float32]:
    """SUV of every voxel before the scanner, lesions not yet in."""
    table = load_tissues(body.names)
    spread = np.clip(rng.normal(size=len(body.names)), -2.2, 2.2).astype(np.float32)
    level = np.maximum(table.suv + table.suv_sd * spread, 0.25 * table.suv)
    level = level * _factors(body, physiology)
    _twin_sides(level, body.names)
    level[body.ids("urinary_bladder")] = physiology.bladder_suv
    level[body.ids("heart_myocardium")] = physiology.heart_suv
    level[0] = 0.0
    fine = smooth_field(body.labels.shape, body.geometry.spacing_mm[0], 14.0, rng)
    broad = smooth_field(body.labels.shape, body.geometry.spacing_mm[0], 45.0, rng)
    patchy = table.patchy[body.labels]
    activity = level[body.labels] * np.clip(1 + patchy * (0.8 * fine + 0.6 * broad), 0.15, 3.0)
    activity[body.cortex] *= 0.5
    suv: NDArray[np.float32] = activity.astype(np.float32)
    return suv


def draw_density(
    body: BodyMap, physiology: Physiology, rng: np.random.Generator
) -> NDArray[np.float32]:
    """HU of every voxel before the scanner, lesions not yet in."""
    table = load_tissues(body.names)
    spread = np.clip(rng.normal(size=len(body.names)), -2.2, 2.2).astype(np.float32)
    level = table.hu + table.hu_sd * spread + physiology.contrast * table.contrast
    _twin_sides(level, body.names)
    grain = smooth_field(body.labels.shape, body.geometry.spacing_mm[0], 9.0, rng)
    density = level[body.labels] + table.grain[body.labels] * grain
    _part_muscles(density, body, rng)
    shell = body.cortex
    density[shell] = table.cortex_hu[body.labels[shell]] * (1 + 0.15 * grain[shell])
    hu: NDArray[np.float32] = density.astype(np.float32)
    return hu


def _part_muscles(density: NDArray[np.float32], body: BodyMap, rng: np.random.Generator) -> None:
    """Seams of fat between muscles, more in some patients than in others."""
    field = smooth_field(body.labels.shape, body.geometry.spacing_mm[0], 22.0, rng)
    fat = float(rng.uniform(0, 140)) * np.exp(-((field / float(rng.uniform(0.08, 0.2))) ** 2))
    density -= np.where(body.where("muscle", "gluteus_", "autochthon_", "iliopsoas_"), fat, 0)


def smooth_field(
    shape: tuple[int, ...], spacing_mm: float, scale_mm: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Noise of unit deviation that changes over `scale_mm`."""
    coarse = [max(2, int(np.ceil(n * spacing_mm / scale_mm)) + 1) for n in shape]
    noise = torch.from_numpy(rng.standard_normal((1, 1, *coarse), np.float32))
    field = torch.nn.functional.interpolate(
        noise, size=tuple(shape), mode="trilinear", align_corners=True
    )
    smooth: NDArray[np.float32] = (field[0, 0] * 1.6).numpy()
    return smooth


def _factors(body: BodyMap, physiology: Physiology) -> NDArray[np.float32]:
    factors = np.full(len(body.names), physiology.overall_factor, np.float32)
    changes = {
        ("colon", "small_bowel", "duodenum"): physiology.bowel_factor,
        ("vertebrae_", "sacrum", "sternum", "hip_", "rib_", "femur_", "humerus_", "scapula_",
         "clavicula_"): physiology.marrow_factor,
        ("spleen",): physiology.spleen_factor,
        ("brain",): physiology.brain_factor,
        ("kidney",): physiology.kidney_factor,
        ("muscle", "gluteus_", "iliopsoas_", "autochthon_"): physiology.muscle_factor,
        ("esophagus",): physiology.esophagus_factor,
        ("stomach",): physiology.stomach_factor,
    }  # fmt: skip
    for prefixes, factor in changes.items():
        factors[body.ids(*prefixes)] *= factor
    return factors


def _twin_sides(level: NDArray[np.float32], names: tuple[str, ...]) -> None:
    """Left and right, and the bones of one row, look alike but for a few per cent."""
    index = {name: i for i, name in enumerate(names)}
    for name, i in index.items():
        if "_right" in name and name.replace("_right", "_left") in index:
            twin = index[name.replace("_right", "_left")]
            level[i] = level[twin] * (0.96 + 0.08 * ((i * 37) % 10) / 10)
    for prefix in ("vertebrae_", "rib_"):
        group = [i for name, i in index.items() if name.startswith(prefix)]
        level[group] = level[group].mean() + 0.2 * (level[group] - level[group].mean())
