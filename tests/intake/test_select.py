"""Which series is taken, row by row."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from oligocount import intake
from oligocount.config import load_settings
from oligocount.domain.study import Role
from oligocount.errors import AmbiguousSeries, IncompleteSeries, OligocountError

from . import builders

SETTINGS = load_settings().intake


def change(**attributes: object) -> object:
    def edit(dataset: Dataset, k: int) -> None:
        for name, value in attributes.items():
            setattr(dataset, name, value)

    return edit


@pytest.mark.parametrize(
    ("loser", "words"),
    [
        ({"edit": change(CorrectedImage=["DECY", "SCAT"])}, "lacks ATTN"),
        ({"description": "PET WB NAC"}, "not attenuation-corrected by its description"),
        ({"edit": change(Units="PROPCPS")}, "PROPCPS"),
        ({"shape": (4, 12, 10)}, "points against"),
        ({"edit": change(ImageType=["DERIVED", "SECONDARY"])}, "points against"),
        ({"description": "WB delayed"}, "points against"),
        ({"description": "PET AC FBP"}, "points against"),
        ({"edit": change(ReconstructionMethod="Filtered Back Projection")}, "points against"),
        ({"edit": change(SeriesType=["GATED", "IMAGE"])}, "dynamic or gated"),
        ({"edit": change(SeriesType=["DYNAMIC", "IMAGE"])}, "dynamic or gated"),
        ({"edit": change(AttenuationCorrectionMethod="NONE")}, "Attenuation Correction Method"),
        ({"description": "WB (no attenuation corr)"}, "not attenuation-corrected"),
        ({"description": "MIP"}, "projection"),
        ({"edit": change(SeriesType=["DYNAMIC", "REPROJECTION"])}, "projections, not slices"),
        ({"edit": change(SamplesPerPixel=3)}, "colour image"),
        ({"edit": change(PhotometricInterpretation="PALETTE COLOR")}, "colour image"),
        ({"shape": (2, 12, 10)}, "2 slice"),
        ({"edit": change(ImagePositionPatient=[0, 0, 5])}, "4-D"),
    ],
)
def test_the_whole_body_corrected_static_pet_wins(
    tmp_path: Path, loser: dict[str, object], words: str
) -> None:
    best = builders.write_series(tmp_path / "best", "PT", shape=(40, 12, 10), description="WB AC")
    shape = loser.pop("shape", (40, 12, 10))
    lost = builders.write_series(tmp_path / "lost", "PT", shape=shape, seed=5, **loser)
    study = intake.scan(tmp_path, SETTINGS)
    told = {one.uid: one for one in study.series}
    assert told[best.uid].chosen
    assert not told[lost.uid].chosen
    assert words in told[lost.uid].reason


@pytest.mark.parametrize(
    ("loser", "words"),
    [
        ({"frame_of_reference": "9.9"}, "frame of reference"),
        ({"edit": change(ConvolutionKernel="B70f")}, "points against"),
        ({"edit": change(ConvolutionKernel="LUNG")}, "points against"),
        ({"edit": change(RescaleType="ED")}, "no Hounsfield units"),
        ({"edit": change(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])}, "scout"),
        ({"edit": change(AcquisitionDate="20240301")}, "another day"),
        ({"edit": change(AcquisitionTime="121500")}, "points against"),
        ({"shape": (20, 12, 10)}, "points against"),
        ({"spacing": (6.0, 2.0, 1.5), "shape": (20, 12, 10)}, "points against"),
    ],
)
def test_the_ct_of_the_pet_wins(tmp_path: Path, loser: dict[str, object], words: str) -> None:
    builders.write_series(tmp_path / "pet", "PT", shape=(40, 12, 10))
    best = builders.write_series(tmp_path / "best", "CT", shape=(40, 12, 10))
    shape = loser.pop("shape", (40, 12, 10))
    lost = builders.write_series(tmp_path / "lost", "CT", shape=shape, seed=5, **loser)
    told = {one.uid: one for one in intake.scan(tmp_path, SETTINGS).series}
    assert told[best.uid].chosen
    assert not told[lost.uid].chosen
    assert words in told[lost.uid].reason


def test_a_scout_under_the_uid_of_the_ct_is_left_out_and_told(tmp_path: Path) -> None:
    builders.write_series(tmp_path / "pet", "PT")

    def turn_last(dataset: Dataset, k: int) -> None:
        if k == 7:
            dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
            dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]

    builders.write_series(tmp_path / "ct", "CT", edit=turn_last)
    study = intake.scan(tmp_path, SETTINGS)
    (ct,) = study.chosen(Role.CT)
    assert ct.n_instances == 7
    assert "SERIES_SPLIT" in [one.code for one in study.caveats]


def test_two_equal_ct_are_a_caveat(tmp_path: Path) -> None:
    builders.write_series(tmp_path / "pet", "PT")
    builders.write_series(tmp_path / "a", "CT", seed=1)
    builders.write_series(tmp_path / "b", "CT", seed=2)
    study = intake.scan(tmp_path, SETTINGS)
    assert len(study.chosen(Role.CT)) == 1
    assert "CT_TIE" in [one.code for one in study.caveats]


def test_a_ct_that_covers_part_of_the_pet_is_a_caveat(tmp_path: Path) -> None:
    builders.write_series(tmp_path / "pet", "PT", shape=(20, 12, 10))
    builders.write_series(tmp_path / "ct", "CT", shape=(10, 12, 10))
    study = intake.scan(tmp_path, SETTINGS)
    assert [one.text for one in study.caveats] == ["the CT covers 50% of the PET's length"]


def test_pets_of_two_days_are_never_chosen_between(tmp_path: Path) -> None:
    builders.write_series(tmp_path / "a", "PT", shape=(40, 12, 10))
    builders.write_series(
        tmp_path / "b", "PT", seed=2, edit=change(AcquisitionDate="20240601"), study="1.2.4"
    )
    with pytest.raises(AmbiguousSeries, match="2 different days"):
        intake.scan(tmp_path, SETTINGS)


def test_a_pet_with_many_missing_slices_is_refused_by_number(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path, "PT")
    series.files[2].unlink()
    series.files[5].unlink()
    with pytest.raises(IncompleteSeries, match="2 of 8 slices are missing; at most 1"):
        intake.scan(tmp_path, SETTINGS)


def test_a_dynamic_pet_alone_is_refused_as_4d(tmp_path: Path) -> None:
    def two_times(dataset: Dataset, k: int) -> None:
        dataset.ImagePositionPatient = [0, 0, 3 * (k % 4)]

    builders.write_series(tmp_path, "PT", edit=two_times)
    with pytest.raises(OligocountError, match="4-D"):
        intake.scan(tmp_path, SETTINGS)


def test_diffusion_weights_under_one_uid_are_volumes_of_their_own(tmp_path: Path) -> None:
    def weigh(dataset: Dataset, k: int) -> None:
        dataset.DiffusionBValue = 50.0 if k < 4 else 800.0
        dataset.ImagePositionPatient = [0, 0, 3 * (k % 4)]

    builders.write_series(tmp_path / "pet", "PT")
    series = builders.write_series(tmp_path / "mr", "MR", edit=weigh)
    images = intake.load(intake.scan(tmp_path, SETTINGS), SETTINGS)
    assert [one.kind for one in images.mr] == ["dwi", "dwi"]
    assert (images.mr[0].volume.array == series.values[:4]).all()
    assert (images.mr[1].volume.array == series.values[4:]).all()


def test_fewer_slices_than_stated_are_a_caveat(tmp_path: Path) -> None:
    """Slices missing at the ends leave no gap; the stated number tells."""
    series = builders.write_series(tmp_path, "PT", edit=change(NumberOfSlices=8))
    series.files[7].unlink()
    study = intake.scan(tmp_path, SETTINGS)
    assert [one.code for one in study.caveats] == ["FEWER_SLICES_THAN_STATED"]


@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("BitsStored", 15, "PIXEL_FORMAT_VARIES"),
        ("PixelRepresentation", 0, "PIXEL_FORMAT_VARIES"),
        ("SeriesInstanceUID", "1.2.77", "STRAY_FRAMES"),
        ("LossyImageCompression", "01", "LOSSY_COMPRESSION"),
    ],
)
def test_one_slice_that_differs_is_a_caveat(
    tmp_path: Path, attribute: str, value: object, code: str
) -> None:
    def change_last(dataset: Dataset, k: int) -> None:
        if k == 7:
            setattr(dataset, attribute, value)

    builders.write_series(tmp_path, "PT", edit=change_last)
    assert code in [one.code for one in intake.scan(tmp_path, SETTINGS).caveats]
