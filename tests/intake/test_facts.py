"""What headers say about tracer and times, however they are written."""

from datetime import UTC, datetime, time
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from oligocount.intake.facts import read_tracer
from oligocount.intake.headers import read_header, to_dataset

from . import builders

SRT_F18 = {"CodeValue": "C-111A1", "CodingSchemeDesignator": "SRT", "CodeMeaning": "^18^Fluorine"}


def code(**values: str) -> Dataset:
    item = Dataset()
    item.update({})
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def a_slice(drug: dict | None = None, **changes: object) -> Dataset:
    """A valid PET header; None takes an element away."""
    item = Dataset()
    stated = {"Radiopharmaceutical": "FDG", "RadionuclideTotalDose": 320e6,
              "RadionuclideHalfLife": 6586.2, "RadiopharmaceuticalStartTime": "091500",
              "RadiopharmaceuticalStartDateTime": "20240305091500",
              "RadionuclideCodeSequence": [code(**SRT_F18)], **(drug or {})}  # fmt: skip
    whole = {"Units": "BQML", "DecayCorrection": "START", "SeriesDate": "20240305",
             "SeriesTime": "101500", "AcquisitionDate": "20240305", "AcquisitionTime": "101500",
             "FrameReferenceTime": 149605, "ActualFrameDuration": 300000, "PatientWeight": 80,
             "PatientSex": "M", "ImagePositionPatient": [1, 2, 3], **changes}  # fmt: skip
    dataset = Dataset()
    for target, values in ((item, stated), (dataset, whole)):
        for keyword, value in values.items():
            if value is not None:
                setattr(target, keyword, value)
    dataset.RadiopharmaceuticalInformationSequence = [item]
    return dataset


def at(clock: str) -> datetime:
    return datetime.combine(datetime(2024, 3, 5, tzinfo=UTC), time.fromisoformat(clock), UTC)


def test_a_plain_header_is_read_as_it_stands() -> None:
    tracer = read_tracer([a_slice()])
    assert (tracer.units, tracer.decay_correction, tracer.radionuclide) == ("BQML", "START", "F-18")
    assert (tracer.injected_dose_bq, tracer.half_life_s) == (320e6, 6586.2)
    assert (tracer.injection, tracer.injection_time) == (at("09:15"), time(9, 15, tzinfo=UTC))
    assert tracer.series_start == at("10:15")
    (one,) = tracer.slices
    assert (one.position_lps_mm, one.acquisition) == ((1, 2, 3), at("10:15"))
    assert (one.duration_s, one.reference_s) == (300.0, 149.605)
    assert tracer.tags["0018,1074"] == "320000000.0"
    assert tracer.caveats == ()


def test_a_header_with_nothing_in_it_states_nothing() -> None:
    tracer = read_tracer([Dataset()])
    assert (tracer.units, tracer.injection, tracer.series_start) == (None, None, None)
    assert (tracer.patient_weight_kg, tracer.slices[0].acquisition) == (None, None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("101500", "10:15"), ("1015", "10:15"), ("10", "10:00"), ("101500.25", "10:15:00.25"),
     ("10:15:00", "10:15"), ("235960", "23:59:59")],
)  # fmt: skip
def test_times_are_read_in_every_form_that_dicom_has_allowed(written: str, expected: str) -> None:
    dataset = Dataset.from_json({"00080021": {"vr": "DA", "Value": ["20240305"]}})
    dataset.add_new("SeriesTime", "SH", written)  # as another VR: pydicom must not touch it
    assert read_tracer([dataset]).series_start == at(expected)


@pytest.mark.parametrize("written", ["", "9", "246000", "10:15pm", "noon"])
def test_a_time_that_is_none_is_absent(written: str) -> None:
    dataset = Dataset()
    dataset.add_new("SeriesDate", "SH", "20240305")
    dataset.add_new("SeriesTime", "SH", written)
    assert read_tracer([dataset]).series_start is None


@pytest.mark.parametrize(
    ("zone", "written", "clock", "expected"),
    [
        ("+0100", "20240305081500+0000", None, "09:15"),
        ("-0500", "20240305141500+0000", None, "09:15"),
        ("+0530", "20240305091500", None, "09:15"),
        (None, "20240305091500+0200", None, "09:15"),
    ],
)
def test_an_injection_in_another_zone_is_brought_to_the_scanners_clock(
    zone: str | None, written: str, clock: str | None, expected: str
) -> None:
    drug = {"RadiopharmaceuticalStartDateTime": written, "RadiopharmaceuticalStartTime": clock}
    tracer = read_tracer([a_slice(drug, TimezoneOffsetFromUTC=zone)])
    assert tracer.injection == at(expected)
    assert [one.code for one in tracer.caveats] == ([] if zone else ["TIME_ZONE"])


def test_without_the_scans_zone_the_plain_clock_time_is_believed() -> None:
    drug = {"RadiopharmaceuticalStartDateTime": "20240305081500+0000"}
    tracer = read_tracer([a_slice(drug)])
    assert (tracer.injection, tracer.injection_time) == (None, time(9, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"CodeValue": "77004003", "CodeMeaning": "^18^Fluorine"}, "F-18"),
        ({"CodeValue": "C-111A1", "CodeMeaning": "18F"}, "F-18"),
        ({"CodeValue": "X", "CodeMeaning": "F-18"}, "F-18"),
        ({"CodeValue": "C-131A3", "CodeMeaning": "^68^Gallium"}, "Ga-68"),
        ({"CodeValue": "X", "CodeMeaning": "68Ga"}, "Ga-68"),
        ({"CodeValue": "X", "CodeMeaning": "Copper 64"}, "Cu-64"),
        ({"CodeValue": "X", "CodeMeaning": "C-11"}, "C-11"),
        ({"CodeValue": "X", "CodeMeaning": "Unobtainium"}, "Unobtainium"),
        ({"CodeValue": "X"}, None),
    ],
)
def test_nuclides_are_named_alike_however_they_are_coded(
    stated: dict, expected: str | None
) -> None:
    drug = {"RadionuclideCodeSequence": [code(**stated)]}
    assert read_tracer([a_slice(drug)]).radionuclide == expected


@pytest.mark.parametrize("has_creator", [True, False])
@pytest.mark.parametrize("is_bytes", [True, False])
def test_vendor_elements_are_found_with_or_without_their_creator(
    has_creator: bool, is_bytes: bool
) -> None:
    dataset = a_slice()
    for group, creator, element, value in (
        (0x0009, "GEMS_PETD_01", 0x100D, "20240305101000.00"),
        (0x7053, "Philips PET Private Group", 0x1000, "0.0005 "),
        (0x7053, "Philips PET Private Group", 0x1009, "0.5"),
    ):
        if has_creator:
            dataset.add_new((group, 0x0010), "LO", creator)
        dataset.add_new((group, element), *(("UN", value.encode()) if is_bytes else ("LO", value)))
    tracer = read_tracer([dataset])
    assert tracer.vendor_reference == at("10:10")
    assert (tracer.vendor_suv_factor, tracer.vendor_activity_factor) == (0.0005, 0.5)


def test_a_vendor_element_of_a_moved_block_is_found_and_another_vendors_is_not() -> None:
    dataset = a_slice()
    dataset.add_new((0x7053, 0x0010), "LO", "SOMEBODY ELSE")
    dataset.add_new((0x7053, 0x1000), "DS", "9")
    assert read_tracer([dataset]).vendor_suv_factor is None
    dataset.add_new((0x7053, 0x0011), "LO", "Philips PET Private Group")
    dataset.add_new((0x7053, 0x1100), "DS", "0.0005")
    assert read_tracer([dataset]).vendor_suv_factor == 0.0005


def test_several_injections_are_told() -> None:
    dataset = a_slice()
    dataset.RadiopharmaceuticalInformationSequence.append(Dataset())
    assert [one.code for one in read_tracer([dataset]).caveats] == ["SEVERAL_INJECTIONS"]


def test_a_multi_frame_object_is_read_frame_by_frame_and_only_once() -> None:
    frames = []
    for z in range(3):
        frame, content, plane = Dataset(), Dataset(), Dataset()
        content.FrameAcquisitionDateTime = f"2024030510150{z}"
        content.FrameAcquisitionDuration = 300000.0
        plane.ImagePositionPatient = [0, 0, z]
        frame.FrameContentSequence, frame.PlanePositionSequence = [content], [plane]
        frames.append(frame)
    whole = a_slice(Units=None, DecayCorrection=None, DecayCorrected="YES", SOPInstanceUID="1.2")
    whole.DecayCorrectionDateTime = "20240305101500"
    shared, mapping = Dataset(), Dataset()
    mapping.MeasurementUnitsCodeSequence = [code(CodeValue="Bq/ml")]
    shared.RealWorldValueMappingSequence = [mapping]
    whole.SharedFunctionalGroupsSequence = [shared]
    whole.PerFrameFunctionalGroupsSequence = frames
    tracer = read_tracer([whole, whole, whole])
    assert (tracer.units, tracer.decay_correction) == ("BQML", "START")
    assert tracer.decay_reference == at("10:15")
    assert [one.position_lps_mm[2] for one in tracer.slices] == [0, 1, 2]
    assert tracer.slices[2].acquisition == at("10:15:02")


def test_real_value_mappings_are_read_with_what_they_are_about(shared_data: Path) -> None:
    folder = shared_data / "acrin_042"
    read = lambda name: [pydicom.dcmread(f, stop_before_pixels=True) for f in folder.glob(name)]  # noqa: E731 - two uses
    tracer = read_tracer(read("PT_PET_AC*/*"), read("RWV*/*"))
    claims = {(one.quantity, one.is_of_pet): one.slope for one in tracer.value_mappings}
    assert claims == {
        ("bw", True): 4.2111e-4, ("lbm", True): 3.2444e-4, ("bsa", True): 1.00711e-5,
        ("ibw", True): 3.98713e-4, ("bw", False): 4.2111e-7, ("lbm", False): 3.2444e-7,
        ("bsa", False): 1.00711e-8, ("ibw", False): 3.98713e-7,
    }  # fmt: skip


def test_without_any_date_the_times_belong_to_one_day_and_that_is_told() -> None:
    tracer = read_tracer([a_slice(SeriesDate=None, AcquisitionDate=None)])
    assert tracer.series_start == tracer.slices[0].acquisition
    assert [one.code for one in tracer.caveats] == ["DATES_ABSENT"]


@pytest.mark.parametrize(
    ("series", "acquired", "day"),
    [("235000", "000500", 6), ("000500", "235500", 4), ("10", "11", 5)],
)
def test_a_slice_without_a_date_belongs_to_the_day_nearest_to_the_series(
    series: str, acquired: str, day: int
) -> None:
    dataset = a_slice(AcquisitionDate=None, SeriesTime=series, AcquisitionTime=acquired)
    assert read_tracer([dataset]).slices[0].acquisition.day == day


def test_a_series_date_that_is_missing_is_taken_from_the_acquisition() -> None:
    assert read_tracer([a_slice(SeriesDate=None)]).series_start == at("10:15")


def test_of_slices_that_differ_most_are_believed_and_it_is_told() -> None:
    odd = a_slice(PatientWeight=8)
    tracer = read_tracer([odd, a_slice(), a_slice()])
    assert tracer.patient_weight_kg == 80
    (doubt,) = tracer.caveats
    assert (doubt.code, "PatientWeight of 1 of 3" in doubt.text) == ("HEADERS_DIFFER", True)


def test_an_intercept_that_no_pet_should_have_is_told() -> None:
    tracer = read_tracer([a_slice(RescaleIntercept=-1024)])
    assert [one.code for one in tracer.caveats] == ["RESCALE_INTERCEPT"]
    assert read_tracer([a_slice(RescaleIntercept=0)]).caveats == ()


@given(
    keyword=st.sampled_from(
        ["Units", "SeriesTime", "SeriesDate", "AcquisitionTime", "PatientWeight",
         "FrameReferenceTime", "ActualFrameDuration", "ImagePositionPatient", "CorrectedImage",
         "TimezoneOffsetFromUTC", "RadiopharmaceuticalInformationSequence"]
    ),
    vr=st.sampled_from(["LO", "UN", "DS", "IS", "SQ", "FD"]),
    raw=st.binary(max_size=12),
)  # fmt: skip
def test_no_byte_in_a_header_can_break_the_reading(keyword: str, vr: str, raw: bytes) -> None:
    dataset = a_slice()
    tag = pydicom.datadict.tag_for_keyword(keyword)
    element = pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag(tag), vr, len(raw), raw, 0, is_implicit_VR=False, is_little_endian=True
    )
    dataset._dict[pydicom.tag.Tag(tag)] = element
    read_tracer([dataset])


@pytest.mark.parametrize(
    ("name", "drug_code", "expected"),
    [
        ("FDG", None, "FDG"),
        ("Solution", {"CodeValue": "C-B1031", "CodeMeaning": "x"}, "FDG"),
        (None, {"CodeValue": "35321007", "CodeMeaning": "x"}, "FDG"),
        ("Other", {"CodeValue": "C-B1036", "CodeMeaning": "FLT"}, "FLT"),
        ("18F", None, None),
        ("FLT", {"CodeValue": "C-B1031", "CodeMeaning": "x"}, "FLT"),
    ],
)
def test_a_word_that_names_no_drug_gives_way_to_the_code(
    name: str | None, drug_code: dict | None, expected: str | None
) -> None:
    drug: dict = {"Radiopharmaceutical": name}
    if drug_code:
        drug["RadiopharmaceuticalCodeSequence"] = [code(**drug_code)]
    assert read_tracer([a_slice(drug)]).radiopharmaceutical == expected


@pytest.mark.parametrize(
    ("name", "nuclide"),
    [("18F-FDG", "F-18"), ("Fluorodeoxyglucose F^18^", "F-18"), ("FDG", None), ("PSMA-617", None)],
)
def test_a_drugs_name_tells_the_nuclide_where_no_code_does(name: str, nuclide: str | None) -> None:
    drug = {"Radiopharmaceutical": name, "RadionuclideCodeSequence": None}
    assert read_tracer([a_slice(drug)]).radionuclide == nuclide


def test_what_a_header_keeps_of_a_pet_slice_says_all_that_the_whole_file_says(
    shared_data: Path,
) -> None:
    """Every real and reference PET at hand, by pydicom's whole file and by the excerpt."""
    folders = [
        shared_data / "acrin_042" / "PT_PET_AC_081015",
        shared_data / "sts_001" / "FDG_PET" / "image",
    ]
    for folder in (*folders, *sorted((shared_data / "suv_dro").glob("DRO_*/PT"))):
        files = sorted(file for file in folder.rglob("*.dcm"))[:12]
        headers = []
        for file in files:
            with file.open("rb") as stream:
                headers.append(read_header(stream, file, size=file.stat().st_size))
        whole = [pydicom.dcmread(file, stop_before_pixels=True) for file in files]
        assert read_tracer([to_dataset(one) for one in headers]) == read_tracer(whole)


def test_a_vendors_private_time_survives_the_excerpt_in_any_block(tmp_path: Path) -> None:
    def add(dataset: Dataset, k: int) -> None:
        dataset.private_block(0x0009, "OTHER", create=True).add_new(0x0D, "LO", "trap")
        block = dataset.private_block(0x0009, "GEMS_PETD_01", create=True)
        block.add_new(0x0D, "DT", "20240102101000")
        block.add_new(0x77, "LO", "not needed")

    series = builders.write_series(tmp_path, edit=add)
    with series.files[0].open("rb") as stream:
        header = read_header(stream, series.files[0], size=series.files[0].stat().st_size)
    assert read_tracer([to_dataset(header)]).vendor_reference == datetime(
        2024, 1, 2, 10, 10, tzinfo=UTC
    )
    assert b"not needed" not in header.data_set
    assert b"Secret" not in header.data_set
