"""Frames that ask for more room than their image has."""

import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.seg import SegmentationTypeValues as SegType

from oligocount import intake
from oligocount.config import load_settings
from oligocount.errors import GeometryError, IncompleteSeries, InputError
from oligocount.intake.codestreams import refuse_larger_frames
from oligocount.intake.directory import missing_files
from oligocount.intake.masks import read_mask

from . import builders, codestreams
from .test_masks import AXIAL, grid, two_lesions, write_seg
from .test_pixels import _replace_pixels

SETTINGS = load_settings().intake
J2K, HTJ2K, JPEG, LS, RLE = (
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.5",
)  # fmt: skip
DEFLATED = "1.2.840.10008.1.2.1.99"


def wider(codestream: bytes, width: int) -> bytes:
    """The 16 x 16 codestream with another width in its header."""
    if codestream.startswith(b"\xff\x4f"):
        return codestream[:8] + struct.pack(">L", width) + codestream[12:]
    place = re.search(b"\xff\xc3", codestream).start() + 7
    return codestream[:place] + struct.pack(">H", width) + codestream[place + 2 :]


@pytest.mark.parametrize(
    ("syntax", "codestream"), [(HTJ2K, codestreams.HTJ2K), (JPEG, codestreams.JPEG_LOSSLESS)]
)
def test_a_frame_as_large_as_its_image_passes_and_a_larger_one_does_not(
    syntax: str, codestream: bytes
) -> None:
    refuse_larger_frames(b"\0" * 16 + codestream * 2, syntax, 16, 16)
    for width in (17, 0, 60_000):
        with pytest.raises(GeometryError, match=f"16 x {width} pixels; expected at most"):
            refuse_larger_frames(codestream * 2 + wider(codestream, width), syntax, 16, 16)


def test_an_offset_of_the_reference_grid_is_taken_off() -> None:
    siz = b"\xff\x4f\xff\x51\0\x29\0\0" + struct.pack(">4L", 1016, 516, 1000, 500)
    refuse_larger_frames(siz, J2K, 16, 16)
    with pytest.raises(GeometryError, match="16 x 16 pixels"):
        refuse_larger_frames(siz, J2K, 16, 15)


def test_segments_before_the_frame_header_are_stepped_over() -> None:
    """A comment that holds the bytes of a frame header is none; fill bytes and DHT are not."""
    comment = b"\xff\xfe\0\x0d" + b"\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1"
    huffman = b"\xff\xff\xc4\0\x06\1\2\3\4"
    for marker in (b"\xff\xc0", b"\xff\xf7"):
        frame = marker + b"\0\x0b\x08" + struct.pack(">2H", 16, 16) + b"\1\1\x11\0"
        refuse_larger_frames(b"\xff\xd8" + comment + huffman + frame, LS, 16, 16)
        with pytest.raises(GeometryError, match="16 x 16 pixels"):
            refuse_larger_frames(b"\xff\xd8" + comment + huffman + frame, LS, 15, 16)


def test_bytes_of_run_lengths_are_not_taken_for_a_codestream() -> None:
    refuse_larger_frames(wider(codestreams.JPEG_LOSSLESS, 60_000), RLE, 16, 16)


def test_a_series_with_one_such_frame_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path, shape=(4, 16, 16), is_signed=False)
    for k, file in enumerate(series.files):
        frame = codestreams.HTJ2K if k != 2 else wider(codestreams.HTJ2K, 60_000)
        _replace_pixels(file, HTJ2K, frame)
    with pytest.raises(IncompleteSeries, match="16 x 60000 pixels; expected at most"):
        intake.load(intake.scan(tmp_path, SETTINGS), SETTINGS)


def deflated_bomb(file: Path, sop_class: str, inflated: int, meta_padding: int) -> Path:
    """A data set of a class and so many bytes of nothing, deflated."""
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, "1.2.3"
    meta.TransferSyntaxUID, meta.ImplementationClassUID = DEFLATED, "1.2.4"
    meta.PrivateInformationCreatorUID, meta.PrivateInformation = "1.2.5", bytes(meta_padding)
    pydicom.dcmwrite(
        file,
        pydicom.dataset.FileDataset(str(file), {}, file_meta=meta, preamble=bytes(128)),
        enforce_file_format=True,
    )
    head = file.read_bytes()
    meta_end = 144 + struct.unpack("<L", head[140:144])[0]
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    uid = (sop_class + "\0" * (len(sop_class) % 2)).encode()
    packed = engine.compress(struct.pack("<2H2sH", 8, 0x16, b"UI", len(uid)) + uid)
    packed += engine.compress(struct.pack("<2H2s2xL", 0x0042, 0x0011, b"OB", inflated))
    packed += engine.compress(bytes(inflated))
    file.write_bytes(head[:meta_end] + packed + engine.flush())
    return file


@pytest.mark.parametrize("kind", ["SegmentationStorage", "RTStructureSetStorage"])
@pytest.mark.parametrize("padding", [0, 2**17])
def test_a_deflated_mask_that_bursts_is_refused(
    tmp_path: Path, kind: str, padding: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In little memory, wherever its deflated part begins; the bound is lowered for the test."""
    monkeypatch.setattr("oligocount.intake.elements._MAX_INFLATED", 2**24)
    uid = getattr(pydicom.uid, kind)
    file = deflated_bomb(tmp_path / "mask.dcm", uid, 2**26, padding)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="deflated data set exceeds 16777216 bytes"):
            read_mask(file, grid(AXIAL))
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()
    assert missing_files(file, frozenset()) == (0, 0)


def test_a_segmentation_of_more_voxels_than_memory_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_seg(tmp_path / "seg.dcm", two_lesions(), grid(AXIAL), SegType.BINARY)
    seg = pydicom.dcmread(file)
    frames = seg.PerFrameFunctionalGroupsSequence
    place = frames[-1].PlanePositionSequence[0]
    place.ImagePositionPatient = np.add(place.ImagePositionPatient, [0, 0, 4e9]).tolist()
    seg.save_as(file)
    with pytest.raises(InputError, match=r"GiB of memory that are free|mask"):
        read_mask(file, grid(AXIAL))


def test_a_deflated_mask_of_usual_size_is_read(tmp_path: Path) -> None:
    file = write_seg(tmp_path / "seg.dcm", two_lesions(), grid(AXIAL), SegType.BINARY)
    seg = pydicom.dcmread(file)
    seg.file_meta.TransferSyntaxUID = DEFLATED
    seg.save_as(file)
    assert (read_mask(file, grid(AXIAL)).array == two_lesions()).all()
