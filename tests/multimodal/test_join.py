"""Lesions of PET and MRI as one list, on small grids drawn by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

import drawn_body
from oligocount import locate
from oligocount.anatomy import map_anatomy
from oligocount.assess import assess
from oligocount.config import load_settings
from oligocount.domain.anatomy import Anatomy
from oligocount.domain.facts import ClinicalFacts, Histology
from oligocount.domain.lesion import Kind, Lesion, LesionMap, LocatedLesion, Status
from oligocount.domain.mr import MrFacts, MrRegion, MrSequence
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.registration import Move, MoveSource
from oligocount.domain.study import MrImage
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.multimodal import Joined, MrLesions, join, see

SETTINGS = load_settings()
LIVER = (-60.0, 0.0, 340.0)
Point = tuple[float, float, float]
HAND = ModelInfo(name="hand", version="1")
SHIFT_MM = np.array([40.0, -25.0, 300.0])  # where the MR's own frame lies


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return map_anatomy(drawn_body.organ_map(), drawn_body.images(), SETTINGS.anatomy)


def on_pet(
    anatomy: Anatomy, *foci: tuple[Point, float], level: float = 9.0
) -> tuple[LesionMap, tuple[LocatedLesion, ...], Volume]:
    """Balls of uptake (centre, radius), located."""
    suv = np.ones(drawn_body.SHAPE, np.float32)
    labels = np.zeros(drawn_body.SHAPE, np.int32)
    for number, (point, radius_mm) in enumerate(foci, start=1):
        mask = drawn_body.ball(point, radius_mm)
        suv[mask], labels[mask] = level, number
    images = drawn_body.images(suv)
    names = {number: str(number) for number in range(1, len(foci) + 1)}
    found = LesionMap(
        labels=LabelMap(array=labels, names=names, geometry=drawn_body.geometry()),
        probability=dict.fromkeys(names, None),
        model=HAND,
    )
    measured = locate.measure(found, images.suv)
    located = locate.locate(found, measured, anatomy, images, ClinicalFacts(), SETTINGS.locate)
    return found, located, images.suv


def on_mr(
    *lesions: tuple[Point, float],
    region: MrRegion | None = None,
    probability: float | None = None,
    uncertainty_mm: float = 3.0,
    is_moved: bool = True,
    adc: Volume | None = None,
) -> Sequence[object]:
    """Balls on a 3 mm MR whose own frame lies `SHIFT_MM` away from the PET's."""
    points = np.array([centre for centre, _ in lesions])
    low = points.min(axis=0) - 40 + SHIFT_MM
    size = np.ceil((np.ptp(points, axis=0) + 80) / 3).astype(int)
    affine = np.eye(4)[[2, 1, 0, 3]] * [3.0, 3.0, 3.0, 1]
    affine[:3, 3] = low
    geometry = Geometry(shape=tuple(size[::-1]), affine=affine, frame_of_reference_uid="mr")
    world = geometry.to_lps_mm(np.argwhere(np.ones(geometry.shape, bool)).astype(float))
    array = np.zeros(geometry.shape, np.int32)
    for number, (centre, radius_mm) in enumerate(lesions, start=1):
        inside = np.linalg.norm(world - SHIFT_MM - centre, axis=1) <= radius_mm
        array[inside.reshape(geometry.shape)] = number
    names = {number: str(number) for number in range(1, len(lesions) + 1)}
    image = MrImage(
        kind="t2",
        series_uid="1",
        volume=Volume(
            array=np.zeros(geometry.shape, np.float32), unit=Unit.ARBITRARY, geometry=geometry
        ),
        facts=MrFacts(sequence=MrSequence.T2, region=region),
    )
    marked = MrLesions(
        image=image,
        lesions=LesionMap(
            labels=LabelMap(array=array, names=names, geometry=geometry),
            probability=dict.fromkeys(names, probability),
            model=HAND,
        ),
    )
    matrix = np.eye(4)
    matrix[:3, 3] = -SHIFT_MM
    move = Move(matrix=matrix, source=MoveSource.REGISTERED, uncertainty_mm=uncertainty_mm)
    maps = () if adc is None else (replace(image, kind="adc", volume=adc),)
    return see(marked, drawn_body.geometry(), move if is_moved else None, maps)


def joined(
    anatomy: Anatomy,
    pet: tuple[LesionMap, tuple[LocatedLesion, ...], Volume],
    seen: Sequence[object],
) -> Joined:
    foci, located, suv = pet
    images = drawn_body.images(suv.array)

    def place(found: LesionMap, measured: tuple[Lesion, ...]) -> tuple[LocatedLesion, ...]:
        return locate.place(found, measured, anatomy, images, ClinicalFacts(), SETTINGS.locate)

    return join(foci, located, seen, place, suv, SETTINGS.multimodal)


def n_range(whole: Joined) -> tuple[int, int]:
    facts = ClinicalFacts(histology=Histology.SCC, months_from_primary_diagnosis=0)
    counts = assess([one.finding for one in whole.lesions], facts, SETTINGS).counts
    return counts.n_low, counts.n_high


def test_a_lesion_on_both_is_one_with_both_modalities(anatomy: Anatomy) -> None:
    pet = on_pet(anatomy, (LIVER, 12))
    whole = joined(anatomy, pet, on_mr(((-57, 2, 342), 14)))
    (one,) = whole.lesions
    assert one.lesion.modality == ("PT", "MR")
    assert one.finding.site.organ == "liver"
    assert n_range(whole) == (1, 1)
    assert one.lesion.mr is not None
    assert one.lesion.mr.volume_ml == pytest.approx(4.19 * 1.4**3, rel=0.1)
    assert one.lesion.volume_ml == pet[1][0].lesion.volume_ml  # PET's measures stay


def test_a_lesion_on_mri_alone_is_one_more_where_it_lies(anatomy: Anatomy) -> None:
    """60 mm away in the liver: two lesions; its size is MRI's, its uptake PET's."""
    whole = joined(anatomy, on_pet(anatomy, (LIVER, 12)), on_mr(((-100, -40, 300), 9)))
    first, second = whole.lesions
    assert (first.lesion.modality, second.lesion.modality) == (("PT",), ("MR",))
    assert second.finding.site.organ == "liver"
    assert second.finding.status is Status.MALIGNANT
    assert second.lesion.suv_max == 1.0
    assert n_range(whole) == (2, 2)
    assert (whole.foci.labels.array == second.lesion.id).any()


@pytest.mark.parametrize(
    ("gap_mm", "uncertainty_mm", "low_high"),
    [(1, 3, (1, 2)), (30, 3, (2, 2)), (30, 20, (1, 2))],
    ids=["near", "far", "far but unsure"],
)
def test_what_may_be_one_is_counted_both_ways(
    anatomy: Anatomy, gap_mm: float, uncertainty_mm: float, low_high: tuple[int, int]
) -> None:
    """Side by side with a gap: one or two, by what the registration can be off."""
    pet = on_pet(anatomy, (LIVER, 10))
    beside = (LIVER[0] - 10 - gap_mm - 8, LIVER[1], LIVER[2])
    whole = joined(anatomy, pet, on_mr((beside, 8), uncertainty_mm=uncertainty_mm))
    assert n_range(whole) == low_high
    codes = [each.code for each in whole.lesions[1].caveats]
    assert ("MR_MATCH_DOUBTFUL" in codes) == (low_high == (1, 2))


def test_two_on_mri_where_pet_shows_one_is_counted_both_ways(anatomy: Anatomy) -> None:
    pet = on_pet(anatomy, (LIVER, 18))
    whole = joined(anatomy, pet, on_mr(((-70, 0, 340), 6), ((-50, 0, 340), 6)))
    assert n_range(whole) == (1, 2)
    assert [each.code for each in whole.lesions[1].caveats] == ["SEVERAL_ON_MR"]


def test_one_on_mri_where_pet_shows_two_is_counted_both_ways(anatomy: Anatomy) -> None:
    pet = on_pet(anatomy, ((-75, 0, 340), 7), ((-45, 0, 340), 7))
    whole = joined(anatomy, pet, on_mr((LIVER, 26)))
    assert n_range(whole) == (1, 2)
    assert sum("ONE_ON_MR" in [c.code for c in each.caveats] for each in whole.lesions) == 1


def test_a_readers_mark_on_mri_settles_what_pet_leaves_open(anatomy: Anatomy) -> None:
    found, located, suv = on_pet(anatomy, (LIVER, 12))
    unsure = replace(located[0], finding=replace(located[0].finding, status=Status.EQUIVOCAL))
    whole = joined(anatomy, (found, (unsure,), suv), on_mr((LIVER, 12)))
    assert whole.lesions[0].finding.status is Status.MALIGNANT
    faint = joined(anatomy, (found, (unsure,), suv), on_mr((LIVER, 12), probability=0.2))
    assert faint.lesions[0].finding.status is Status.EQUIVOCAL


def test_a_brain_lesion_beyond_the_pet_counts_in_the_brain(anatomy: Anatomy) -> None:
    """A PET from the skull base down: no voxel, no uptake, and yet one brain lesion."""
    whole = joined(
        anatomy, on_pet(anatomy, (LIVER, 12)), on_mr(((0, 0, 790), 6), region=MrRegion.BRAIN)
    )
    brain = whole.lesions[1]
    assert brain.finding.site.organ == "brain"
    assert not brain.lesion.has_uptake
    assert brain.lesion.centroid_lps_mm == pytest.approx((0, 0, 790), abs=2)
    assert n_range(whole) == (2, 2)


def test_without_a_registration_a_brain_lesion_counts_and_another_is_open(
    anatomy: Anatomy,
) -> None:
    pet = on_pet(anatomy, (LIVER, 12))
    brain = joined(anatomy, pet, on_mr(((0, 0, 790), 6), region=MrRegion.BRAIN, is_moved=False))
    assert n_range(brain) == (2, 2)
    other = joined(anatomy, pet, on_mr((LIVER, 12), region=MrRegion.LIVER, is_moved=False))
    assert n_range(other) == (1, 2)


def test_normal_uptake_swallows_no_lesion_on_mri(anatomy: Anatomy) -> None:
    """A kidney's own uptake stays normal; what MRI marks inside it is a lesion."""
    pet = on_pet(anatomy, ((70, 50, 290), 18))
    assert pet[1][0].finding.kind is Kind.PHYSIOLOGIC
    whole = joined(anatomy, pet, on_mr(((70, 50, 290), 8)))
    assert [each.lesion.modality for each in whole.lesions] == [("PT",), ("MR",)]
    assert whole.lesions[1].finding.site.organ == "kidney"


def test_adc_is_read_where_its_unit_is_known(anatomy: Anatomy) -> None:
    (seen,) = on_mr((LIVER, 9))
    assert seen.measures.adc_mean_um2_s is None
    affine = np.eye(4)[[2, 1, 0, 3]] * [3.0, 3.0, 3.0, 1]
    affine[:3, 3] = np.array(LIVER) - 30 + SHIFT_MM
    geometry = Geometry(shape=(20, 20, 20), affine=affine, frame_of_reference_uid="mr")
    values = np.full(geometry.shape, 900.0, np.float32)
    values[9:12, 9:12, 9:12] = 600.0
    known = Volume(array=values, unit=Unit.ADC, geometry=geometry)
    (seen,) = on_mr((LIVER, 9), adc=known)
    assert seen.measures.adc_min_um2_s == pytest.approx(600, abs=1)
    assert seen.measures.adc_mean_um2_s == pytest.approx(823, abs=40)
    (seen,) = on_mr((LIVER, 9), adc=replace(known, unit=Unit.ARBITRARY))
    assert seen.measures.adc_mean_um2_s is None


def test_no_lesion_on_mri_changes_nothing(anatomy: Anatomy) -> None:
    pet = on_pet(anatomy, (LIVER, 12))
    whole = joined(anatomy, pet, ())
    assert whole.lesions == pet[1]
    assert whole.foci is pet[0]
