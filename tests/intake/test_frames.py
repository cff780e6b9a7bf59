"""Multi-frame objects give the volume of the single frames that they were made of."""

from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from oligocount import intake
from oligocount.config import load_settings
from oligocount.domain.study import Images
from oligocount.domain.volume import Unit
from oligocount.errors import OligocountError

from . import builders

SETTINGS = load_settings().intake
CONVERTED = {
    "PT": highdicom.legacy.LegacyConvertedEnhancedPETImage,
    "CT": highdicom.legacy.LegacyConvertedEnhancedCTImage,
    "MR": highdicom.legacy.LegacyConvertedEnhancedMRImage,
}
SLOPES = (1.0, 1.5, 0.25, 2.0, 3.0, 0.1, 1.1, 7.0)


def convert(folder: Path, modality: str) -> tuple[builders.Written, Dataset]:
    """A series and the multi-frame object that highdicom makes of it."""

    def complete(dataset: Dataset, k: int) -> None:
        dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
        dataset.StudyID, dataset.Manufacturer, dataset.PatientSex = "1", "none", "F"
        dataset.WindowCenter, dataset.WindowWidth = 0, 100

    series = builders.write_series(
        folder / "source", modality, orientation=builders.OBLIQUE, edit=complete,
        slopes=SLOPES if modality == "PT" else None, stored=12, is_signed=False,
    )  # fmt: skip
    sources = [pydicom.dcmread(file) for file in series.files]
    made = CONVERTED[modality](
        sources, series_instance_uid="1.2.9.1", series_number=5,
        sop_instance_uid="1.2.9.1.1", instance_number=1,
    )  # fmt: skip
    return series, made


def read(folder: Path) -> Images:
    return intake.load(intake.scan(folder, SETTINGS), SETTINGS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("modality", CONVERTED)
def test_a_converted_object_gives_the_volume_of_its_source(tmp_path: Path, modality: str) -> None:
    series, made = convert(tmp_path, modality)
    folder = tmp_path / "made"
    folder.mkdir()
    made.save_as(folder / "one")
    if modality != "PT":
        builders.write_series(folder / "pet", "PT")
    images = read(folder)
    mr = images.mr[0].volume if images.mr else None
    volume = {"PT": images.pet, "CT": images.ct, "MR": mr}[modality]
    assert volume is not None
    np.testing.assert_allclose(volume.array, series.values, rtol=1e-6)
    np.testing.assert_allclose(volume.geometry.affine, series.affine, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_a_converted_pet_keeps_its_tracer(tmp_path: Path) -> None:
    _, made = convert(tmp_path, "PT")
    made.save_as(tmp_path / "source" / ".." / "one")
    for file in (tmp_path / "source").iterdir():
        file.unlink()
    tracer = intake.scan(tmp_path, SETTINGS).tracer
    assert tracer is not None
    assert (tracer.units, tracer.decay_correction) == ("BQML", "START")
    assert (tracer.injected_dose_bq, tracer.half_life_s) == (3.5e8, 6586.2)


@pytest.mark.filterwarnings("ignore")
def test_compressed_frames_are_decoded_from_one_object(tmp_path: Path) -> None:
    series, made = convert(tmp_path, "PT")
    folder = tmp_path / "made"
    folder.mkdir()
    made.compress(RLELossless, generate_instance_uid=False)
    made.save_as(folder / "one")
    np.testing.assert_allclose(read(folder).pet.array, series.values, rtol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_an_enhanced_pet_takes_unit_and_slope_from_its_value_mapping(tmp_path: Path) -> None:
    """Stored x 0.5 is Bq/ml by the mapping, whatever the slope of the pixel transformation."""
    series, made = convert(tmp_path, "PT")
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.130"
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    shared = made.SharedFunctionalGroupsSequence[0]
    del shared.UnassignedSharedConvertedAttributesSequence
    mapping, unit = Dataset(), Dataset()
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "Bq/ml", "UCUM", "Bq/ml"
    mapping.MeasurementUnitsCodeSequence = [unit]
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 0.5, 0.0
    shared.RealWorldValueMappingSequence = [mapping]
    folder = tmp_path / "made"
    folder.mkdir()
    made.save_as(folder / "one")
    pet = read(folder).pet
    assert pet.unit is Unit.BQML
    stored = series.values / np.array(SLOPES)[:, None, None]
    np.testing.assert_allclose(pet.array, stored / 2, rtol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seeds", [range(15), pytest.param(range(15, 400), marks=pytest.mark.slow)])
def test_mutated_functional_groups_raise_nothing_of_a_library(tmp_path: Path, seeds: range) -> None:
    _, made = convert(tmp_path, "PT")
    folder = tmp_path / "made"
    folder.mkdir()
    made.save_as(folder / "one")
    whole = (folder / "one").read_bytes()
    pixels = whole.rindex(b"\xe0\x7f\x10\x00")
    for seed in seeds:
        rng = np.random.default_rng(seed)
        data = bytearray(whole)
        for place in rng.integers(128, pixels + 12, rng.integers(1, 6)):
            data[place] = rng.integers(256)
        (folder / "one").write_bytes(data)
        try:
            pet = read(folder).pet
        except OligocountError:
            continue
        assert np.isfinite(pet.array).all()
        assert pet.array.shape == (8, 12, 10)
