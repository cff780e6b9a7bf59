"""Give the bones about the template's clavicles their right names.

    python scripts/anatomy_clavicles.py NEW.npz

Written is a copy of configs/simulator/template.npz in which each clavicle is one whole bone and
nothing else; every other array, and which voxels are bone, stay as they are. A template that is
right already is left alone and nothing is written.

How: less its outermost voxels, the bone of the template falls into pieces, and each clavicle is
one of them. Every voxel of bone belongs to the nearest such piece, which gives the clavicle its
surface back. A voxel that was called clavicle and is none takes the name of the cartilage or
sternum close by in its own sagittal slice, since ribs and cartilages meet in such a slice. What
then remains takes, part by part, the name of the nearest rib (1 to 3) or scapula.
"""

import argparse
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.resources import shipped_folder
from oligocount.simulate.atlas import BONES

SHIPPED = shipped_folder("configs") / "simulator" / "template.npz"
UPPER_RIBS = tuple(f"rib_{side}_{n}" for side in ("right", "left") for n in (1, 2, 3))
LEAST_PIECE = 100  # voxels (0.8 ml): smaller pieces are crumbs of a bone, not a bone
SLICE_REACH = 5.0  # voxels (10 mm): deeper than what was misnamed behind sternum and cartilages
SLICE_ONLY = (1.0, 1.0, 1000.0)  # sizes of a voxel for which another sagittal slice is out of reach
BY_CORNERS = np.ones((3, 3, 3))  # voxels that touch by a corner are of one part
MARGIN = 30  # voxels about the clavicles, so that no bone near them is cut into crumbs


def ids(names: list[str], *prefixes: str) -> list[int]:
    """The labels whose names begin with any of the prefixes."""
    return [i for i, name in enumerate(names) if name.startswith(prefixes)]


def pieces_of_bone(bone: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Numbers each voxel of bone by the piece it belongs to; 0 where there is no bone."""
    pieces, _ = ndimage.label(ndimage.binary_erosion(bone))
    sizes = np.bincount(pieces.ravel())
    pieces[sizes[pieces] < LEAST_PIECE] = 0
    at = ndimage.distance_transform_edt(pieces == 0, return_distances=False, return_indices=True)
    owner: NDArray[np.int32] = np.where(bone, pieces[tuple(at)], 0)
    return owner


def largest_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest of the mask's parts."""
    parts, _ = ndimage.label(mask, BY_CORNERS)
    largest: NDArray[np.bool_] = parts == 1 + np.bincount(parts.ravel())[1:].argmax()
    return largest


def nearest_label(
    labels: NDArray[np.uint8], wanted: list[int], sampling: tuple[float, float, float]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The nearest of the wanted labels at each voxel, and how far it is."""
    far, at = ndimage.distance_transform_edt(
        ~np.isin(labels, wanted), sampling=sampling, return_indices=True
    )
    return labels[tuple(at)], far


def corrected(labels: NDArray[np.uint8], names: list[str]) -> NDArray[np.uint8]:
    """The labels with clavicles that are whole and alone."""
    box = ndimage.find_objects(np.isin(labels, ids(names, "clavicula_")).astype(np.uint8))[0]
    about = tuple(slice(max(0, side.start - MARGIN), side.stop + MARGIN) for side in box)
    out, old = labels.copy(), labels[about]
    new = out[about]
    called = np.isin(old, ids(names, "clavicula_"))
    owner = pieces_of_bone(np.isin(old, ids(names, *BONES, "costal_cartilages")))
    for own in ids(names, "clavicula_"):
        piece = np.bincount(owner[old == own])[1:].argmax() + 1
        clavicle = largest_part(owner == piece)
        new[clavicle] = own
        called &= ~clavicle
    front, far = nearest_label(old, ids(names, "costal_cartilages", "sternum"), SLICE_ONLY)
    before = called & (far <= SLICE_REACH)
    new[before] = front[before]
    beside, far = nearest_label(old, ids(names, *UPPER_RIBS, "scapula_"), (1.0, 1.0, 1.0))
    parts, count = ndimage.label(called & ~before, BY_CORNERS)
    for part, at in enumerate(ndimage.minimum_position(far, parts, range(1, count + 1)), 1):
        new[parts == part] = beside[at]
    return out


def told(before: NDArray[np.uint8], after: NDArray[np.uint8], names: list[str]) -> list[str]:
    """One line for each pair of names: how many voxels went from one to the other."""
    moved = before != after
    pairs, counts = np.unique(np.stack([before[moved], after[moved]]), axis=1, return_counts=True)
    return [
        f"{names[old]} to {names[new]}: {n}" for (old, new), n in zip(pairs.T, counts, strict=True)
    ]


def write_arrays(path: Path, content: dict[str, NDArray[Any]]) -> None:
    """The file holds the arrays, packed as the shipped one is; the same bytes each time."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in content.items():
            packed = BytesIO()
            np.save(packed, array)
            entry = zipfile.ZipInfo(f"{name}.npy")
            archive.writestr(entry, packed.getvalue(), zipfile.ZIP_LZMA)


def main() -> int:
    """Corrects the shipped template, says what moved and writes it where asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="the file to write")
    out = parser.parse_args().out
    if out.resolve() == SHIPPED.resolve():
        parser.error("the shipped file is not overwritten: name another and look at it first")
    with np.load(SHIPPED) as opened:
        content: dict[str, NDArray[Any]] = dict(opened)
    names = [str(name) for name in content["names"]]
    labels = corrected(content["labels"], names)
    lines = told(content["labels"], labels, names)
    if not lines:
        print("already corrected: nothing to write")
        return 0
    print("voxels renamed", *lines, sep="\n  ")
    write_arrays(out, content | {"labels": labels})
    print(f"written: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
