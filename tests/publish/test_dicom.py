"""DICOM objects: the same mask at the same place, on every grid; valid; nothing lost or leaked."""

import dataclasses
import io
import shutil
import subprocess
import warnings
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import highdicom as hd
import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.sr._concepts_dict import concepts
from pydicom.valuerep import PersonName

from oligocount import publish
from oligocount.config import load_settings
from oligocount.domain.anatomy import Side
from oligocount.domain.lesion import LesionMap
from oligocount.domain.result import Result
from oligocount.domain.volume import Geometry, LabelMap
from oligocount.errors import PublishError
from oligocount.publish.dicom import codes, dicom_objects, sr, write_objects
from oligocount.publish.result_json import result_document

from . import builders
from .dicom_source import PATIENT, SERIES_UID, write_pet_series
from .test_masks import GRIDS

SETTINGS = load_settings().publish
NOW = datetime(2024, 1, 3, 12, 0, tzinfo=UTC)
REPORTED = (1, 2, 3, 4, 5)  # focus 6 is physiologic


def result_on(folder: Path, affine: np.ndarray | None = None, **parts: object) -> Result:
    grid = builders.geometry(affine)
    study = parts.pop("study", None) or write_pet_series(folder / "pet", grid)
    return builders.result(grid, study=study, **parts)


def objects_of(result: Result, **settings: object) -> dict[str, pydicom.Dataset]:
    """The objects after a trip through bytes."""
    dicom = dataclasses.replace(SETTINGS.dicom, **settings)
    found = dicom_objects(result, result_document(result), dicom, NOW)
    return {name: through_bytes(each) for name, each in found.items()}


def through_bytes(written: pydicom.Dataset) -> pydicom.Dataset:
    stream = io.BytesIO()
    written.save_as(stream, enforce_file_format=True)
    return pydicom.dcmread(io.BytesIO(stream.getvalue()))


def labels_of(seg: pydicom.Dataset, grid: Geometry) -> np.ndarray:
    """Segment numbers on our grid, found by the positions in the file alone."""
    volume = hd.seg.Segmentation.from_dataset(seg).get_volume(combine_segments=True)
    found = np.argwhere(volume.array > 0)
    index = np.rint(grid.to_index(volume.map_indices_to_reference(found))).astype(int)
    back = np.zeros(grid.shape, int)
    back[tuple(index.T)] = volume.array[tuple(found.T)]
    return back


def even_odd(polygon: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Centres of voxels (row, column) inside a polygon, by crossings of a ray; no library."""
    rows, columns = np.indices(shape, dtype=float)
    inside = np.zeros(shape, bool)
    for (r0, c0), (r1, c1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crosses = (r0 > rows) != (r1 > rows)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = c0 + (rows - r0) * (c1 - c0) / (r1 - r0)
        inside ^= crosses & (columns < at)
    return inside


def mask_of(contours: pydicom.Dataset, grid: Geometry) -> np.ndarray:
    """The voxels whose centres the contours of one region enclose."""
    mask = np.zeros(grid.shape, bool)
    for contour in contours.get("ContourSequence", []):
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        assert len(points) == contour.NumberOfContourPoints
        index = grid.to_index(points)
        k = int(np.rint(index[0, 0]))
        np.testing.assert_allclose(index[:, 0], k, atol=0.01)
        mask[k] ^= even_odd(index[:, 1:], grid.shape[1:])
    return mask


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_segmentation_is_read_back_to_the_identical_mask(
    tmp_path: Path, name: str, kind: str
) -> None:
    """Axial, flipped, coronal and oblique: the mirrored export of others must not happen."""
    result = result_on(tmp_path, GRIDS[name])
    seg = objects_of(result, segmentation_type=kind)["lesions_seg.dcm"]
    truth = result.lesion_map.labels.array
    expected = np.where(np.isin(truth, REPORTED), truth, 0)
    np.testing.assert_array_equal(labels_of(seg, result.images.suv.geometry), expected)


@pytest.mark.parametrize("name", GRIDS)
def test_a_structure_set_encloses_exactly_the_voxels_of_each_lesion(
    tmp_path: Path, name: str
) -> None:
    result = result_on(tmp_path, GRIDS[name])
    structures = objects_of(result)["lesions_rtstruct.dcm"]
    grid = result.images.suv.geometry
    assert len(structures.ROIContourSequence) == len(REPORTED)
    for label, contours in zip(REPORTED, structures.ROIContourSequence, strict=True):
        truth = result.lesion_map.labels.array == label
        np.testing.assert_array_equal(mask_of(contours, grid), truth)


def test_contours_refer_to_the_image_of_their_slice(tmp_path: Path) -> None:
    result = result_on(tmp_path)
    grid = result.images.suv.geometry
    for contours in objects_of(result)["lesions_rtstruct.dcm"].ROIContourSequence:
        for contour in contours.ContourSequence:
            k = round(grid.to_index(np.array(contour.ContourData[:3], float))[0])
            uid = contour.ContourImageSequence[0].ReferencedSOPInstanceUID
            assert uid == f"{SERIES_UID}.{k + 1}"


def test_a_slice_without_an_image_refers_to_none_and_its_neighbours_to_theirs(
    tmp_path: Path,
) -> None:
    """A missing slice may have been interpolated: the grid then has more slices than files."""
    result = result_on(tmp_path)
    series = result.study.series[0]
    lost = next(file for file in series.files if file.name == "035.dcm")
    lost.unlink()
    files = tuple(file for file in series.files if file != lost)
    study = dataclasses.replace(result.study, series=(dataclasses.replace(series, files=files),))
    structures = objects_of(dataclasses.replace(result, study=study))["lesions_rtstruct.dcm"]
    for contour in structures.ROIContourSequence[0].ContourSequence:
        k = round(result.images.suv.geometry.to_index(np.array(contour.ContourData[:3]))[0])
        images = contour.get("ContourImageSequence", [])
        uids = [each.ReferencedSOPInstanceUID for each in images]
        assert uids == ([] if k == 35 else [f"{SERIES_UID}.{k + 1}"])


@pytest.mark.skipif(shutil.which("plastimatch") is None, reason="no plastimatch (Debian)")
def test_an_independent_reader_fills_the_contours_to_the_identical_mask(tmp_path: Path) -> None:
    """Plastimatch (C++) rasterises the structure set on the grid of lesions.nii.gz."""
    out = tmp_path / "out"
    publish.write(out, result_on(tmp_path), "", SETTINGS)
    subprocess.run(
        ["plastimatch", "convert", "--input", out / "dicom" / "lesions_rtstruct.dcm",
         "--fixed", out / "lesions.nii.gz", "--output-prefix", tmp_path / "filled",
         "--prefix-format", "nii.gz"],
        check=True, capture_output=True,
    )  # fmt: skip
    truth = np.asarray(nib.load(out / "lesions.nii.gz").dataobj)
    filled = sorted((tmp_path / "filled").iterdir())
    assert len(filled) == len(REPORTED)
    for label, file in zip(REPORTED, filled, strict=True):
        assert f"Lesion {label}" in file.name
        np.testing.assert_array_equal(np.asarray(nib.load(file).dataobj) > 0, truth == label)


def test_margins_are_drawn_where_asked_for_and_hold_one_another(tmp_path: Path) -> None:
    result = result_on(tmp_path)
    rtstruct = dataclasses.replace(SETTINGS.dicom.rtstruct, ctv_margin_mm=10.0, ptv_margin_mm=6.0)
    structures = objects_of(result, rtstruct=rtstruct)["lesions_rtstruct.dcm"]
    kinds = [each.RTROIInterpretedType for each in structures.RTROIObservationsSequence]
    assert kinds == ["GTV", "CTV", "PTV"] * len(REPORTED)
    masks = [
        mask_of(each, result.images.suv.geometry) for each in structures.ROIContourSequence[:3]
    ]
    spans = [np.ptp(np.argwhere(mask)[:, 0]) for mask in masks]
    assert spans == [4, 4 + 2 * 1, 4 + 2 * 2]  # 10 mm reach one slice of 6 mm further, then 6 mm
    assert not (masks[0] & ~masks[1]).any()
    assert not (masks[1] & ~masks[2]).any()


def test_a_segment_says_what_and_where_it_is(tmp_path: Path) -> None:
    seg = objects_of(result_on(tmp_path))["lesions_seg.dcm"]
    primary, node, _, liver, lung = seg.SegmentSequence
    types = [each.SegmentedPropertyTypeCodeSequence[0].CodeMeaning for each in seg.SegmentSequence]
    assert types == ["Neoplasm, Primary", *["Neoplasm, Secondary"] * 3, "Lesion"]
    assert node.SegmentLabel == "Lesion 2 node 104L"
    assert lung.SegmentLabel.endswith("(equivocal)")
    assert liver.AnatomicRegionSequence[0].CodeMeaning == "Liver"
    assert primary.TrackingID == "lesion-1"
    assert "RESEARCH" in seg.SeriesDescription


def test_organs_and_stations_come_as_segmentations_of_their_own(tmp_path: Path) -> None:
    result = result_on(tmp_path)
    objects = objects_of(result)
    for name, labels in (("organs", result.anatomy.organs.labels), ("stations", None)):
        seg = objects[f"{name}_seg.dcm"]
        array = (labels or result.anatomy.stations).array
        np.testing.assert_array_equal(labels_of(seg, result.images.suv.geometry), array)


def test_the_report_holds_a_group_a_lesion_and_one_for_counts_and_verdicts(
    tmp_path: Path,
) -> None:
    objects = objects_of(result_on(tmp_path))
    report = hd.sr.ComprehensiveSR.from_dataset(objects["measurements_sr.dcm"])
    groups = report.content.get_volumetric_roi_measurement_groups()
    assert len(groups) == len(REPORTED)
    first = groups[0]
    assert first.tracking_identifier == "Lesion 1 primary esophagus"
    assert first.tracking_uid == objects["lesions_seg.dcm"].SegmentSequence[0].TrackingUID
    found = {
        (each.name.meaning, each.derivation.meaning if each.derivation else None): each.value
        for each in first.get_measurements()
    }
    assert found["SUVbw", "Maximum"] == 12.0
    assert found["SUVbw", "Peak Value Within ROI"] == pytest.approx(9.6)
    assert found["Long axis", None] == 24.0
    whole = report.content.get_image_measurement_groups()[0]
    counts = {each.name.value: each.value for each in whole.get_measurements()}
    assert (counts["N"], counts["N_low"], counts["N_high"]) == (2, 2, 3)
    told = {e.name.value: e.value.value for e in whole.get_qualitative_evaluations()}
    assert told["CN2025"] == "INDETERMINATE"
    assert told["ESTRO_ASTRO"] == "OLIGO"


def test_the_report_refers_to_the_segments(tmp_path: Path) -> None:
    objects = objects_of(result_on(tmp_path))
    report = hd.sr.ComprehensiveSR.from_dataset(objects["measurements_sr.dcm"])
    uid = objects["lesions_seg.dcm"].SOPInstanceUID
    for number, group in enumerate(report.content.get_volumetric_roi_measurement_groups(), 1):
        assert group.referenced_segment.referenced_sop_instance_uid == uid
        assert list(group.referenced_segment.referenced_segment_numbers) == [number]


def test_objects_belong_to_the_patient_and_study_of_the_pet(tmp_path: Path) -> None:
    for each in objects_of(result_on(tmp_path)).values():
        assert str(each.PatientName) == PATIENT
        assert each.StudyInstanceUID == "1.2.826.0.1.3680043.8.498.99"
        assert each.SeriesInstanceUID != SERIES_UID


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 192", "Wang^Xiaodong=王^小东"),
        ("GB18030", "Wang^Xiaodong=王^小东"),
        (["", "ISO 2022 IR 58"], "Wang^Xiaodong=王^小东"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("ISO_IR 100", "Müller^Jörg"),
    ],
    ids=["utf8", "gb18030", "chinese_extension", "japanese_extension", "latin1"],
)
def test_names_in_any_script_stay_the_names_they_were(
    tmp_path: Path, character_set: str | list[str], name: str
) -> None:
    result = result_on(tmp_path, lesions=())
    for file in result.study.series[0].files:
        header = pydicom.dcmread(file)
        header.SpecificCharacterSet, header.PatientName = character_set, name
        if "ISO 2022 IR 58" in character_set:  # pydicom leaves out the escapes of PS3.5 K.2
            written = b"Wang^Xiaodong=\x1b$)A\xcd\xf5^\x1b$)A\xd0\xa1\xb6\xab"
            header.PatientName = PersonName(written, encodings=["iso8859", "iso_ir_58"])
        header.save_as(file)
    for each in objects_of(result).values():
        assert str(each.PatientName) == name


def other_verdict(result: Result) -> Result:
    first, *others = result.assessment.verdicts
    told = dataclasses.replace(first, reason="another fact was told")
    return dataclasses.replace(
        result, assessment=dataclasses.replace(result.assessment, verdicts=(told, *others))
    )


def other_uptake(result: Result) -> Result:
    first, *others = result.lesions
    hotter = dataclasses.replace(first, lesion=dataclasses.replace(first.lesion, suv_max=99.0))
    return dataclasses.replace(result, lesions=(hotter, *others))


def other_organs(result: Result) -> Result:
    organs = result.anatomy.organs
    labels = dataclasses.replace(organs.labels, array=np.roll(organs.labels.array, 1, axis=0))
    return dataclasses.replace(
        result,
        anatomy=dataclasses.replace(
            result.anatomy, organs=dataclasses.replace(organs, labels=labels)
        ),
    )


def fewer_lesions(result: Result) -> Result:
    return dataclasses.replace(result, lesions=result.lesions[:2])


def test_the_same_result_gives_the_same_objects_and_another_gives_others(tmp_path: Path) -> None:
    """An archive that has an identifier keeps what it has under it."""
    result = result_on(tmp_path)
    once = uids_of(result)
    assert uids_of(result) == once
    for change in (other_verdict, other_uptake, other_organs, fewer_lesions):
        assert not uids_of(change(result)) & once, change.__name__


def uids_of(result: Result) -> set[str]:
    return {each.SOPInstanceUID for each in objects_of(result).values()}


def test_no_lesion_leaves_organs_and_the_report_alone(tmp_path: Path) -> None:
    objects = objects_of(result_on(tmp_path, lesions=()))
    assert set(objects) == {"organs_seg.dcm", "stations_seg.dcm", "measurements_sr.dcm"}


def test_a_lesion_without_voxels_is_an_empty_segment(tmp_path: Path) -> None:
    result = result_on(tmp_path)
    labels = result.lesion_map.labels
    array = np.where(labels.array == 2, 0, labels.array)
    emptied = LesionMap(
        labels=LabelMap(array=array, geometry=labels.geometry), probability={}, model=builders.MODEL
    )
    objects = objects_of(dataclasses.replace(result, lesion_map=emptied))
    assert len(objects["lesions_seg.dcm"].SegmentSequence) == len(REPORTED)
    back = labels_of(objects["lesions_seg.dcm"], labels.geometry)
    np.testing.assert_array_equal(back, np.where(np.isin(array, REPORTED), array, 0))


@pytest.mark.slow
def test_a_hundred_and_fifty_lesions_are_written(tmp_path: Path) -> None:
    result = result_on(tmp_path)
    array = np.zeros(builders.SHAPE, np.uint16)
    array[10:20:2, 5:35:3, 5:35:10] = np.arange(1, 151).reshape(5, 10, 3)
    one, entry = result.lesions[3], result.assessment.ledger[0]
    many = tuple(
        dataclasses.replace(
            one,
            lesion=dataclasses.replace(one.lesion, id=n),
            finding=dataclasses.replace(one.finding, id=n),
        )
        for n in range(1, 151)
    )
    ledger = tuple(dataclasses.replace(entry, lesion=n) for n in range(1, 151))
    result = dataclasses.replace(
        result,
        lesions=many,
        assessment=dataclasses.replace(result.assessment, ledger=ledger),
        lesion_map=dataclasses.replace(
            result.lesion_map,
            labels=LabelMap(array=array, geometry=result.lesion_map.labels.geometry),
        ),
    )
    objects = objects_of(result)
    back = labels_of(objects["lesions_seg.dcm"], result.lesion_map.labels.geometry)
    np.testing.assert_array_equal(back, array)
    assert len(objects["lesions_rtstruct.dcm"].StructureSetROISequence) == 150


def test_an_archive_is_read_in_place(tmp_path: Path) -> None:
    study = write_pet_series(tmp_path / "pet", builders.geometry())
    archive = tmp_path / "pet.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for file in study.series[0].files:
            opened.write(file, f"disc/{file.name}")
    files = tuple(archive / "disc" / file.name for file in study.series[0].files)
    shutil.rmtree(tmp_path / "pet")
    series = dataclasses.replace(study.series[0], files=files)
    result = result_on(tmp_path, study=dataclasses.replace(study, series=(series,)))
    assert "lesions_seg.dcm" in objects_of(result)


def test_a_multi_frame_pet_is_a_source_too(tmp_path: Path) -> None:
    grid = builders.geometry()
    study = write_pet_series(tmp_path / "pet", grid)
    slices = [pydicom.dcmread(file) for file in reversed(study.series[0].files)]
    enhanced = hd.legacy.LegacyConvertedEnhancedPETImage(
        slices, series_instance_uid=f"{SERIES_UID}.9", series_number=9,
        sop_instance_uid=f"{SERIES_UID}.9.1", instance_number=1,
    )  # fmt: skip
    enhanced.save_as(tmp_path / "enhanced.dcm", enforce_file_format=True)
    series = dataclasses.replace(
        study.series[0], uid=f"{SERIES_UID}.9", files=(tmp_path / "enhanced.dcm",)
    )
    result = result_on(tmp_path, study=dataclasses.replace(study, series=(series,)))
    objects = objects_of(result)
    truth = result.lesion_map.labels.array
    np.testing.assert_array_equal(
        labels_of(objects["lesions_seg.dcm"], grid), np.where(truth <= 5, truth, 0)
    )


def test_without_dicom_input_the_case_is_written_with_a_caveat(tmp_path: Path) -> None:
    publish.write(tmp_path / "out", builders.result(), "", SETTINGS)
    assert not (tmp_path / "out" / "dicom").exists()
    assert "NO_DICOM_OUT" in (tmp_path / "out" / "result.json").read_text("utf-8")
    assert "NO_DICOM_OUT" in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.mark.parametrize("spoil", ["gone", "no_dicom"])
def test_a_source_that_cannot_be_read_is_told_without_its_folder(
    tmp_path: Path, spoil: str
) -> None:
    result = result_on(tmp_path / "Doe_Jane")
    for file in result.study.series[0].files:
        file.unlink() if spoil == "gone" else file.write_bytes(b"\x5c\x01" * 100)
    with pytest.raises(PublishError) as told:
        objects_of(result)
    assert "Doe" not in str(told.value)


def test_nothing_outside_the_dicom_folder_names_the_patient(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = result_on(tmp_path)
    for file in result.study.series[0].files:
        header = pydicom.dcmread(file)
        header.PatientName = "DOEJANE"  # one component: highdicom warns, and cites it
        header.save_as(file)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        publish.write(tmp_path / "out", result, "", SETTINGS)
    assert not any("DOEJANE" in str(each.message) for each in seen)
    told = capfd.readouterr()
    assert "DOEJANE" not in told.out + told.err
    for file in (tmp_path / "out").iterdir():
        if file.is_file():
            content = file.read_bytes()
            assert b"DOEJANE" not in content
            assert b"MRN-4711" not in content
            assert b"19500101" not in content


def test_the_objects_stand_in_the_case(tmp_path: Path) -> None:
    files = publish.write(tmp_path / "out", result_on(tmp_path), "", SETTINGS)
    names = {file.name for file in files if file.parent.name == "dicom"}
    assert names == {
        "lesions_seg.dcm", "organs_seg.dcm", "stations_seg.dcm", "lesions_rtstruct.dcm",
        "measurements_sr.dcm",
    }  # fmt: skip


@pytest.mark.parametrize("name", GRIDS)
def test_independent_tools_find_no_error(tmp_path: Path, name: str) -> None:
    """Of any orientation: dciodvfy (dicom3tools) holds them to the standard, dcmtk reads them."""
    tools = {"dciodvfy": "dicom3tools", "dcmdump": "dcmtk", "dcm2json": "dcmtk"}
    absent = {package for tool, package in tools.items() if shutil.which(tool) is None}
    if absent:
        pytest.skip(f"without {', '.join(sorted(absent))} (Debian)")
    result = result_on(tmp_path, GRIDS[name])
    written = dicom_objects(result, result_document(result), SETTINGS.dicom, NOW)
    write_objects(tmp_path / "dicom", written)
    files = sorted((tmp_path / "dicom").iterdir())
    assert len(files) == 5
    for file in files:
        told = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True).stderr
        assert [line for line in told.splitlines() if line.startswith("Error")] == [], file.name
        for tool in ("dcmdump", "dcm2json"):
            done = subprocess.run([tool, str(file)], capture_output=True, text=True)
            assert (done.returncode, done.stderr) == (0, ""), (tool, file.name)


def test_every_standard_code_is_in_the_standards_dictionary() -> None:
    """Ours are compared with the dictionary that pydicom generates from PS3.16."""
    known = {
        (scheme, value)
        for scheme in ("SCT", "DCM", "UCUM", "LN")
        for meanings in concepts[scheme].values()
        for value in meanings
    }
    ours = [
        each
        for module in (codes, sr)
        for value in vars(module).values()
        for each in (value.values() if isinstance(value, dict) else [value])
        if isinstance(each, pydicom.sr.coding.Code)
    ]
    units = {"{SUVbw}g/ml", "ml", "g"}  # UCUM units need no dictionary
    unknown = [each for each in ours if (each.scheme_designator, each.value) not in known]
    assert {each.value for each in unknown} <= units
    assert len(ours) > 30
    assert codes.laterality(Side.MIDLINE) is None
