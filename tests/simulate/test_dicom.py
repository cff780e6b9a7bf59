"""A phantom's DICOM series: what is read back is what went in, and every header is whole."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.errors import GeometryError, PublishError
from oligocount.simulate.acquisition import Acquisition, Vendor, draw_acquisition
from oligocount.simulate.dicom import write_ct_series, write_pet_series

VENDORS = pytest.mark.parametrize("vendor", tuple(Vendor), ids=lambda v: v.value)


def axial(
    shape: tuple[int, int, int] = (9, 20, 24), mm: tuple[float, ...] = (30.0, 4.07, 3.6)
) -> Geometry:
    affine = np.zeros((4, 4))
    affine[0, 2], affine[1, 1], affine[2, 0], affine[3, 3] = mm[2], mm[1], mm[0], 1
    affine[:3, 3] = (-41.5, -37.25, -812.5)
    return Geometry(shape=shape, affine=affine)


def suv_volume(geometry: Geometry | None = None) -> Volume:
    """Uptake that differs tenfold between slices, with an empty slice."""
    grid = geometry or axial()
    values = np.random.default_rng(3).gamma(2.0, 1.0, grid.shape)
    values *= np.geomspace(0.1, 30, grid.shape[0])[:, None, None]
    values[4] = 0
    return Volume(array=values.astype(np.float32), unit=Unit.SUVBW, geometry=grid)


def ct_volume(geometry: Geometry | None = None) -> Volume:
    grid = geometry or axial()
    values = np.random.default_rng(4).integers(-1000, 1500, grid.shape)
    return Volume(array=values.astype(np.float32), unit=Unit.HU, geometry=grid)


def slices(folder: Path) -> list[pydicom.Dataset]:
    found = [pydicom.dcmread(file) for file in folder.iterdir()]
    return sorted(found, key=lambda one: float(one.ImagePositionPatient[2]))


def seconds_of_day(time: str) -> float:
    return int(time[:2]) * 3600 + int(time[2:4]) * 60 + float(time[4:])


def suv_from_headers(one: pydicom.Dataset) -> np.ndarray:
    """SUVbw by the vendor-neutral recipe (QIBA), written again from the standard's tags."""
    value = one.pixel_array * float(one.RescaleSlope)
    if one.Units == "CNTS":
        return value * float(one[0x7053, 0x1000].value)
    assert (one.Units, one.DecayCorrection) == ("BQML", "START")
    tracer = one.RadiopharmaceuticalInformationSequence[0]
    injected = seconds_of_day(tracer.RadiopharmaceuticalStartTime)
    waited_s = seconds_of_day(one.SeriesTime) - injected
    left = float(tracer.RadionuclideTotalDose) * 0.5 ** (
        waited_s / float(tracer.RadionuclideHalfLife)
    )
    return value * float(one.PatientWeight) * 1000 / left


@VENDORS
def test_suv_reads_back_within_a_thousandth(vendor: Vendor, tmp_path: Path) -> None:
    suv = suv_volume()
    write_pet_series(suv, tmp_path / "pet", acquisition=draw_acquisition(5, vendor))
    back = np.stack([suv_from_headers(one) for one in slices(tmp_path / "pet")])
    assert (suv.array[4] == 0).all()
    assert (back[4] == 0).all()
    top = suv.array.max(axis=(1, 2))
    assert np.abs(back.max(axis=(1, 2)) - top).max() <= 1e-3 * top.max()
    assert (np.abs(back - suv.array).max(axis=(1, 2)) <= 2e-5 * top + 1e-9).all()


def test_philips_counts_become_the_same_activity(tmp_path: Path) -> None:
    """(7053,1009) times counts is Bq/ml, and Bq/ml over the factor of the facts is SUV."""
    suv, facts = suv_volume(), draw_acquisition(5, Vendor.PHILIPS)
    write_pet_series(suv, tmp_path, acquisition=facts)
    one = slices(tmp_path)[-1]
    bqml = one.pixel_array * float(one.RescaleSlope) * float(one[0x7053, 0x1009].value)
    assert np.abs(bqml / facts.bqml_per_suv - suv.array[-1]).max() < 1e-3 * suv.array[-1].max()


@VENDORS
def test_ct_reads_back_exactly_inside_the_field(vendor: Vendor, tmp_path: Path) -> None:
    ct = ct_volume()
    write_ct_series(ct, tmp_path, acquisition=draw_acquisition(5, vendor))
    read = slices(tmp_path)
    back = np.stack([o.pixel_array * int(o.RescaleSlope) + int(o.RescaleIntercept) for o in read])
    padding = -2000 - 1024 if vendor is Vendor.GE else None
    inside = back != padding
    assert inside.mean() > 0.7
    assert (back[inside] == ct.array[inside]).all()
    assert inside.all() == (vendor is not Vendor.GE)


@pytest.mark.parametrize(
    ("write", "build"), [(write_ct_series, ct_volume), (write_pet_series, suv_volume)]
)
@VENDORS
def test_simpleitk_finds_the_grid(
    vendor: Vendor, write: Callable[..., str], build: Callable[[], Volume], tmp_path: Path
) -> None:
    volume = build()
    uid = write(volume, tmp_path, acquisition=draw_acquisition(1, vendor))
    files = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path), uid)
    image = sitk.ReadImage(files)
    assert image.GetSize() == volume.geometry.shape[::-1]
    assert image.GetSpacing() == pytest.approx(volume.geometry.spacing_mm[::-1])
    assert image.GetOrigin() == pytest.approx(tuple(volume.geometry.affine[:3, 3]))


def test_both_series_share_patient_study_and_frame(tmp_path: Path) -> None:
    facts = draw_acquisition(8)
    write_ct_series(ct_volume(), tmp_path / "ct", acquisition=facts)
    write_pet_series(suv_volume(), tmp_path / "pet", acquisition=facts)
    read = slices(tmp_path / "ct") + slices(tmp_path / "pet")
    for keyword in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID", "StudyTime"):
        assert len({one[keyword].value for one in read}) == 1, keyword
    assert len({one.SOPInstanceUID for one in read}) == len(read)
    assert {str(one.PatientName) for one in read} == {"PHANTOM^SEED8"}


@VENDORS
def test_each_bed_has_its_time_and_the_series_the_first(vendor: Vendor, tmp_path: Path) -> None:
    """Decay correction START refers to the series time: no bed may begin before it."""
    write_pet_series(suv_volume(), tmp_path, acquisition=draw_acquisition(2, vendor))
    read = slices(tmp_path)
    beds = [one.AcquisitionTime for one in read]
    assert beds == sorted(beds)
    assert len(set(beds)) > 1
    assert beds[0] == read[0].SeriesTime
    reference = [float(one.FrameReferenceTime) for one in read]
    assert 0 < reference[0] < float(read[0].ActualFrameDuration)


def test_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        facts = draw_acquisition(seed, Vendor.SIEMENS)
        write_pet_series(suv_volume(), tmp_path / name, acquisition=facts)
    first, second, other = (
        (tmp_path / name / "IM0001.dcm").read_bytes() for name in ("a", "b", "c")
    )
    assert first == second
    assert first != other


def test_made_up_patients_are_plausible() -> None:
    drawn: list[Acquisition] = [draw_acquisition(seed) for seed in range(60)]
    assert {one.vendor for one in drawn} == set(Vendor)
    assert {one.sex for one in drawn} == {"M", "F"}
    for one in drawn:
        waited_min = (one.scan_start - one.injection).total_seconds() / 60
        assert 55 <= waited_min < 75
        assert one.injection.date() == one.scan_start.date()
        assert 2.9e6 < one.injected_dose_bq / one.weight_kg < 4.1e6


def test_a_tilted_grid_is_refused(tmp_path: Path) -> None:
    affine = axial().affine.copy()
    affine[0, 0] = 2.0
    tilted = Geometry(shape=axial().shape, affine=affine)
    with pytest.raises(GeometryError, match="axial grid"):
        write_ct_series(ct_volume(tilted), tmp_path, acquisition=draw_acquisition(1))


def test_a_wrong_unit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="SUVbw"):
        write_pet_series(ct_volume(), tmp_path, acquisition=draw_acquisition(1))
    with pytest.raises(PublishError, match="HU"):
        write_ct_series(suv_volume(), tmp_path, acquisition=draw_acquisition(1))


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(PublishError, match="taken"):
        write_ct_series(ct_volume(), tmp_path / "taken", acquisition=draw_acquisition(1))


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is not installed")
@VENDORS
def test_the_standards_checker_finds_no_error(vendor: Vendor, tmp_path: Path) -> None:
    """Synthetic Data (0008,001C) is younger than the checker and is the one exception."""
    facts = draw_acquisition(6, vendor)
    write_ct_series(ct_volume(), tmp_path / "ct", acquisition=facts)
    write_pet_series(suv_volume(), tmp_path / "pet", acquisition=facts)
    for kind in ("ct", "pet"):
        done = subprocess.run(
            ["dciodvfy", tmp_path / kind / "IM0002.dcm"], capture_output=True, text=True
        )
        errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
        assert [line for line in errors if "0x0008,0x001c" not in line] == []
