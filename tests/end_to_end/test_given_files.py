"""NIfTI images, a given mask and a given organ map go through the whole pipeline."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from oligocount.cli.main import main

SPACING_MM = 4.0
FACTS = "{histology: SCC, months_from_primary_diagnosis: 0, all_lesions_treatable: true}"


def write(file: Path, array: np.ndarray) -> Path:
    """Array (k, j, i) running to superior, posterior, left, as NIfTI in RAS."""
    affine = np.diag([-SPACING_MM, -SPACING_MM, SPACING_MM, 1.0])
    nib.save(nib.Nifti1Image(array.transpose(2, 1, 0), affine), file)
    return file


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A body of SUV 0.5 with a liver of 2.0 that holds two spheres of SUV 10, 40 mm apart."""
    k, j, i = np.indices((40, 40, 50))
    body = (j - 20) ** 2 + (i - 25) ** 2 < 17**2
    liver = (k - 20) ** 2 + (j - 20) ** 2 + (i - 20) ** 2 < 10**2
    lesions = np.zeros(k.shape, np.uint8)
    for number, centre in enumerate(((16, 20, 20), (26, 20, 20)), start=1):
        near = (k - centre[0]) ** 2 + (j - centre[1]) ** 2 + (i - centre[2]) ** 2 < 3**2
        lesions[near] = number
    suv = np.select([lesions > 0, liver, body], [10.0, 2.0, 0.5], 0.0).astype(np.float32)
    write(tmp_path / "suv.nii.gz", suv)
    write(tmp_path / "lesions.nii.gz", lesions)
    write(tmp_path / "organs.nii.gz", np.select([liver, body], [5, 90], 0).astype(np.uint8))
    (tmp_path / "facts.yaml").write_text(FACTS)
    return tmp_path


def run(scan: Path, *more: str) -> dict:
    given = ["run", "--pet", str(scan / "suv.nii.gz"), "-o", str(scan / "out"), *more]
    if "--clinical" not in more:
        given += ["--clinical", str(scan / "facts.yaml")]
    assert main(given) == 0
    return json.loads((scan / "out" / "result.json").read_text("utf-8"))


def organs(scan: Path) -> list[str]:
    (scan / "names.json").write_text(json.dumps({"5": "liver", "90": "body"}))
    return ["--organ-map", str(scan / "organs.nii.gz"), "--organ-names", str(scan / "names.json")]


def test_two_spheres_in_a_given_liver_are_two_liver_lesions(scan: Path) -> None:
    result = run(scan, *organs(scan), "--lesion-mask", str(scan / "lesions.nii.gz"))
    assert [each["organ"] for each in result["lesions"]] == ["liver", "liver"]
    assert (result["counts"]["V"], result["counts"]["N"], result["counts"]["O"]) == (2, 2, 1)
    assert result["verdicts"]["CN2025"]["decision"] == "OLIGO"


def test_a_threshold_finds_the_same_two_without_the_mask(scan: Path) -> None:
    result = run(scan, *organs(scan), "--lesions", "suv40")
    assert result["counts"]["V"] == 2
    assert [each["suv_max"] for each in result["lesions"]] == [10.0, 10.0]


def test_the_count_is_repeated_under_other_settings(scan: Path) -> None:
    """The spheres of 3 ml stand at every threshold; both are gone where 8 ml is the least."""
    (scan / "settings.yaml").write_text(
        "count: {interval: {min_volume_ml: [8.0], join_gap_mm: [], station_margin_times: []}}"
    )
    result = run(scan, *organs(scan), "--lesions", "suv40", "--config", str(scan / "settings.yaml"))
    told = result["count_interval"]
    assert (told["N_min"], told["N_max"], told["n_settings"]) == (0, 2, 18)
    assert told["N_by_settings"] == {"0": 9, "2": 9}
    assert told["verdicts"]["CN2025"] == {"OLIGO": 0.5, "NOT_M1": 0.5}
    assert result["provenance"]["seconds"]["interval"] < 10


def test_activity_with_stated_tracer_facts_gives_the_same_suv(scan: Path) -> None:
    """SUV 1 of 70 kg after 370 MBq and one half-life is 185e6 Bq / 70 000 g = 2642.857 Bq/ml."""
    suv = nib.load(scan / "suv.nii.gz")
    activity = (suv.get_fdata() * 185e6 / 70_000).astype(np.float32)
    nib.save(nib.Nifti1Image(activity, suv.affine), scan / "suv.nii.gz")
    (scan / "facts.yaml").write_text(
        "tracer: {radionuclide: F-18, radiopharmaceutical: FDG, injected_dose_mbq: 370,"
        " half_life_s: 6586.2, minutes_from_injection: 109.77, patient_weight_kg: 70}"
    )
    result = run(
        scan, *organs(scan), "--pet-unit", "bqml", "--lesion-mask", str(scan / "lesions.nii.gz")
    )
    assert [each["suv_max"] for each in result["lesions"]] == pytest.approx([10, 10], rel=1e-3)


def test_activity_without_tracer_facts_is_refused(
    scan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["run", "--pet", str(scan / "suv.nii.gz"), "-o", str(scan / "out")]
    assert main([*given, "--pet-unit", "bqml", "--lesions", "suv40", "--organs", "rules"]) == 3
    assert "injected_dose_mbq" in capsys.readouterr().err
    assert not (scan / "out").exists()


def test_an_organ_map_whose_labels_nobody_names_is_refused(
    scan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["run", "--pet", str(scan / "suv.nii.gz"), "-o", str(scan / "out")]
    more = ["--organ-map", str(scan / "organs.nii.gz"), "--lesions", "suv40"]
    assert main([*given, *more]) == 2
    assert "--organ-names" in capsys.readouterr().err


@pytest.mark.parametrize("given", [[], ["folder", "--pet", "x.nii"], ["folder", "--ct", "x.nii"]])
def test_a_folder_and_nifti_files_exclude_each_other(given: list[str], tmp_path: Path) -> None:
    assert main(["run", *given, "-o", str(tmp_path / "out")]) == 2
