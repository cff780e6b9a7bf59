"""Grows the forest of a scorer with scikit-learn and takes it out of there as plain arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oligocount.errors import ConfigError
from oligocount.inference.forest import Forest


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestSettings:
    """How trees grow, one after the other, each by `rate` of what is left to explain.

    Each node may ask `feature_share` of the features; `damping` holds small leaves back.
    """

    trees: int = 500
    rate: float = 0.06
    leaves: int = 24
    leaf_rows: int = 25
    feature_share: float = 0.3
    damping: float = 1.0
    seed: int = 0


def grow_forest(
    rows: NDArray[np.float32], is_lesion: NDArray[np.bool_], settings: ForestSettings
) -> Forest:
    """Gradient boosting of the log loss (Friedman 2001) on binned rows (n, F) of both kinds.

    Raises ConfigError without scikit-learn.
    """
    ensemble, _ = _scikit_learn()
    grown = ensemble.HistGradientBoostingClassifier(
        max_iter=settings.trees,
        learning_rate=settings.rate,
        max_leaf_nodes=settings.leaves,
        min_samples_leaf=settings.leaf_rows,
        max_features=settings.feature_share,
        l2_regularization=settings.damping,
        early_stopping=False,
        random_state=settings.seed,
    ).fit(rows, is_lesion)
    # It tells its trees in no public way; that they are understood is tested against its answers.
    trees = [_of_boosting(one.nodes) for (one,) in grown._predictors]  # noqa: SLF001
    return _joined(trees, base=float(np.ravel(grown._baseline_prediction)[0]))  # noqa: SLF001


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreSettings:
    """How trees grow on log odds that are there already, as in ForestSettings.

    Of the rows that are no lesion each tree learns from `share_of_others`, which weigh as all do;
    of spots of more than `large_ml` that are none, that their log odds be left as they are.
    """

    trees: int = 300
    rate: float = 0.03
    leaves: int = 8
    leaf_rows: int = 100
    feature_share: float = 0.3
    damping: float = 20.0
    share_of_others: float = 0.3
    large_ml: float = 5.0
    seed: int = 0


def grow_more(
    rows: NDArray[np.float32],
    truth: NDArray[np.floating] | NDArray[np.bool_],
    said: NDArray[np.float64],
    settings: MoreSettings,
) -> Forest:
    """Trees that correct the log odds `said` (n,) of rows (n, F): boosting goes on from there.

    `truth` is the chance (n,) that each row should have, 0 and 1 where it is known. Each tree is
    fitted to the Newton step of the log loss (Friedman 2001; Chen and Guestrin 2016).
    Raises ConfigError without scikit-learn.
    """
    _, library = _scikit_learn()
    rng, said, trees = np.random.default_rng(settings.seed), said.copy(), []
    is_lesion = truth == 1
    others = np.where(is_lesion, 1.0, 1.0 / settings.share_of_others)
    for number in range(settings.trees):
        chance = 1 / (1 + np.exp(-said))
        slope, curve = truth - chance, np.maximum(chance * (1 - chance), 1e-4)
        seen = is_lesion | (rng.random(len(rows)) < settings.share_of_others)
        tree = library.DecisionTreeRegressor(
            max_leaf_nodes=settings.leaves,
            min_samples_leaf=settings.leaf_rows,
            max_features=settings.feature_share,
            random_state=settings.seed + number,
        ).fit(rows[seen], (slope / curve)[seen], sample_weight=(curve * others)[seen])
        leaf = tree.apply(rows)
        steps, curves = (np.bincount(leaf, each, tree.tree_.node_count) for each in (slope, curve))
        values = settings.rate * steps / (curves + settings.damping)
        said += values[leaf]
        trees.append(_of_regressor(tree.tree_, values))
    return _joined(trees, base=0.0)


def _scikit_learn() -> tuple[Any, Any]:
    """Its modules `ensemble` and `tree`. Raises ConfigError where it is not installed."""
    try:
        return import_module("sklearn.ensemble"), import_module("sklearn.tree")
    except ImportError as error:
        raise ConfigError("a scorer needs scikit-learn: pip install 'oligocount[train]'") from error


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tree:
    """The nodes of one tree, children by their number in it."""

    is_leaf: NDArray[np.bool_]
    feature: NDArray[np.integer]
    threshold: NDArray[np.floating]
    left: NDArray[np.integer]
    right: NDArray[np.integer]
    values: NDArray[np.floating]
    depth: int


def _of_boosting(nodes: NDArray[Any]) -> _Tree:
    return _Tree(
        is_leaf=nodes["is_leaf"].astype(bool), feature=nodes["feature_idx"],
        threshold=nodes["num_threshold"], left=nodes["left"], right=nodes["right"],
        values=nodes["value"], depth=int(nodes["depth"].max()),
    )  # fmt: skip


def _of_regressor(tree: Any, values: NDArray[np.float64]) -> _Tree:
    return _Tree(
        is_leaf=tree.children_left < 0, feature=tree.feature, threshold=tree.threshold,
        left=tree.children_left, right=tree.children_right, values=values, depth=tree.max_depth,
    )  # fmt: skip


def _joined(trees: Sequence[_Tree], *, base: float) -> Forest:
    """All nodes of all trees in one list; a leaf points to itself."""
    counts = [len(one.is_leaf) for one in trees]
    roots = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    first, own = np.repeat(roots, counts), np.arange(sum(counts))

    def nodes(part: Callable[[_Tree], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([part(one) for one in trees])

    is_leaf = nodes(lambda one: one.is_leaf)
    return Forest(
        feature=np.where(is_leaf, 0, nodes(lambda one: one.feature)).astype(np.int64),
        threshold=np.where(is_leaf, 0.0, nodes(lambda one: one.threshold)),
        below=np.where(is_leaf, own, nodes(lambda one: one.left) + first),
        above=np.where(is_leaf, own, nodes(lambda one: one.right) + first),
        values=np.where(is_leaf, nodes(lambda one: one.values), 0.0),
        roots=roots,
        depth=max(one.depth for one in trees),
        base=base,
    )
