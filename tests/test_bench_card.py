"""The accuracy card's order of failures and its words, on cases made up by hand."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts" / "benches"))

from shared.card_pictures import in_words, worst
from shared.card_tables import print_card

NAME = "ours"


def case(
    seed: int,
    *,
    said: str = "OLIGO",
    missed_mm: float = 0.0,
    n_false: int = 0,
    doubted: bool = False,
) -> dict:
    lesion = {"label": 1, "diameter_mm": missed_mm or 9.0, "site": "liver", "touched": True,
              "found": not missed_mm, "doubted": doubted}  # fmt: skip
    voxels = {"dice": 0.5, "false_positive_ml": 0.0, "false_negative_ml": 0.0,
              "truth_ml": 1.0, "predicted_ml": 1.0}  # fmt: skip
    score = {"case_id": str(seed), "voxels": voxels, "lesions": [lesion], "n_predicted": 1,
             "n_false": n_false, "n_false_untouching": 0, "agreement": {"organ": [1, 1]},
             "verdicts": {"CN2025": ["OLIGO", said]}}  # fmt: skip
    return {"seed": seed, NAME: {
        "score": score, "visible": [1],
        "n": 2, "n_true": 1, "n_low": 0, "n_high": 1, "over_settings": [2, 3],
        "missed": [["liver", "no focus there", missed_mm]] if missed_mm else [],
        "false": [["malignant", "muscle_strain"]] * n_false, "chances": [[0.9, True]],
        "to_look_at": {"foci shown": 3}}}  # fmt: skip


def test_opposite_verdicts_go_before_size_and_size_before_false_lesions() -> None:
    cases = [
        case(1, n_false=9),
        case(2, missed_mm=30.0),
        case(3, said="NOT_OLIGO"),
        case(4, missed_mm=40.0, doubted=True),
    ]
    assert [one["seed"] for one in worst(cases, NAME)] == [3, 2, 1]


def test_a_cause_names_verdict_counts_missed_and_false() -> None:
    words = in_words(case(1, said="NOT_OLIGO", missed_mm=12.0, n_false=2)[NAME])
    assert words == (
        "CN2025 is OLIGO, told NOT_OLIGO; 2 distant lesions told, 1 true; "
        "missed: liver (12 mm, no focus there); false: 2 x muscle_strain"
    )


def rows_told(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    rows = dict(line.strip("| ").split("|", 1) for line in capsys.readouterr().out.splitlines()
                if line.startswith("| ") and line[2] != "|" and line.count("|") == 3)  # fmt: skip
    return {title.strip(): cell.strip() for title, cell in rows.items()}


def test_the_card_counts_apart_what_stands_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Of 9, 12 and 14 mm (the last two missed), the last not visible."""
    cases = [case(1), case(2, missed_mm=12.0), case(3, missed_mm=14.0)]
    cases[2][NAME]["visible"] = []
    print_card(cases, [NAME])
    told = rows_told(capsys)
    assert told["found, SUVmax 2 x around, 6-10 mm"].endswith("1/1")
    assert told["found, SUVmax 2 x around, 10-20 mm"].endswith("0/1")
    assert told["found, SUVmax 2 x around, 20-inf mm"] == "-"


def test_the_card_tells_whether_the_true_count_lies_in_each_range(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_card([case(1), case(2, said="INDETERMINATE")], [NAME])
    told = rows_told(capsys)
    assert told["true count within doubts (N_low to N_high)"].endswith("2/2")
    assert told["true count within the range over settings"].endswith("0/2")
    assert told["CN2025 INDETERMINATE"].endswith("1/2")
    assert told["CN2025 truth → told"] == "1 OLIGO → INDETERMINATE, 1 OLIGO → OLIGO"
