"""The default segmenter: every spot that stands out is scored, and what is a lesion is drawn.

What is hot or doubtful and no lesion follows with its probability, for the rules of normal uptake
and the reader. Probabilities are those of whole spots, calibrated on held-out phantoms. A large hot
mass that no organ explains is drawn as a doubt, however little the scorer thinks of it: to miss it
would be worse than to ask about it.
"""

import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.inference.bundle import Bundle
from oligocount.inference.scorer import Scorer
from oligocount.segment.core import with_cold_cores
from oligocount.segment.extent import draw_extent, with_fragments
from oligocount.segment.foci import Box, Mask, regrouped
from oligocount.segment.segmenter import Finder
from oligocount.segment.spots import FEATURES, Spots, find_spots
from oligocount.segment.strain import with_strain
from oligocount.segment.unlikely import adding_unlikely
from oligocount.settings_segment import MassSettings, SegmentSettings

_NETWORK = "network_"
_LEAST_VOTE = 0.1  # a spot that holds less of a focus has no say in its probability
_MASS = Caveat(
    code="UNEXPLAINED_MASS",
    text="kept as a large hot mass that no organ explains: the model alone holds it for no lesion",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredSegmenter:
    """A Segmenter that scores candidates; `bundle` is asked only if the scorer looks at it."""

    scorer: Scorer
    bundle: Bundle | None
    model: ModelInfo
    min_probability: float
    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return lesions, each drawn on the PET grid, and after them what is hot or doubtful."""
        return self.finder(images, organs)(self.settings)

    def finder(self, images: AlignedImages, organs: OrganMap) -> Finder:
        """Return the lesions as a function of settings; spots are found and scored once, now."""
        asks = any(name.startswith(_NETWORK) for name in self.scorer.features)
        spots = find_spots(images, organs, self.settings, self.bundle if asks else None)
        chances, is_mass = self.chances(spots)
        told = self._told(spots, chances, is_mass)
        low = self.settings.network.fragment_share * self.min_probability
        sure = is_mass | (chances >= self.min_probability)
        kept = with_fragments(spots, sure, chances, low=low)
        owner = draw_extent(spots, kept, images.suv, self.settings.network)

        def score(box: Box, focus: Mask) -> float:
            votes = np.bincount(owner[box][focus], minlength=len(kept))[1:]
            heard = votes >= max(1, _LEAST_VOTE * votes.sum())
            return float(told[heard].max()) if heard.any() else self.min_probability

        def draw(settings: SegmentSettings) -> Mask:
            rule = settings.network
            own = rule == self.settings.network
            mask = (owner if own else draw_extent(spots, kept, images.suv, rule)) > 0
            return with_cold_cores(
                mask, images.suv.geometry, radius_mm=rule.core_mm, min_ml=rule.core_min_ml
            )

        find = regrouped(images.suv, draw, organs, self.settings, model=self.model, score=score)
        add = adding_unlikely(
            spots,
            told,
            kept,
            images.suv,
            doubt_from=self.settings.candidate.doubt_min_probability,
            min_volume_ml=self.settings.min_volume_ml,
            hot_min_ml=self.settings.candidate.hot_min_ml,
        )
        held = np.flatnonzero(np.concatenate([[False], is_mass])[owner])
        doubting = functools.lru_cache(maxsize=1)(
            functools.partial(_doubting, held=held, least=self.min_probability)
        )
        return lambda settings: doubting(add(find(settings)))

    def chances(self, spots: Spots) -> tuple[NDArray[np.float64], Mask]:
        """The probability of each spot, and which are unexplained masses: not below their floor.

        What the scorer is sure is none stays as it is.
        """
        columns = [FEATURES.index(name) for name in self.scorer.features]
        own = self.scorer.chances(np.ascontiguousarray(spots.rows[:, columns]))
        rule = self.settings.mass
        is_mass = is_unexplained_mass(spots.rows, rule) & (own >= rule.min_own_probability)
        return _floored(own, is_mass, rule), is_mass

    def _told(
        self, spots: Spots, chances: NDArray[np.float64], is_mass: Mask
    ) -> NDArray[np.float64]:
        """The probability of each spot as it is told: strain weighs as much as it does in all."""
        share, min_ml = self.scorer.strain_share, self.scorer.strain_min_ml
        told = with_strain(chances, spots.rows, self.settings.strain, share=share, min_ml=min_ml)
        return _floored(told, is_mass, self.settings.mass)


def _floored(
    chances: NDArray[np.float64], is_mass: Mask, rule: MassSettings
) -> NDArray[np.float64]:
    """The probabilities, those of unexplained masses a doubt's at least."""
    return np.where(is_mass, np.maximum(chances, rule.min_probability), chances)


def _doubting(found: LesionMap, *, held: NDArray[np.intp], least: float) -> LesionMap:
    """The same foci, those told as doubts that only the rule of masses keeps.

    `held` are the voxels of unexplained masses; a focus below `least` is none of the scorer's.
    """
    numbers = np.unique(found.labels.array.ravel()[held]).tolist()
    chances = {n: found.probability[n] for n in numbers if n}
    return replace(
        found, doubts={n: _MASS for n, p in chances.items() if p is not None and p < least}
    )


def is_unexplained_mass(rows: NDArray[np.float32], rule: MassSettings) -> NDArray[np.bool_]:
    """True for spots that are large and hot, and lie in or beside nothing that takes up FDG."""
    column = {name: n for n, name in enumerate(FEATURES)}
    size = np.exp(rows[:, column["volume"]])
    heat = np.exp(rows[:, column["top_over_level"]])
    explained = sum(
        np.maximum(rows[:, column[f"in_{name}"]], rows[:, column[f"by_{name}"]])
        for name in rule.explained_by
    )
    found: NDArray[np.bool_] = (
        (size >= rule.min_ml) & (heat >= rule.min_over_level) & (explained <= rule.max_explained)
    )
    return found
