"""A tiny PET scan as DICOM files, for tests of what is done with inputs."""

from pathlib import Path

import numpy as np

from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.simulate.acquisition import Vendor, draw_acquisition
from oligocount.simulate.dicom import write_pet_series


def write_scan(folder: Path, *, seed: int, shape: tuple[int, int, int] = (30, 16, 16)) -> None:
    affine = np.zeros((4, 4))
    affine[0, 2], affine[1, 1], affine[2, 0], affine[3, 3] = 4.0, 4.0, 8.0, 1.0
    geometry = Geometry(shape=shape, affine=affine)
    suv = np.random.default_rng(seed).gamma(1.0, 1.0, shape)
    write_pet_series(
        Volume(array=suv.astype(np.float32), unit=Unit.SUVBW, geometry=geometry),
        folder,
        acquisition=draw_acquisition(seed, Vendor.GE),
    )
