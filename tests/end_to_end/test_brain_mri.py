"""PET/CT and a brain MRI in another frame: brain lesions counted once, both brain rules told."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oligocount.cli.main import main
from oligocount.domain.volume import LabelMap
from oligocount.simulate.acquisition import Vendor, draw_acquisition
from oligocount.simulate.dicom import write_ct_series, write_pet_series
from oligocount.simulate.mr import MrPart, simulate_mr
from oligocount.simulate.mr_dicom import write_mr
from oligocount.simulate.nifti import write_labels

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "simulate"))
import head_and_liver

pytestmark = pytest.mark.slow
FACTS = "{histology: SCC, months_from_primary_diagnosis: 0, all_lesions_treatable: true}"
MASK = "--mr-lesion-mask"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scan as DICOM; what PET shows, what MRI shows and the organs as masks."""
    folder = tmp_path_factory.mktemp("brain")
    phantom = head_and_liver.phantom()
    acquisition = draw_acquisition(phantom.seed, Vendor.SIEMENS)
    write_pet_series(phantom.pet, folder / "dicom" / "pet", acquisition=acquisition)
    write_ct_series(phantom.ct, folder / "dicom" / "ct", acquisition=acquisition)
    mr = simulate_mr(phantom, MrPart.BRAIN)
    assert mr is not None
    write_mr(mr, folder / "dicom", acquisition=acquisition)
    write_labels(folder / "mr_lesions.nii.gz", mr.lesions)
    seen = np.where(np.isin(phantom.lesions.array, head_and_liver.ON_PET), phantom.lesions.array, 0)
    write_labels(
        folder / "pet_lesions.nii.gz", LabelMap(array=seen, geometry=head_and_liver.grid())
    )
    write_labels(folder / "organs.nii.gz", phantom.organs)
    names = {str(label): name for label, name in head_and_liver.NAMES.items()}
    (folder / "organs.json").write_text(json.dumps({"labels": names}))
    (folder / "facts.yaml").write_text(FACTS)
    return folder


def run(study: Path, name: str, *more: str) -> dict[str, Any]:
    given = ["run", str(study / "dicom"), "-o", str(study / name)]
    given += ["--clinical", str(study / "facts.yaml")]
    given += ["--lesion-mask", str(study / "pet_lesions.nii.gz")]
    given += ["--organ-map", str(study / "organs.nii.gz"), *more]
    assert main(given) == 0
    return json.loads((study / name / "result.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def result(study: Path) -> dict[str, Any]:
    return run(study, "with_mri", MASK, str(study / "mr_lesions.nii.gz"))


def codes(result: dict[str, Any]) -> set[str]:
    return {each["code"] for each in result["caveats"]}


def test_each_brain_lesion_counts_once(result: dict[str, Any]) -> None:
    """Four in the brain, one of them on both; two in the liver on PET alone."""
    modalities = sorted("+".join(one["modality"]) for one in result["lesions"])
    assert modalities == ["MR", "MR", "MR", "PT", "PT", "PT+MR"]
    assert result["counts"]["by_organ"] == {"brain": 4, "liver": 2}
    assert (result["counts"]["N_low"], result["counts"]["N_high"]) == (6, 6)


def test_lesions_on_mri_lie_where_they_are(result: dict[str, Any]) -> None:
    centres = [one["centroid_lps_mm"] for one in result["lesions"] if "MR" in one["modality"]]
    for truth in head_and_liver.BRAIN:
        assert min(np.linalg.norm(np.subtract(each, truth)) for each in centres) <= 5.0


def test_the_registration_and_the_work_up_are_told(result: dict[str, Any]) -> None:
    assert {"MR_REGISTERED", "BRAIN_MRI_FROM_SERIES"} <= codes(result)
    assert "BRAIN_NOT_ASSESSED" not in codes(result)
    assert result["clinical"]["brain_mri_done"] is True


def test_both_readings_of_the_brain_rule_are_told(result: dict[str, Any]) -> None:
    """Six lesions are too many; where treatable brain lesions are exempt, two are few."""
    assert result["verdicts"]["CN2025"]["decision"] == "NOT_OLIGO"
    assert "brain_rule_ambiguous" in result["flags"]
    assert "A3_brain_exempt" in json.dumps(result["alternatives"])


def test_measures_of_mri_stand_beside_those_of_pet(result: dict[str, Any]) -> None:
    both = next(one for one in result["lesions"] if one["modality"] == ["PT", "MR"])
    assert both["mr"]["volume_ml"] == pytest.approx(3.05, rel=0.25)
    assert both["mr"]["adc_mean_um2_s"] is None
    assert both["mr"]["move"] == "registered"


def test_unmarked_mri_takes_no_part_and_says_so(study: Path) -> None:
    """Focal uptake in a brain that takes up FDG stays open: a mark on MRI is what settles it."""
    result = run(study, "unmarked")
    assert "MR_NOT_READ" in codes(result)
    assert result["counts"]["by_organ"] == {"liver": 2}
    assert (result["counts"]["N_low"], result["counts"]["N_high"]) == (2, 3)
