"""What a batch hands to each case."""

import json
from pathlib import Path

import pytest
from scan import write_scan

from oligocount.cohort.case import run_case
from oligocount.cohort.recipe import SETTINGS_FILE, read_recipe
from oligocount.errors import ModelError


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """An nnU-Net results folder whose checkpoint is none."""
    folder = tmp_path / "results"
    (folder / "fold_0").mkdir(parents=True)
    (folder / "fold_0" / "checkpoint_final.pth").write_bytes(b"anything")
    (folder / "plans.json").write_text("{}")
    dataset = {"channel_names": {"0": "PET"}, "labels": {"background": 0, "tumor": 1}}
    (folder / "dataset.json").write_text(json.dumps(dataset))
    return folder


@pytest.mark.parametrize(
    ("trusted", "told"), [(False, "--trust-bundle"), (True, "cannot load it|nnunetv2 cannot be")]
)
def test_a_foreign_model_is_opened_where_the_batch_trusts_it(
    foreign: Path, tmp_path: Path, *, trusted: bool, told: str
) -> None:
    write_scan(tmp_path / "scan", seed=1)
    recipe = read_recipe(
        None, tmp_path, lesions=str(foreign), organs="rules", device="cpu", trusted=trusted
    )
    (tmp_path / SETTINGS_FILE).write_text(recipe.settings)
    job = {**recipe.options, "input": str(tmp_path / "scan"), "case_id": "1", "clinical": {},
           "memory_mib": 2000}  # fmt: skip
    with pytest.raises(ModelError, match=told):
        run_case(job, tmp_path / "out", lambda _: None)
