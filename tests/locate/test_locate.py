"""Sites of foci laid by hand into a body drawn by hand."""

import itertools
import math

import numpy as np
import pytest

import drawn_body
from oligocount.anatomy import map_anatomy
from oligocount.config import load_settings
from oligocount.domain.anatomy import Anatomy, NodalClass, Side
from oligocount.domain.facts import ClinicalFacts, PrimaryStatus
from oligocount.domain.lesion import Kind, Lesion, LesionMap, LocatedLesion, Status
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.volume import LabelMap
from oligocount.locate import Memory, locate, measure
from oligocount.locate.locate import _about_shape
from oligocount.locate.nodes import _runner_up, _Vote

SETTINGS = load_settings()
Point = tuple[float, float, float]


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return map_anatomy(drawn_body.organ_map(), drawn_body.images(), SETTINGS.anatomy)


def placed(
    anatomy: Anatomy,
    *foci: tuple[Point, float],
    facts: ClinicalFacts | None = None,
    radius_mm: float = 7.5,
    doubts: dict[int, Caveat] | None = None,
) -> tuple[LocatedLesion, ...]:
    suv = np.ones(drawn_body.SHAPE, np.float32)
    labels = np.zeros(drawn_body.SHAPE, np.int32)
    for number, (point, level) in enumerate(foci, start=1):
        mask = drawn_body.ball(point, radius_mm)
        suv[mask], labels[mask] = level, number
    images = drawn_body.images(suv)
    lesions = LesionMap(
        labels=LabelMap(array=labels, names={}, geometry=drawn_body.geometry()),
        probability=dict.fromkeys(range(1, len(foci) + 1), None),
        model=ModelInfo(name="hand", version="1"),
        doubts=doubts or {},
    )
    measured = measure(lesions, images.suv)
    given = facts or ClinicalFacts()
    return locate(lesions, measured, anatomy, images, given, SETTINGS.locate)


@pytest.mark.parametrize(
    ("point", "kind", "organ"),
    [
        ((-60, 0, 340), Kind.ORGAN, "liver"),
        ((-80, 40, 540), Kind.ORGAN, "lung"),
        ((0, 60, 450), Kind.ORGAN, "bone"),
        ((0, -10, 85), Kind.PHYSIOLOGIC, "bladder"),
        ((70, 50, 290), Kind.PHYSIOLOGIC, "kidney"),
        ((20, -35, 445), Kind.PHYSIOLOGIC, "heart"),
        ((60, 10, 640), Kind.NODE, "lymph_node"),
    ],
)  # fmt: skip
def test_a_focus_gets_the_organ_it_lies_in(
    anatomy: Anatomy, point: Point, kind: Kind, organ: str
) -> None:
    (one,) = placed(anatomy, (point, 8.0))
    assert (one.finding.kind, one.finding.site.organ) == (kind, organ)


def test_what_the_segmenter_doubts_is_equivocal_with_its_reason(anatomy: Anatomy) -> None:
    mass = Caveat(code="UNEXPLAINED_MASS", text="large and hot")
    foci = ((-60.0, 0.0, 340.0), 8.0), ((-80.0, 40.0, 540.0), 8.0)
    first, second = placed(anatomy, *foci, doubts={1: mass})
    assert first.finding.status is Status.EQUIVOCAL
    assert first.caveats == (mass,)
    assert (second.finding.status, second.caveats) == (Status.MALIGNANT, ())


def test_what_is_taken_for_normal_stays_with_its_reason(anatomy: Anatomy) -> None:
    (one,) = placed(anatomy, ((0, -10, 85), 20.0))
    assert one.finding.status is Status.BENIGN
    assert "urine" in one.reason


def test_a_supraclavicular_node_is_nonregional_and_sided(anatomy: Anatomy) -> None:
    left, right = placed(anatomy, ((60, 10, 640), 6.0), ((-60, 10, 640), 6.0))
    assert left.finding.site.nodal_class is NodalClass.NONREGIONAL
    keys = [each.finding.site.station.key for each in (left, right) if each.finding.site.station]
    assert keys == ["104L", "104R"]
    assert (left.finding.site.side, right.finding.site.side) == (Side.LEFT, Side.RIGHT)


def test_the_hottest_bulk_of_the_oesophagus_is_the_primary_and_the_other_a_skip(
    anatomy: Anatomy,
) -> None:
    first, second = placed(anatomy, ((0, 22, 450), 14.0), ((0, 22, 550), 6.0))
    assert first.finding.kind is second.finding.kind is Kind.PRIMARY
    assert "largest" in first.reason
    assert "skip" in second.reason


def test_after_resection_the_bed_is_a_recurrence_in_doubt(anatomy: Anatomy) -> None:
    facts = ClinicalFacts(primary_status=PrimaryStatus.RESECTED)
    (one,) = placed(anatomy, ((0, 22, 450), 9.0), facts=facts)
    assert one.finding.status is Status.EQUIVOCAL
    assert one.finding.site.organ == "oesophagus"


def test_a_liver_focus_no_hotter_than_the_liver_goes_and_a_hot_one_stays(
    anatomy: Anatomy,
) -> None:
    faint, hot = placed(anatomy, ((-60, 0, 340), 1.3), ((-100, 0, 340), 6.0))
    assert faint.finding.kind is Kind.PHYSIOLOGIC
    assert hot.finding.kind is Kind.ORGAN
    assert hot.finding.status is Status.MALIGNANT


def test_crossing_a_frontier_changes_the_label_once(anatomy: Anatomy) -> None:
    """A sphere that climbs along the aorta passes from station to station without return."""
    names = []
    for z in range(225, 330, 5):
        (one,) = placed(anatomy, ((25.0, 10.0, float(z)), 6.0))
        names.append(one.finding.site.structure)
    changes = [a for a, b in itertools.pairwise(names) if a != b]
    assert len(changes) == len(set(changes)), names


def test_a_focus_in_the_mesentery_that_touches_bowel_may_be_a_peritoneal_deposit() -> None:
    """Against the bowel the peritoneum is the runner-up, 40 mm off it none."""
    boxes = {**drawn_body.BOXES, "small_bowel": (-70, -30, -60, -20, 215, 255)}
    anatomy = map_anatomy(drawn_body.organ_map(boxes), drawn_body.images(), SETTINGS.anatomy)
    touching, clear = placed(anatomy, ((-24, -40, 235), 8.0), ((10, -40, 235), 8.0))
    assert {touching.finding.site.structure, clear.finding.site.structure} <= {"14", "mesenteric"}
    assert touching.finding.runner_up is not None
    assert touching.finding.runner_up.site.organ == "peritoneum"
    assert touching.margin_mm == touching.finding.runner_up.margin_mm
    other = clear.finding.runner_up
    assert other is None or other.site.organ == "lymph_node"


@pytest.mark.parametrize(("height_mm", "organ"), [(10, "thyroid"), (60, "lymph_node")])
def test_only_a_gland_that_its_tumour_outgrows_claims_a_focus_at_its_edge(
    height_mm: int, organ: str
) -> None:
    """The same focus of 1.8 ml, a third inside: a gland of 4 ml is swallowed, one of 24 ml not."""
    middle = 630
    gland = (-9, 9, -30, -12, middle - height_mm / 2, middle + height_mm / 2)
    boxes = {**drawn_body.BOXES, "thyroid_gland": gland}
    anatomy = map_anatomy(drawn_body.organ_map(boxes), drawn_body.images(), SETTINGS.anatomy)
    (one,) = placed(anatomy, ((-13, -22, middle), 8.0))
    assert one.finding.site.organ == organ


@pytest.mark.parametrize(
    ("x_mm", "level", "organ", "second", "status"),
    [
        (-112.0, 8.0, "lymph_node", "soft_tissue", Status.MALIGNANT),
        (-112.0, 4.0, "lymph_node", "soft_tissue", Status.EQUIVOCAL),
        (-140.0, 8.0, "soft_tissue", None, Status.MALIGNANT),
    ],
)
def test_in_coarse_muscle_beside_nodal_space_a_small_focus_is_a_node_and_may_be_muscle(
    x_mm: float, level: float, organ: str, second: str | None, status: Status
) -> None:
    """The supraclavicular fossa ends at x = -110 mm; faint in muscle it may be strain."""
    boxes = {**drawn_body.BOXES, "muscle": (-170, -40, -20, 40, 620, 700)}
    anatomy = map_anatomy(drawn_body.organ_map(boxes), drawn_body.images(), SETTINGS.anatomy)
    (one,) = placed(anatomy, ((x_mm, 10, 630), level), radius_mm=4.0)
    other = one.finding.runner_up
    assert (one.finding.site.organ, other and other.site.organ) == (organ, second)
    assert one.finding.status is status


@pytest.mark.parametrize(("regional_share", "margin_mm"), [(0.32, 0.0), (0.2, 9.0)])
def test_stations_that_count_alike_are_one_side_of_a_frontier(
    anatomy: Anatomy, regional_share: float, margin_mm: float
) -> None:
    """A third of the core over two regional stations straddles as it would in one of them."""
    share = {"104R": 1 - regional_share, "1R": 0.4 * regional_share, "8U": 0.6 * regional_share}
    vote = _Vote(
        share=share,
        gap_mm={"104R": 0.0, "1R": 9.0, "8U": 12.0},
        edge_gap_mm=dict.fromkeys(share, 0.0),
    )
    runner_up = _runner_up(
        "104R", vote, anatomy.station_entries, ClinicalFacts(), SETTINGS.locate.node
    )
    assert runner_up is not None
    assert runner_up.margin_mm == margin_mm
    assert runner_up.site.nodal_class is NodalClass.REGIONAL


@pytest.mark.parametrize(("best", "nearer", "further", "gap_mm", "named"), [
    ("104R", "102R", "1R", 4.0, "1R"),      # the carotid sheath decides, the cricoid does not
    ("104R", "102R", "1R", 6.0, "102R"),
    ("16a2", "13", "20", 14.0, "20"),       # the coeliac root is that unsure
    ("16a2", "13", "20", 16.0, "13"),
    ("16a2", "16b1", "19", 9.0, "19"),
    ("2R", "4R", "104R", 4.0, "104R"),
])  # fmt: skip
def test_a_frontier_of_standing_is_not_hidden_by_a_nearer_one_between_like_stations(
    anatomy: Anatomy, best: str, nearer: str, further: str, gap_mm: float, named: str
) -> None:
    vote = _Vote(
        share={best: 1.0}, gap_mm={best: 0.0, nearer: 3.0, further: gap_mm}, edge_gap_mm={}
    )
    runner_up = _runner_up(
        best, vote, anatomy.station_entries, ClinicalFacts(), SETTINGS.locate.node
    )
    assert runner_up is not None
    assert runner_up.site.structure == named


def test_a_split_core_is_in_doubt_however_much_of_it_a_like_station_holds(
    anatomy: Anatomy,
) -> None:
    share = {"104R": 0.4, "102R": 0.34, "1R": 0.26}
    gaps = {"104R": 0.0, "102R": 4.0, "1R": 7.0}
    vote = _Vote(share=share, gap_mm=gaps, edge_gap_mm=dict.fromkeys(share, 0.0))
    runner_up = _runner_up(
        "104R", vote, anatomy.station_entries, ClinicalFacts(), SETTINGS.locate.node
    )
    assert runner_up is not None
    assert (runner_up.site.structure, runner_up.margin_mm) == ("1R", 0.0)


def test_the_frontier_that_is_named_first_is_the_one_that_is_counted() -> None:
    assert SETTINGS.locate.node.standing_first_mm == SETTINGS.count.frontier_margin_mm
    assert SETTINGS.locate.node.coeliac_first_mm == SETTINGS.count.coeliac_frontier_margin_mm


def test_without_a_map_the_site_is_unknown_not_guessed() -> None:
    boxes = {"body": drawn_body.BOXES["body"]}
    bare = map_anatomy(drawn_body.organ_map(boxes), drawn_body.images(), SETTINGS.anatomy)
    (one,) = placed(bare, ((60, 10, 300), 8.0))
    assert one.finding.site.organ is None
    assert "SITE_UNKNOWN" in {caveat.code for caveat in one.caveats}


def test_a_memory_changes_no_answer(anatomy: Anatomy) -> None:
    """Foci seen before under other labels and probabilities, among new ones."""
    points = ((-60, 0, 340), (60, 10, 640), (0, -10, 85), (-80, 40, 540), (0, 60, 450))
    suv = np.ones(drawn_body.SHAPE, np.float32)
    masks = [drawn_body.ball(point, 7.5) for point in points]
    for mask in masks:
        suv[mask] = 8.0
    images, memory = drawn_body.images(suv), Memory()
    for order in ((0, 1, 2), (2, 1, 0), (4, 3, 1)):
        labels = np.zeros(drawn_body.SHAPE, np.int32)
        for number, index in enumerate(order, start=1):
            labels[masks[index]] = number
        foci = LesionMap(
            labels=LabelMap(array=labels, names={}, geometry=drawn_body.geometry()),
            probability={number: number / 4 for number in (1, 2, 3)},
            model=ModelInfo(name="hand", version="1"),
        )

        def answer(held: Memory | None, foci: LesionMap = foci) -> tuple[LocatedLesion, ...]:
            measured = measure(foci, images.suv, memory=held)
            return locate(
                foci, measured, anatomy, images, ClinicalFacts(), SETTINGS.locate, memory=held
            )

        assert answer(memory) == answer(None)


def test_a_length_that_the_volume_does_not_explain_is_a_doubt_and_changes_nothing_else() -> None:
    """A rod of 100 mm: as wide as a tenth it passes, thinner it does not (ball of its volume)."""
    for width_mm, is_told in ((12.0, False), (10.5, False), (9.0, True), (4.0, True)):
        volume_ml = math.pi / 4 * width_mm**2 * 100 / 1000
        lesion = measured_as(longest_diameter_mm=100.0, volume_ml=volume_ml)
        found = list(_about_shape(lesion, SETTINGS.locate.max_elongation))
        assert [each.code for each in found] == ["ELONGATED"] * is_told, width_mm


def measured_as(**parts: float) -> Lesion:
    whole = {"suv_max": 5.0, "suv_peak": 4.0, "suv_mean": 3.0, "mtv_ml": 1.0, "tlg": 3.0}
    return Lesion(id=1, centroid_lps_mm=(0.0, 0.0, 0.0), probability=None, **(whole | parts))
