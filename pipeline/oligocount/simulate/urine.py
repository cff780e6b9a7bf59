"""Urine on its way: calyces and pelvis of each kidney, and stretches of the ureters."""

import numpy as np
from numpy.typing import NDArray

from oligocount.simulate.body import BodyMap
from oligocount.simulate.lesions import Focus
from oligocount.simulate.mimic import mimic
from oligocount.simulate.sites import BONE_NAMES, pick

_PELVIS_INWARD_MM = 12.0
_BEAD_STEP_MM = 4.0


def collecting_system(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Hot calyces and renal pelves; beads, and stretches without a gap, along the ureters."""
    foci = []
    spacing = body.geometry.spacing_mm[0]
    for side in ("left", "right"):
        kidney = body.where(f"kidney_{side}")
        if kidney.sum() < 20:
            continue
        inward = 1 if side == "right" else -1
        pelvis = np.argwhere(kidney).mean(0) + np.array([0, -2, inward * _PELVIS_INWARD_MM]
                                                        ) / spacing  # fmt: skip
        hot = float(np.clip(12 * rng.lognormal(0, 0.6), 3, 45))
        if rng.random() < 0.85:
            size = (float(rng.uniform(6, 16)), float(rng.uniform(3, 8)), float(rng.uniform(3, 9)))
            foci.append(mimic(body, "renal_pelvis", pelvis, size, hot, hu=10))
        foci += _calyces(body, kidney, side, hot, rng)
        foci += _ureter(body, pelvis, inward, rng)
    return foci


def _calyces(
    body: BodyMap, kidney: NDArray[np.bool_], side: str, hot: float, rng: np.random.Generator
) -> list[Focus]:
    foci = []
    for _ in range(int(rng.integers(0, 6))):
        at = pick(kidney, rng)
        if at:
            size = tuple(float(v) for v in rng.uniform(2.5, 8, 3))
            level = hot * float(rng.uniform(0.3, 1))
            foci.append(mimic(body, "calyx", at, size, level, hu=None, hosts=(f"kidney_{side}",)))
    return foci


def _ureter(
    body: BodyMap, pelvis: NDArray[np.float64], inward: int, rng: np.random.Generator
) -> list[Focus]:
    bladder = np.argwhere(body.where("urinary_bladder"))
    if len(bladder) == 0:
        return []
    spacing = body.geometry.spacing_mm[0]
    goal = bladder.mean(0) + np.array([10, 8, -inward * 22]) / spacing
    bow = np.array([0, rng.uniform(10, 32), inward * rng.uniform(6, 22)]) / spacing

    bones = body.where(*BONE_NAMES)

    def along(t: float) -> NDArray[np.float64]:
        lift = np.array([0, 8, 0]) / spacing
        place: NDArray[np.float64] = pelvis * (1 - t) + goal * t + bow * np.sin(np.pi * t) - lift
        return _before_bone(bones, place)

    foci = []
    for _ in range(rng.poisson(1.0)):
        size = (float(rng.uniform(3, 14)), float(rng.uniform(2, 3.5)), float(rng.uniform(2, 3.5)))
        at = along(float(rng.uniform(0.08, 0.95)))
        foci.append(mimic(body, "ureter", at, size, float(rng.uniform(3, 16)), hu=15))
    if rng.random() < 0.45:
        length_mm = float(np.linalg.norm((goal - pelvis) * spacing))
        first = float(rng.uniform(0, 0.8))
        last = min(0.98, first + float(rng.uniform(0.08, 0.45)))
        count = max(2, int((last - first) * length_mm / _BEAD_STEP_MM))
        level, width = float(rng.uniform(3, 20)), float(rng.uniform(2, 3.5))
        for t in np.linspace(first, last, min(count, 40)):
            suv = level * float(rng.uniform(0.6, 1.2))
            foci.append(mimic(body, "ureter", along(float(t)), (4.0, width, width), suv, hu=15))
    return foci


def _before_bone(bones: NDArray[np.bool_], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """The place itself, or the nearest one in front of the bone in which it lies."""
    k, j, i = (int(v) for v in np.clip(np.rint(place), 0, np.array(bones.shape) - 1))
    free = np.flatnonzero(~bones[k, : j + 1, i])
    return place if free.size == 0 else place - np.array([0, j - free[-1], 0])
