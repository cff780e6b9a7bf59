"""Urine on its way: calyces and pelvis of each kidney, and stretches of the ureters."""

import numpy as np
from numpy.typing import NDArray

from oligocount.simulate.body import BodyMap
from oligocount.simulate.lesions import Focus
from oligocount.simulate.mimic import mimic
from oligocount.simulate.places import INNER, nearest_place, pick

_PELVIS_INWARD_MM = 12.0
_BEAD_STEP_MM = 4.0
_ASIDE_MM = 30.0  # a ureter's way around bone, bowel and vessels
_FILLS = (*INNER, "iliopsoas_", "kidney_", "urinary_bladder", "iliac_vena")


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
    # forward over the psoas, which keeps it off the spine
    bow = np.array([0, -rng.uniform(8, 26), -inward * rng.uniform(0, 12)]) / spacing
    free = body.where(*INNER)

    def along(t: float) -> tuple[int, int, int] | None:
        place = pelvis * (1 - t) + goal * t + bow * np.sin(np.pi * t)
        return nearest_place(free, place, _ASIDE_MM, spacing)

    foci: list[Focus] = []

    def add(t: float, size: tuple[float, float, float], suv: float) -> None:
        at = along(t)
        if at:
            foci.append(mimic(body, "ureter", at, size, suv, hu=15, hosts=_FILLS))

    for _ in range(rng.poisson(1.0)):
        size = (float(rng.uniform(3, 14)), float(rng.uniform(2, 3.5)), float(rng.uniform(2, 3.5)))
        add(float(rng.uniform(0.08, 0.95)), size, float(rng.uniform(3, 16)))
    if rng.random() < 0.45:
        length_mm = float(np.linalg.norm((goal - pelvis) * spacing))
        first = float(rng.uniform(0, 0.8))
        last = min(0.98, first + float(rng.uniform(0.08, 0.45)))
        count = max(2, int((last - first) * length_mm / _BEAD_STEP_MM))
        level, width = float(rng.uniform(3, 20)), float(rng.uniform(2, 3.5))
        for t in np.linspace(first, last, min(count, 40)):
            add(float(t), (4.0, width, width), level * float(rng.uniform(0.6, 1.2)))
    return foci
