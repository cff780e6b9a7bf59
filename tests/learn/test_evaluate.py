"""Lesions matched one to one, figures with intervals, files."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from oligocount.domain.volume import Geometry, LabelMap
from oligocount.errors import GeometryError
from oligocount.learn.evaluate import score_case, summarise
from oligocount.learn.intervals import bootstrap, wilson
from oligocount.learn.matching import match_lesions
from oligocount.learn.score_files import write_scores

GRID = Geometry(shape=(1, 4, 12), affine=np.diag([10.0, 10.0, 10.0, 1.0])[[2, 1, 0, 3]])


def row(text: str) -> LabelMap:
    """One row of labels, a digit a voxel of 1 ml, dots for background."""
    array = np.zeros(GRID.shape, np.int32)
    array[0, 1, : len(text)] = [0 if each == "." else int(each) for each in text]
    return LabelMap(array=array, geometry=GRID)


def test_a_fused_prediction_finds_one_lesion_and_misses_the_other() -> None:
    found = match_lesions(row("111.22").array, row("777777").array, min_iou=0.1)
    assert (found.pairs, found.missed, found.false) == (((1, 7),), (2,), ())


def test_a_fragmented_prediction_finds_a_lesion_once() -> None:
    found = match_lesions(row("11111.").array, row("33.44.").array, min_iou=0.1)
    assert len(found.pairs) == 1
    assert len(found.false) == 1
    assert found.touched_predicted == {3, 4}


def test_the_assignment_with_the_largest_overlap_wins() -> None:
    """Greedy would give 5 to lesion 1 and leave lesion 2 without a partner."""
    truth, predicted = row("1111222..").array, row("..5555566").array
    found = match_lesions(truth, predicted, min_iou=0.1)
    assert found.pairs == ((2, 5),)
    assert found.missed == (1,)


def test_too_small_an_overlap_is_no_match_but_touches() -> None:
    found = match_lesions(row("1111111111").array, row("2.").array, min_iou=0.2)
    assert (found.pairs, found.missed, found.false) == ((), (1,), (2,))
    assert found.touched_truth == {1}


RECORD = {
    "lesions": [
        {"id": 1, "kind": "organ", "organ": "liver", "side": "R", "station": None},
        {"id": 2, "kind": "node", "organ": "lymph_node", "station": {"ajcc8": "7"}},
        {"id": 3, "kind": "physiologic", "organ": "heart"},
    ],
    "verdicts": {"CN2025": {"decision": "OLIGO"}},
}


def test_sites_and_verdicts_are_compared_where_the_truth_states_them() -> None:
    """Focus 3 is physiologic in both: neither a lesion nor a false one."""
    said = {
        "lesions": [
            {"id": 5, "kind": "organ", "organ": "liver", "side": "L", "station": None},
            {"id": 6, "kind": "node", "organ": "lymph_node", "station": {"ajcc8": "8L"}},
            {"id": 7, "kind": "physiologic", "organ": "heart"},
        ],
        "verdicts": {"CN2025": {"decision": "NOT_OLIGO"}},
    }
    case = score_case(
        "a", row("11.22.33"), row("55.66.77"), true_record=RECORD, predicted_record=said
    )
    assert (len(case.lesions), case.n_predicted, case.n_false) == (2, 2, 0)
    assert case.agreement == {
        "organ": (2, 2), "side": (0, 1), "station": (0, 1), "nodal_class": (0, 0)
    }  # fmt: skip
    assert case.verdicts == {"CN2025": ("OLIGO", "NOT_OLIGO")}
    assert summarise([case])["verdicts"] == {"CN2025": {"OLIGO -> NOT_OLIGO": 1}}


def test_maps_on_different_grids_are_refused() -> None:
    moved = Geometry(shape=GRID.shape, affine=GRID.affine + np.eye(4, k=3) * 5)
    other = LabelMap(array=row("1").array, geometry=moved)
    with pytest.raises(GeometryError, match="different grids"):
        score_case("a", row("1"), other)


def test_the_cohorts_figures_follow_from_the_cases() -> None:
    """Two of three lesions found, one false focus; sizes 15.6 mm (2 ml) and 12.4 mm (1 ml)."""
    cases = [score_case("a", row("11.2"), row("11...3")), score_case("b", row("11"), row("11"))]
    total = summarise(cases)
    assert (total["sensitivity"]["hits"], total["sensitivity"]["of"]) == (2, 3)
    assert total["precision"]["value"] == pytest.approx(2 / 3)
    assert total["f1"]["value"] == pytest.approx(2 / 3)
    assert total["count_exact"]["value"] == 1.0
    assert total["by_size_mm"]["10-20"]["of"] == 3


def test_how_found_lesions_are_drawn_is_told_apart_from_what_is_missed() -> None:
    """Of 3 ml 2 are drawn, and 1 ml beside: 2 x 2 / (3 + 3). The missed 5 ml count in all."""
    case = score_case("a", row("111...22222"), row(".333"))
    assert [one.dice for one in case.lesions] == [pytest.approx(4 / 6), None]
    total = summarise([case, score_case("b", row("11"), row("11"))])
    assert total["dice_of_found"]["value"] == pytest.approx((4 / 6 + 1) / 2)
    assert case.voxels.dice == pytest.approx(4 / 11)


def test_scores_are_written_as_csv_json_and_figure(tmp_path: Path) -> None:
    cases = [score_case("a", row("11.2"), row("11...3"))]
    write_scores(tmp_path / "out", cases, summarise(cases))
    rows = list(csv.DictReader((tmp_path / "out" / "cases.csv").read_text().splitlines()))
    assert (rows[0]["case"], rows[0]["n_true"], rows[0]["n_found"]) == ("a", "2", "1")
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["n_lesions"] == 2
    assert "<svg" in (tmp_path / "out" / "sensitivity.svg").read_text()


def test_wilsons_interval_is_the_published_one() -> None:
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662."""
    low, high = wilson(81, 263) or (0, 0)
    assert (low, high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 0) is None


def test_the_bootstrap_of_a_mean_matches_its_standard_error() -> None:
    values = list(np.random.default_rng(3).normal(10, 2, 200))
    low, high = bootstrap(values, lambda some: float(np.mean(some))) or (0, 0)
    half = 1.96 * np.std(values) / np.sqrt(200)
    assert (high - low) / 2 == pytest.approx(half, rel=0.15)
    assert bootstrap(values[:1], lambda some: 1.0) is None


def test_an_equivocal_focus_is_a_doubt_and_neither_found_nor_false() -> None:
    """The first of two lesions is equivocal in the result, and so is a focus where none is."""
    said = [
        {"id": n, "kind": "organ", "status": status}
        for n, status in ((1, "equivocal"), (2, "malignant"), (3, "equivocal"))
    ]
    score = score_case(
        "a", row("11.22....."), row("11.22.33.."), predicted_record={"lesions": said}
    )
    assert [(one.found, one.doubted) for one in score.lesions] == [(False, True), (True, False)]
    assert (score.n_predicted, score.n_false, score.n_false_doubts) == (1, 0, 1)
    summary = summarise([score])
    assert summary["sensitivity"]["value"] == 0.5
    assert summary["sensitivity_with_doubts"]["value"] == 1.0
