"""What a reader's version holds beside its numbers: report, viewer, DICOM objects."""

import json
import re
from dataclasses import replace
from pathlib import Path

import highdicom as hd
import jsonschema
import numpy as np
import pydicom
import pytest
import yaml

from oligocount.cli.main import main
from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Role
from oligocount.domain.volume import Unit
from oligocount.intake.nifti import read_nifti_volume
from oligocount.publish.result_json import result_document
from oligocount.recount import kept_images, read_case, read_edits, recount
from oligocount.recount.as_result import as_result
from oligocount.resources import shipped_folder
from publish import builders
from publish.dicom_source import FRAME_UID, PATIENT, write_pet_series

from .finished_case import SETTINGS, write_case

NOTHING = [{"reject": 6}]  # it is benign already
SHARED = (
    "PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "AccessionNumber",
    "StudyDate", "ReferencedSeriesSequence", "Rows",
)  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("reader_files"))


def read(case: Path, out: Path, *edits: dict, **header: str) -> Path:
    """The folder of a reader's version, by the command."""
    file = out.with_suffix(".yaml")
    file.write_text(yaml.safe_dump({**header, "edits": list(edits)}), "utf-8")
    assert main(["recount", str(case), "--edits", str(file), "-o", str(out)]) == 0
    return out


def dicom(folder: Path, name: str) -> pydicom.Dataset:
    return pydicom.dcmread(folder / "dicom" / name)


def drawn(seg: pydicom.Dataset) -> np.ndarray:
    volume = hd.seg.Segmentation.from_dataset(seg).get_volume(combine_segments=True)
    return np.argwhere(volume.array > 0) @ volume.affine[:3, :3].T + volume.affine[:3, 3]


def images_of_contours(structures: pydicom.Dataset) -> list[list[str]]:
    return [
        [one.ContourImageSequence[0].ReferencedSOPInstanceUID for one in region.ContourSequence]
        for region in structures.ROIContourSequence
    ]


def test_a_case_read_back_tells_the_same_document(case: Path, tmp_path: Path) -> None:
    """Whatever a run told of its lesions, scan and doubts survives the way over the folder."""
    file = tmp_path / "edits.yaml"
    file.write_text(yaml.safe_dump({"edits": NOTHING}), "utf-8")
    found = read_case(case)
    images = kept_images(found)
    assert images is not None
    again = result_document(as_result(found, recount(found, read_edits(file)), images))
    machine = dict(found.document) | {"count_interval": None}
    for one in (*machine["lesions"], *again["lesions"]):
        one.pop("probability")  # a reader's word has none
    assert again == machine


def test_the_reader_has_a_report_a_viewer_and_the_objects_of_lesions(
    case: Path, tmp_path: Path
) -> None:
    out = read(case, tmp_path / "r", {"accept": 5}, {"reject": 4}, reader="R1", when="2026-01-31")
    names = {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()}
    assert names == {
        "result.json", "summary.json", "lesions.csv", "lesions.nii.gz", "report.html",
        "viewer.html", "dicom/lesions_seg.dcm", "dicom/lesions_rtstruct.dcm",
        "dicom/measurements_sr.dcm",
    }  # fmt: skip
    report = (out / "report.html").read_text("utf-8")
    assert "A reader's version: R1 (2026-01-31)".replace("'", "&#39;") in report.replace(
        "'", "&#39;"
    )
    assert "<code>accept: 5</code>" in report
    assert "A reader" not in (case / "report.html").read_text("utf-8")
    for name in names - {each for each in names if each.startswith("dicom/")}:
        assert PATIENT.encode() not in (out / name).read_bytes()
    schema = json.loads((shipped_folder("configs") / "result.schema.json").read_text("utf-8"))
    document = json.loads((out / "result.json").read_text("utf-8"))
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(document)) == []


def test_the_objects_hold_the_lesions_as_the_reader_left_them(case: Path, tmp_path: Path) -> None:
    out = read(case, tmp_path / "r", {"reject": 4}, {"merge": [2, 3]})
    labels = [one.SegmentLabel for one in dicom(out, "lesions_seg.dcm").SegmentSequence]
    assert [label.split()[1] for label in labels] == ["1", "2", "5"]
    kinds = {one.SegmentAlgorithmType for one in dicom(out, "lesions_seg.dcm").SegmentSequence}
    assert kinds == {"SEMIAUTOMATIC"}
    regions = [one.ROIName for one in dicom(out, "lesions_rtstruct.dcm").StructureSetROISequence]
    assert [name.split()[2] for name in regions] == ["1", "2", "5"]
    every = dicom(out, "measurements_sr.dcm").iterall()
    told = {each.value for each in every if each.keyword == "TextValue"}
    assert [name for name in sorted(told) if name.startswith("Lesion")] == [
        "Lesion 1 primary esophagus",
        "Lesion 2 node 104L",
        "Lesion 5 organ lung upper lobe right (equivocal)",
    ]


def test_objects_without_the_study_are_those_made_from_it(case: Path, tmp_path: Path) -> None:
    """The same voxels, the same images of the PET referred to, the same patient and study."""
    out = read(case, tmp_path / "r", *NOTHING)
    ours, machines = dicom(out, "lesions_seg.dcm"), dicom(case, "lesions_seg.dcm")
    assert drawn(ours) == pytest.approx(drawn(machines))
    for keyword in SHARED:
        assert ours[keyword] == machines[keyword], keyword
    assert ours.FrameOfReferenceUID == FRAME_UID
    here = images_of_contours(dicom(out, "lesions_rtstruct.dcm"))
    there = images_of_contours(dicom(case, "lesions_rtstruct.dcm"))
    assert here == there
    assert sum(map(len, here)) > 10


def test_the_readers_objects_are_other_objects_and_say_so(case: Path, tmp_path: Path) -> None:
    first = read(case, tmp_path / "a", *NOTHING, reader="R1")
    again = read(case, tmp_path / "b", *NOTHING, reader="R1")
    other = read(case, tmp_path / "c", *NOTHING, reader="R2")
    for name in ("lesions_seg.dcm", "lesions_rtstruct.dcm", "measurements_sr.dcm"):
        ours = dicom(first, name)
        assert ours.SOPInstanceUID == dicom(again, name).SOPInstanceUID
        assert ours.SOPInstanceUID not in {
            dicom(case, name).SOPInstanceUID, dicom(other, name).SOPInstanceUID,
        }  # fmt: skip
        assert "by reader (RESEARCH USE ONLY)" in ours.SeriesDescription
        assert "by reader" not in dicom(case, name).SeriesDescription
    urls = [
        {each["fullUrl"] for each in json.loads((one / "summary.json").read_text())["entry"]}
        for one in (case, first)
    ]
    assert not urls[0] & urls[1]


def test_the_pictures_show_the_ct_that_the_case_keeps(case: Path, tmp_path: Path) -> None:
    kept, _ = read_nifti_volume(case / "ct.nii.gz", Unit.HU)
    ct = builders.result().images.ct
    assert ct is not None
    assert np.abs(kept.array - ct.array).max() <= 0.5
    shown = [
        re.findall(r'"(ct|suv|lesions)": "(\w[^"]*)"', (each / "viewer.html").read_text("utf-8"))
        for each in (case, read(case, tmp_path / "r", *NOTHING))
    ]
    assert len(shown[0]) == 3
    assert shown[0] == shown[1]


def test_without_a_kept_suv_the_numbers_stand_alone_and_it_says_why(tmp_path: Path, capsys) -> None:
    bare = replace(SETTINGS, publish=replace(SETTINGS.publish, keep_suv=False))
    out = read(write_case(tmp_path, bare), tmp_path / "r", {"accept": 5})
    assert {each.name for each in out.iterdir()} == {
        "result.json", "lesions.csv", "lesions.nii.gz",
    }  # fmt: skip
    said = capsys.readouterr().out
    assert "not made: report or DICOM objects: the case kept no suv.nii.gz" in said


@pytest.mark.parametrize("code", ["SLICES_INTERPOLATED", "SPACING_UNEVEN"])
def test_a_slice_that_is_no_image_of_the_pet_is_not_taken_for_one(
    tmp_path: Path, capsys, code: str
) -> None:
    doubt = Caveat(code=code, text="slices were resampled")
    out = read(write_case(tmp_path, caveats=(doubt,)), tmp_path / "r", {"accept": 5})
    assert f"images are not the grid's slices ({code}); name the study" in capsys.readouterr().out
    assert not (out / "dicom").exists()
    assert (out / "report.html").is_file()


def test_a_case_of_nifti_has_a_report_and_no_objects(tmp_path: Path, capsys) -> None:
    case = write_case(tmp_path, study=builders.study())
    out = read(case, tmp_path / "r", {"accept": 5})
    assert (out / "report.html").is_file()
    assert not (out / "dicom").exists()
    codes = [each["code"] for each in json.loads((out / "result.json").read_text())["caveats"]]
    assert codes.count("NO_DICOM_OUT") == 1
    assert "not made: No DICOM written" in capsys.readouterr().out


def test_the_reader_may_ask_for_another_language(case: Path, tmp_path: Path) -> None:
    file = tmp_path / "edits.yaml"
    file.write_text(yaml.safe_dump({"edits": NOTHING}), "utf-8")
    out = tmp_path / "r"
    command = ["recount", str(case), "--edits", str(file), "-o", str(out), "--lang", "zh"]
    assert main(command) == 0
    assert "阅片者版本" in (out / "report.html").read_text("utf-8")


def test_pictures_without_the_ct_that_the_case_had_are_told(tmp_path: Path, capsys) -> None:
    study = write_pet_series(tmp_path / "pet", builders.geometry())
    ct = replace(study.series[0], uid="1.2.9", modality="CT", role=Role.CT, files=())
    bare = replace(SETTINGS, publish=replace(SETTINGS.publish, keep_ct=False))
    case = write_case(tmp_path, bare, study=replace(study, series=(*study.series, ct)))
    assert not (case / "ct.nii.gz").exists()
    out = read(case, tmp_path / "r", {"accept": 5})
    assert "not made: pictures over the CT: the case kept no ct.nii.gz" in capsys.readouterr().out
    assert (out / "report.html").is_file()
