"""Foci at the drawn border of an organ, laid by hand: the organ, or a node beside it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import drawn_body
from oligocount.anatomy import map_anatomy
from oligocount.anatomy.labelmap import GivenMap
from oligocount.config import load_settings
from oligocount.domain.anatomy import Anatomy
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Kind, LesionMap, LocatedLesion, Status
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.locate import Memory, locate, measure, place
from oligocount.locate.borders import with_border
from oligocount.locate.evidence import build_scene, gather
from oligocount.locate.nodes import judge_node
from oligocount.locate.organs import judge_organ

SETTINGS = load_settings()
Point = tuple[float, float, float]
AT_HILUM = (-34.0, 12.0, 545.0)  # in the drawn right lung, two voxels from the mediastinum
IN_LUNG = (-75.0, 12.0, 545.0)
AT_ROOT = (-34.0, 12.0, 505.0)  # as deep, and below the carina
AT_STOMACH = (25.0, -5.0, 380.0)
AT_HEART = (9.0, -8.0, 480.0)
AT_VERTEBRA = (15.0, 44.0, 560.0)


@pytest.fixture(scope="module")
def exact() -> Anatomy:
    return map_anatomy(drawn_body.organ_map(), drawn_body.images(), SETTINGS.anatomy)


@pytest.fixture(scope="module")
def coarse(exact: Anatomy) -> Anatomy:
    return replace(exact, organs=replace(exact.organs, border_mm=8.0))


def density(*, air_below_x_mm: float) -> np.ndarray:
    """Air to the right of a plane, soft tissue to its left."""
    x, _, _ = drawn_body.world()
    beyond = np.broadcast_to(x < air_below_x_mm, drawn_body.SHAPE)
    return np.where(beyond, -850.0, 40.0).astype(np.float32)


def drawn(
    point: Point, radius_mm: float, *, hu: np.ndarray | None, chance: float | None = None
) -> tuple[LesionMap, AlignedImages]:
    """A ball of SUV 8 as the only focus, with a CT where `hu` is given."""
    mask = drawn_body.ball(point, radius_mm)
    images = drawn_body.images(np.where(mask, 8.0, 1.0))
    if hu is not None:
        ct = Volume(array=hu, unit=Unit.HU, geometry=drawn_body.geometry())
        images = replace(images, ct=ct)
    foci = LesionMap(
        labels=LabelMap(array=mask.astype(np.int32), names={}, geometry=drawn_body.geometry()),
        probability={1: chance},
        model=ModelInfo(name="hand", version="1"),
    )
    return foci, images


def placed(
    anatomy: Anatomy,
    point: Point,
    *,
    hu: np.ndarray | None = None,
    chance: float | None = None,
    radius_mm: float = 6.0,
) -> LocatedLesion:
    foci, images = drawn(point, radius_mm, hu=hu, chance=chance)
    measured = measure(foci, images.suv)
    (one,) = locate(foci, measured, anatomy, images, ClinicalFacts(), SETTINGS.locate)
    return one


def sites(one: LocatedLesion) -> tuple[str | None, str | None]:
    """The organ of the site and of its runner-up."""
    second = one.finding.runner_up
    return one.finding.site.organ, second.site.organ if second else None


def test_a_focus_within_the_maps_error_of_the_lungs_border_is_a_node_with_lung_beside_it(
    exact: Anatomy, coarse: Anatomy
) -> None:
    """The mediastinum's tissue reaches the focus: CT does not show lung all about it."""
    hu = density(air_below_x_mm=-34.0)
    assert sites(placed(exact, AT_HILUM, hu=hu)) == ("lung", None)
    one = placed(coarse, AT_HILUM, hu=hu)
    assert (one.finding.kind, one.finding.status) == (Kind.NODE, Status.MALIGNANT)
    assert sites(one) == ("lymph_node", "lung")
    assert one.margin_mm == 0.0
    assert "border may be off by 8 mm" in one.reason


def test_air_all_about_it_makes_it_a_lesion_of_the_lung(coarse: Anatomy) -> None:
    one = placed(coarse, AT_HILUM, hu=density(air_below_x_mm=-10.0))
    assert one.finding.site.organ == "lung"


def test_without_ct_the_lung_stays_first_and_both_are_read(coarse: Anatomy) -> None:
    assert sites(placed(coarse, AT_HILUM)) == ("lung", "lymph_node")


def test_what_another_modality_shows_keeps_its_organ(coarse: Anatomy) -> None:
    mask = drawn_body.ball(AT_HEART, 6.0)
    foci = LesionMap(
        labels=LabelMap(array=mask.astype(np.int32), names={}, geometry=drawn_body.geometry()),
        probability={1: 0.9},
        model=ModelInfo(name="hand", version="1"),
    )
    images = drawn_body.images()
    measured = measure(foci, images.suv)
    (one,) = place(foci, measured, coarse, images, ClinicalFacts(), SETTINGS.locate)
    assert one.finding.site.organ == "heart"


def test_a_focus_deep_in_the_organ_or_larger_than_a_node_stays_in_it(coarse: Anatomy) -> None:
    hu = density(air_below_x_mm=-34.0)
    assert sites(placed(coarse, IN_LUNG, hu=hu)) == ("lung", None)
    assert sites(placed(coarse, AT_HILUM, hu=hu, radius_mm=25.0))[0] == "lung"


@pytest.mark.parametrize(("hu", "organ"), [(40.0, "lymph_node"), (300.0, "bone")])
def test_a_focus_at_a_vertebras_face_is_bone_where_it_is_dense(
    coarse: Anatomy, hu: float, organ: str
) -> None:
    one = placed(coarse, AT_VERTEBRA, hu=np.full(drawn_body.SHAPE, hu, np.float32))
    assert one.finding.site.organ == organ


@pytest.mark.parametrize(("gap_mm", "hu", "organ"), [
    (8.0, 40.0, "lymph_node"), (14.0, 40.0, "lymph_node"), (14.0, None, None),
])  # fmt: skip
def test_where_ct_denies_bone_a_station_further_off_will_do(
    coarse: Anatomy, gap_mm: float, hu: float | None, organ: str | None
) -> None:
    """14 mm are more than the border's error of 8: without CT the bone is not even doubted."""
    even = None if hu is None else np.full(drawn_body.SHAPE, hu, np.float32)
    foci, images = drawn(AT_VERTEBRA, 6.0, hu=even)
    (lesion,) = measure(foci, images.suv)
    scene = build_scene(foci, coarse, images, SETTINGS.locate.reach_mm, Memory())
    focus = gather(scene, lesion, ndimage.find_objects(scene.foci)[0])
    bone = judge_organ(focus, scene, SETTINGS.locate.organ, min_share=0.5)
    node = judge_node(focus, scene, ClinicalFacts(), SETTINGS.locate.node)
    assert bone is not None
    assert node is not None
    found = with_border(bone, replace(node, gap_mm=gap_mm), focus, scene, SETTINGS.locate.border)
    assert (found == bone) is (organ is None)
    assert organ in (None, found.site.organ)


def test_in_a_small_gland_the_gland_comes_first_and_the_node_is_read_too(exact: Anatomy) -> None:
    boxes = {**drawn_body.BOXES, "adrenal_gland_left": (35, 55, 15, 35, 335, 355)}
    drawn = replace(drawn_body.organ_map(boxes), border_mm=8.0)
    anatomy = map_anatomy(drawn, drawn_body.images(), SETTINGS.anatomy)
    assert sites(placed(anatomy, (42.0, 22.0, 345.0))) == ("adrenal", "lymph_node")


@pytest.mark.parametrize(("point", "stated"), [
    ((-17.0, 57.0, 560.0), ("bone", "lymph_node")), (AT_VERTEBRA, ("lymph_node", "bone")),
])  # fmt: skip
def test_beside_a_station_that_seldom_has_nodes_the_likelier_organ_comes_first(
    coarse: Anatomy, point: Point, stated: tuple[str, str]
) -> None:
    one = placed(coarse, point, hu=np.full(drawn_body.SHAPE, 40.0, np.float32))
    assert sites(one) == stated


def test_what_was_equivocal_in_the_organ_stays_so_as_a_node(coarse: Anatomy) -> None:
    one = placed(coarse, AT_STOMACH)
    assert sites(one) == ("lymph_node", "stomach")
    assert one.finding.status is Status.EQUIVOCAL


@pytest.mark.parametrize(
    ("chance", "kind", "status"),
    [
        (None, Kind.PHYSIOLOGIC, Status.BENIGN),
        (0.1, Kind.PHYSIOLOGIC, Status.BENIGN),
        (0.3, Kind.NODE, Status.EQUIVOCAL),
        (0.9, Kind.NODE, Status.EQUIVOCAL),
    ],
)
def test_normal_uptake_at_a_border_is_a_doubt_unless_the_model_dismisses_it(
    coarse: Anatomy, chance: float | None, kind: Kind, status: Status
) -> None:
    one = placed(coarse, AT_HEART, chance=chance)
    assert (one.finding.kind, one.finding.status) == (kind, status)
    if kind is Kind.NODE:
        assert sites(one) == ("lymph_node", "heart")


def test_a_second_focus_at_the_oesophagus_border_is_no_sure_skip_lesion(
    exact: Anatomy, coarse: Anatomy
) -> None:
    """The primary below, a small focus in the outer half of the tube above: a node beside it."""
    for anatomy, kind in ((exact, Kind.PRIMARY), (coarse, Kind.NODE)):
        suv, labels = np.ones(drawn_body.SHAPE), np.zeros(drawn_body.SHAPE, np.int32)
        for number, (point, radius, level) in enumerate(
            [((0.0, 22.0, 450.0), 14.0, 14.0), ((-7.0, 22.0, 550.0), 3.0, 6.0)], start=1
        ):
            mask = drawn_body.ball(point, radius)
            suv[mask], labels[mask] = level, number
        images = drawn_body.images(suv)
        foci = LesionMap(
            labels=LabelMap(array=labels, names={}, geometry=drawn_body.geometry()),
            probability={1: None, 2: None},
            model=ModelInfo(name="hand", version="1"),
        )
        measured = measure(foci, images.suv)
        _, second = locate(foci, measured, anatomy, images, ClinicalFacts(), SETTINGS.locate)
        assert second.finding.kind is kind


def test_a_given_map_is_taken_as_right_where_nothing_moves() -> None:
    drawn = drawn_body.organ_map()
    given = GivenMap(given=drawn.labels, model=drawn.model)(drawn_body.images())
    assert given.border_mm == 0.0


def test_beyond_the_lungs_border_lies_no_node_of_the_lung_itself(coarse: Anatomy) -> None:
    """The focus lies in 11R, which is inside the lung; 10R lies beyond its border.

    Moved 15 mm deeper it is out of the border's reach, and lung alone.
    """
    hu = density(air_below_x_mm=-34.0)
    assert coarse.stations is not None
    index = np.round(drawn_body.geometry().to_index(np.array(AT_ROOT))).astype(int)
    there = int(coarse.stations.array[tuple(index)])
    assert coarse.stations.names[there] == "11R"
    station = placed(coarse, AT_ROOT, hu=hu).finding.site.station
    assert station is not None
    assert station.key == "10R"
    deeper = (AT_ROOT[0] - 15.0, *AT_ROOT[1:])
    assert placed(coarse, deeper, hu=hu).finding.site.organ == "lung"


def test_where_only_a_node_of_the_lung_is_near_the_lung_comes_first(coarse: Anatomy) -> None:
    """Without any other station on the map 11R is the second reading, not the first."""
    assert coarse.stations is not None
    names = coarse.stations.names
    own = [n for n, name in names.items() if name.startswith("11")]
    alone = np.where(np.isin(coarse.stations.array, own), coarse.stations.array, 0)
    anatomy = replace(coarse, stations=replace(coarse.stations, array=alone))
    one = placed(anatomy, AT_ROOT, hu=density(air_below_x_mm=-34.0))
    second = one.finding.runner_up
    assert second is not None
    assert (one.finding.site.organ, second.site.structure) == ("lung", "11R")
    assert one.margin_mm == 0.0
