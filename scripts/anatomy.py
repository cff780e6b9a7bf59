"""Rebuild the organ labels of the simulator's patients from the organ maps, and compare.

    python scripts/anatomy.py MAPS [PATIENT ...] [--out FILE]

MAPS holds map_001.nii.gz and so on. Each patient's organs are put on the grid of 4 mm of
configs/simulator/patients.npz about the apex and the middle of his lungs, by the nearest voxel,
and compared with what is shipped. Not rebuilt: the displacement fields and the range of z that was
trusted (`--out` takes over the shipped ones), and template.npz, which was partly drawn by hand.
Exit code 1 where a patient differs in more than `MOST_DIFFERING` voxels.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import LabelMap
from oligocount.intake.nifti import read_nifti_labels
from oligocount.resources import shipped_folder
from oligocount.simulate.atlas import PATIENT_ORGANS

LUNG = PATIENT_ORGANS.index("lung")
MOST_DIFFERING = 20  # of four million: rounding where a voxel lies halfway between two


def lungs_centre(lungs: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The place (k, j, i) of a patient's zero: top of the lungs, their mean j, their middle i."""
    k = np.flatnonzero(lungs.any(axis=(1, 2)))
    i = np.flatnonzero(lungs.any(axis=(0, 1)))
    j = np.average(np.arange(lungs.shape[1]), weights=lungs.sum(axis=(0, 2)))
    return np.array([k[-1], j, (i[0] + i[-1]) / 2])


def on_grid(
    organs: LabelMap, origin_mm: NDArray[Any], spacing_mm: float, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """The organs that the simulator knows on its grid, by the nearest voxel."""
    array = organs.array
    centre = lungs_centre(array == LUNG)
    steps = np.linalg.norm(organs.geometry.affine[:3, :3], axis=0)
    taken, there = [], []
    for d in range(3):
        mm = origin_mm[d] + spacing_mm * np.arange(shape[d])
        index = np.rint(mm / steps[d] + centre[d]).astype(int)
        inside = (index >= 0) & (index < array.shape[d])
        taken.append(index[inside])
        there.append(inside)
    out = np.zeros(shape, np.uint8)
    out[np.ix_(*there)] = array[np.ix_(*taken)]
    out[out >= len(PATIENT_ORGANS)] = 0
    return out


def main() -> int:
    """Tells for each patient how many voxels differ from what is shipped."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("maps", type=Path)
    parser.add_argument("patients", type=int, nargs="*", help="their numbers; default: all")
    parser.add_argument("--out", type=Path, help="write patients.npz with the rebuilt labels")
    told = parser.parse_args()
    with np.load(shipped_folder("configs") / "simulator" / "patients.npz") as content:
        shipped = dict(content)
    numbers = told.patients or [int(n) for n in (*shipped["training"], *shipped["held_out"])]
    origin, spacing = shipped["origin_mm"], float(shipped["spacing_mm"])
    worst = 0
    for number in numbers:
        organs, _ = read_nifti_labels(told.maps / f"map_{number:03d}.nii.gz")
        own = shipped[f"labels_{number}"]
        labels = on_grid(organs, origin, spacing, own.shape)
        differing = int((labels != own).sum())
        worst = max(worst, differing)
        print(f"patient {number}: {differing} of {int((own > 0).sum())} organ voxels", flush=True)
        shipped[f"labels_{number}"] = labels
    if told.out is not None:
        np.savez_compressed(told.out, **shipped)
    return int(worst > MOST_DIFFERING)


if __name__ == "__main__":
    sys.exit(main())
