"""False volumes of autoPET: one labelling and a count, against the challenge's loop.

The masks are `lesion_masks` of the reference data where they lie beside the checkout, and a made-up
whole body of 200 x 200 x 400 voxels with 120 components.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

from oligocount.learn.overlap import voxel_score

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "lesion_masks"
EIGHTEEN = ndimage.generate_binary_structure(3, 2)


def main() -> None:
    """Print seconds and numbers of both ways on every pair of masks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=(200, 200, 400))
    shape = tuple(parser.parse_args().shape)
    for name, truth, predicted in pairs(shape):
        ours, quick = timed(lambda t=truth, p=predicted: volumes(t, p))
        theirs, slow = timed(lambda t=truth, p=predicted: (loop(p, t), loop(t, p)))
        same = "same numbers" if ours == theirs else f"DIFFERENT: {ours} and {theirs}"
        print(f"{name}: {quick:.2f} s, loop {slow:.2f} s, {slow / quick:.0f} times faster, {same}")


def pairs(shape: tuple[int, int, int]) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, truth and prediction."""
    found = []
    if DATA.is_dir():
        truth = mask(DATA / "truth.nii.gz")
        found = [(name, truth, mask(DATA / f"{name}.nii.gz"))
                 for name in ("prediction_a", "prediction_b")]  # fmt: skip
    return [*found, ("made up", spheres(shape, 1), spheres(shape, 2))]


def mask(file: Path) -> np.ndarray:
    """The foreground of a NIfTI file."""
    return np.asarray(nib.load(file).dataobj) > 0


def spheres(shape: tuple[int, int, int], seed: int, count: int = 120) -> np.ndarray:
    """Balls of 12 voxels at random places."""
    rng = np.random.default_rng(seed)
    out = np.zeros(shape, bool)
    for centre in rng.integers(8, np.array(shape) - 8, size=(count, 3)):
        k, j, i = centre
        ball = np.indices((13, 13, 13)) - 6
        out[k - 6 : k + 7, j - 6 : j + 7, i - 6 : i + 7] |= (ball**2).sum(0) <= 36
    return out


def volumes(truth: np.ndarray, predicted: np.ndarray) -> tuple[int, int]:
    """Our false positive and false negative voxels."""
    score = voxel_score(truth, predicted, 1.0)
    return int(score.false_positive_ml), int(score.false_negative_ml)


def loop(mask: np.ndarray, other: np.ndarray) -> int:
    """The loop of the challenge's script (lab-midas/autoPET, val_script.py)."""
    parts, count = ndimage.label(mask, EIGHTEEN)
    total = 0
    for number in range(1, count + 1):
        component = np.isin(parts, number)
        if (component * other).sum() == 0:
            total += int(component.sum())
    return total


def timed(work: Callable[[], tuple[int, int]]) -> tuple[tuple[int, int], float]:
    """What a piece of work gives, and its seconds."""
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


if __name__ == "__main__":
    main()
