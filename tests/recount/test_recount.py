"""A reader's edits on a small case of six foci: primary, 104L, 7, liver, equivocal lung, bladder."""

# ruff: noqa: E501 - one line an edit

import dataclasses
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import nibabel
import numpy as np
import pytest
import yaml

from oligocount.assess import assess
from oligocount.cli.main import main
from oligocount.config import dump_settings, load_settings
from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.errors import ConfigError, GeometryError, InputError
from oligocount.intake.nifti import read_nifti_labels
from oligocount.publish.masks import write_label_map
from oligocount.publish.result_json import result_document, to_json
from oligocount.publish.volumes import write_suv
from oligocount.recount import Case, Edits, differences, kept_images, read_case, read_edits, recount
from oligocount.resources import shipped_folder
from publish import builders

SETTINGS = load_settings()
LIVER = builders.FOCI[4][0]
ASIDE = "Marked outside the liver, by a network that knows lesions of the liver alone: set aside, not counted."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The case as `run` would leave it, without pictures."""
    out = tmp_path_factory.mktemp("case")
    made = builders.result()
    findings = tuple(
        replace(each.finding, longest_diameter_mm=each.lesion.longest_diameter_mm)
        for each in made.lesions
    )
    made = replace(made, assessment=assess(findings, made.facts, SETTINGS))
    (out / "result.json").write_text(to_json(result_document(made)), "utf-8")
    (out / "settings.yaml").write_text(dump_settings(SETTINGS), "utf-8")
    write_label_map(out / "lesions.nii.gz", made.lesion_map.labels)
    organs = np.zeros(builders.SHAPE, np.uint8)
    organs[20:30, 10:30, 5:25] = 1
    write_label_map(
        out / "organs.nii.gz", LabelMap(array=organs, geometry=made.images.suv.geometry)
    )
    (out / "organs.json").write_text(json.dumps({"labels": {"1": "liver"}}), "utf-8")
    return out


@pytest.fixture(scope="module")
def case(folder: Path) -> Case:
    return read_case(folder)


@pytest.fixture(scope="module")
def suv() -> Volume:
    return builders.images(builders.geometry()).suv


@pytest.fixture
def edited(case: Case, suv: Volume, tmp_path: Path):
    """The reader's version after edits given as plain dictionaries."""

    def run(*edits: dict[str, Any], with_pet: bool = False, **header: str):
        file = tmp_path / "edits.yaml"
        file.write_text(yaml.safe_dump({**header, "edits": list(edits)}), "utf-8")
        return recount(case, read_edits(file), suv=suv if with_pet else None)

    return run


def lesion(version, number: int) -> dict[str, Any]:
    return next(each for each in version.document["lesions"] if each["id"] == number)


def lps(middle: tuple[int, int, int]) -> list[float]:
    return builders.geometry().to_lps_mm(np.array(middle, float)).tolist()


def test_accepting_an_equivocal_lesion_counts_it(case, edited) -> None:
    version = edited({"accept": 5}, reader="R1", when="2026-01-31")
    before, after = case.document["counts"], version.document["counts"]
    assert after["V"] == before["V"] + 1
    assert after["N_low"] == before["N_low"] + 1
    assert lesion(version, 5)["status"] == "malignant"
    assert lesion(version, 5)["counted_as"] == "lung"
    assert version.document["reader"] == {
        "reader": "R1", "when": "2026-01-31", "edits": [{"accept": 5}],
    }  # fmt: skip
    assert "reader" not in case.document


def test_accepting_a_physiologic_focus_makes_it_a_lesion_of_unknown_organ(edited) -> None:
    version = edited({"accept": 6})
    assert lesion(version, 6)["kind"] == "organ"
    assert lesion(version, 6)["counted"] is True


def test_rejecting_takes_a_lesion_out_of_the_counts(case, edited) -> None:
    version = edited({"reject": 4})
    assert version.document["counts"]["V"] == case.document["counts"]["V"] - 1
    assert lesion(version, 4)["reason"] == "Benign."
    assert (version.labels.array == 4).any()


def test_a_relabelled_lesion_takes_the_readers_site_and_loses_its_runner_up(edited) -> None:
    version = edited({"relabel": 4, "station": "104R"})
    found = lesion(version, 4)
    assert (found["kind"], found["organ"], found["side"]) == ("node", "lymph_node", "R")
    assert (found["nodal_class"], found["runner_up"]) == ("nonregional", None)
    assert found["counted_as"] == "station 104R"
    organ = lesion(edited({"relabel": 2, "organ": "bone", "side": "L", "treatable": False}), 2)
    assert (organ["kind"], organ["organ"], organ["side"]) == ("organ", "bone", "L")
    assert (organ["station"], organ["nodal_class"], organ["treatable"]) == (None, None, False)


def test_a_node_moved_to_a_regional_station_no_longer_counts(case, edited) -> None:
    version = edited({"relabel": 2, "station": "106recL"})
    assert version.document["counts"]["S"] == case.document["counts"]["S"] - 1
    assert lesion(version, 2)["nodal_class"] == "regional"


def test_a_station_of_another_map_needs_its_class(edited) -> None:
    with pytest.raises(ConfigError, match=r"edit 1 \(relabel\): station 'XYZ' is not of the"):
        edited({"relabel": 2, "station": "XYZ"})
    found = lesion(edited({"relabel": 2, "station": "XYZ", "nodal_class": "nonregional"}), 2)
    assert found["station"]["ajcc8"] == "XYZ"
    assert found["counted_as"] == "station XYZ"


def test_an_unknown_organ_is_refused_with_the_known_ones(edited) -> None:
    with pytest.raises(ConfigError, match=r"edit 2 \(relabel\): organ 'lungs'; expected one of"):
        edited({"accept": 5}, {"relabel": 4, "organ": "lungs"})


def test_merged_lesions_are_one_with_the_uptake_of_both(case, edited) -> None:
    version = edited({"merge": [4, 5]})
    parts = [each for each in case.document["lesions"] if each["id"] in (4, 5)]
    one = lesion(version, 4)
    assert 5 not in {each["id"] for each in version.document["lesions"]}
    assert one["tlg"] == pytest.approx(sum(each["tlg"] for each in parts))
    assert one["suv_max"] == 8.0
    assert one["suv_peak"] == pytest.approx(6.4)
    assert one["longest_diameter_mm"] > 100
    labels = version.labels.array
    assert not (labels == 5).any()
    assert (labels == 4).sum() == sum((case.labels.array == each).sum() for each in (4, 5))


def test_a_split_lesion_becomes_two_measured_on_the_pet(edited, suv) -> None:
    k, j, i = LIVER
    points = [lps((k - 1, j, i)), lps((k + 1, j, i))]
    version = edited({"split": 4, "at_lps_mm": points}, with_pet=True)
    first, second = lesion(version, 4), lesion(version, 7)
    assert second["organ"] == "liver"
    labels = version.labels.array
    for each in (first, second):
        voxels = suv.array[labels == each["id"]]
        assert each["suv_max"] == pytest.approx(float(voxels.max()))
        assert each["volume_ml"] == pytest.approx(voxels.size * 0.216)
    assert version.document["counts"]["by_organ"]["liver"] == 2


def test_a_point_without_a_voxel_is_refused(edited) -> None:
    points = [lps(LIVER), [900.0, 900.0, 900.0]]
    with pytest.raises(ConfigError, match="point 2 gets no voxel of lesion 4"):
        edited({"split": 4, "at_lps_mm": points}, with_pet=True)


def test_a_lesion_added_by_a_point_is_a_measured_sphere(edited) -> None:
    version = edited(
        {"add": lps((25, 20, 30)), "radius_mm": 12, "organ": "bone", "status": "equivocal"},
        with_pet=True,
    )
    found = lesion(version, 7)
    assert found["centroid_lps_mm"] == pytest.approx(lps((25, 20, 30)))
    assert found["volume_ml"] == pytest.approx(33 * 0.216)  # voxels within two of the middle
    assert (found["status"], found["organ"], found["kind"]) == ("equivocal", "bone", "organ")
    assert found["evidence"] == "drawn by the reader"


def test_an_added_sphere_leaves_other_lesions_whole_and_needs_a_free_voxel(case, edited) -> None:
    version = edited({"add": lps(LIVER), "radius_mm": 18, "organ": "liver"}, with_pet=True)
    before, after = case.labels.array, version.labels.array
    assert (after[before > 0] == before[before > 0]).all()
    assert (after == 7).any()
    with pytest.raises(ConfigError, match="the sphere holds no free voxel"):
        edited({"add": lps(LIVER), "radius_mm": 3, "organ": "liver"}, with_pet=True)
    with pytest.raises(ConfigError, match="the sphere holds no free voxel"):
        edited({"add": [9e3, 0, 0], "radius_mm": 3, "organ": "liver"}, with_pet=True)


@pytest.mark.parametrize(
    "edit",
    [
        {"split": 4, "at_lps_mm": [[0, 0, 0], [1, 1, 1]]},
        {"add": [0, 0, 0], "radius_mm": 5, "organ": "bone"},
        {"mask": "m.nii.gz"},
    ],
)
def test_edits_that_draw_need_the_pet(edited, edit) -> None:
    with pytest.raises(
        ConfigError, match="the PET has to be measured again, and the case kept no suv"
    ):
        edited(edit)


def test_a_corrected_mask_keeps_moves_removes_and_adds(case, edited, tmp_path) -> None:
    drawn = np.where(np.isin(case.labels.array, (1, 2, 3, 6)), case.labels.array, 0)
    k, j, i = LIVER
    drawn[k - 2 : k + 3, j - 2 : j + 3, i - 2 : i + 3] = 4  # redrawn
    drawn[22:25, 25:28, 8:11] = 9  # new, in the liver
    write_label_map(tmp_path / "m.nii.gz", LabelMap(array=drawn, geometry=case.labels.geometry))
    version = edited({"mask": "m.nii.gz"}, with_pet=True)
    assert lesion(version, 4)["volume_ml"] == pytest.approx(125 * 0.216)
    assert lesion(version, 4)["lobe"] == "right"
    assert lesion(version, 5)["status"] == "benign"
    new = lesion(version, 7)
    assert (new["organ"], new["structure"], new["status"]) == ("liver", "liver", "malignant")
    assert version.document["counts"]["by_organ"]["liver"] == 2
    assert (version.labels.array == 5).any()


def test_a_mask_of_one_label_is_taken_apart_into_components(case, edited, tmp_path) -> None:
    drawn = (case.labels.array > 0).astype(np.uint8)
    write_label_map(tmp_path / "m.nii.gz", LabelMap(array=drawn, geometry=case.labels.geometry))
    version = edited({"mask": "m.nii.gz"}, with_pet=True)
    assert {each["id"] for each in version.document["lesions"]} == {1, 2, 3, 4, 5, 6}
    assert version.document["counts"] == case.document["counts"]


def test_edits_that_name_a_missing_lesion_are_refused_whole(edited) -> None:
    with pytest.raises(ConfigError, match=r"edit 2 \(reject\): no lesion 9; lesions: 1, 2, 3"):
        edited({"accept": 5}, {"reject": 9})
    with pytest.raises(ConfigError, match=r"edit 2 \(accept\): no lesion 5"):
        edited({"merge": [4, 5]}, {"accept": 5})


@pytest.mark.parametrize(
    ("edit", "counted", "reason"),
    [({"accept": 5}, False, ASIDE),
     ({"relabel": 6, "organ": "kidney", "side": "L"}, False, ASIDE),
     ({"accept": 6}, True, "Distant lesion in spleen: one lesion."),
     ({"reject": 6}, False, "Benign."),
     ({"relabel": 6, "organ": "spleen", "status": "malignant"}, True, "Distant lesion in spleen: one lesion.")],
    ids=["another", "moved", "accept", "reject", "relabel"],
)  # fmt: skip
def test_what_was_set_aside_stays_so_until_a_reader_decides(
    case, tmp_path, edit, counted: bool, reason: str
) -> None:
    """Lesion 6 as a mark of a network of the liver in the spleen."""
    told = {
        "organ": "spleen",
        "organ_system": "spleen",
        "structure": "spleen",
        "set_aside": "liver",
    }
    lesions = [{**each, **(told if each["id"] == 6 else {})} for each in case.document["lesions"]]
    aside = dataclasses.replace(case, document={**case.document, "lesions": lesions})
    file = tmp_path / "edits.yaml"
    file.write_text(yaml.safe_dump({"edits": [edit]}), "utf-8")
    found = lesion(recount(aside, read_edits(file)), 6)
    assert (found["counted"], found["reason"]) == (counted, reason)


def test_a_lesion_beyond_the_pet_is_rejected_but_not_merged(case, tmp_path) -> None:
    """MRI shows it where there is no PET: it has no uptake to add up and no voxel."""
    beyond = {**lesion(case, 4), "id": 9, "modality": ["MR"], "suv_max": None, "suv_mean": None}
    lesions = [*case.document["lesions"], beyond]
    further = dataclasses.replace(case, document={**case.document, "lesions": lesions})
    file = tmp_path / "edits.yaml"
    file.write_text("edits: [{merge: [4, 9]}]", "utf-8")
    with pytest.raises(ConfigError, match=r"edit 1 \(merge\): lesion 9 lies beyond the PET"):
        recount(further, read_edits(file))
    file.write_text("edits: [{reject: 9}]", "utf-8")
    assert lesion(recount(further, read_edits(file)), 9)["status"] == "benign"


def test_the_same_edits_twice_give_the_same(edited) -> None:
    edits = [{"accept": 5}, {"merge": [4, 5]}, {"relabel": 2, "station": "104R"}]
    first, second = edited(*edits), edited(*edits)
    assert first.document == second.document
    assert (first.labels.array == second.labels.array).all()


def test_the_readers_version_keeps_the_schema(edited) -> None:
    schema = json.loads((shipped_folder("configs") / "result.schema.json").read_text("utf-8"))
    version = edited(
        {"accept": 5}, {"add": lps((25, 20, 30)), "radius_mm": 9, "station": "16a2"}, with_pet=True
    )
    plain = json.loads(to_json(dict(version.document)))
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(plain)) == []


def test_what_changed_is_told_in_lines(case, edited) -> None:
    version = edited({"reject": 4}, {"reject": 2}, {"reject": 5})
    lines = differences(case.document, version.document)
    assert "V 1 -> 0" in lines
    assert any(line.startswith("ESTRO_ASTRO ") and "->" in line for line in lines)
    assert any(line.startswith("ESO13 ") for line in lines)
    assert "lesion 4 malignant liver -> benign not counted" in lines
    assert differences(case.document, case.document) == ()


def test_a_gone_lesion_is_told(case, edited) -> None:
    lines = differences(case.document, edited({"merge": [4, 5]}).document)
    assert "lesion 5 equivocal not counted -> absent" in lines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("edits: []", "edits: "),
        ("edit: [{accept: 1}]", "'edits' is a required property"),
        ("edits: [{accept: 1}, {accept: one}]", "edit 2"),
        ("edits: [{accept: 1, reject: 2}]", "edit 1"),
        ("edits: [{relabel: 1}]", "edit 1"),
        ("edits: [{relabel: 1, organ: bone, station: 7}]", "edit 1"),
        ("edits: [{merge: [1]}]", "edit 1"),
        ("edits: [{add: [0, 0, 0], radius_mm: 5}]", "edit 1"),
        ("edits: [{move: 1}]", "edit 1"),
        ("[1", "cannot be read as YAML or JSON"),
    ],
)
def test_edits_of_another_shape_are_refused(tmp_path, text, message) -> None:
    file = tmp_path / "edits.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as refused:
        read_edits(file)
    assert message in str(refused.value)
    assert "edits.yaml" in str(refused.value)


def test_a_folder_that_is_no_case_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match=r"expected a case with result\.json"):
        read_case(tmp_path)
    (tmp_path / "result.json").write_text("{}", "utf-8")
    with pytest.raises(InputError, match="expected a result with case_id and lesions"):
        read_case(tmp_path)


def test_settings_of_another_version_are_named(folder, tmp_path) -> None:
    for name in ("result.json", "lesions.nii.gz"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "settings.yaml").write_text("count: {colour: blue}", "utf-8")
    with pytest.raises(ConfigError, match=r"settings\.yaml: written by another version: unknown"):
        read_case(tmp_path)


def test_a_pet_that_does_not_hold_the_lesions_is_refused(case, suv, tmp_path) -> None:
    far = np.array(builders.geometry().affine)
    far[:3, 3] += 5000
    elsewhere = Volume(array=suv.array, unit=suv.unit, geometry=builders.geometry(far))
    file = tmp_path / "edits.yaml"
    file.write_text("edits: [{accept: 5}]", "utf-8")
    with pytest.raises(GeometryError, match=r"lesion 1 of result\.json has no voxel"):
        recount(case, read_edits(file), suv=elsewhere)


def test_the_command_keeps_both_versions_and_prints_what_changed(folder, tmp_path, capsys) -> None:
    file = tmp_path / "edits.yaml"
    file.write_text("edits: [{accept: 5}, {add: [0, 0, -30], radius_mm: 9, organ: bone}]", "utf-8")
    pet = tmp_path / "pet.nii.gz"
    volume = builders.images(builders.geometry()).suv
    flip = np.diag([-1.0, -1.0, 1.0, 1.0])
    affine = flip @ volume.geometry.affine[:, [2, 1, 0, 3]]
    nibabel.save(nibabel.Nifti1Image(volume.array.transpose(2, 1, 0), affine), pet)
    machine = (folder / "result.json").read_bytes()
    out = tmp_path / "reader"
    told = ["recount", str(folder), "--edits", str(file), "--pet", str(pet), "-o", str(out)]
    assert main(told) == 0
    printed = capsys.readouterr().out
    assert "verdicts now: CN2025 " in printed
    assert "2 edits" in printed
    assert "lesion 7 absent -> malignant bone" in printed
    assert (folder / "result.json").read_bytes() == machine
    edited = json.loads((out / "result.json").read_text("utf-8"))
    assert edited["counts"]["V"] == 3
    labels, _ = read_nifti_labels(out / "lesions.nii.gz")
    assert 7 in labels.array
    assert (out / "lesions.csv").read_text("utf-8").count("\n") == 8
    assert main(told) == 0
    assert json.loads((out / "result.json").read_text("utf-8")) == edited


@pytest.fixture
def kept(folder: Path, tmp_path: Path) -> Path:
    """The same case, with its SUV on a part of the grid as a run keeps it."""
    out = tmp_path / "kept"
    shutil.copytree(folder, out)
    volume = builders.images(builders.geometry()).suv
    affine = volume.geometry.affine.copy()
    affine[:3, 3] = volume.geometry.to_lps_mm(np.array([2.0, 3.0, 4.0]))
    part = volume.array[2:, 3:, 4:]
    geometry = Geometry(shape=part.shape, affine=affine)
    write_suv(out / "suv.nii.gz", Volume(array=part, unit=volume.unit, geometry=geometry))
    return out


def test_a_case_that_keeps_its_suv_is_enough(kept: Path, tmp_path, suv, capsys) -> None:
    """Split, add, merge and mask, measured as with the PET beside it; twice the same."""
    k, j, i = LIVER
    write_label_map(tmp_path / "m.nii.gz", read_case(kept).labels)
    edits = [
        {"mask": "m.nii.gz"},
        {"split": 4, "at_lps_mm": [lps((k - 1, j, i)), lps((k + 1, j, i))]},
        {"add": lps((25, 20, 30)), "radius_mm": 12, "organ": "bone"},
        {"merge": [2, 3]},
    ]
    file = tmp_path / "edits.yaml"
    file.write_text(yaml.safe_dump({"edits": edits}), "utf-8")
    told = ["recount", str(kept), "--edits", str(file), "-o", str(tmp_path / "reader")]
    assert main(told) == 0
    first = (tmp_path / "reader" / "result.json").read_bytes()
    assert "lesion 8 absent -> malignant bone" in capsys.readouterr().out
    assert main(told) == 0
    assert (tmp_path / "reader" / "result.json").read_bytes() == first
    beside = recount(read_case(kept), read_edits(file), suv=suv)
    told = json.loads(first)
    (no_dicom,) = [each for each in told["caveats"] if each["code"] == "NO_DICOM_OUT"]
    told["caveats"].remove(no_dicom)  # the case was made without
    assert told == json.loads(to_json(dict(beside.document)))
    labels, _ = read_nifti_labels(tmp_path / "reader" / "lesions.nii.gz")
    assert labels.geometry.is_same_grid(read_case(kept).labels.geometry)


def test_a_mask_that_changes_nothing_measures_the_same(kept: Path, tmp_path) -> None:
    case = read_case(kept)
    write_label_map(tmp_path / "m.nii.gz", case.labels)
    file = tmp_path / "edits.yaml"
    file.write_text("edits: [{mask: m.nii.gz}]", "utf-8")
    images = kept_images(case)
    assert images is not None
    version = recount(case, read_edits(file), suv=images.suv)
    assert differences(case.document, version.document) == ()
    again = {each["id"]: each for each in version.document["lesions"]}
    for before in case.document["lesions"]:
        assert again[before["id"]]["suv_max"] == pytest.approx(before["suv_max"], rel=1e-5)


def test_a_kept_suv_that_cannot_be_read_is_refused(kept: Path, tmp_path, capsys) -> None:
    (kept / "suv.nii.gz").write_bytes(b"no NIfTI")
    file = tmp_path / "edits.yaml"
    file.write_text("edits: [{accept: 5}]", "utf-8")
    assert main(["recount", str(kept), "--edits", str(file)]) == 3
    assert "suv.nii.gz: cannot be read as NIfTI" in capsys.readouterr().err
    assert not (kept / "reader").exists()


def test_a_node_cluster_of_unknown_number_stays_unknown(case) -> None:
    lesions = [
        {**each, "n_nodes": None} if each["id"] == 2 else each for each in case.document["lesions"]
    ]
    unknown = dataclasses.replace(case, document={**case.document, "lesions": lesions})
    again = recount(unknown, Edits(edits=(), reader=None, when=None, folder=unknown.folder))
    assert {each.id: each.n_nodes for each in again.findings}[2] is None
    assert lesion(again, 2)["n_nodes"] is None


def test_the_interval_of_the_machine_is_not_the_readers(case, edited) -> None:
    assert case.document["count_interval"]["N_max"] == 3
    assert edited({"accept": 5}).document["count_interval"] is None


def test_the_reader_folder_stands_in_the_case_by_default(folder, tmp_path, capsys) -> None:
    file = tmp_path / "edits.yaml"
    file.write_text("edits: [{reject: 6}]", "utf-8")
    assert main(["recount", str(folder), "--edits", str(file)]) == 0
    assert "nothing changed" in capsys.readouterr().out
    assert (folder / "reader" / "result.json").is_file()
