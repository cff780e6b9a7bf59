"""Rows of candidates with their truth, a scorer fitted to them, and the bundle that carries it."""

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from oligocount.cli.main import main
from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, LabelMap
from oligocount.errors import BundleMismatch, BundleNotFound, InputError
from oligocount.inference.scorer import encode, load_scorer
from oligocount.learn.candidate_rows import (
    CandidateRows,
    RowSettings,
    candidate_rows,
    cropped,
    read_rows,
    with_truth,
    write_rows,
)
from oligocount.learn.forest_training import ForestSettings, MoreSettings
from oligocount.learn.planting import PlantSettings
from oligocount.learn.samples import Sample, write_sample
from oligocount.learn.scorer_further import further, widened
from oligocount.learn.scorer_recipe import ScorerTools, prepare_rows, train_scorer
from oligocount.learn.scorer_training import ScorerSettings, calibrated, fit_scorer
from oligocount.resources import shipped_folder
from oligocount.segment.choose import load_segmenter
from oligocount.segment.scored import ScoredSegmenter
from oligocount.segment.spots import FEATURES, Spots, find_spots

SETTINGS = load_settings().segment
FEW = ForestSettings(trees=20, rate=0.2, leaves=6, leaf_rows=2)
QUICK = ScorerSettings(members=2, steps=150, batch=64, forest=FEW)


def patient(seed: int = 0) -> Sample:
    """A body with a hot heart and one lesion, somewhere else."""
    rng = np.random.default_rng(seed)
    shape = (40, 30, 40)
    organs = np.zeros(shape, np.uint8)
    organs[2:38, 4:26, 4:36] = 1
    organs[20:30, 8:16, 20:30] = 10  # heart
    lesions = np.zeros(shape, np.uint8)
    k, j, i = int(rng.integers(5, 15)), int(rng.integers(8, 20)), int(rng.integers(8, 30))
    lesions[k : k + 3, j : j + 3, i : i + 3] = 1
    suv = 0.8 * (organs > 0) + 7.0 * (organs == 10) + 7.0 * lesions
    return Sample(spacing_mm=4.0, suv=suv, ct=np.where(organs > 0, 40, -1000), organs=organs,
                  lesions=lesions)  # fmt: skip


def drawn_organs(images: AlignedImages) -> OrganMap:
    array = np.where(images.suv.array > 0.2, 1, 0).astype(np.int32)
    array[20:30, 8:16, 20:30] = 2
    labels = LabelMap(array=array, names={1: "body", 2: "heart"}, geometry=images.suv.geometry)
    return OrganMap(
        labels=labels, known=frozenset(labels.names.values()),
        model=ModelInfo(name="drawn", version="1"),
    )  # fmt: skip


TOOLS = ScorerTools(map_organs=drawn_organs, find=partial(find_spots, settings=SETTINGS))
STILL = RowSettings(crop=0.0, plant=PlantSettings(mean_count=0.0))


def test_the_lesion_is_told_from_the_heart() -> None:
    found = candidate_rows(patient(), TOOLS.map_organs, TOOLS.find, np.random.default_rng(0), STILL)
    in_heart = found.rows[:, FEATURES.index("in_heart")] > 0.5
    assert (found.n_true, found.n_met) == (1, 1)
    assert found.is_lesion.sum() == 1
    assert not (found.is_lesion & in_heart).any()


def test_a_candidate_that_swallows_a_lesion_is_left_out_and_one_beside_it_is_none() -> None:
    grid = Geometry(shape=(12, 12, 12), affine=np.diag([4.0, 4.0, 4.0, 1.0]))
    lesions, labels = np.zeros((2, 12, 12, 12), np.int32)
    lesions[2:4, 2:4, 2:4] = 1
    labels[2:6, 2:4, 2:4] = 1  # half of it is lesion: a lesion
    labels[8:10, 8:10, 8:10] = 2  # none
    rows = np.zeros((2, len(FEATURES)), np.float32)
    both = with_truth(Spots(labels=labels, rows=rows, geometry=grid), lesions, RowSettings())
    assert both.is_lesion.tolist() == [True, False]
    labels[2:12, 2:4, 2:4] = 1  # a fifth of it is lesion, all of the lesion is in it
    swallowed = with_truth(Spots(labels=labels, rows=rows, geometry=grid), lesions, RowSettings())
    assert swallowed.is_lesion.tolist() == [True, False]
    labels[0:12, 0:6, 0:6] = 1  # a fiftieth of it: neither lesion nor none
    vague = with_truth(Spots(labels=labels, rows=rows, geometry=grid), lesions, RowSettings())
    assert vague.n_met == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_cropped_sample_keeps_all_its_images_on_one_grid(seed: int) -> None:
    part = cropped(patient(), np.random.default_rng(seed), RowSettings(crop_mm=(60, 120)))
    assert part.suv.shape == part.ct.shape == part.organs.shape == part.lesions.shape
    assert part.suv.size < patient().suv.size


def rows(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Lesions have the first feature high and the second low."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n, 3)).astype(np.float32)
    return table, table[:, 0] - table[:, 1] + 0.3 * rng.normal(size=n) > 0.8


def test_a_scorer_learns_what_separates_lesions() -> None:
    scorer = fit_scorer(*rows(), ("a", "b", "c"), QUICK)
    table, truth = rows(seed=1)
    said = scorer.logits(table)
    assert np.mean((said > 0) == truth) > 0.9


def test_calibration_makes_chances_meet_what_is_observed() -> None:
    scorer = fit_scorer(*rows(), ("a", "b", "c"), QUICK)
    table, truth = rows(2000, seed=1)
    scorer = calibrated(scorer, scorer.logits(table), truth.tolist(), min_probability=0.4)
    assert scorer.chances(table).mean() == pytest.approx(truth.mean(), abs=0.02)


def test_a_feature_fills_its_bins_one_after_the_other() -> None:
    edges = torch.tensor([[0.0, 5.0], [1.0, 5.0], [3.0, 7.0]])  # the second one hardly varies
    rows = torch.tensor([[-1.0, 4.0], [0.5, 5.0], [2.0, 6.0], [9.0, 9.0]])
    bins = encode(rows, edges).view(4, 2, 2)
    assert bins[:, :, 0].tolist() == [[0, 0], [0.5, 0], [1, 0.5], [1, 1]]
    assert bins[:, :, 1].tolist() == [[0, 0], [0, 0], [1, 0.5], [1, 1]]


def test_a_row_far_beyond_training_says_no_more_than_the_edge() -> None:
    scorer = fit_scorer(*rows(), ("a", "b", "c"), QUICK)
    far, farther = np.array([[50, 0, 0]], np.float32), np.array([[5000, 0, 0]], np.float32)
    assert scorer.logits(far) == pytest.approx(scorer.logits(farther))


def test_no_rows_have_no_chances() -> None:
    scorer = fit_scorer(*rows(), ("a", "b", "c"), QUICK)
    assert scorer.chances(np.zeros((0, 3), np.float32)).shape == (0,)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with a scorer learned from ten drawn patients."""
    folder = tmp_path_factory.mktemp("scorer")
    for number in range(10):
        write_sample(patient(number), folder / "samples" / f"p_{number:02d}.npz")
    prepare_rows(folder / "samples", folder / "rows", TOOLS, settings=STILL)
    start = folder / "start"
    for part in ("configs/metadata.json", "configs/inference.json", "models/model.pt"):
        (start / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shipped_folder("models") / "fdg_lesions" / part, start / part)
    figures = train_scorer(folder / "rows", start, folder / "bundle", version="9.9.9",
                           min_probability=0.35, settings=QUICK)  # fmt: skip
    assert figures["learned_from"]["lesions"] == 9
    return folder / "bundle"


def test_the_bundle_with_a_scorer_finds_the_lesion_and_not_the_heart(trained: Path) -> None:
    segmenter = load_segmenter(str(trained), SETTINGS, "cpu")
    assert isinstance(segmenter, ScoredSegmenter)
    whole = candidate_rows(patient(50), TOOLS.map_organs, TOOLS.find, np.random.default_rng(0),
                           STILL)  # fmt: skip
    columns = [FEATURES.index(name) for name in segmenter.scorer.features]
    chances = segmenter.scorer.chances(whole.rows[:, columns])
    assert chances[whole.is_lesion].min() > chances[~whole.is_lesion].max()


def test_patients_that_calibrate_are_seen_whole_and_without_planted_lesions(tmp_path: Path) -> None:
    for number in range(5):
        write_sample(patient(number), tmp_path / "samples" / f"p_{number}.npz")
    crowded = RowSettings(crop=0.0, plant=PlantSettings(mean_count=9.0))
    prepare_rows(tmp_path / "samples", tmp_path / "rows", TOOLS, settings=crowded)
    true = [read_rows([tmp_path / "rows" / f"p_{n}_0.npz"]).n_true for n in range(5)]
    assert true[3] == 1  # its own
    assert sum(true) > 5


def test_rows_that_are_there_are_kept(trained: Path) -> None:
    folder = trained.parent
    before = {file: file.stat().st_mtime_ns for file in (folder / "rows").glob("*.npz")}
    prepare_rows(folder / "samples", folder / "rows", TOOLS, settings=STILL)
    assert {file: file.stat().st_mtime_ns for file in (folder / "rows").glob("*.npz")} == before


def test_changed_weights_of_a_scorer_are_refused(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "b")
    state = torch.load(tmp_path / "b" / "models" / "scorer.pt", weights_only=True)
    torch.save({**state, "edges": state["edges"] + 1}, tmp_path / "b" / "models" / "scorer.pt")
    with pytest.raises(BundleMismatch, match="sha256"):
        load_scorer(tmp_path / "b")
    (tmp_path / "b" / "models" / "scorer.pt").unlink()
    with pytest.raises(BundleNotFound):
        load_scorer(tmp_path / "b")


def test_a_scorer_takes_no_notice_of_columns_that_it_is_widened_by() -> None:
    scorer = fit_scorer(*rows(), ("a", "b", "c"), QUICK)
    table, _ = rows(seed=1)
    more = np.random.default_rng(2).normal(size=(len(table), 2)).astype(np.float32)
    wide = widened(scorer, ("a", "b", "c", "d", "e"), np.concatenate([table, more], axis=1))
    said = wide.logits(np.concatenate([table, 9 * more], axis=1))
    np.testing.assert_allclose(said, scorer.logits(table), atol=1e-5)
    with pytest.raises(ValueError, match="begin with its own"):
        widened(scorer, ("b", "a", "c", "d"), table)


def test_a_scorer_learns_on_what_a_new_column_tells() -> None:
    """It knew the first three; a fourth one tells the truth in a third of the rows."""
    scorer = fit_scorer(*rows(), ("a", "b", "c"), QUICK)

    def seen(seed: int) -> tuple[np.ndarray, np.ndarray]:
        table, truth = rows(1500, seed)
        rng = np.random.default_rng(seed + 100)
        truth = np.where(rng.random(len(truth)) < 0.3, rng.random(len(truth)) < 0.5, truth)
        told = np.where(rng.random(len(truth)) < 0.8, truth, 0.5).astype(np.float32)
        return np.concatenate([table, told[:, None]], axis=1), truth

    names = ("a", "b", "c", "d")
    few = MoreSettings(trees=150, rate=0.1, leaf_rows=10, damping=1.0)
    learned = further(scorer, *seen(1), names, few)
    table, truth = seen(2)
    before = np.mean((scorer.chances(table[:, :3]) > 0.5) == truth)
    after = np.mean((learned.chances(table) > 0.5) == truth)
    assert before < 0.85
    assert after > before + 0.08


def test_the_bundle_s_own_scorer_is_what_learns_on(trained: Path, tmp_path: Path) -> None:
    few = MoreSettings(trees=5, leaf_rows=3)
    train_scorer(trained.parent / "rows", trained, tmp_path / "b", version="9.9.10",
                 min_probability=0.35, settings=QUICK, more=few)  # fmt: skip
    old, new = load_scorer(trained), load_scorer(tmp_path / "b")
    assert old is not None
    assert new is not None
    assert len(new.forest.roots) == len(old.forest.roots) + 5
    assert new.features == old.features
    without = tmp_path / "without"
    shutil.copytree(trained, without)
    content = json.loads((without / "configs" / "metadata.json").read_text("utf-8"))
    del content["oligocount"]["scorer"]
    (without / "configs" / "metadata.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(InputError, match="no scorer"):
        train_scorer(trained.parent / "rows", without, tmp_path / "c", version="9.9.10",
                     min_probability=0.35, settings=QUICK, more=few)  # fmt: skip


def test_features_that_nobody_knows_are_refused(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "b")
    file = tmp_path / "b" / "configs" / "metadata.json"
    content = json.loads(file.read_text("utf-8"))
    content["oligocount"]["scorer"]["features"][0] = "colour"
    file.write_text(json.dumps(content), "utf-8")
    with pytest.raises(BundleMismatch, match="colour"):
        load_segmenter(str(tmp_path / "b"), SETTINGS, "cpu")


def test_rows_of_another_version_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", rows=np.zeros((2, 3)), is_lesion=np.zeros(2, bool), n_true=0,
             n_met=0)  # fmt: skip
    with pytest.raises(InputError, match="3 features"):
        read_rows([tmp_path / "a.npz"])


def test_rows_come_back_from_disk(tmp_path: Path) -> None:
    found = candidate_rows(patient(), TOOLS.map_organs, TOOLS.find, np.random.default_rng(0), STILL)
    write_rows(found, tmp_path / "a.npz")
    back = read_rows([tmp_path / "a.npz", tmp_path / "a.npz"])
    np.testing.assert_array_equal(back.rows, np.concatenate([found.rows, found.rows]))
    assert back.n_true == 2


def test_a_scorer_without_a_bundle_to_go_into_is_a_usage_error(tmp_path: Path) -> None:
    given = ["train", "scorer", "--phantoms", "1", "-o", str(tmp_path / "b"), "--work",
             str(tmp_path / "w")]  # fmt: skip
    assert main(given) == 2


def test_large_spots_in_muscle_that_are_no_lesion_are_learned_from_as_often_as_asked(
    tmp_path: Path,
) -> None:
    """8 patients of 12 spots: 3 lesions, one of them in muscle, and 4 spots of strained muscle."""
    rng = np.random.default_rng(0)
    for number in range(8):
        rows = rng.normal(size=(12, len(FEATURES))).astype(np.float32)
        rows[:, FEATURES.index("in_muscle")] = np.arange(12) < 5
        rows[:, FEATURES.index("volume")] = np.log(50.0)
        is_lesion = np.isin(np.arange(12), (0, 8, 9))
        found = CandidateRows(rows=rows, is_lesion=is_lesion, n_true=3, n_met=3)
        write_rows(found, tmp_path / "rows" / f"patient{number}_0.npz")
    start = shipped_folder("models") / "fdg_lesions"
    learned = {}
    for share in (0.0, 0.5, 1.0):
        figures = train_scorer(
            tmp_path / "rows", start, tmp_path / "out", version="9.9.9", min_probability=0.5,
            settings=ScorerSettings(members=1, steps=2, batch=8, strain_share=share, forest=FEW),
        )  # fmt: skip
        learned[share] = figures["learned_from"]
        scorer = load_scorer(tmp_path / "out")
        assert scorer is not None
        assert (scorer.strain_share, scorer.strain_min_ml) == (share, 5.0)
    assert [one["lesions"] for one in learned.values()] == [21, 21, 21]
    assert (learned[0.0]["candidates"], learned[1.0]["candidates"]) == (56, 84)
    assert 56 < learned[0.5]["candidates"] < 84
