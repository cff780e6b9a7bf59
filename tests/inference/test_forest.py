"""A forest of tensors says what its trees say, drawn by hand or grown by scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingClassifier

from oligocount.inference.forest import Forest
from oligocount.learn import forest_training
from oligocount.learn.forest_training import (
    ForestSettings,
    MoreSettings,
    grow_forest,
    grow_more,
)

FEW = ForestSettings(trees=30, rate=0.3, leaves=7, leaf_rows=3, feature_share=1.0)


def drawn() -> Forest:
    """Two trees: x0 <= 1 ? -2 : (x1 <= 5 ? 3 : 4), and a single leaf of 0.5; base 10."""
    return Forest(
        feature=np.array([0, 0, 1, 0, 0, 0]),
        threshold=np.array([1.0, 0, 5.0, 0, 0, 0]),
        below=np.array([1, 1, 3, 3, 4, 5]),
        above=np.array([2, 1, 4, 3, 4, 5]),
        values=np.array([0, -2.0, 0, 3.0, 4.0, 0.5]),
        roots=np.array([0, 5]),
        depth=2,
        base=10.0,
    )


def rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n, 4)).astype(np.float32)
    return table, (table[:, 0] > 0.3) ^ (table[:, 2] > 0)


def test_a_row_takes_its_way_through_each_tree() -> None:
    table = np.array([[1, 0], [1.5, 5], [2, 6], [-9, 99]], np.float32)
    assert drawn().logits(table).tolist() == [8.5, 13.5, 14.5, 8.5]
    assert drawn().logits(table[:0]).shape == (0,)


def test_it_says_what_the_library_that_grew_it_says() -> None:
    table, truth = rows(600, seed=0)
    library = HistGradientBoostingClassifier(
        max_iter=30, learning_rate=0.3, max_leaf_nodes=7, min_samples_leaf=3, max_features=1.0,
        l2_regularization=1.0, early_stopping=False, random_state=0,
    ).fit(table, truth)  # fmt: skip
    other, _ = rows(700, seed=1)
    found = grow_forest(table, truth, FEW).logits(other)
    np.testing.assert_allclose(found, library.decision_function(other), atol=1e-9)


def test_it_learns_what_no_single_feature_tells() -> None:
    forest = grow_forest(*rows(2000, seed=0), FEW)
    table, truth = rows(1000, seed=1)
    assert np.mean((forest.logits(table) > 0) == truth) > 0.95


def test_it_comes_back_from_its_tensors() -> None:
    forest = grow_forest(*rows(500, seed=0), FEW)
    table, _ = rows(300, seed=1)
    back = Forest.of(forest.state())
    np.testing.assert_allclose(back.logits(table), forest.logits(table), atol=1e-5)


@pytest.mark.parametrize("name", ["below", "above", "roots"])
def test_a_node_that_is_not_there_is_refused(name: str) -> None:
    state = drawn().state()
    with pytest.raises(ValueError, match=name):
        Forest.of({**state, name: state[name] + 5})
    with pytest.raises(KeyError):
        Forest.of({key: value for key, value in state.items() if key != name})


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.ensemble", None)
    with pytest.raises(forest_training.ConfigError, match=r"oligocount\[train\]"):
        grow_forest(*rows(50, seed=0), FEW)


def test_tensors_are_small() -> None:
    assert drawn().state()["feature"].dtype == torch.int16


def test_two_forests_together_say_the_sum() -> None:
    one, two = grow_forest(*rows(500, seed=0), FEW), drawn()
    table, _ = rows(300, seed=1)
    found = one.and_more(two).logits(table)
    np.testing.assert_allclose(found, one.logits(table) + two.logits(table))
    back = Forest.of(one.and_more(two).state())
    np.testing.assert_allclose(back.logits(table), found, atol=1e-5)


def test_trees_on_what_is_said_already_correct_it() -> None:
    """The log odds know the first feature; the rest of the truth lies in the third."""
    table, truth = rows(2000, seed=0)
    said = np.where(table[:, 0] > 0.3, 1.0, -1.0)
    more = MoreSettings(trees=60, rate=0.2, leaf_rows=10, feature_share=1.0)
    trees = grow_more(table, truth, said, more)
    other, expected = rows(1000, seed=1)
    before = np.where(other[:, 0] > 0.3, 1.0, -1.0)
    assert np.mean((before > 0) == expected) < 0.6
    assert np.mean((before + trees.logits(other) > 0) == expected) > 0.95


def test_where_nothing_is_to_be_corrected_trees_say_next_to_nothing() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(4000, 3)).astype(np.float32)
    said = 2.0 * table[:, 0].astype(float)
    truth = rng.random(4000) < 1 / (1 + np.exp(-said))
    trees = grow_more(table, truth, said, MoreSettings(trees=20, leaf_rows=200))
    assert np.abs(trees.logits(table)).mean() < 0.15
