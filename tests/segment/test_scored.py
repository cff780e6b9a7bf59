"""The scored segmenter: what the scorer says, masses that it may not drop, extents."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Volume
from oligocount.inference.forest import Forest
from oligocount.inference.scorer import Scorer
from oligocount.segment.extent import with_fragments
from oligocount.segment.scored import ScoredSegmenter
from oligocount.segment.spots import FEATURES, Spots

WHOLE = load_settings()
SETTINGS = WHOLE.segment


class NotOrgan(torch.nn.Module):
    """Sure of a lesion wherever heart and liver are not, by the features `in_heart`, `in_liver`."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return 6.0 - 12.0 * (rows.sum(dim=1, keepdim=True) > 0.5)


class Hardly(torch.nn.Module):
    """Takes nothing for a lesion, with a probability of 0.05."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.full((len(rows), 1), -3.0)


class Never(torch.nn.Module):
    """Sure that nothing is a lesion."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.full((len(rows), 1), -9.0)


def silent() -> Forest:
    """A forest that adds nothing: what networks say counts half."""
    none = np.zeros(1, np.int64)
    return Forest(
        feature=none, threshold=np.zeros(1), below=none, above=none, values=np.zeros(1),
        roots=none, depth=0, base=0.0,
    )  # fmt: skip


def segmenter(member: torch.nn.Module, strain_share: float = 1.0) -> ScoredSegmenter:
    scorer = Scorer(
        features=("in_heart", "in_liver"), members=(member,),
        edges=torch.tensor([[0.0, 0.0], [1.0, 1.0]]),
        forest=silent(), slope=2.0, intercept=0.0, min_probability=0.35,
        strain_share=strain_share,
    )  # fmt: skip
    return ScoredSegmenter(
        scorer=scorer, bundle=None, model=ModelInfo(name="drawn", version="1"),
        min_probability=0.35, settings=SETTINGS,
    )  # fmt: skip


def with_suv(images: AlignedImages, suv: np.ndarray) -> AlignedImages:
    held = images.suv
    return AlignedImages(suv=Volume(array=suv, unit=held.unit, geometry=held.geometry))


def lesions(found: LesionMap) -> list[int]:
    """The labels that the scorer holds for lesions."""
    return [n for n, chance in found.probability.items() if chance and chance >= 0.35]


def test_what_the_scorer_takes_for_the_heart_stays_as_no_lesion(
    images: AlignedImages, organs: OrganMap
) -> None:
    found = segmenter(NotOrgan())(images, organs)
    suv, labels = images.suv.array, found.labels.array
    assert [suv[labels == n].max() for n in lesions(found)] == [12, 9]
    sure = 1 / (1 + np.exp(-6))
    assert [found.probability[n] for n in lesions(found)] == pytest.approx([sure, sure])
    others = [n for n in found.labels.names if n not in lesions(found)]
    assert all(found.probability[n] < 0.01 for n in others)
    assert (np.isin(labels, others) & organs.labels.mask("heart")).any()


def test_a_lesion_is_drawn_as_large_as_it_is(images: AlignedImages, organs: OrganMap) -> None:
    """The focus of SUV 9 fills 4 x 4 x 4 voxels."""
    found = segmenter(NotOrgan())(images, organs)
    focus = found.labels.array == found.labels.array[6, 23, 29]
    assert focus.sum() == 64


def test_a_lesion_does_not_grow_into_what_was_left_out(
    images: AlignedImages, organs: OrganMap
) -> None:
    found = segmenter(NotOrgan())(images, organs)
    assert not np.isin(found.labels.array[18:26, 10:20, 20:30], lesions(found)).any()


def with_mass(images: AlignedImages) -> AlignedImages:
    """45 ml of SUV 9 away from liver and heart."""
    suv = images.suv.array.copy()
    suv[16:26, 22:29, 2:12] = 9.0
    return with_suv(images, suv)


def test_a_large_hot_mass_that_no_organ_explains_is_a_doubt(
    images: AlignedImages, organs: OrganMap
) -> None:
    """Drawn whole, told with its reason, and below what a lesion needs."""
    found = segmenter(Hardly())(with_mass(images), organs)
    (mass,) = found.doubts
    assert (found.labels.array == mass).sum() == 10 * 7 * 10
    assert found.doubts[mass].code == "UNEXPLAINED_MASS"
    assert found.probability[mass] == SETTINGS.mass.min_probability
    assert SETTINGS.mass.min_probability < WHOLE.locate.malignant_min_probability


def test_a_mass_of_which_the_scorer_is_sure_stays_with_its_probability(
    images: AlignedImages, organs: OrganMap
) -> None:
    found = segmenter(Never())(with_mass(images), organs)
    number = int(found.labels.array[20, 25, 6])
    assert found.probability[number] == pytest.approx(1 / (1 + np.exp(9)))
    assert not found.doubts


def test_a_mass_that_the_scorer_holds_for_a_lesion_is_no_doubt(
    images: AlignedImages, organs: OrganMap
) -> None:
    found = segmenter(NotOrgan())(with_mass(images), organs)
    assert not found.doubts
    assert (found.probability[int(found.labels.array[20, 25, 6])] or 0) > 0.9


SURE, AMONG_ALL = 1 / (1 + np.exp(-6)), 1 / (1 + 20 * np.exp(-6))


@pytest.mark.parametrize(
    ("suv", "organ", "share", "told"),
    [
        (3.5, "muscle", 0.05, AMONG_ALL), (3.5, "muscle", 1.0, SURE), (3.5, "body", 0.05, SURE),
        (9.0, "muscle", 0.05, SURE),
    ],
    ids=["strain", "learned from all", "elsewhere", "hot"],
)  # fmt: skip
def test_the_odds_of_strained_muscle_count_as_in_all(
    images: AlignedImages, organs: OrganMap, suv: float, organ: str, share: float, told: float
) -> None:
    """9 ml in muscle, drawn as before whatever is told of it: learned from one in twenty."""
    spot = (slice(18, 22), slice(22, 28), slice(4, 10))
    uptake, names = images.suv.array.copy(), organs.labels.array.copy()
    uptake[spot], names[15:25, 20:30, 0:14] = suv, 3
    held = replace(organs.labels, array=names, names={**organs.labels.names, 3: organ})
    drawn = replace(organs, labels=held, known=organs.known | {organ})
    found = segmenter(NotOrgan(), share)(with_suv(images, uptake), drawn)
    number = int(found.labels.array[20, 25, 6])
    assert (found.labels.array[spot] == number).all()
    assert found.probability[number] == pytest.approx(told)


def test_a_hot_organ_is_no_unexplained_mass(images: AlignedImages, organs: OrganMap) -> None:
    found = segmenter(Hardly())(images, organs)
    assert not lesions(found)
    assert not found.doubts


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_a_fragment_beside_a_lesion_belongs_to_it(images: AlignedImages, gap: int) -> None:
    labels = np.zeros(images.suv.array.shape, np.int32)
    labels[4:8, 4:8, 4:8], labels[8 + gap : 10 + gap, 4:8, 4:8] = 1, 2
    labels[15:17, 4:8, 4:8] = 3
    spots = Spots(
        labels=labels, rows=np.zeros((3, len(FEATURES)), np.float32), geometry=images.suv.geometry
    )
    chances = np.array([0.9, 0.2, 0.2])
    kept = with_fragments(spots, chances >= 0.35, chances, low=0.14)
    assert kept.tolist() == [False, True, True, False]
