"""Mutants of a valid study: a right volume, a caveat or an OligocountError, never anything else.

"Right" is judged by an independent reading: pydicom parses the mutated files, slices are sorted
by position, stored values times slope. A volume that comes without any caveat has to equal it,
or the untouched twin where pydicom itself gives up.
"""

import io
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.random import Generator
from pydicom.dataset import Dataset

from oligocount import intake
from oligocount.config import load_settings
from oligocount.domain.study import Images, Study
from oligocount.errors import OligocountError

from . import builders

SETTINGS = load_settings().intake
SLOPES = (1.0, 1.5, 0.9, 2.0, 3.0, 1.6, 1.1, 2.5)
ODD_VALUES = (b"", b"0", b"-1", b"1e30", b"nan", b"inf", b"abc", b"1\\2\\3", b"\0" * 4, b"9" * 40,
              b"\xff\xfe", b" ", b"1.5", b"PT", b"CT", b"MONOCHROME1", b"1.2.3")  # fmt: skip


@dataclass(frozen=True)
class Twin:
    """The untouched series and what is read from it."""

    files: tuple[bytes, ...]
    array: np.ndarray
    affine: np.ndarray


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    folder = tmp_path_factory.mktemp("twin")
    series = builders.write_series(folder, "PT", slopes=SLOPES, is_signed=False)
    images = intake.load(intake.scan(folder, SETTINGS), SETTINGS)
    np.testing.assert_allclose(images.pet.array, series.values, rtol=1e-6)
    files = tuple(file.read_bytes() for file in series.files)
    return Twin(files, images.pet.array, images.pet.geometry.affine)


def flip_header_bytes(data: bytes, rng: Generator) -> bytes:
    pixels = data.rindex(b"\xe0\x7f\x10\x00")
    out = bytearray(data)
    for place in rng.integers(128, pixels + 12, rng.integers(1, 4)):
        out[place] = rng.integers(256)
    return bytes(out)


def cut(data: bytes, rng: Generator) -> bytes:
    return data[: rng.integers(len(data))]


def drop_bytes(data: bytes, rng: Generator) -> bytes:
    start = int(rng.integers(128, data.rindex(b"\xe0\x7f\x10\x00")))
    return data[:start] + data[start + int(rng.integers(1, 40)) :]


def repeat_bytes(data: bytes, rng: Generator) -> bytes:
    start = int(rng.integers(128, data.rindex(b"\xe0\x7f\x10\x00")))
    return data[: start + int(rng.integers(1, 200))] + data[start:]


def zero_bytes(data: bytes, rng: Generator) -> bytes:
    start, length = int(rng.integers(0, len(data))), int(rng.integers(1, 100))
    return data[:start] + bytes(length) + data[start + length :]


def change_length(data: bytes, rng: Generator) -> bytes:
    """A wrong length in the header of one element."""
    dataset = pydicom.dcmread(io.BytesIO(data))
    element = list(dataset)[rng.integers(len(list(dataset)))]
    tag = element.tag.group.to_bytes(2, "little") + element.tag.elem.to_bytes(2, "little")
    place = data.index(tag) + 6
    return data[:place] + rng.bytes(2) + data[place + 2 :]


def odd_value(data: bytes, rng: Generator) -> bytes:
    """One element's value replaced by one that does not fit, in a file that is otherwise valid."""
    dataset = pydicom.dcmread(io.BytesIO(data))
    tags = [e.tag for e in dataset if e.VR not in ("SQ", "OW", "OB")]
    tag = tags[rng.integers(len(tags))]
    value = ODD_VALUES[rng.integers(len(ODD_VALUES))]
    if dataset[tag].VR == "US":
        value = int(rng.integers(65536)).to_bytes(2, "little")
    value += b" " * (len(value) % 2)
    key = tag.group.to_bytes(2, "little") + tag.elem.to_bytes(2, "little")
    place = data.index(key + dataset[tag].VR.encode())
    length = int.from_bytes(data[place + 6 : place + 8], "little")
    head = data[: place + 6] + len(value).to_bytes(2, "little") + value
    return head + data[place + 8 + length :]


def drop_element(data: bytes, rng: Generator) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(data))
    tags = [element.tag for element in dataset if element.tag != 0x7FE00010]
    del dataset[tags[rng.integers(len(tags))]]
    out = io.BytesIO()
    dataset.save_as(out)
    return out.getvalue()


MUTATIONS = (flip_header_bytes, cut, drop_bytes, repeat_bytes, zero_bytes, change_length, odd_value,
             drop_element)  # fmt: skip


def read(folder: Path) -> tuple[Study, Images] | None:
    try:
        study = intake.scan(folder, SETTINGS)
        return study, intake.load(study, SETTINGS)
    except OligocountError as error:
        told = str(error)
    assert "Secret" not in told
    return None


def independent(folder: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    """The volume by pydicom alone, or None where pydicom cannot read every slice."""
    slices = []
    for file in sorted(folder.iterdir()):
        try:
            dataset = pydicom.dcmread(file, force=True)
            slices.append((_distance(dataset), _values(dataset)))
        except Exception:  # noqa: BLE001, S112 - whatever pydicom raises, it cannot judge this file
            continue
    slices.sort(key=lambda pair: pair[0])
    if len(slices) != shape[0] or {each.shape for _, each in slices} != {shape[1:]}:
        return None
    return np.stack([each for _, each in slices])


def _distance(dataset: Dataset) -> float:
    cosines = np.array(dataset.ImageOrientationPatient, float)
    normal = np.cross(cosines[:3], cosines[3:])
    return float(np.dot(normal, np.array(dataset.ImagePositionPatient, float)))


def _values(dataset: Dataset) -> np.ndarray:
    sign = "i" if dataset.PixelRepresentation else "u"
    raw = np.frombuffer(dataset.PixelData, f"<{sign}{dataset.BitsAllocated // 8}")
    raw = raw[: dataset.Rows * dataset.Columns].reshape(dataset.Rows, dataset.Columns)
    unused = dataset.BitsAllocated - dataset.BitsStored
    raw = (raw << unused) >> unused
    return raw * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)


def check_mutant(folder: Path, twin: Twin, mutate: Callable[..., bytes], rng: Generator) -> str:
    """Mutate one to three files; return what came of it. Fails on anything not allowed."""
    hit = set(rng.choice(len(twin.files), rng.integers(1, 4), replace=False).tolist())
    for n, data in enumerate(twin.files):
        (folder / f"{n}").write_bytes(mutate(data, rng) if n in hit else data)
    result = read(folder)
    if result is None:
        return "error"
    study, images = result
    if study.caveats or images.caveats or (study.tracer and study.tracer.caveats):
        assert np.isfinite(images.pet.array).all()
        return "caveat"
    is_twin = images.pet.array.shape == twin.array.shape and np.array_equal(
        images.pet.array, twin.array
    )
    if is_twin:
        np.testing.assert_allclose(images.pet.geometry.affine, twin.affine, atol=0.2)
        return "twin"
    expected = independent(folder, images.pet.array.shape)
    assert expected is not None, "a volume without caveat that pydicom cannot confirm"
    np.testing.assert_allclose(images.pet.array, expected, rtol=1e-5)
    return "as stated"


def run(folder: Path, twin: Twin, mutate: Callable[..., bytes], seeds: range) -> set[str]:
    outcomes = set()
    for seed in seeds:
        rng = np.random.default_rng(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                outcomes.add(check_mutant(folder, twin, mutate, rng))
            except Exception as error:
                error.add_note(f"seed {seed} of {mutate.__name__}")
                raise
    return outcomes


@pytest.mark.parametrize("mutate", MUTATIONS)
def test_some_mutants(tmp_path: Path, twin: Twin, mutate: Callable[..., bytes]) -> None:
    assert run(tmp_path, twin, mutate, range(25)) & {"error", "caveat"}


@pytest.mark.slow
@pytest.mark.parametrize("mutate", MUTATIONS)
def test_thousands_of_mutants(tmp_path: Path, twin: Twin, mutate: Callable[..., bytes]) -> None:
    assert len(run(tmp_path, twin, mutate, range(100, 850))) >= 2


@pytest.mark.parametrize("seeds", [range(40), pytest.param(range(40, 800), marks=pytest.mark.slow)])
def test_mutated_archives(tmp_path: Path, twin: Twin, seeds: range) -> None:
    """Bytes of a zip changed anywhere: the twin, fewer slices with a caveat, or an error."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, data in enumerate(twin.files):
            archive.writestr(f"{n}", data)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        data = bytearray(packed.getvalue())
        for place in rng.integers(0, len(data), 3):
            data[place] = rng.integers(256)
        file = tmp_path / "x.zip"
        file.write_bytes(data)
        result = read(file)
        if result is not None and not result[0].caveats:
            np.testing.assert_array_equal(result[1].pet.array, twin.array)
