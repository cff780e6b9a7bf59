"""Boosted decision trees as plain tensors: no pickle is opened, no library is needed to ask them.

Gradient boosting (Friedman 2001): the log odds are a constant and what the leaf says that a row
reaches in each tree. All nodes of all trees lie in one list; a leaf points to itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

_CHUNK = 256  # rows at once: some 130,000 nodes held


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest:
    """Nodes: a row goes `below` where its `feature` is at most `threshold`, else `above`.

    `roots` (T,) are the trees' first nodes, `depth` the longest way to a leaf, `values` what a node
    adds to the log odds `base` if it is a leaf.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    below: NDArray[np.int64]
    above: NDArray[np.int64]
    values: NDArray[np.float64]
    roots: NDArray[np.int64]
    depth: int
    base: float

    def logits(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log odds (n,) of rows (n, F)."""
        parts = [self._of_few(rows[n : n + _CHUNK]) for n in range(0, len(rows), _CHUNK)]
        return np.concatenate([np.zeros(0), *parts])

    def _of_few(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        index = np.arange(len(rows))[:, None]
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        for _ in range(self.depth):
            stays_below = rows[index, self.feature[node]] <= self.threshold[node]
            node = np.where(stays_below, self.below[node], self.above[node])
        said: NDArray[np.float64] = self.base + self.values[node].sum(axis=1)
        return said

    def and_more(self, other: "Forest") -> "Forest":
        """A forest that says the sum of what both say."""
        nodes = len(self.feature)
        later = {
            name: np.concatenate([getattr(self, name), getattr(other, name) + nodes])
            for name in ("below", "above", "roots")
        }
        same = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("feature", "threshold", "values")
        }
        deeper = max(self.depth, other.depth)
        return Forest(**later, **same, depth=deeper, base=self.base + other.base)

    def state(self) -> dict[str, torch.Tensor]:
        """All of it as tensors, in few bytes."""
        small = {"feature": torch.int16, "below": torch.int32, "above": torch.int32,
                 "values": torch.float32, "roots": torch.int32}  # fmt: skip
        held = {one.name: torch.as_tensor(getattr(self, one.name)) for one in fields(self)}
        return {name: value.to(small.get(name, value.dtype)) for name, value in held.items()}

    @classmethod
    def of(cls, state: Mapping[str, torch.Tensor]) -> "Forest":
        """The forest of such tensors. Raises KeyError, ValueError for what is none."""
        held = {one.name: state[one.name].numpy() for one in fields(cls)}
        count = len(held["feature"])
        wide = {
            name: held[name].astype(np.int64) for name in ("feature", "below", "above", "roots")
        }
        for name in ("below", "above", "roots"):
            if wide[name].size and not 0 <= wide[name].min() <= wide[name].max() < count:
                raise ValueError(f"{name} points to a node that is not there")
        return cls(
            **wide,
            threshold=held["threshold"].astype(np.float64),
            values=held["values"].astype(np.float64),
            depth=int(held["depth"]),
            base=float(held["base"]),
        )
