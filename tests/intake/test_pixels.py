"""Compressed and broken pixels."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from oligocount import intake
from oligocount.config import load_settings
from oligocount.errors import IncompleteSeries, MissingTag, UnsupportedUnit

from . import builders, codestreams

SETTINGS = load_settings().intake


def read(folder: Path) -> np.ndarray:
    return intake.load(intake.scan(folder, SETTINGS), SETTINGS).pet.array


@pytest.mark.parametrize(
    ("syntax", "codestream"),
    [(HTJ2KLossless, codestreams.HTJ2K), (JPEGLosslessSV1, codestreams.JPEG_LOSSLESS)],
    ids=["HTJ2K", "JPEG lossless"],
)
def test_codestreams_of_another_encoder_are_decoded(
    tmp_path: Path, syntax: str, codestream: bytes
) -> None:
    series = builders.write_series(tmp_path, shape=(4, 16, 16), is_signed=False)
    for file in series.files:
        _replace_pixels(file, syntax, codestream)
    np.testing.assert_array_equal(read(tmp_path), np.stack([codestreams.VALUES] * 4))


def test_a_broken_codestream_names_file_and_syntax(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path, shape=(4, 16, 16), is_signed=False)
    for file in series.files:
        _replace_pixels(file, HTJ2KLossless, codestreams.HTJ2K[:60])
    with pytest.raises(IncompleteSeries, match="High-Throughput JPEG 2000"):
        read(tmp_path)


def test_pixels_shorter_than_rows_and_columns_are_refused(tmp_path: Path) -> None:
    def shorten(dataset: Dataset, k: int) -> None:
        if k == 2:
            dataset.PixelData = dataset.PixelData[:-10]

    builders.write_series(tmp_path, edit=shorten)
    with pytest.raises(IncompleteSeries, match="230 bytes, 240 expected"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("keyword", "kind"), [("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")]
)
def test_float_pixels_are_read_as_what_they_are(tmp_path: Path, keyword: str, kind: str) -> None:
    """Whole-number attributes beside them, wrong by the standard, do not make them integers."""
    values = np.random.default_rng(1).normal(1000, 300, (8, 12, 10))

    def as_float(dataset: Dataset, k: int) -> None:
        del dataset.PixelData
        setattr(dataset, keyword, values[k].astype(kind).tobytes())
        dataset.BitsAllocated = 8 * np.dtype(kind).itemsize
        dataset.BitsStored, dataset.HighBit = 16, 15

    builders.write_series(tmp_path, edit=as_float, slopes=(2.0,) * 8)
    np.testing.assert_allclose(read(tmp_path), 2 * values, rtol=1e-6)


def test_float_pixels_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    def as_nan(dataset: Dataset, k: int) -> None:
        del dataset.PixelData
        dataset.FloatPixelData = np.full((12, 10), np.nan, "<f4").tobytes()
        dataset.BitsAllocated = 32

    builders.write_series(tmp_path, edit=as_nan)
    with pytest.raises(IncompleteSeries, match="not finite"):
        read(tmp_path)


@pytest.mark.parametrize(
    "syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless], ids=lambda uid: uid.name
)
@pytest.mark.parametrize(("bits", "stored"), [(8, 8), (16, 12), (16, 16)])
@pytest.mark.parametrize("is_signed", [True, False])
def test_compressed_pixels_keep_sign_and_depth(
    tmp_path: Path, syntax: str, bits: int, stored: int, is_signed: bool
) -> None:
    if syntax == JPEGLSLossless and is_signed:
        pytest.skip("the encoder at hand writes no signed JPEG-LS")
    series = builders.write_series(
        tmp_path, shape=(4, 64, 48), bits=bits, stored=stored, is_signed=is_signed, syntax=syntax
    )
    np.testing.assert_array_equal(read(tmp_path), series.values)


@pytest.mark.parametrize("slope", [None, 0.0])
def test_a_pet_slice_without_slope_is_refused_not_taken_as_one(
    tmp_path: Path, slope: float | None
) -> None:
    def drop(dataset: Dataset, k: int) -> None:
        if k == 4 and slope is None:
            del dataset.RescaleSlope
        elif k == 4:
            dataset.RescaleSlope = slope

    builders.write_series(tmp_path, edit=drop)
    with pytest.raises(MissingTag, match="Rescale Slope"):
        read(tmp_path)


def test_values_beyond_float32_are_refused(tmp_path: Path) -> None:
    builders.write_series(tmp_path, slopes=(1e36,) * 8)
    with pytest.raises(UnsupportedUnit, match="out of range"):
        read(tmp_path)


def test_a_slice_unlike_both_neighbours_is_a_caveat(tmp_path: Path) -> None:
    """One slope is 30 times the others: no anatomy does that over 3 mm."""
    slopes = (1.0, 1.5, 1.2, 30.0, 1.0, 0.8, 1.0, 1.0)
    builders.write_series(tmp_path, slopes=slopes, is_signed=False)
    images = intake.load(intake.scan(tmp_path, SETTINGS), SETTINGS)
    assert [one.code for one in images.caveats] == ["SLICE_JUMP"]
    assert "index 3" in images.caveats[0].text


def test_a_high_bit_elsewhere_is_refused(tmp_path: Path) -> None:
    def move(dataset: Dataset, k: int) -> None:
        dataset.HighBit = 15

    builders.write_series(tmp_path, stored=12, edit=move)
    with pytest.raises(IncompleteSeries, match="High Bit is 15, expected 11"):
        read(tmp_path)


def _replace_pixels(file: Path, syntax: str, codestream: bytes) -> None:
    dataset = builders.pydicom.dcmread(file)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([codestream])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(file, enforce_file_format=True)
