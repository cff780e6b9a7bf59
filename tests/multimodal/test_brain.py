"""What MR of the brain shows outside the brain: no brain lesion, and no network's to judge."""

from dataclasses import replace

import numpy as np
import pytest

import drawn_body
from oligocount import locate
from oligocount.anatomy import map_anatomy
from oligocount.assess import assess
from oligocount.config import load_settings
from oligocount.domain.anatomy import Anatomy, OrganMap
from oligocount.domain.facts import ClinicalFacts, Histology
from oligocount.domain.lesion import (
    Kind,
    Lesion,
    LesionMap,
    LocatedLesion,
    SeenMeasures,
    Status,
)
from oligocount.domain.mr import MrFacts, MrRegion, MrSequence
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import MrImage
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.multimodal import Joined, MrLesions, SeenLesion, join, look
from oligocount.multimodal.brain import beside_brain, find_brain

SETTINGS = load_settings()
Point = tuple[float, float, float]
BOXES = {
    "body": (-170, 170, -110, 110, 0, 697),
    "vertebrae_C": (-20, 20, 30, 70, 350, 480),
    "skull": (-80, 80, -90, 90, 490, 690),
    "brain": (-70, 70, -80, 80, 502, 678),  # voxels from x -67.5 to 67.5, z 505 to 675
}
IN_BRAIN, IN_VERTEBRA = (10.0, 0.0, 600.0), (0.0, 50.0, 420.0)
HAND = ModelInfo(name="hand", version="1")


def organs(**boxes: tuple[float, ...]) -> OrganMap:
    return drawn_body.organ_map({**BOXES, **boxes})


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return map_anatomy(organs(), drawn_body.images(), SETTINGS.anatomy)


def mark(
    centre: Point,
    radius_mm: float = 8.0,
    *,
    only: MrRegion | None = MrRegion.BRAIN,
    probability: float | None = 0.97,
    is_moved: bool = True,
) -> SeenLesion:
    """A ball on an MR of the brain, 3 mm sure; `only` None is one who knows other organs, too."""
    index = np.argwhere(drawn_body.ball(centre, radius_mm))
    axes = [np.arange(-radius_mm, radius_mm + 1, 1.0)] * 3
    ball = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = ball[np.linalg.norm(ball, axis=1) <= radius_mm] + centre
    measures = SeenMeasures(
        volume_ml=2.0, longest_diameter_mm=16.0, adc_mean_um2_s=None, adc_min_um2_s=None,
        sequence="FLAIR", move="registered", uncertainty_mm=3.0 if is_moved else None,
    )  # fmt: skip
    return SeenLesion(
        measures=measures,
        probability=probability,
        region=MrRegion.BRAIN,
        points_lps_mm=points if is_moved else None,
        index=index if is_moved else np.zeros((0, 3), np.intp),
        only=only,
    )


def placed(one: SeenLesion, drawn: OrganMap | None = None) -> SeenLesion:
    brain = find_brain(drawn or organs(), SETTINGS.multimodal)
    return beside_brain([one], brain, SETTINGS.multimodal)[0]


@pytest.mark.parametrize("gap_mm", [12.0, 40.0, 90.0])
@pytest.mark.parametrize("way", [(1.0, 0.0, 0.0), (0.0, 0.0, -1.0)], ids=["aside", "below"])
def test_the_gap_is_from_edge_to_edge(gap_mm: float, way: Point) -> None:
    edge = 70.0 if way[0] else 97.5  # the brain's, from (0, 0, 600)
    centre = np.array([0.0, 0.0, 600.0]) + (edge + gap_mm + 8.0) * np.array(way)
    off = placed(mark((centre[0], centre[1], centre[2]))).off_brain
    assert off is not None
    assert off.gap_mm == pytest.approx(gap_mm, abs=1.0)
    assert off.reach_mm == 2 * 3.0
    assert off.is_outside


@pytest.mark.parametrize("centre", [IN_BRAIN, (76.0, 0.0, 600.0), (79.0, 0.0, 600.0)])
def test_what_reaches_the_brain_or_its_edge_is_not_off(centre: Point) -> None:
    """One ball within, one half in the skull, one a millimetre away: 3 mm is the move unsure."""
    assert placed(mark(centre)).off_brain is None


def test_a_border_that_may_err_is_no_proof() -> None:
    """10 mm off, with a map that may be 8 mm off and a move that may be 6: it may be inside."""
    one = mark((88.0, 0.0, 600.0))
    loose = placed(one, replace(organs(), border_mm=8.0)).off_brain
    exact = placed(one).off_brain
    assert loose is not None
    assert exact is not None
    assert (loose.is_outside, exact.is_outside) == (False, True)


def test_beyond_the_end_that_cuts_the_brain_anything_may_be_brain() -> None:
    cut = organs(brain=(-70, 70, -80, 80, 600, 697), skull=(-80, 80, -90, 90, 590, 697))
    assert placed(mark((0.0, 0.0, 740.0)), cut).off_brain is None
    assert placed(mark((150.0, 0.0, 690.0)), cut).off_brain is None
    assert placed(mark(IN_VERTEBRA), cut).is_aside
    whole = placed(mark((0.0, 0.0, 740.0))).off_brain
    assert whole is not None
    assert whole.is_outside


def test_a_hole_in_the_drawn_brain_is_brain() -> None:
    drawn = organs(body_lump=(-20, 40, -30, 30, 570, 630))
    assert placed(mark(IN_BRAIN), drawn).off_brain is None


@pytest.mark.parametrize(
    "drawn",
    [
        organs(brain=(0, 10, 0, 10, 600, 610)),
        drawn_body.organ_map(),
    ],
    ids=["a speck", "no head"],
)
def test_what_is_no_brain_sets_nothing_aside(drawn: OrganMap) -> None:
    assert find_brain(drawn, SETTINGS.multimodal) is None
    assert placed(mark(IN_VERTEBRA), drawn).off_brain is None


def joined(anatomy: Anatomy, *seen: SeenLesion, pet: Point | None = None) -> Joined:
    """The marks with one equivocal focus on PET at `pet`."""
    suv = np.ones(drawn_body.SHAPE, np.float32)
    labels = np.zeros(drawn_body.SHAPE, np.int32)
    if pet is not None:
        labels[drawn_body.ball(pet, 10)] = 1
        suv[labels > 0] = 9.0
    images = drawn_body.images(suv)
    names = {1: "1"} if pet is not None else {}
    foci = LesionMap(
        labels=LabelMap(array=labels, names=names, geometry=drawn_body.geometry()),
        probability=dict.fromkeys(names),
        model=HAND,
    )
    measured = locate.measure(foci, images.suv)
    located = locate.locate(foci, measured, anatomy, images, ClinicalFacts(), SETTINGS.locate)
    located = tuple(
        replace(one, finding=replace(one.finding, status=Status.EQUIVOCAL)) for one in located
    )

    def place(found: LesionMap, those: tuple[Lesion, ...]) -> tuple[LocatedLesion, ...]:
        return locate.place(found, those, anatomy, images, ClinicalFacts(), SETTINGS.locate)

    there = tuple(map(placed, seen))
    return join(foci, located, there, place, images.suv, SETTINGS.multimodal)


def n_range(whole: Joined) -> tuple[int, int]:
    facts = ClinicalFacts(histology=Histology.SCC, months_from_primary_diagnosis=0)
    counts = assess([one.finding for one in whole.lesions], facts, SETTINGS).counts
    return counts.n_low, counts.n_high


def codes(one: LocatedLesion) -> list[str]:
    return [each.code for each in one.caveats]


def test_a_network_of_the_brain_judges_no_vertebra(anatomy: Anatomy) -> None:
    """It stays in the list with its place and the reason, and counts in no reading."""
    whole = joined(anatomy, mark(IN_VERTEBRA), mark(IN_BRAIN))
    aside, brain = whole.lesions
    assert (aside.finding.kind, aside.finding.status) == (Kind.PHYSIOLOGIC, Status.BENIGN)
    assert aside.finding.site.organ == "bone"
    assert codes(aside) == ["MR_OUTSIDE_BRAIN"]
    assert (whole.foci.labels.array == aside.lesion.id).any()
    assert brain.finding.site.organ == "brain"
    assert n_range(whole) == (1, 1)


def test_nor_does_it_settle_what_pet_leaves_open_there(anatomy: Anatomy) -> None:
    whole = joined(anatomy, mark(IN_VERTEBRA), pet=IN_VERTEBRA)
    on_pet, aside = whole.lesions
    assert on_pet.lesion.modality == ("PT",)
    assert on_pet.finding.status is Status.EQUIVOCAL
    assert aside.finding.kind is Kind.PHYSIOLOGIC
    assert n_range(whole) == (0, 1)


def test_a_readers_mark_in_a_vertebra_is_a_lesion_of_bone(anatomy: Anatomy) -> None:
    whole = joined(anatomy, mark(IN_VERTEBRA, only=None, probability=None))
    (one,) = whole.lesions
    assert (one.finding.site.organ, one.finding.kind) == ("bone", Kind.ORGAN)
    assert codes(one) == []
    assert n_range(whole) == (1, 1)


def test_a_mark_beside_the_brain_is_counted_both_ways(anatomy: Anatomy) -> None:
    """5 mm off: the registration may be, the skull or the meninges may be ill; nothing is lost."""
    whole = joined(anatomy, mark((83.0, 0.0, 600.0)))
    (one,) = whole.lesions
    assert one.finding.status is Status.EQUIVOCAL
    assert codes(one) == ["MR_BESIDE_BRAIN"]
    assert n_range(whole) == (0, 1)
    by_reader = joined(anatomy, mark((83.0, 0.0, 600.0), only=None, probability=None))
    assert n_range(by_reader) == (1, 1)


def test_without_a_place_a_networks_mark_is_open_and_a_readers_counts(anatomy: Anatomy) -> None:
    whole = joined(anatomy, mark(IN_BRAIN, is_moved=False))
    assert codes(whole.lesions[0]) == ["MR_BRAIN_UNCHECKED"]
    assert n_range(whole) == (0, 1)
    read = joined(anatomy, mark(IN_BRAIN, is_moved=False, only=None, probability=None))
    assert n_range(read) == (1, 1)


def test_the_case_is_told_of_marks_outside_the_brain() -> None:
    geometry = drawn_body.geometry()
    array = np.zeros(drawn_body.SHAPE, np.int32)
    for number, centre in enumerate((IN_VERTEBRA, IN_BRAIN), start=1):
        array[drawn_body.ball(centre, 10)] = number
    flat = Volume(array=np.zeros(drawn_body.SHAPE, np.float32), unit=Unit.ARBITRARY,
                  geometry=geometry)  # fmt: skip
    facts = MrFacts(sequence=MrSequence.DWI, region=MrRegion.BRAIN)
    image = MrImage(kind="dwi", series_uid="1", volume=flat, facts=facts)
    marked = MrLesions(
        image=image,
        lesions=LesionMap(
            labels=LabelMap(array=array, names={1: "1", 2: "2"}, geometry=geometry),
            probability={1: 0.97, 2: 0.97},
            model=HAND,
        ),
        only=MrRegion.BRAIN,
    )
    told = {}
    for name, one in {"network": marked, "reader": replace(marked, only=None)}.items():
        found = look((image,), lambda _, one=one: (one,), drawn_body.images(), organs(), SETTINGS)
        told[name] = [each.text for each in found.caveats if each.code == "MR_MARKS_OUTSIDE_BRAIN"]
    assert [text.split(": ")[1] for text in told["network"]] == ["1, listed and not counted"]
    assert told["reader"] == []
