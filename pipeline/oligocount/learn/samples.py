"""Training samples: small arrays on one coarse grid, kept on disk and drawn at random."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oligocount.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One patient on an isotropic axis-aligned grid (k up, j posterior, i left).

    `suv` in g/ml and `ct` in HU, either may be None. `organs` holds channel numbers of the organ
    network (0 = outside the body), None where unknown; `lesions` instance numbers, None where
    unknown.
    """

    spacing_mm: float
    suv: NDArray[np.floating] | None
    ct: NDArray[np.integer] | None
    organs: NDArray[np.integer] | None
    lesions: NDArray[np.integer] | None

    @property
    def shape(self) -> tuple[int, int, int]:
        """The grid that all arrays share."""
        given = next(a for a in (self.suv, self.ct, self.organs) if a is not None)
        return (given.shape[0], given.shape[1], given.shape[2])


_TYPES = {"suv": np.float16, "ct": np.int16, "organs": np.uint8, "lesions": np.uint8}


def write_sample(sample: Sample, file: Path) -> None:
    """The sample lies in `file` (.npz) in small types; a half-written file never bears its name."""
    arrays = {
        name: getattr(sample, name).astype(kind)
        for name, kind in _TYPES.items()
        if getattr(sample, name) is not None
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("wb") as stream:
        np.savez_compressed(stream, spacing_mm=sample.spacing_mm, **arrays)
    partial.rename(file)


def read_sample(file: Path) -> Sample:
    """The sample in a file. Raises InputError when it is none."""
    try:
        with np.load(file, allow_pickle=False) as content:
            spacing = float(content["spacing_mm"])
            arrays = {name: content.get(name) for name in _TYPES}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{file}: expected a training sample: {error}") from error
    return Sample(spacing_mm=spacing, **arrays)


def draw_samples(
    folders: tuple[Path, ...], rng: np.random.Generator, *, views: int = 1
) -> Iterator[Sample]:
    """Samples at random for ever, each `views` times; files that arrive meanwhile are drawn too.

    Raises InputError when the folders hold none.
    """
    while True:
        files = sorted(file for folder in folders for file in folder.glob("*.npz"))
        if not files:
            raise InputError(f"{', '.join(map(str, folders))}: no training samples (*.npz)")
        for index in rng.permutation(len(files))[:200]:
            sample = read_sample(files[index])
            for _ in range(views):
                yield sample
