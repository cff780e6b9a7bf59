"""Whole-body MR in stations: one volume, level and seamless, and nothing joined that is not one."""

from dataclasses import replace

import numpy as np
import pytest

from oligocount.domain.mr import MrFacts, MrRegion, MrSequence
from oligocount.domain.study import MrImage
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.intake.stations import compose_stations

FACTS = MrFacts(sequence=MrSequence.STIR, region=None)
STEP_MM = 5.0


def station(
    low_mm: float,
    *,
    uid: str,
    gain: float = 1.0,
    frame: str = "1.2",
    facts: MrFacts = FACTS,
    unit: Unit = Unit.ARBITRARY,
    x_mm: float = 0.0,
) -> MrImage:
    """60 slices of a body whose brightness is its height: value = gain x (z + 1000)."""
    affine = np.eye(4)[[2, 1, 0, 3]] * [STEP_MM, STEP_MM, STEP_MM, 1]
    affine[:3, 3] = (x_mm, 0, low_mm)
    geometry = Geometry(shape=(60, 6, 6), affine=affine, frame_of_reference_uid=frame)
    height = low_mm + STEP_MM * np.arange(60) + 1000
    array = np.broadcast_to((gain * height)[:, None, None], (60, 6, 6)).astype(np.float32)
    volume = Volume(array=array, unit=unit, geometry=geometry)
    return MrImage(kind="stir", series_uid=uid, volume=volume, facts=facts, series_uids=(uid,))


def test_three_overlapping_stations_are_one_volume_of_one_level() -> None:
    """Gains of 1, 2 and 0.5 vanish: the whole is one straight ramp from foot to head."""
    stations = [station(0, uid="a"), station(260, uid="b", gain=2), station(520, uid="c", gain=0.5)]
    (whole,) = compose_stations([stations[2], stations[0], stations[1]])
    assert whole.series_uids == ("a", "b", "c")
    assert whole.facts is not None
    assert whole.facts.region is MrRegion.WHOLE_BODY
    assert "composed of 3 stations" in whole.facts.evidence
    ramp = whole.volume.array[:, 3, 3]
    assert len(ramp) == (520 + 300) / STEP_MM
    heights = whole.volume.geometry.affine[2, 3] + STEP_MM * np.arange(len(ramp)) + 1000
    np.testing.assert_allclose(ramp, heights, rtol=2e-3)


def test_adc_keeps_its_own_level() -> None:
    facts = MrFacts(sequence=MrSequence.ADC, adc_um2_s=1.0)
    pair = [
        station(z, uid=str(z), facts=facts, unit=Unit.ADC, gain=g) for z, g in ((0, 1), (260, 2))
    ]
    (whole,) = compose_stations(pair)
    assert whole.volume.unit is Unit.ADC
    assert whole.volume.array[-1, 3, 3] == pytest.approx(2 * (260 + 59 * STEP_MM + 1000), rel=1e-3)


@pytest.mark.parametrize(
    "other",
    [
        station(260, uid="b", frame="9.9"),
        station(260, uid="b", facts=replace(FACTS, contrast=True)),
        station(20, uid="b"),  # the same place measured again
        station(900, uid="b"),  # far above
        station(260, uid="b", x_mm=80),  # aside
    ],
    ids=["other frame", "other nature", "repeated", "far", "aside"],
)
def test_what_is_no_next_station_stays_alone(other: MrImage) -> None:
    assert len(compose_stations([station(0, uid="a"), other])) == 2


def test_an_image_without_facts_is_never_joined() -> None:
    bare = [replace(station(z, uid=str(z)), facts=None) for z in (0, 260)]
    assert len(compose_stations(bare)) == 2
