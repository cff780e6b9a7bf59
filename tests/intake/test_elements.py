"""The walker finds what pydicom finds, and says when a file is broken."""

import io
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from oligocount.intake.elements import BrokenDicom, NotDicom, read_elements

from . import builders

DESCRIPTION, SLOPE = 0x0008103E, 0x00281053
WANTED = frozenset({DESCRIPTION, SLOPE})


def nested(syntax: str, *, is_undefined: bool) -> bytes:
    """A file with sequences in sequences; an inner (0008,103E) is a trap."""
    inner, item, dataset = Dataset(), Dataset(), Dataset()
    inner.SeriesDescription = "trap"
    item.ReferencedSeriesSequence = [inner, inner]
    dataset.SOPClassUID, dataset.SOPInstanceUID = builders.CLASSES["CT"], "1.2"
    dataset.ReferencedStudySequence = [item]
    dataset["ReferencedStudySequence"].is_undefined_length = is_undefined
    item["ReferencedSeriesSequence"].is_undefined_length = is_undefined
    item.is_undefined_length_sequence_item = is_undefined
    inner.is_undefined_length_sequence_item = is_undefined
    dataset.SeriesDescription = "true"
    dataset.Rows, dataset.RescaleSlope = 1, 2.5
    buffer = io.BytesIO()
    builders.save(dataset, buffer, syntax)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
@pytest.mark.parametrize("is_undefined", [True, False])
def test_nested_elements_are_stepped_over(syntax: str, is_undefined: bool) -> None:
    found = read_elements(io.BytesIO(nested(syntax, is_undefined=is_undefined)), WANTED)
    assert found.values[DESCRIPTION].rstrip() == b"true"
    assert found.values[SLOPE].rstrip() == b"2.5"


def test_a_real_header_reads_as_pydicom_reads_it(shared_data: Path) -> None:
    """Every top-level text element of a real GE header, private groups in between."""
    for file in sorted((shared_data / "acrin_042").rglob("*.dcm"))[::40]:
        dataset = pydicom.dcmread(file, stop_before_pixels=True)
        texts = {e.tag: e.value for e in dataset if e.VR in ("LO", "CS", "UI", "DA") and e.VM == 1}
        with file.open("rb") as stream:
            found = read_elements(stream, frozenset(int(tag) for tag in texts)).values
        for tag, value in texts.items():
            if tag < 0x00540000:
                assert found[int(tag)].rstrip(b"\0 ").decode("latin-1") == str(value)


@pytest.mark.parametrize("length", range(132, 420, 7))
def test_a_file_cut_anywhere_is_broken_not_half_read(length: int) -> None:
    data = nested(ExplicitVRLittleEndian, is_undefined=True)
    whole = read_elements(io.BytesIO(data), WANTED).values
    try:
        found = read_elements(io.BytesIO(data[:length]), WANTED).values
    except NotDicom:
        return
    assert found.items() <= whole.items()


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG" + bytes(200), bytes(500)])
def test_other_files_are_no_dicom(data: bytes) -> None:
    with pytest.raises(NotDicom, match="not a DICOM file"):
        read_elements(io.BytesIO(data), WANTED)


def test_endless_nesting_is_refused() -> None:
    start = bytes(128) + b"DICM" + b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0"
    level = b"\x08\x00\x10\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(BrokenDicom, match="nested more than 16 deep"):
        read_elements(io.BytesIO(start + level * 50), WANTED)


def test_an_element_that_stands_twice_is_refused() -> None:
    data = nested(ExplicitVRLittleEndian, is_undefined=False)
    slope = b"\x28\x00\x53\x10DS\x04\x002.5 "
    assert slope in data
    with pytest.raises(BrokenDicom, match=r"\(0028,1053\) stands twice"):
        read_elements(io.BytesIO(data.replace(slope, slope + slope)), WANTED)
