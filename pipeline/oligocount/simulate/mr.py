"""MR of the same synthetic patient: brain and liver, in another frame of reference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatch
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.geometry.resample import resample_labels, resample_volume
from oligocount.plain_yaml import read_shipped_yaml
from oligocount.resources import shipped_folder
from oligocount.simulate.phantom import Phantom

_NOISE = 8.0
_BLUR_VOXELS = 0.5


class MrPart(Enum):
    """What is examined."""

    BRAIN = "brain"
    LIVER = "liver"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhantomMr:
    """One examination: volumes by series name, and the true lesions, all on one grid.

    `to_pet` (4 x 4) moves LPS mm of the MR's own frame to those of the PET's.
    """

    part: MrPart
    series: Mapping[str, Volume]
    lesions: LabelMap
    to_pet: NDArray[np.float64]


def simulate_mr(phantom: Phantom, part: MrPart) -> PhantomMr | None:
    """The examination of a part, None where the scan does not show it. Equal seed, equal MR."""
    protocol = _table()["protocols"][part.value]
    organ = phantom.organs.mask(*protocol["organ"])
    if not organ.any():
        return None
    rng = np.random.default_rng([phantom.seed, 40, list(MrPart).index(part)])
    grid, to_pet = _placed(organ, phantom.organs.geometry, protocol, rng)
    there = Geometry(
        shape=phantom.organs.geometry.shape,
        affine=np.linalg.inv(to_pet) @ phantom.organs.geometry.affine,
    )
    lesions = LabelMap(
        array=phantom.lesions.array.astype(np.int32), names=phantom.lesions.names, geometry=there
    )
    names = [each["name"] for each in protocol["series"]]
    return PhantomMr(
        part=part,
        series={name: _imaged(phantom, name, there, grid, rng) for name in names},
        lesions=resample_labels(lesions, grid),
        to_pet=to_pet,
    )


def series_protocols(part: MrPart) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each series of a part by its name, with what its header says."""
    protocol = _table()["protocols"][part.value]
    for each in protocol["series"]:
        yield each["name"], {**each, "body_part": protocol["body_part"]}


def shown_around(part: MrPart) -> tuple[tuple[str, ...], float]:
    """The structures that an examination is laid around, and how far it reaches beyond, in mm."""
    protocol = _table()["protocols"][part.value]
    return tuple(protocol["organ"]), float(protocol["margin_mm"])


def _placed(
    organ: NDArray[np.bool_],
    geometry: Geometry,
    protocol: Mapping[str, Any],
    rng: np.random.Generator,
) -> tuple[Geometry, NDArray[np.float64]]:
    """An axial grid around the organ in a frame of its own, and the way from there to the PET."""
    table = _table()
    corners = geometry.to_lps_mm(np.argwhere(organ).astype(float))
    low, high = corners.min(axis=0), corners.max(axis=0)
    centre = (low + high) / 2
    to_pet = np.eye(4)
    to_pet[:3, :3] = _turn(rng, float(table["max_angle_deg"]))
    away = rng.uniform(-1, 1, 3) * float(table["max_shift_mm"])
    to_pet[:3, 3] = centre - to_pet[:3, :3] @ (centre + away)
    step = np.array(protocol["spacing_kji_mm"], float)
    size = (high - low)[::-1] + 2 * float(protocol["margin_mm"])
    shape = np.ceil(size / step).astype(int)
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]], affine[3, 3] = step, 1.0
    affine[:3, 3] = centre + away - affine[:3, :3] @ ((shape - 1) / 2)
    grid = Geometry(shape=(int(shape[0]), int(shape[1]), int(shape[2])), affine=affine)
    return grid, to_pet


def _turn(rng: np.random.Generator, most_deg: float) -> NDArray[np.float64]:
    axis = rng.standard_normal(3)
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(rng.uniform(-most_deg, most_deg))
    turn: NDArray[np.float64] = (
        np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    )
    return turn


def _imaged(
    phantom: Phantom, name: str, there: Geometry, grid: Geometry, rng: np.random.Generator
) -> Volume:
    """One series: the signal of each structure, a little blurred, uneven and noisy."""
    names = phantom.organs.names
    lookup = np.zeros(max(names, default=0) + 1, np.float32)
    for label, structure in names.items():
        lookup[label] = structure_signal(structure, name)
    signal = lookup[phantom.organs.array]
    signal[phantom.lesions.array > 0] = structure_signal("lesion", name)
    signal = ndimage.gaussian_filter(signal, _BLUR_VOXELS)
    image = Volume(array=signal, unit=Unit.ARBITRARY, geometry=there)
    array = resample_volume(image, grid, outside=0.0).array
    if name == "adc":
        noisy = np.maximum(array + rng.normal(0, 4 * _NOISE, array.shape), 0)
        return Volume(array=noisy.astype(np.float32), unit=Unit.ADC, geometry=grid)
    slope = np.linspace(0.9, 1.1, grid.shape[1])[None, :, None]
    noisy = np.hypot(array * slope + rng.normal(0, _NOISE, array.shape),
                     rng.normal(0, _NOISE, array.shape))  # fmt: skip
    return Volume(array=noisy.astype(np.float32), unit=Unit.ARBITRARY, geometry=grid)


def structure_signal(structure: str, name: str) -> float:
    """The signal of a structure, or of `lesion`, in a series (t1_contrast, flair, t2, adc)."""
    row = next(
        each
        for each in _table()["signal"]
        if any(fnmatch(structure, pattern) for pattern in each["match"])
    )
    return float(row[name])


@cache
def _table() -> dict[str, Any]:
    file = shipped_folder("configs") / "simulator" / "mr.yaml"
    content: dict[str, Any] = read_shipped_yaml(file)
    return content
