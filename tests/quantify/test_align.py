"""CT and MR come onto the PET's grid where they lie in the world."""

import numpy as np
import pytest

from oligocount.domain.study import MrImage
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.quantify import align
from oligocount.settings_quantify import QuantifySettings


def a_volume(shape: tuple, spacing: float, origin: float, unit: Unit) -> Volume:
    affine = np.eye(4)[[2, 1, 0, 3]] * [spacing, spacing, spacing, 1]
    affine[:3, 3] = origin
    geometry = Geometry(shape=shape, affine=affine)
    ramp = geometry.to_lps_mm(np.argwhere(np.ones(shape)))[:, 0].reshape(shape)  # value = x in mm
    return Volume(array=ramp, unit=unit, geometry=geometry)


def test_a_ramp_in_the_world_stays_a_ramp_and_air_lies_beyond(quantify: QuantifySettings) -> None:
    suv = a_volume((4, 4, 6), 4.0, 0.0, Unit.SUVBW)
    ct = a_volume((10, 10, 10), 2.0, -2.0, Unit.HU)  # covers x from -2 to 16 mm
    aligned = align(suv, ct, (), quantify)
    assert aligned.suv is suv
    assert aligned.ct.geometry.is_same_grid(suv.geometry)
    assert aligned.ct.array[0, 0].tolist() == pytest.approx([0, 4, 8, 12, 16, -1024], abs=0.7)
    assert aligned.ct.unit is Unit.HU


def test_mr_keeps_its_kind_and_what_is_absent_stays_absent(quantify: QuantifySettings) -> None:
    suv = a_volume((4, 4, 4), 4.0, 0.0, Unit.SUVBW)
    mr = MrImage(kind="t1", series_uid="1.2", volume=a_volume((4, 4, 4), 4.0, 0.0, Unit.ARBITRARY))
    aligned = align(suv, None, (mr,), quantify)
    assert aligned.ct is None
    assert [(one.kind, one.series_uid) for one in aligned.mr] == [("t1", "1.2")]
