"""Normal uptake and its mimics on a body drawn by hand: what goes, what stays, what is a doubt."""

import numpy as np
import pytest

import drawn_body
from oligocount.anatomy import map_anatomy
from oligocount.config import load_settings
from oligocount.count.readings import read_findings
from oligocount.domain.anatomy import Anatomy
from oligocount.domain.census import Role
from oligocount.domain.facts import ClinicalFacts, PrimaryStatus
from oligocount.domain.lesion import Kind, LesionMap, LocatedLesion, Status
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.locate import locate, measure

SETTINGS = load_settings()
FAT, TISSUE = -100.0, 40.0
Spot = tuple[tuple[float, float, float], float, float]  # where, SUV, radius

BOXES = {
    **drawn_body.BOXES,
    "brain": (-60, 60, -60, 60, 690, 700),
    "tonsil_left": (12, 22, -30, -15, 670, 690),
    "tonsil_right": (-22, -12, -30, -15, 670, 690),
    "colon": (-120, -100, -20, 20, 150, 260),
    "adrenal_gland_left": (45, 52, 30, 45, 350, 370),
    "iliac_artery_left": (40, 50, 10, 20, 110, 200),
}


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return map_anatomy(drawn_body.organ_map(BOXES), drawn_body.images(), SETTINGS.anatomy)


def located(
    anatomy: Anatomy, *spots: Spot, hu: np.ndarray | None = None, lesions: int | None = None,
    facts: ClinicalFacts | None = None, chance: float | None = None,
) -> tuple[LocatedLesion, ...]:  # fmt: skip
    """The first `lesions` spots as foci; the rest is uptake that no segmenter marked."""
    suv = np.ones(drawn_body.SHAPE, np.float32)
    labels = np.zeros(drawn_body.SHAPE, np.int32)
    for number, (point, level, radius) in enumerate(spots, start=1):
        mask = drawn_body.ball(point, radius)
        suv[mask] = level
        labels[mask & (number <= (lesions or len(spots)))] = number
    ct = None
    if hu is not None:
        array = hu.astype(np.float32)
        ct = Volume(array=array, unit=Unit.HU, geometry=drawn_body.geometry())
    images = AlignedImages(suv=drawn_body.images(suv).suv, ct=ct)
    count = int(labels.max())
    foci = LesionMap(
        labels=LabelMap(array=labels, names={}, geometry=drawn_body.geometry()),
        probability=dict.fromkeys(range(1, count + 1), chance),
        model=ModelInfo(name="hand", version="1"),
    )
    measured = measure(foci, images.suv)
    return locate(foci, measured, anatomy, images, facts or ClinicalFacts(), SETTINGS.locate)


def density(*balls: tuple[tuple[float, float, float], float], inside: float, around: float):
    hu = np.full(drawn_body.SHAPE, around)
    for point, radius in balls:
        hu[drawn_body.ball(point, radius)] = inside
    return hu


RIGHT, LEFT = (-60.0, 10.0, 640.0), (60.0, 10.0, 640.0)


def test_hot_fat_of_both_fossae_is_brown_fat(anatomy: Anatomy) -> None:
    hu = density(inside=TISSUE, around=FAT)
    both = located(anatomy, (RIGHT, 6.0, 9.0), (LEFT, 5.0, 9.0), hu=hu)
    assert {one.finding.kind for one in both} == {Kind.PHYSIOLOGIC}
    assert all("brown fat" in one.reason for one in both)


def test_a_node_in_the_fossa_survives_a_hot_mirror(anatomy: Anatomy) -> None:
    """Dense in its middle: fat lies around it, not in it."""
    hu = density((RIGHT, 9.0), (LEFT, 9.0), inside=TISSUE, around=FAT)
    both = located(anatomy, (RIGHT, 6.0, 9.0), (LEFT, 5.0, 9.0), hu=hu)
    assert [one.finding.kind for one in both] == [Kind.NODE, Kind.NODE]
    assert {one.finding.status for one in both} == {Status.MALIGNANT}


def test_hot_fat_of_one_side_is_a_doubt_and_no_dismissal(anatomy: Anatomy) -> None:
    (one,) = located(anatomy, (RIGHT, 6.0, 9.0), hu=density(inside=TISSUE, around=FAT))
    assert (one.finding.kind, one.finding.status) == (Kind.NODE, Status.EQUIVOCAL)
    assert any("brown fat" in caveat.text for caveat in one.caveats)


def test_without_ct_no_fat_is_seen(anatomy: Anatomy) -> None:
    both = located(anatomy, (RIGHT, 6.0, 9.0), (LEFT, 5.0, 9.0))
    assert [one.finding.kind for one in both] == [Kind.NODE, Kind.NODE]


@pytest.mark.parametrize(
    ("point", "organ"),
    [((-60, -20, 340), "liver"), ((-110, 0, 200), "colon"), ((55, -40, 360), "stomach"),
     ((17, -22, 680), "head_neck"), ((30, 20, 696), "brain")],
)  # fmt: skip
def test_a_focal_lesion_in_an_organ_that_takes_up_fdg_survives(
    anatomy: Anatomy, point: tuple[float, float, float], organ: str
) -> None:
    (one,) = located(anatomy, (point, 9.0, 6.0))
    assert one.finding.kind is Kind.ORGAN
    assert one.finding.site.organ == organ
    assert one.finding.status in (Status.MALIGNANT, Status.EQUIVOCAL)


@pytest.mark.parametrize(
    "point",
    [(0, -10, 85), (20, -35, 445), (70, 50, 290)],
    ids=["bladder", "myocardium", "kidney"],
)
def test_what_is_hot_in_health_goes_with_its_reason(
    anatomy: Anatomy, point: tuple[float, float, float]
) -> None:
    (one,) = located(anatomy, (point, 12.0, 9.0))
    assert (one.finding.kind, one.finding.status) == (Kind.PHYSIOLOGIC, Status.BENIGN)
    assert one.reason


@pytest.mark.parametrize(("point", "organ"), [((20, -35, 445), "heart"), ((70, 50, 290), "kidney")])
def test_normal_uptake_that_the_model_holds_for_a_lesion_is_a_doubt(
    anatomy: Anatomy, point: tuple[float, float, float], organ: str
) -> None:
    (one,) = located(anatomy, (point, 12.0, 9.0), chance=0.9)
    assert (one.finding.kind, one.finding.status) == (Kind.ORGAN, Status.EQUIVOCAL)
    assert one.finding.site.organ == organ
    assert {each.code for each in one.caveats} == {"NORMAL_OR_LESION"}
    (less,) = located(anatomy, (point, 12.0, 9.0), chance=0.3)
    assert less.finding.kind is Kind.PHYSIOLOGIC


def test_urine_in_the_bladder_is_not_contested(anatomy: Anatomy) -> None:
    (one,) = located(anatomy, ((0, -10, 85), 12.0, 9.0), chance=0.9)
    assert one.finding.kind is Kind.PHYSIOLOGIC


def test_injected_tracer_is_of_an_arm_and_contested(anatomy: Anatomy) -> None:
    aside = (150.0, 0.0, 500.0)
    (one,) = located(anatomy, (aside, 20.0, 9.0), chance=0.2)
    assert (one.finding.kind, one.finding.site.structure) == (Kind.PHYSIOLOGIC, "arm")
    assert "injected" in one.reason
    (held,) = located(anatomy, (aside, 20.0, 9.0), chance=0.9)
    assert (held.finding.kind, held.finding.status) == (Kind.ORGAN, Status.EQUIVOCAL)
    assert {each.code for each in held.caveats} == {"NORMAL_OR_LESION"}


@pytest.mark.parametrize("chance", [None, 0.9])
def test_a_hot_lesion_of_a_spleen_far_aside_is_no_injected_tracer(chance: float | None) -> None:
    large = {**BOXES, "spleen": (90, 165, 0, 60, 300, 390)}
    anatomy = map_anatomy(drawn_body.organ_map(large), drawn_body.images(), SETTINGS.anatomy)
    (one,) = located(anatomy, ((145.0, 30.0, 345.0), 20.0, 9.0), chance=chance)
    assert (one.finding.kind, one.finding.status) == (Kind.ORGAN, Status.MALIGNANT)
    assert one.finding.site.organ == "spleen"


def test_what_lies_half_in_the_bladder_is_urine_or_a_tumour(anatomy: Anatomy) -> None:
    """The bladder ends at x = 35; muscle, which holds the rest, is no rival."""
    (one,) = located(anatomy, ((36.0, -10.0, 85.0), 12.0, 12.0), chance=0.9)
    assert (one.finding.kind, one.finding.status) == (Kind.ORGAN, Status.EQUIVOCAL)
    assert one.finding.site.organ == "bladder"


def test_spots_in_a_row_below_a_recognised_ureter_go_with_it(anatomy: Anatomy) -> None:
    """One alone is a doubt: urine or a node. In a row with a track it is the same ureter."""
    spot = ((50.0, 5.0, 160.0), 9.0, 4.0)
    track = tuple(((52.0, 18.0, float(z)), 10.0, 4.0) for z in range(200, 231, 10))
    (alone,) = located(anatomy, spot)
    assert alone.finding.status is Status.EQUIVOCAL
    assert alone.finding.site.organ == "lymph_node"
    assert alone.finding.site.station is not None
    suv = np.ones(drawn_body.SHAPE, np.float32)
    labels = np.zeros(drawn_body.SHAPE, np.int32)
    for point, level, radius in track:
        mask = drawn_body.ball(point, radius)
        suv[mask], labels[mask] = level, 1
    mask = drawn_body.ball(spot[0], spot[2])
    suv[mask], labels[mask] = spot[1], 2
    foci = LesionMap(
        labels=LabelMap(array=labels, names={}, geometry=drawn_body.geometry()),
        probability={1: 0.9, 2: 0.9},
        model=ModelInfo(name="hand", version="1"),
    )
    images = drawn_body.images(suv)
    both = locate(
        foci, measure(foci, images.suv), anatomy, images, ClinicalFacts(), SETTINGS.locate
    )
    assert [one.finding.kind for one in both] == [Kind.PHYSIOLOGIC, Kind.PHYSIOLOGIC]
    assert "row" in both[1].reason


def cut_head() -> dict[str, tuple[float, ...]]:
    """The scan ends in the brain, which the map calls skull."""
    lungs = {
        "lung_right": (-120, -25, -80, 80, 380, 540),
        "lung_left": (25, 120, -80, 80, 380, 540),
    }
    skull = (-60, 60, -60, 60, 690, 700)
    return {**drawn_body.without("vertebrae_C"), **lungs, "skull": skull}


@pytest.mark.parametrize(
    ("mirror_suv", "kind", "status"),
    [(9.0, Kind.PHYSIOLOGIC, Status.BENIGN), (1.0, Kind.ORGAN, Status.EQUIVOCAL)],
)
def test_brain_that_the_scan_cuts_is_no_skull_lesion(
    mirror_suv: float, kind: Kind, status: Status
) -> None:
    anatomy = map_anatomy(drawn_body.organ_map(cut_head()), drawn_body.images(), SETTINGS.anatomy)
    spots = (((40.0, 0.0, 696.0), 10.0, 9.0), ((-40.0, 0.0, 696.0), mirror_suv, 9.0))
    one = located(anatomy, *spots, lesions=1)[0]
    assert (one.finding.kind, one.finding.status) == (kind, status)
    assert one.finding.site.organ == "brain"
    assert "edge of the scan" in one.reason


@pytest.mark.parametrize(
    ("height_mm", "radius_mm", "status", "code"),
    [
        (2.0, 9.0, Status.EQUIVOCAL, "AT_SCAN_EDGE"),
        (-10.0, 24.0, Status.MALIGNANT, "CUT_BY_SCAN_END"),
        (2.0, 24.0, Status.MALIGNANT, "CUT_BY_SCAN_END"),
        (16.0, 18.0, Status.MALIGNANT, "CUT_BY_SCAN_END"),
        (40.0, 18.0, Status.MALIGNANT, None),
    ],
)
def test_what_the_scan_cuts_is_a_doubt_only_where_it_is_flat_small_and_hottest_at_the_end(
    anatomy: Anatomy, height_mm: float, radius_mm: float, status: Status, code: str | None
) -> None:
    """A ball about a hotter core: flat at the first slices, wide there, deep, reaching, away."""
    low = drawn_body.geometry().to_lps_mm(np.zeros(3))[2]
    place, core = ((60.0, 40.0, low + up) for up in (height_mm, max(height_mm, 2.0)))
    one = located(anatomy, (place, 6.0, radius_mm), (core, 9.0, 6.0), lesions=1, chance=0.9)[0]
    told = {each.code for each in one.caveats}
    assert one.finding.status is status
    assert told & {"AT_SCAN_EDGE", "CUT_BY_SCAN_END"} == ({code} if code else set())


def test_dense_bone_at_the_edge_stays_a_bone_lesion() -> None:
    anatomy = map_anatomy(drawn_body.organ_map(cut_head()), drawn_body.images(), SETTINGS.anatomy)
    hu = np.full(drawn_body.SHAPE, 500.0)
    one = located(anatomy, ((40.0, 0.0, 696.0), 10.0, 9.0), hu=hu)[0]
    assert one.finding.site.organ == "bone"
    assert one.finding.status is Status.EQUIVOCAL


def test_a_tumour_that_swallows_its_gland_is_of_that_gland(anatomy: Anatomy) -> None:
    (one,) = located(anatomy, ((49.0, 37.0, 360.0), 8.0, 12.0))
    assert one.finding.site.organ == "adrenal"


def test_an_assumed_primary_is_a_doubt_that_reaches_the_count(anatomy: Anatomy) -> None:
    """Nobody said that the patient has an oesophageal tumour: it may be a node of another."""
    (one,) = located(anatomy, ((0.0, 22.0, 500.0), 9.0, 9.0))
    assert (one.finding.kind, one.finding.status) == (Kind.PRIMARY, Status.EQUIVOCAL)
    assert "PRIMARY_ASSUMED" in {caveat.code for caveat in one.caveats}
    (reading,) = read_findings([one.finding], ClinicalFacts(), SETTINGS.count)
    assert None in reading.options
    assert any(option is not None for option in reading.options)


@pytest.mark.parametrize(("chance", "kind"), [(0.9, Kind.PRIMARY), (0.1, Kind.PHYSIOLOGIC)])
def test_a_bulky_primary_may_be_drawn_as_heart_unless_the_model_dismisses_it(
    anatomy: Anatomy, chance: float, kind: Kind
) -> None:
    """It swallows the gullet, and four tenths of it lie in the heart."""
    facts = ClinicalFacts(primary_status=PrimaryStatus.UNTREATED)
    one = located(anatomy, ((5.0, 5.0, 450.0), 12.0, 25.0), facts=facts, chance=chance)[0]
    assert one.finding.kind is kind
    assert ("PRIMARY_SPREADS" in {each.code for each in one.caveats}) is (kind is Kind.PRIMARY)


def test_a_stated_primary_is_one_and_counts_nothing(anatomy: Anatomy) -> None:
    facts = ClinicalFacts(primary_status=PrimaryStatus.UNTREATED)
    (one,) = located(anatomy, ((0.0, 22.0, 500.0), 9.0, 9.0), facts=facts)
    assert (one.finding.kind, one.finding.status) == (Kind.PRIMARY, Status.MALIGNANT)
    assert not read_findings([one.finding], facts, SETTINGS.count)


def test_a_large_node_across_a_frontier_is_read_both_ways(anatomy: Anatomy) -> None:
    """Its centre lies far from the border of 16a2 and 16b1, a quarter of it beyond."""
    assert anatomy.stations is not None
    edges = [z for z in range(225, 330) if region(anatomy, z) != region(anatomy, z + 1)]
    (one,) = located(anatomy, ((25.0, 12.0, edges[0] + 5.0), 6.0, 18.0))
    assert one.finding.runner_up is not None
    assert one.finding.runner_up.margin_mm is not None
    assert one.finding.runner_up.margin_mm < SETTINGS.count.frontier_margin_mm


def region(anatomy: Anatomy, z: float) -> int:
    assert anatomy.stations is not None
    k, j, i = np.round(drawn_body.geometry().to_index(np.array([25.0, 12.0, z]))).astype(int)
    return int(anatomy.stations.array[k, j, i])


def test_a_recurrence_in_the_conduit_is_local_not_a_stomach_lesion() -> None:
    boxes = drawn_body.without("esophagus", "stomach")
    boxes["stomach"] = (-14, 14, 14, 36, 380, 580)
    anatomy = map_anatomy(drawn_body.organ_map(boxes), drawn_body.images(), SETTINGS.anatomy)
    facts = ClinicalFacts(primary_status=PrimaryStatus.RESECTED)
    (one,) = located(anatomy, ((0.0, 24.0, 500.0), 9.0, 7.0), facts=facts)
    assert one.finding.site.organ == "gastric_conduit"
    assert one.finding.status is Status.EQUIVOCAL
    readings = read_findings([one.finding], facts, SETTINGS.count)
    roles = {option.role for each in readings for option in each.options if option}
    assert Role.ORGAN not in roles


def test_nodes_of_a_resected_oesophagus_say_that_they_are_unsure(anatomy: Anatomy) -> None:
    facts = ClinicalFacts(primary_status=PrimaryStatus.RESECTED)
    (one,) = located(anatomy, ((-18.0, 24.0, 440.0), 6.0, 5.0), facts=facts)
    assert "RESECTED_ANATOMY" in {caveat.code for caveat in one.caveats}
