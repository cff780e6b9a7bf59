"""A scorer that learns on: trees grown on what it says, for what it sees newly."""

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.inference.scorer import Scorer
from oligocount.learn.calibrate import fit_calibration
from oligocount.learn.forest_training import MoreSettings, grow_more

_VOLUME = "volume"


def further(
    scorer: Scorer,
    rows: NDArray[np.float32],
    is_lesion: NDArray[np.bool_],
    features: Sequence[str],
    settings: MoreSettings,
) -> Scorer:
    """The scorer with trees more, which correct its calibrated log odds on rows (n, F).

    `features` name the columns; they begin with the scorer's own, and what comes after them the
    trees alone learn from. What it says of a large spot that is no lesion is left as it is: the
    phantoms' large warm spots are strained muscle, the patients' may be sarcomas.
    """
    wide = widened(scorer, features, rows)
    said = wide.slope * wide.logits(rows) + wide.intercept
    # these rows hold other shares of lesions than patients do: that is not for the trees to learn
    slope, intercept = fit_calibration(said[:, None], is_lesion.tolist())
    begun = float(slope) * said + float(intercept)
    left = ~is_lesion & _large(rows, features, settings.large_ml)
    truth = np.where(left, 1 / (1 + np.exp(-begun)), is_lesion)
    more = grow_more(rows, truth, begun, settings)
    # networks and forest are each worth half, and the slope stretches both
    scaled = replace(more, values=more.values * 2 / wide.slope)
    return replace(wide, forest=wide.forest.and_more(scaled))


def _large(
    rows: NDArray[np.float32], features: Sequence[str], large_ml: float
) -> NDArray[np.bool_]:
    if _VOLUME not in features:
        return np.zeros(len(rows), bool)
    found: NDArray[np.bool_] = rows[:, features.index(_VOLUME)] > np.log(large_ml)
    return found


def widened(scorer: Scorer, features: Sequence[str], rows: NDArray[np.float32]) -> Scorer:
    """The same scorer for rows with columns more, of which it takes no notice.

    Raises ValueError when `features` do not begin with its own.
    """
    own, bins = len(scorer.features), len(scorer.edges) - 1
    if tuple(features[:own]) != scorer.features:
        raise ValueError("the features of a scorer that learns on begin with its own")
    shares = np.linspace(0, 1, bins + 1)
    new = np.quantile(rows[:, own:], shares, axis=0).astype(np.float32)
    edges = torch.cat([scorer.edges, torch.from_numpy(new)], dim=1)
    members = tuple(_widened(one, own, len(features), bins) for one in scorer.members)
    return replace(scorer, features=tuple(features), edges=edges, members=members)


def _widened(member: torch.nn.Module, own: int, wide: int, bins: int) -> torch.nn.Module:
    """A network whose first layer has inputs more, with weights of zero."""
    out = copy.deepcopy(member)
    first = next(one for one in out.modules() if isinstance(one, torch.nn.Linear))
    held = first.weight.detach().view(-1, bins, own)
    weight = torch.zeros(len(held), bins, wide)
    weight[:, :, :own] = held
    first.weight = torch.nn.Parameter(weight.flatten(1))
    first.in_features = bins * wide
    return out
