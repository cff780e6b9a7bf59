"""Whole jobs beside what a user would pick instead: reading, SEG writing, evaluation."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import evaluation
import highdicom as hd
import numpy as np
import pydicom
import reading
import SimpleITK as sitk
from shared.pairs import Row, pair

from oligocount import intake
from oligocount.config import load_settings
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.volume import Geometry, LabelMap
from oligocount.publish.dicom.origin import Origin
from oligocount.publish.dicom.seg import structures_seg

SEG_SHAPE, SEG_MM, SEGMENTS = (200, 168, 168), 4.0, 24


def reading_rows(slices: int, runs: int) -> Iterator[Row]:
    """A PET/CT study to float32, and the CT alone; each reader in processes of its own."""
    with tempfile.TemporaryDirectory() as place:
        study = Path(place)
        reading.write_study(study, slices=slices)
        for step, suffix in ((f"read PET/CT, {slices} slices each", ""), ("the CT alone", "_ct")):
            for peer, name in (
                ("SimpleITK ImageSeriesReader", "read_sitk"),
                ("dicom2nifti", "read_dicom2nifti"),
            ):
                yield _read(step, peer, f"read_ours{suffix}", f"{name}{suffix}", study, runs)


def _read(step: str, peer: str, ours: str, theirs: str, study: Path, runs: int) -> Row:
    rounds = [[reading.run_once(name, study) for name in (ours, theirs)] for _ in range(runs)]
    best = [min(each[n]["seconds"] for each in rounds) for n in range(2)]
    return Row(step, peer, best[0], best[1], _differing(study), "HU (CT, ours and SimpleITK's)")


def _differing(study: Path) -> float:
    """The largest difference of a CT voxel between intake and SimpleITK."""
    settings = load_settings().intake
    images = intake.load(intake.scan(study, settings), settings)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(study / "ct")))
    theirs = sitk.GetArrayFromImage(reader.Execute())
    ours = images.ct.array if images.ct else np.zeros(theirs.shape)
    theirs = np.maximum(theirs, -1024)  # less than air is padding to intake
    return float(max(np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True)))


def seg_rows(runs: int) -> Iterator[Row]:
    """Organ masks as DICOM SEG, beside highdicom given the stacked masks of its guide."""
    with tempfile.TemporaryDirectory() as place:
        labels, headers = _masks(), _headers(Path(place))
    origin: Any = Origin(result=_result(labels.geometry), source=headers, digest="bench")
    model = hd.seg.Segmentation

    def ours() -> hd.seg.Segmentation:
        return structures_seg("organs", labels, origin, "BINARY")

    segments = list(_descriptions(ours()))

    def theirs() -> hd.seg.Segmentation:
        stacked = np.stack([labels.array == n for n in range(1, SEGMENTS + 1)], axis=-1)
        return model(
            source_images=headers,
            pixel_array=stacked,
            segmentation_type="BINARY",
            segment_descriptions=segments,
            series_instance_uid=hd.UID(),
            series_number=2,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer="bench",
            manufacturer_model_name="bench",
            software_versions="1",
            device_serial_number="1",
        )

    def voxels(seg: hd.seg.Segmentation) -> np.ndarray:
        return np.asarray(seg.get_volume(combine_segments=True).array, np.int32).ravel()

    yield pair(f"write SEG, {SEGMENTS} organs", "highdicom, masks stacked", ours, theirs, runs,
               "labels", lambda seg: np.bincount(voxels(seg), minlength=SEGMENTS + 1))  # fmt: skip


def _descriptions(seg: hd.seg.Segmentation) -> Iterator[Any]:
    for number in seg.segment_numbers:
        yield seg.get_segment_description(number)


def _masks() -> LabelMap:
    """Balls of many sizes, one an organ."""
    rng = np.random.default_rng(0)
    affine = np.diag([SEG_MM, SEG_MM, SEG_MM, 1.0])[:, [2, 1, 0, 3]]
    array = np.zeros(SEG_SHAPE, np.uint8)
    places = np.indices(SEG_SHAPE, dtype=np.int16)
    for n in range(1, SEGMENTS + 1):
        middle = rng.integers(30, np.array(SEG_SHAPE) - 30)[:, None, None, None]
        array[((places - middle) ** 2).sum(axis=0) < rng.integers(6, 24) ** 2] = n
    names = {n: f"organ_{n}" for n in range(1, SEGMENTS + 1)}
    return LabelMap(array=array, names=names, geometry=Geometry(shape=SEG_SHAPE, affine=affine))


def _headers(folder: Path) -> tuple[pydicom.Dataset, ...]:
    sys.path.append(str(Path(__file__).parents[3] / "tests"))
    from publish.dicom_source import write_pet_series  # noqa: PLC0415 - tests are no package here

    study = write_pet_series(folder, _masks().geometry)
    files = sorted(study.series[0].files)
    return tuple(pydicom.dcmread(file, stop_before_pixels=True) for file in files)


def _result(grid: Geometry) -> Any:
    """What writing a SEG asks of a result."""
    model = ModelInfo(name="bench", version="1", sha256="0" * 64)
    return SimpleNamespace(
        anatomy=SimpleNamespace(structures={}, organs=SimpleNamespace(model=model)),
        provenance=SimpleNamespace(oligocount="1", settings_digest="0" * 64),
        pet_grid=grid,
    )


def evaluation_rows(shape: tuple[int, int, int], components: int, runs: int) -> Iterator[Row]:
    """The false volumes of autoPET, beside the challenge's loop."""
    truth, said = (evaluation.spheres(shape, seed, components) for seed in (1, 2))
    yield pair(
        f"evaluate, {components} lesions", "autoPET's loop",
        lambda: np.array(evaluation.volumes(truth, said)),
        lambda: np.array((evaluation.loop(said, truth), evaluation.loop(truth, said))),
        runs, "voxels", lambda found: found,
    )  # fmt: skip
