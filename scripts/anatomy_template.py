"""Check the part of the simulator's template that comes from the mesh50-XCAT phantom.

    python scripts/anatomy_template.py Voxelized_mesh50XCAT_WholeBody.zip

The template takes every second voxel of 1 mm of that file (658 x 280 x 1764 voxels of 16 bits).
Printed for each tissue of XCAT: the Dice of what the template has in its place. Body and bones are
XCAT's own, so they must agree; airways, brain, lungs and liver were drawn over or registered from
others, so they agree in part. Everything else of the template has no source to compare with:
configs/simulator/README.md. Exit code 1 where body or bones disagree.
"""

import argparse
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oligocount.simulate.atlas import BONES, Template, load_template

WIDTH, DEPTH, SLICES = 658, 280, 1764
LEAST_DICE = 0.99
# XCAT's number of a tissue, what the template calls it, and whether it is still XCAT's own.
TISSUES = (
    ("bones", 7, (*BONES, "costal_cartilages"), True),
    ("airways", 2, ("airway", "trachea", "vocal_cord_"), False),
    ("brain", 3, ("brain", "csf"), False),
    ("lungs", 6, ("lung", "pulmonary_", "bronchus"), False),
    ("liver", 5, ("liver",), False),
)


def every_second_voxel(archive: Path) -> NDArray[np.uint8]:
    """XCAT's tissue numbers (k, j, i) on the template's grid."""
    size = 2 * WIDTH * DEPTH
    slices = []
    with zipfile.ZipFile(archive) as opened:
        name = next(n for n in opened.namelist() if n.endswith(".i33") and "MACOSX" not in n)
        with opened.open(name) as content:
            for _ in range(SLICES // 2):
                whole = np.frombuffer(content.read(size), "<u2").reshape(DEPTH, WIDTH)
                slices.append(whole[::2, ::2].astype(np.uint8))
                content.read(size)
    return np.stack(slices)


def dices(tissues: NDArray[np.uint8], template: Template) -> dict[str, tuple[float, bool]]:
    """The Dice of body and tissues, and whether the template must agree there."""

    def dice(own: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> float:
        return float(2 * (own & theirs).sum() / (own.sum() + theirs.sum()))

    found = {"body": (dice(template.labels > 0, tissues > 0), True)}
    for name, number, prefixes, must in TISSUES:
        own = np.isin(template.labels, template.ids(*prefixes))
        found[name] = (dice(own, tissues == number), must)
    return found


def main() -> int:
    """Says how far the template agrees with XCAT."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path, help="the zip of XCAT's voxels")
    archive = parser.parse_args().archive
    try:
        tissues = every_second_voxel(archive)
    except (OSError, ValueError, StopIteration, zipfile.BadZipFile) as problem:
        print(
            f"anatomy_template: {archive} is not XCAT's zip of voxels: {problem}", file=sys.stderr
        )
        return 2
    worst = 1.0
    for name, (dice, must) in dices(tissues, load_template()).items():
        print(f"{name}: Dice {dice:.4f}{'' if must else ' (changed or replaced)'}")
        worst = min(worst, dice) if must else worst
    return int(worst < LEAST_DICE)


if __name__ == "__main__":
    sys.exit(main())
