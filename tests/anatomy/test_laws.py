"""Laws of the station map: frontiers, mirror, missing levels, other grids."""

from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
from frontiers import walks

import drawn_body
from oligocount.anatomy import map_anatomy
from oligocount.anatomy.anatomy_map import draw_organs
from oligocount.anatomy.labelmap import GivenMap
from oligocount.anatomy.landmarks import find_landmarks
from oligocount.anatomy.space import Space
from oligocount.anatomy.station_table import load_station_table
from oligocount.anatomy.stations import draw_stations
from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.config import load_settings
from oligocount.domain.anatomy import Anatomy, OrganMap
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.geometry.affine import regrid
from oligocount.locate import locate, measure
from oligocount.simulate.grids import Extent
from oligocount.simulate.phantom import Burden, simulate

SETTINGS = load_settings()
MODEL = ModelInfo(name="hand", version="1")
# Sided regions whose borders are the body's own midline, not the trachea's or the aorta's.
SYMMETRIC = ("1", "104", "102", "100ac", "100sm", "axillary_", "internal_mammary_", "inguinal_")


def sphere(point: np.ndarray, geometry: Geometry, radius_mm: float) -> np.ndarray:
    """Voxels of a sphere; the one that holds the point where it is smaller than a voxel."""
    centre = np.round(geometry.to_index(point)).astype(int)
    reach = [int(radius_mm / step) + 2 for step in geometry.spacing_mm]
    box = tuple(
        slice(max(0, c - r), min(n, c + r + 1))
        for c, r, n in zip(centre, reach, geometry.shape, strict=True)
    )
    inside = np.zeros(geometry.shape, bool)
    axes = [np.arange(one.start, one.stop, dtype=float) for one in box]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    shape = index.shape[:3]
    gap = np.linalg.norm(geometry.to_lps_mm(index.reshape(-1, 3)) - point, axis=1).reshape(shape)
    inside[box] = gap <= max(radius_mm, float(gap.min()))
    return inside


def region_of(anatomy: Anatomy, images: AlignedImages, point: np.ndarray) -> str | None:
    """The station that a 10 mm sphere of SUV 6 is given."""
    geometry = images.suv.geometry
    mask = sphere(point, geometry, 5.0)
    suv = replace(images.suv, array=np.where(mask, 6.0, 1.0).astype(np.float32))
    labels = LabelMap(array=mask.astype(np.int32), names={}, geometry=geometry)
    lesions = LesionMap(labels=labels, probability={1: 0.9}, model=MODEL)
    moved = replace(images, suv=suv)
    (one,) = locate(
        lesions, measure(lesions, suv), anatomy, moved, ClinicalFacts(), SETTINGS.locate
    )
    return one.finding.site.structure


def assert_one_change(anatomy: Anatomy, images: AlignedImages, *, least: int, most: int) -> None:
    """Every walk over a frontier changes the label once, at the border, and never returns."""
    assert anatomy.stations is not None
    found = 0
    every = walks(anatomy.stations, reach_mm=8.0, step_mm=2.0)
    for first, second, points in islice(every, most):
        names = [region_of(anatomy, images, point) for point in points]
        changes = sum(a != b for a, b in pairwise(names))
        assert (names[0], names[-1], changes) == (first, second, 1), names
        found += 1
    assert found >= least


def test_a_sphere_that_crosses_a_frontier_changes_its_station_once() -> None:
    images = drawn_body.images()
    assert_one_change(without_organs(drawn_body.organ_map(), images), images, least=5, most=5)


@pytest.mark.slow
def test_a_sphere_crosses_each_frontier_of_a_whole_body_once() -> None:
    """A phantom's organs: every station that has a straight frontier to another."""
    phantom = simulate(31, spacing_mm=4.0, extent=Extent.WHOLE_BODY, burden=Burden.NONE)
    images = AlignedImages(suv=replace(phantom.pet, array=np.ones_like(phantom.pet.array)))
    organs = GivenMap(given=phantom.organs, model=MODEL)(images)
    assert_one_change(without_organs(organs, images), images, least=20, most=200)


def without_organs(organs: OrganMap, images: AlignedImages) -> Anatomy:
    """The stations of a patient with all organs called body: frontiers of stations alone."""
    anatomy = map_anatomy(organs, images, SETTINGS.anatomy)
    array = (organs.labels.array > 0).astype(np.int16)
    body = LabelMap(array=array, names={1: "body"}, geometry=organs.labels.geometry)
    quiet = replace(organs, labels=body, known=frozenset({"body"}))
    structures = {"body": load_vocabulary().structure("body")}
    return replace(anatomy, organs=quiet, structures=structures)


def mirrored(boxes: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """The body in a mirror: boxes at -x, left called right."""
    turned = {}
    for name, (a, b, *rest) in boxes.items():
        swapped = name.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")
        turned[swapped] = (-b, -a, *rest)
    return turned


def test_a_mirror_swaps_right_and_left() -> None:
    boxes = {
        **drawn_body.BOXES,
        "clavicula_left": (15, 130, -60, -45, 590, 605),
        "clavicula_right": (-130, -15, -60, -45, 590, 605),
        "sternum": (-18, 18, -100, -90, 420, 570),
    }
    images = drawn_body.images()
    plain = map_anatomy(drawn_body.organ_map(boxes), images, SETTINGS.anatomy).stations
    turned = map_anatomy(drawn_body.organ_map(mirrored(boxes)), images, SETTINGS.anatomy).stations
    assert plain is not None
    assert turned is not None
    for stem in SYMMETRIC:
        for side, other in (("R", "L"), ("L", "R")):
            one = plain.mask(f"{stem}{side}")
            two = turned.mask(f"{stem}{other}")[:, :, ::-1]
            assert one.any(), stem
            assert (one & two).sum() / (one | two).sum() > 0.93, f"{stem}{side}"


def drawing_of(organs: OrganMap, images: AlignedImages):
    return draw_organs(organs, images, SETTINGS.anatomy)


WHOLE = drawing_of(drawn_body.organ_map(), drawn_body.images())
LEVELS = find_landmarks(WHOLE)


@pytest.mark.parametrize("level", sorted(LEVELS))
def test_without_any_one_level_the_map_is_still_disjoint_and_whole(level: str) -> None:
    """No exception, and no hole in the mediastinum."""
    table = load_station_table()
    marks = {name: mark for name, mark in LEVELS.items() if name != level}
    stations = draw_stations(WHOLE, marks, table)
    inside = Space(WHOLE, marks, table.mm).mediastinum
    assert (stations.array[inside] > 0).all()
    assert stations.array.max() <= len(table.entries)


@pytest.mark.parametrize("missing", [n for n in drawn_body.BOXES if n != "body"])
def test_a_missing_structure_lowers_the_confidence_of_its_levels(missing: str) -> None:
    """A level that is found another way is less sure; all fall-backs together, less still."""
    organs = drawn_body.organ_map(drawn_body.without(missing))
    left = find_landmarks(drawing_of(organs, drawn_body.images()))
    changed = [n for n, mark in left.items() if n in LEVELS and mark.method != LEVELS[n].method]
    assert sum(left[n].confidence for n in changed) <= sum(LEVELS[n].confidence for n in changed)


POINTS = ((60, 10, 640), (-60, 10, 640), (0, 22, 560), (-15, 0, 545), (0, 22, 500), (25, 10, 300),
          (25, 10, 230))  # fmt: skip


def test_a_shifted_and_resampled_scan_gives_the_same_stations() -> None:
    organs, images = drawn_body.organ_map(), drawn_body.images()
    shift = np.array([13.7, -21.3, 311.0])
    affine = organs.labels.geometry.affine.copy()
    affine[:3, 3] += shift
    grid = regrid(replace(organs.labels.geometry, affine=affine), (4.0, 3.3, 3.3))
    moved_map = replace(organs.labels, geometry=replace(organs.labels.geometry, affine=affine))
    other = AlignedImages(
        suv=Volume(array=np.ones(grid.shape, np.float32), unit=images.suv.unit, geometry=grid)
    )
    elsewhere = map_anatomy(GivenMap(given=moved_map, model=MODEL)(other), other, SETTINGS.anatomy)
    here = map_anatomy(organs, images, SETTINGS.anatomy)
    for point in POINTS:
        place = np.array(point, float)
        expected = region_of(here, images, place)
        assert region_of(elsewhere, other, place + shift) == expected, point


def test_a_split_of_the_airway_in_the_head_is_no_carina() -> None:
    """A nose has two passages; the carina lies below the lungs' tops."""
    boxes = dict(drawn_body.BOXES)
    boxes["airway"] = (-12, 12, -60, -40, 640, 690)
    boxes["body_septum"] = (-3, 3, -60, -40, 640, 690)
    marks = find_landmarks(drawing_of(drawn_body.organ_map(boxes), drawn_body.images()))
    assert abs(marks["z_carina"].value_mm - 520) <= drawn_body.STEP


def test_a_stomach_in_the_chest_is_a_conduit_and_stations_hang_on_it() -> None:
    boxes = drawn_body.without("esophagus", "stomach")
    boxes["stomach"] = (-14, 14, 14, 36, 380, 580)
    anatomy = map_anatomy(drawn_body.organ_map(boxes), drawn_body.images(), SETTINGS.anatomy)
    assert "GASTRIC_CONDUIT" in {caveat.code for caveat in anatomy.caveats}
    assert anatomy.stations is not None
    assert anatomy.stations.mask("8M", "8Lo").any()
    assert anatomy.landmarks["z_egj"].value_mm < anatomy.landmarks["z_dome_r"].value_mm


def test_a_stomach_in_its_place_is_no_conduit() -> None:
    anatomy = map_anatomy(drawn_body.organ_map(), drawn_body.images(), SETTINGS.anatomy)
    assert "GASTRIC_CONDUIT" not in {caveat.code for caveat in anatomy.caveats}
