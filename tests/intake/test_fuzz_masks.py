"""Mutants of valid masks and NIfTI images: a value or an OligocountError, never anything else."""

import gzip
import warnings
from pathlib import Path

import nibabel
import numpy as np
import pytest
from highdicom.seg import SegmentationTypeValues as SegType

from oligocount.domain.volume import Geometry, Unit
from oligocount.errors import OligocountError
from oligocount.intake.masks import read_mask
from oligocount.intake.nifti import read_nifti_volume

from .test_masks import grid, two_lesions, write_seg, write_structures

AFFINE = np.array([[0, 0, 2.0, -10], [0, 2.0, 0, -10], [3.0, 0, 0, 5], [0, 0, 0, 1.0]])

SAME_GRID = np.array([[-2.0, 0, 0, 10], [0, -2.0, 0, 10], [0, 0, 3.0, 5], [0, 0, 0, 1.0]])  # in RAS


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes changed, some taken out, or the end cut off."""
    out = bytearray(data)
    match rng.integers(4):
        case 0:
            return bytes(out[: rng.integers(len(out))])
        case 1:
            start = int(rng.integers(len(out)))
            del out[start : start + int(rng.integers(1, 30))]
        case 2:
            start = int(rng.integers(len(out)))
            out[start:start] = rng.bytes(int(rng.integers(1, 30)))
        case _:
            for place in rng.integers(0, min(len(out), 4000), rng.integers(1, 6)):
                out[place] = rng.integers(256)
    return bytes(out)


def write_nifti(file: Path) -> Path:
    image = nibabel.Nifti1Image(two_lesions().astype(np.int16).T, SAME_GRID)
    nibabel.save(image, file)
    return file


def valid(folder: Path, geometry: Geometry) -> dict[str, Path]:
    lesions = two_lesions()
    square = np.array([[1.0, 1], [1, 4], [4, 4], [4, 1]])
    rings = [np.column_stack([np.full(4, float(k)), square]) for k in (1, 2, 3)]
    points = [geometry.to_lps_mm(ring) for ring in rings]
    return {
        "binary.dcm": write_seg(folder / "b.dcm", lesions, geometry, SegType.BINARY),
        "labels.dcm": write_seg(folder / "l.dcm", lesions, geometry, SegType.LABELMAP),
        "contours.dcm": write_structures(folder / "c.dcm", {"GTV": points}),
        "mask.nii": write_nifti(folder / "m.nii"),
        "mask.nii.gz": write_nifti(folder / "m.nii.gz"),
    }


def check(file: Path, geometry: Geometry) -> str:
    """What came of it: a mask on the grid, or an error of ours."""
    try:
        found = read_mask(file, geometry)
        assert found.array.shape == geometry.shape
        assert set(np.unique(found.array)) <= {0, *found.names}
    except OligocountError:
        return "error"
    return "mask"


@pytest.mark.parametrize("seeds", [range(40), pytest.param(range(40, 600), marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", ["binary.dcm", "labels.dcm", "contours.dcm", "mask.nii", "mask.nii.gz"]
)
def test_mutated_masks_are_masks_or_errors_of_ours(tmp_path: Path, name: str, seeds: range) -> None:
    geometry = grid(AFFINE)
    data = valid(tmp_path, geometry)[name].read_bytes()
    if name.endswith(".gz"):
        data = gzip.decompress(data)
    outcomes = set()
    for seed in seeds:
        changed = mutated(data, np.random.default_rng(seed))
        file = tmp_path / f"mutant-{name}"
        file.write_bytes(gzip.compress(changed) if name.endswith(".gz") else changed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                outcomes.add(check(file, geometry))
                if ".nii" in name:
                    read_image(file)
            except Exception as error:
                error.add_note(f"seed {seed}")
                raise
    assert "error" in outcomes


def read_image(file: Path) -> None:
    try:
        volume, _ = read_nifti_volume(file, Unit.HU)
    except OligocountError:
        return
    assert np.isfinite(volume.array).all()
