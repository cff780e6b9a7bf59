"""Builders for SUV tests: one valid tracer; a test breaks one part of it."""

import dataclasses
from datetime import UTC, datetime, time
from pathlib import Path

import numpy as np
import pydicom

from oligocount.domain.study import SliceTiming, Tracer
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.intake.facts import read_tracer

UNITS = {"BQML": Unit.BQML, "GML": Unit.GML, "CM2ML": Unit.CM2ML, "CNTS": Unit.CNTS}


def at(clock: str, day: int = 5) -> datetime:
    return datetime.combine(datetime(2024, 3, day, tzinfo=UTC), time.fromisoformat(clock), UTC)


def a_tracer(**changes: object) -> Tracer:
    """80 kg, 320 MBq of F-18 FDG at 09:15, scan at 10:15: factor 3.6516e-4."""
    valid = Tracer(
        units="BQML",
        decay_correction="START",
        radionuclide="F-18",
        radiopharmaceutical="FDG",
        injected_dose_bq=320e6,
        half_life_s=6586.2,
        injection=at("09:15"),
        decay_reference=None,
        patient_weight_kg=80.0,
        patient_size_m=1.78,
        patient_sex="M",
        injection_time=time(9, 15, tzinfo=UTC),
        series_start=at("10:15"),
        slices=(SliceTiming(acquisition=at("10:15"), duration_s=300.0),),
    )
    return dataclasses.replace(valid, **changes)


def read_series(folder: Path) -> tuple[Volume, Tracer]:
    """A plain axial PET series the simplest way, so that tests need no intake."""
    slices = [pydicom.dcmread(file) for file in sorted(folder.glob("*.dcm"))]
    slices.sort(key=lambda one: float(one.ImagePositionPatient[2]))
    array = np.stack([one.pixel_array * float(one.RescaleSlope) for one in slices])
    first = slices[0]
    affine = np.zeros((4, 4))
    affine[0, 2], affine[1, 1] = float(first.PixelSpacing[1]), float(first.PixelSpacing[0])
    step = float(slices[1].ImagePositionPatient[2]) - float(first.ImagePositionPatient[2])
    affine[2, 0], affine[3, 3] = step, 1
    affine[:3, 3] = [float(each) for each in first.ImagePositionPatient]
    geometry = Geometry(shape=array.shape, affine=affine)
    return Volume(array=array, unit=UNITS[first.Units], geometry=geometry), read_tracer(slices)
