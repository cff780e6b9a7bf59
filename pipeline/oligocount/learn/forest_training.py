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
