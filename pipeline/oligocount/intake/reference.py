"""The SUV reference objects that this installation ships, as if their files had been read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset

from oligocount.domain.study import Tracer
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.errors import ConfigError
from oligocount.intake.facts import read_tracer
from oligocount.plain_yaml import read_yaml
from oligocount.resources import shipped_folder

_UNITS = {"BQML": Unit.BQML, "GML": Unit.GML, "CM2ML": Unit.CM2ML, "CNTS": Unit.CNTS}
_SPACING_MM = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceObject:
    """One PET series of two slices, what each voxel's SUVbw must be, and the route to it.

    `ibsi` names the published object with the same trap; None for traps met in the field.
    """

    id: str
    ibsi: str | None
    pet: Volume
    tracer: Tracer
    needs_any_drug: bool
    route: str
    expected_suv: tuple[float, ...]
    tolerance_percent: float


def read_reference_objects() -> tuple[ReferenceObject, ...]:
    """All objects of configs/suv_reference.yaml. Raises ConfigError when it is damaged."""
    file = shipped_folder("configs") / "suv_reference.yaml"
    table = _read(file)
    try:
        return tuple(_built(table, one) for one in table["objects"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file}: not a table of reference objects: {error!r}") from error


def _read(file: Path) -> dict[str, Any]:
    table = read_yaml(file, ConfigError)
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: expected a mapping, found {type(table).__name__}")
    return table


def _built(table: Mapping[str, Any], one: Mapping[str, Any]) -> ReferenceObject:
    drug = _dataset({**table["drug"], **one.get("drug", {})})
    drug.RadionuclideCodeSequence = [_dataset(one.get("nuclide", table["nuclide"]))]
    slices = one.get("slices", [{}, {}])
    headers, planes = [], []
    for k, own in enumerate(slices):
        header = {**table["header"], **one.get("header", {}), **own}
        stored = header.pop("stored", table["stored"])
        dataset = _dataset(header)
        dataset.SOPInstanceUID = f"2.25.{k + 1}"
        dataset.ImagePositionPatient = [0, 0, k * _SPACING_MM]
        dataset.RadiopharmaceuticalInformationSequence = [drug]
        headers.append(dataset)
        planes.append(np.array(stored, float) * float(header["RescaleSlope"]))
    return ReferenceObject(
        id=one["id"],
        ibsi=one.get("ibsi"),
        pet=_volume(planes, _UNITS[headers[0].Units]),
        tracer=read_tracer(headers),
        needs_any_drug=one.get("any_drug", False),
        route=one["route"],
        expected_suv=tuple(table["expected_suv"]),
        tolerance_percent=table["tolerance_percent"],
    )


def _dataset(values: Mapping[str, Any]) -> Dataset:
    dataset = Dataset()
    for name, value in values.items():
        if value is None:
            continue
        if "," in name:
            group, element = (int(part, 16) for part in name.split(","))
            dataset.add_new((group, element), value[0], value[1])
        else:
            setattr(dataset, name, value)
    return dataset


def _volume(planes: Sequence[np.ndarray], unit: Unit) -> Volume:
    array = np.stack(planes)[:, None, :]
    affine = np.eye(4)[[2, 1, 0, 3]] * [_SPACING_MM, _SPACING_MM, _SPACING_MM, 1]
    geometry = Geometry(shape=(array.shape[0], 1, array.shape[2]), affine=affine)
    return Volume(array=array, unit=unit, geometry=geometry)
