"""What a network of one organ's lesions marks outside that organ: not its to judge."""

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
from oligocount.multimodal.own_organ import beside_organ, find_organ
from oligocount.multimodal.seen import OffOrgan

SETTINGS = load_settings()
Point = tuple[float, float, float]
BOXES = {
    "body": (-170, 170, -110, 110, 0, 697),
    "vertebrae_C": (-20, 20, 30, 70, 350, 480),
    "skull": (-80, 80, -90, 90, 490, 690),
    "brain": (-70, 70, -80, 80, 502, 678),  # voxels from x -67.5 to 67.5, z 505 to 675
}
IN_BRAIN, IN_VERTEBRA = (10.0, 0.0, 600.0), (0.0, 50.0, 420.0)
IN_LIVER, IN_SPLEEN = (-60.0, 0.0, 340.0), (110.0, 30.0, 340.0)
HAND = ModelInfo(name="hand", version="1")


def organs(**boxes: tuple[float, ...]) -> OrganMap:
    return drawn_body.organ_map({**BOXES, **boxes})


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return map_anatomy(organs(), drawn_body.images(), SETTINGS.anatomy)


@pytest.fixture(scope="module")
def trunk() -> Anatomy:
    return map_anatomy(liver_map(), drawn_body.images(), SETTINGS.anatomy)


def liver_map() -> OrganMap:
    return drawn_body.organ_map()


def mark(
    centre: Point,
    radius_mm: float = 8.0,
    *,
    region: MrRegion = MrRegion.BRAIN,
    is_read: bool = False,
    sure_mm: float = 3.0,
    is_moved: bool = True,
) -> SeenLesion:
    """A ball on an MR of the region, marked by a network of its organ alone or by a reader."""
    index = np.argwhere(drawn_body.ball(centre, radius_mm))
    axes = [np.arange(-radius_mm, radius_mm + 1, 1.0)] * 3
    ball = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = ball[np.linalg.norm(ball, axis=1) <= radius_mm] + centre
    measures = SeenMeasures(
        volume_ml=2.0, longest_diameter_mm=16.0, adc_mean_um2_s=None, adc_min_um2_s=None,
        sequence="FLAIR", move="registered", uncertainty_mm=sure_mm if is_moved else None,
    )  # fmt: skip
    return SeenLesion(
        measures=measures,
        probability=None if is_read else 0.97,
        region=region,
        points_lps_mm=points if is_moved else None,
        index=index if is_moved else np.zeros((0, 3), np.intp),
        only=None if is_read else region,
    )


def placed(one: SeenLesion, drawn: OrganMap | None = None) -> SeenLesion:
    return beside_organ([one], drawn or organs(), SETTINGS.multimodal)[0]


def off(one: SeenLesion, drawn: OrganMap | None = None) -> OffOrgan:
    found = placed(one, drawn).off_organ
    assert found is not None
    return found


@pytest.mark.parametrize("gap_mm", [12.0, 40.0, 90.0])
@pytest.mark.parametrize("way", [(1.0, 0.0, 0.0), (0.0, 0.0, -1.0)], ids=["aside", "below"])
def test_the_gap_is_from_edge_to_edge(gap_mm: float, way: Point) -> None:
    edge = 70.0 if way[0] else 97.5  # the brain's, from (0, 0, 600)
    centre = np.array([0.0, 0.0, 600.0]) + (edge + gap_mm + 8.0) * np.array(way)
    found = off(mark((centre[0], centre[1], centre[2])))
    assert found.gap_mm == pytest.approx(gap_mm, abs=1.0)
    assert found.half_mm == pytest.approx(gap_mm + 8.0, abs=1.0)
    assert found.reach_mm == 2 * 3.0
    assert found.is_outside
    assert found.is_off


@pytest.mark.parametrize("centre", [IN_BRAIN, (72.0, 0.0, 600.0), (75.0, 0.0, 600.0)])
def test_what_reaches_the_brain_or_its_edge_is_not_off(centre: Point) -> None:
    """One ball within, one half in the skull, one just beside: 3 mm is the move unsure."""
    assert not off(mark(centre, 4.0)).is_off


def test_what_touches_an_organ_with_its_edge_alone_is_a_doubt() -> None:
    """It ends a millimetre off, its middle 21: no error puts half of it into the brain."""
    found = off(mark((91.0, 0.0, 600.0), 20.0))
    assert found.gap_mm < found.sure_mm
    assert found.is_off
    assert not found.is_outside


def test_a_border_that_may_err_is_no_proof() -> None:
    """10 mm off, with a map that may be 8 mm off and a move that may be 6: it may be inside."""
    one = mark((88.0, 0.0, 600.0))
    assert not off(one, replace(organs(), border_mm=8.0)).is_outside
    assert off(one).is_outside


def test_the_liver_breathes_and_the_brain_does_not() -> None:
    """Each 12 mm off, on an MR of the PET's own frame of reference: 3 mm is it unsure."""
    dome = (-60.0, 0.0, 442.5)
    above = off(mark(dome, region=MrRegion.LIVER), liver_map())
    assert above.gap_mm == pytest.approx(12.0, abs=1.0)
    assert above.reach_mm == 15.0
    assert not above.is_outside
    assert off(mark((90.0, 0.0, 600.0))).is_outside
    registered = mark(dome, region=MrRegion.LIVER, sure_mm=8.0)
    assert off(registered, liver_map()).reach_mm == 2 * 8.0


def test_beyond_the_end_that_cuts_the_brain_anything_may_be_brain() -> None:
    cut = organs(brain=(-70, 70, -80, 80, 600, 697), skull=(-80, 80, -90, 90, 590, 697))
    assert not off(mark((0.0, 0.0, 740.0)), cut).is_off
    assert not off(mark((150.0, 0.0, 690.0)), cut).is_off
    assert placed(mark(IN_VERTEBRA), cut).is_aside
    assert off(mark((0.0, 0.0, 740.0))).is_outside


def test_a_hole_in_the_drawn_brain_is_brain() -> None:
    drawn = organs(body_lump=(-20, 40, -30, 30, 570, 630))
    assert off(mark(IN_BRAIN), drawn).half_mm < 1.0


@pytest.mark.parametrize(
    ("drawn", "region"),
    [
        (organs(brain=(0, 10, 0, 10, 600, 610)), MrRegion.BRAIN),
        (drawn_body.organ_map(), MrRegion.BRAIN),
        (organs(), MrRegion.LIVER),
        (organs(liver=(-90, -20, -40, 30, 300, 380)), MrRegion.LIVER),
    ],
    ids=["a speck", "no head", "no liver", "a piece of liver"],
)
def test_what_is_no_whole_organ_sets_nothing_aside_and_tells(
    anatomy: Anatomy, drawn: OrganMap, region: MrRegion
) -> None:
    """Far from all: nobody knows whether it lies in the organ, so it counts both ways."""
    assert find_organ(drawn, region, SETTINGS.multimodal) is None
    one = placed(mark(IN_VERTEBRA, region=region), drawn)
    assert one.off_organ is None
    assert not one.is_aside
    whole = joined(anatomy, mark(IN_VERTEBRA, region=region), drawn=drawn)
    assert codes(whole.lesions[0]) == ["MR_ORGAN_UNCHECKED"]
    assert "draws no whole" in whole.lesions[0].caveats[0].text
    assert n_range(whole) == (0, 1)
    read = joined(anatomy, mark(IN_VERTEBRA, region=region, is_read=True), drawn=drawn)
    assert codes(read.lesions[0]) == []


@pytest.mark.parametrize("region", [MrRegion.WHOLE_BODY, MrRegion.OTHER])
def test_a_network_of_no_one_organ_is_bound_to_none(anatomy: Anatomy, region: MrRegion) -> None:
    whole = joined(anatomy, mark(IN_VERTEBRA, region=region))
    assert codes(whole.lesions[0]) == []
    assert n_range(whole) == (1, 1)


def joined(
    anatomy: Anatomy, *seen: SeenLesion, pet: Point | None = None, drawn: OrganMap | None = None
) -> Joined:
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

    there = tuple(placed(one, drawn or anatomy.organs) for one in seen)
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
    assert codes(aside) == ["MR_OUTSIDE_ORGAN"]
    assert aside.finding.set_aside == "brain"
    assert brain.finding.set_aside is None
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
    whole = joined(anatomy, mark(IN_VERTEBRA, is_read=True))
    (one,) = whole.lesions
    assert (one.finding.site.organ, one.finding.kind) == ("bone", Kind.ORGAN)
    assert codes(one) == []
    assert n_range(whole) == (1, 1)


def test_a_mark_beside_the_brain_is_counted_both_ways(anatomy: Anatomy) -> None:
    """5 mm off: the registration may be, the skull or the meninges may be ill; nothing is lost."""
    whole = joined(anatomy, mark((83.0, 0.0, 600.0)))
    (one,) = whole.lesions
    assert one.finding.status is Status.EQUIVOCAL
    assert codes(one) == ["MR_BESIDE_ORGAN"]
    assert n_range(whole) == (0, 1)
    by_reader = joined(anatomy, mark((83.0, 0.0, 600.0), is_read=True))
    assert n_range(by_reader) == (1, 1)


def test_without_a_place_a_networks_mark_is_open_and_a_readers_counts(anatomy: Anatomy) -> None:
    whole = joined(anatomy, mark(IN_BRAIN, is_moved=False))
    assert codes(whole.lesions[0]) == ["MR_ORGAN_UNCHECKED"]
    assert n_range(whole) == (0, 1)
    read = joined(anatomy, mark(IN_BRAIN, is_moved=False, is_read=True))
    assert n_range(read) == (1, 1)


def test_a_network_of_the_liver_judges_no_spleen(trunk: Anatomy) -> None:
    """As on a phantom: spleen marked with 0.97. It is listed with its place, the liver counts."""
    ill, spleen = mark(IN_LIVER, region=MrRegion.LIVER), mark(IN_SPLEEN, region=MrRegion.LIVER)
    whole = joined(trunk, spleen, ill)
    aside, liver = whole.lesions
    assert (aside.finding.kind, aside.finding.status) == (Kind.PHYSIOLOGIC, Status.BENIGN)
    assert (aside.finding.site.organ, aside.finding.set_aside) == ("spleen", "liver")
    assert codes(aside) == ["MR_OUTSIDE_ORGAN"]
    assert "82 mm off the liver" in aside.caveats[0].text  # x from 20 to 110 less 8, by voxels
    assert (liver.finding.site.organ, codes(liver)) == ("liver", [])
    assert n_range(whole) == (1, 1)


def test_a_readers_mark_in_the_spleen_is_a_lesion_of_the_spleen(trunk: Anatomy) -> None:
    whole = joined(trunk, mark(IN_SPLEEN, region=MrRegion.LIVER, is_read=True))
    assert (whole.lesions[0].finding.site.organ, codes(whole.lesions[0])) == ("spleen", [])
    assert n_range(whole) == (1, 1)


def test_what_a_network_of_the_liver_marks_in_the_stomach_is_a_doubt(trunk: Anatomy) -> None:
    """Its edge lies 12 mm from the liver, which breathes: it is no lesion of the stomach, maybe."""
    whole = joined(trunk, mark((40.0, -40.0, 360.0), region=MrRegion.LIVER))
    (one,) = whole.lesions
    assert (one.finding.site.organ, one.finding.status) == ("stomach", Status.EQUIVOCAL)
    assert codes(one) == ["MR_BESIDE_ORGAN"]
    assert n_range(whole) == (0, 1)


def test_a_doubtful_mark_settles_nothing_that_pet_leaves_open(trunk: Anatomy) -> None:
    there = (40.0, -40.0, 360.0)
    whole = joined(trunk, mark(there, region=MrRegion.LIVER), pet=there)
    (both,) = whole.lesions
    assert both.lesion.modality == ("PT", "MR")
    assert both.finding.status is Status.EQUIVOCAL
    assert "MR_BESIDE_ORGAN" in codes(both)
    read = joined(trunk, mark(there, region=MrRegion.LIVER, is_read=True), pet=there)
    assert read.lesions[0].finding.status is Status.MALIGNANT


def test_the_case_is_told_of_marks_outside_the_organ() -> None:
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
        told[name] = [each.text for each in found.caveats if each.code == "MR_MARKS_OUTSIDE_ORGAN"]
    assert [text.split(": ")[1] for text in told["network"]] == ["1, listed and not counted"]
    assert told["reader"] == []
