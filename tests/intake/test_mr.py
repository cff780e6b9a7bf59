"""The kind of an MR by its tags, row by row."""

from pathlib import Path

import pytest

from oligocount import intake
from oligocount.config import load_settings

from . import builders

SETTINGS = load_settings().intake


@pytest.mark.parametrize(
    ("description", "tags", "kind"),
    [
        ("AXIAL SE T1 - RESEARCH", {}, "t1"),
        ("t1_vibe_dixon_tra post", {}, "t1_contrast"),
        ("T1 MPRAGE", {"ContrastBolusAgent": "Gadovist"}, "t1_contrast"),
        ("AXIAL SE T2 FAT SAT", {}, "t2"),
        ("T2_TSE_cor", {}, "t2"),
        ("t2_tirm_cor", {}, "stir"),
        ("STIR whole body", {}, "stir"),
        ("FLAIR dark-fluid", {}, "flair"),
        ("ep2d_diff_b50_800", {}, "dwi"),
        ("anything", {"DiffusionBValue": 800.0}, "dwi"),
        ("ep2d_diff_ADC", {"ImageType": ["DERIVED", "PRIMARY", "ADC"]}, "adc"),
        ("unnamed", {"EchoTime": 90.0, "RepetitionTime": 4000.0}, "t2"),
        ("unnamed", {"EchoTime": 10.0, "RepetitionTime": 500.0}, "t1"),
        ("unnamed", {"EchoTime": 50.0, "RepetitionTime": 1500.0}, "other"),
        ("unnamed", {}, "other"),
    ],
)
def test_kind(tmp_path: Path, description: str, tags: dict[str, object], kind: str) -> None:
    def tag(dataset: object, k: int) -> None:
        for name, value in tags.items():
            setattr(dataset, name, value)

    builders.write_series(tmp_path / "pet", "PT", shape=(3, 4, 4))
    builders.write_series(tmp_path / "mr", "MR", shape=(3, 4, 4), description=description, edit=tag)
    (mr,) = intake.load(intake.scan(tmp_path, SETTINGS), SETTINGS).mr
    assert mr.kind == kind
