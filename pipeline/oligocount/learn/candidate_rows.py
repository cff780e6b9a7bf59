"""Candidates of training samples with their truth: what the scorer of lesions learns from.

Organs are those that the organ network draws, never the truth, so that the scorer learns how far
they can be trusted. Each sample is varied first: lesions planted, uptake, noise and resolution
drawn anew, CT taken away or cut short at random.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.errors import InputError
from oligocount.learn.appearance import AppearanceSettings, cut_off, vary_ct, vary_suv
from oligocount.learn.planting import PlantSettings, numbered, plant_lesions
from oligocount.learn.samples import Sample
from oligocount.segment.spots import FEATURES, Spots

AIR_HU = -1000.0
_BRAIN = 2  # its place in `network` of configs/anatomy/organs.yaml, counted from 1
MapOrgans = Callable[[AlignedImages], OrganMap]
FindSpots = Callable[[AlignedImages, OrganMap], Spots]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSettings:
    """How a sample is varied, and which candidates count as lesions.

    A candidate is a lesion when `is_share` of its voxels lie in one, or of the lesion's in it; with
    less than `not_share` of both it is none; between, it is left out.
    """

    drop_ct: float = 0.4
    cut_ct: float = 0.15
    crop: float = 0.2
    crop_mm: tuple[float, float] = (160.0, 420.0)
    is_share: float = 0.4
    not_share: float = 0.1
    appearance: AppearanceSettings = field(
        default_factory=lambda: AppearanceSettings(
            organ_gain_sd=0.2, global_gain_sd=0.2, pet_noise_max=0.12, blur_max_voxels=0.6
        )
    )
    plant: PlantSettings = field(
        default_factory=lambda: PlantSettings(
            mean_count=6.0,
            radius_median_mm=9.0,
            radius_gsd=2.1,
            suv_median=5.5,
            suv_range=(1.8, 45.0),
            min_contrast=1.7,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CandidateRows:
    """Rows (n, F) and whether each is a lesion; `n_true` lesions were there, `n_met` were met."""

    rows: NDArray[np.float32]
    is_lesion: NDArray[np.bool_]
    n_true: int
    n_met: int


def write_rows(rows: CandidateRows, file: Path) -> None:
    """The rows lie in `file` (.npz), whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("wb") as stream:
        np.savez_compressed(
            stream, rows=rows.rows, is_lesion=rows.is_lesion, n_true=rows.n_true, n_met=rows.n_met
        )
    partial.rename(file)


def read_rows(files: Sequence[Path]) -> CandidateRows:
    """The rows of all files as one. Raises InputError for none, or one that holds no rows."""
    parts = [_read(file) for file in files]
    if not parts:
        raise InputError("no rows of candidates to learn from")
    return CandidateRows(
        rows=np.concatenate([one["rows"] for one in parts]),
        is_lesion=np.concatenate([one["is_lesion"] for one in parts]),
        n_true=int(sum(one["n_true"] for one in parts)),
        n_met=int(sum(one["n_met"] for one in parts)),
    )


def _read(file: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(file, allow_pickle=False) as content:
            found = {name: content[name] for name in ("rows", "is_lesion", "n_true", "n_met")}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{file}: expected rows of candidates: {error}") from error
    if found["rows"].shape[1] != len(FEATURES):
        raise InputError(f"{file}: {found['rows'].shape[1]} features, expected {len(FEATURES)}")
    return found


def candidate_rows(
    sample: Sample,
    map_organs: MapOrgans,
    find: FindSpots,
    rng: np.random.Generator,
    settings: RowSettings,
) -> CandidateRows:
    """The candidates of one sample, varied, with their truth. The sample needs SUV and lesions."""
    if rng.random() < settings.crop:
        sample = cropped(sample, rng, settings)
    images, lesions = varied(sample, rng, settings)
    spots = find(images, map_organs(images))
    return with_truth(spots, lesions, settings)


def cropped(sample: Sample, rng: np.random.Generator, settings: RowSettings) -> Sample:
    """A box out of the sample about a lesion, or about any place of a body without one."""
    if sample.suv is None or sample.lesions is None:
        raise ValueError("a sample for candidates needs SUV and lesions")
    wanted = sample.lesions > 0 if (sample.lesions > 0).any() else sample.suv > 0.2
    places = np.argwhere(wanted)
    centre = places[int(rng.integers(len(places)))]
    half = rng.uniform(*settings.crop_mm, 3) / 2 / sample.spacing_mm
    shift = rng.uniform(-0.5, 0.5, 3) * half
    box = tuple(
        slice(max(0, int(c + d - h)), max(8, int(c + d + h)))
        for c, d, h in zip(centre, shift, half, strict=True)
    )

    def part(array: np.ndarray | None) -> np.ndarray | None:
        return None if array is None else np.ascontiguousarray(array[box])

    return replace(
        sample, suv=part(sample.suv), ct=part(sample.ct), organs=part(sample.organs),
        lesions=part(sample.lesions),
    )  # fmt: skip


def varied(
    sample: Sample, rng: np.random.Generator, settings: RowSettings
) -> tuple[AlignedImages, NDArray[np.int32]]:
    """The sample's images under another day's conditions, and its lesions, planted ones added."""
    if sample.suv is None or sample.lesions is None:
        raise ValueError("a sample for candidates needs SUV and lesions")
    suv = torch.from_numpy(sample.suv.astype(np.float32))
    ct = torch.zeros(suv.shape) if sample.ct is None else \
        torch.from_numpy(sample.ct.astype(np.float32))  # fmt: skip
    organs = torch.zeros(suv.shape, dtype=torch.uint8) if sample.organs is None else \
        torch.from_numpy(sample.organs.astype(np.uint8))  # fmt: skip
    known = torch.from_numpy((sample.lesions > 0).astype(np.float32))
    suv, ct, planted = plant_lesions(
        suv, ct, torch.zeros_like(known), (suv > 0.15) & (organs != _BRAIN),
        spacing_mm=sample.spacing_mm, rng=rng, settings=settings.plant,
    )  # fmt: skip
    suv = vary_suv(suv, organs, rng, settings.appearance)
    has_ct = sample.ct is not None and rng.random() >= settings.drop_ct
    if has_ct:
        ct = vary_ct(ct, organs, rng, settings.appearance)
        if rng.random() < settings.cut_ct:
            ct = cut_off(ct, rng, spacing_mm=sample.spacing_mm, outside=AIR_HU)
    grid = _grid(sample)
    images = AlignedImages(
        suv=Volume(array=suv.numpy(), unit=Unit.SUVBW, geometry=grid),
        ct=Volume(array=ct.numpy(), unit=Unit.HU, geometry=grid) if has_ct else None,
    )
    return images, numbered(sample.lesions, planted)


def with_truth(spots: Spots, lesions: NDArray[np.int32], settings: RowSettings) -> CandidateRows:
    """Candidates that are clearly a lesion or clearly none, told by overlap with the truth."""
    n_spots, n_lesions = len(spots.rows), int(lesions.max(initial=0))
    both = spots.labels.astype(np.int64) * (n_lesions + 1) + lesions
    table = np.bincount(both.ravel(), minlength=(n_spots + 1) * (n_lesions + 1))
    table = table.reshape(n_spots + 1, n_lesions + 1)
    sizes = table.sum(axis=1)[1:, None], table.sum(axis=0)[None, 1:]
    shares = np.maximum(table[1:, 1:] / np.maximum(sizes[0], 1),
                        table[1:, 1:] / np.maximum(sizes[1], 1))  # fmt: skip
    best = shares.max(axis=1, initial=0.0)
    # a hot organ that swallows a lesion is no lesion for it
    own = (table[1:, 1:] / np.maximum(sizes[0], 1)).max(axis=1, initial=0.0)
    is_lesion = (best >= settings.is_share) & (own >= settings.not_share)
    clear = is_lesion | (own < settings.not_share)
    there = table.sum(axis=0)[1:] > 0
    met = there & (shares[is_lesion] >= settings.is_share).any(axis=0)
    return CandidateRows(
        rows=spots.rows[clear],
        is_lesion=is_lesion[clear],
        n_true=int(there.sum()),
        n_met=int(met.sum()),
    )


def _grid(sample: Sample) -> Geometry:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = sample.spacing_mm
    affine[3, 3] = 1.0
    return Geometry(shape=sample.shape, affine=affine)
