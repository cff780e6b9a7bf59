"""Grows the forest of a scorer with scikit-learn and takes it out of there as plain arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ConfigError("a scorer needs scikit-learn: pip install 'oligocount[train]'") from error
    grown = HistGradientBoostingClassifier(
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
    trees = [one.nodes for (one,) in grown._predictors]  # noqa: SLF001
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
    try:
        from sklearn.tree import DecisionTreeRegressor  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ConfigError("a scorer needs scikit-learn: pip install 'oligocount[train]'") from error
    rng, said, trees = np.random.default_rng(settings.seed), said.copy(), []
    is_lesion = truth == 1
    others = np.where(is_lesion, 1.0, 1.0 / settings.share_of_others)
    for number in range(settings.trees):
        chance = 1 / (1 + np.exp(-said))
        slope, curve = truth - chance, np.maximum(chance * (1 - chance), 1e-4)
        seen = is_lesion | (rng.random(len(rows)) < settings.share_of_others)
        tree = DecisionTreeRegressor(
            max_leaf_nodes=settings.leaves,
            min_samples_leaf=settings.leaf_rows,
            max_features=settings.feature_share,
            random_state=settings.seed + number,
        ).fit(rows[seen], (slope / curve)[seen], sample_weight=(curve * others)[seen])
        leaf = tree.apply(rows)
        steps, curves = (np.bincount(leaf, each, tree.tree_.node_count) for each in (slope, curve))
        values = settings.rate * steps / (curves + settings.damping)
        said += values[leaf]
        trees.append((tree.tree_, values))
    return _of_regressors(trees)


def _of_regressors(trees: Sequence[tuple[Any, NDArray[np.float64]]]) -> Forest:
    """All nodes of scikit-learn's regression trees in one list, with values of our own."""
    counts = [tree.node_count for tree, _ in trees]
    roots = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    first, own = np.repeat(roots, counts), np.arange(sum(counts))
    left, right, feature, threshold = (
        np.concatenate([getattr(tree, name) for tree, _ in trees])
        for name in ("children_left", "children_right", "feature", "threshold")
    )
    is_leaf = left < 0
    return Forest(
        feature=np.where(is_leaf, 0, feature).astype(np.int64),
        threshold=np.where(is_leaf, 0.0, threshold),
        below=np.where(is_leaf, own, left + first),
        above=np.where(is_leaf, own, right + first),
        values=np.where(is_leaf, np.concatenate([values for _, values in trees]), 0.0),
        roots=roots,
        depth=max(tree.max_depth for tree, _ in trees),
        base=0.0,
    )


def _joined(trees: Sequence[NDArray[Any]], *, base: float) -> Forest:
    """All nodes of the library's trees in one list."""
    counts = [len(one) for one in trees]
    roots = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    first = np.repeat(roots, counts)
    nodes = np.concatenate(trees)
    own, is_leaf = np.arange(len(nodes)), nodes["is_leaf"].astype(bool)
    return Forest(
        feature=np.where(is_leaf, 0, nodes["feature_idx"]).astype(np.int64),
        threshold=np.where(is_leaf, 0.0, nodes["num_threshold"]),
        below=np.where(is_leaf, own, nodes["left"] + first),
        above=np.where(is_leaf, own, nodes["right"] + first),
        values=np.where(is_leaf, nodes["value"], 0.0),
        roots=roots,
        depth=int(nodes["depth"].max()),
        base=base,
    )
