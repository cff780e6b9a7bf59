"""Laws of landmarks and station maps on a body drawn by hand."""

from dataclasses import replace

import numpy as np
import pytest

import drawn_body
from oligocount.anatomy import map_anatomy
from oligocount.anatomy.anatomy_map import draw_organs
from oligocount.anatomy.landmarks import find_landmarks
from oligocount.anatomy.lines import trace_lines
from oligocount.anatomy.space import Space
from oligocount.anatomy.station_table import load_station_table
from oligocount.anatomy.stations import draw_stations
from oligocount.config import load_settings
from oligocount.domain.anatomy import Anatomy, NodalClass

SETTINGS = load_settings().anatomy


def mapped(boxes: dict[str, tuple[float, ...]] = drawn_body.BOXES) -> Anatomy:
    return map_anatomy(drawn_body.organ_map(boxes), drawn_body.images(), SETTINGS)


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return mapped()


def region_at(anatomy: Anatomy, point: tuple[float, float, float]) -> str:
    k, j, i = np.round(drawn_body.geometry().to_index(np.array(point))).astype(int)
    assert anatomy.stations is not None
    return anatomy.stations.names.get(int(anatomy.stations.array[k, j, i]), "none")


@pytest.mark.parametrize(
    ("name", "expected_mm"),
    [("z_carina", 520), ("z_apex_r", 600), ("z_arch_top", 560), ("z_dome_r", 420), ("z_bif", 210)],
)
def test_a_drawn_level_is_found_within_a_voxel(
    anatomy: Anatomy, name: str, expected_mm: float
) -> None:
    assert abs(anatomy.landmarks[name].value_mm - expected_mm) <= drawn_body.STEP


@pytest.mark.parametrize(
    ("point", "region"),
    [
        ((0, 22, 560), "8U"),      # behind the trachea, above the carina
        ((0, 22, 500), "8M"),      # around the oesophagus, below it
        ((60, 10, 640), "104L"),   # lateral to the sheath, below the cricoid
        ((-60, 10, 640), "104R"),
        ((0, 5, 640), "1L"),
        ((25, 25, 230), "16b2"),   # along the aorta above its end
        ((25, 25, 315), "16a2"),
    ],
)  # fmt: skip
def test_a_place_has_the_station_that_its_borders_say(
    anatomy: Anatomy, point: tuple[float, float, float], region: str
) -> None:
    assert region_at(anatomy, point) == region


def test_every_voxel_of_the_mediastinum_has_exactly_one_region() -> None:
    organs, images = drawn_body.organ_map(), drawn_body.images()
    drawing = draw_organs(organs, images, SETTINGS)
    marks, table = find_landmarks(drawing), load_station_table()
    stations = draw_stations(drawing, marks, table)
    inside = Space(drawing, marks, table.mm).mediastinum
    assert inside.sum() > 500
    assert (stations.array[inside] > 0).all()


@pytest.mark.parametrize("missing", [n for n in drawn_body.BOXES if n != "body"])
def test_a_missing_structure_never_raises_and_never_makes_a_level_surer(
    anatomy: Anatomy, missing: str
) -> None:
    left = mapped(drawn_body.without(missing))
    for name, mark in left.landmarks.items():
        if name in anatomy.landmarks and mark.method != anatomy.landmarks[name].method:
            assert mark.confidence <= anatomy.landmarks[name].confidence + 0.1, name


def test_an_almost_empty_map_draws_no_stations_and_says_so() -> None:
    anatomy = mapped({"body": drawn_body.BOXES["body"], "liver": drawn_body.BOXES["liver"]})
    assert anatomy.stations is None
    assert "NO_STATIONS" in {caveat.code for caveat in anatomy.caveats}


def test_a_shifted_patient_has_the_same_stations(anatomy: Anatomy) -> None:
    organs, images = drawn_body.organ_map(), drawn_body.images()
    affine = organs.labels.geometry.affine.copy()
    affine[:3, 3] += (137.0, -53.0, 811.0)
    moved = replace(organs.labels.geometry, affine=affine)
    shifted = map_anatomy(
        replace(organs, labels=replace(organs.labels, geometry=moved)),
        replace(images, suv=replace(images.suv, geometry=moved)),
        SETTINGS,
    )
    assert anatomy.stations is not None
    assert shifted.stations is not None
    assert (shifted.stations.array == anatomy.stations.array).mean() > 0.999


def test_a_grid_stored_upside_down_gives_the_same_map(anatomy: Anatomy) -> None:
    organs, images = drawn_body.organ_map(), drawn_body.images()
    affine = organs.labels.geometry.affine.copy()
    affine[:3, 3] += affine[:3, 0] * (drawn_body.SHAPE[0] - 1)
    affine[:3, 0] *= -1
    flipped = replace(organs.labels.geometry, affine=affine)
    labels = replace(organs.labels, array=organs.labels.array[::-1], geometry=flipped)
    suv = replace(images.suv, array=images.suv.array[::-1], geometry=flipped)
    upside = map_anatomy(replace(organs, labels=labels), replace(images, suv=suv), SETTINGS)
    assert anatomy.stations is not None
    assert upside.stations is not None
    assert (upside.stations.array[::-1] == anatomy.stations.array).mean() > 0.999


def test_mirroring_swaps_supraclavicular_sides(anatomy: Anatomy) -> None:
    """The body is symmetric in the neck: 104 of one side is 104 of the other, mirrored."""
    stations = anatomy.stations
    assert stations is not None
    right, left = stations.mask("104R"), stations.mask("104L")
    assert right.any()
    overlap = (right[:, :, ::-1] & left).sum() / max(right.sum(), left.sum())
    assert overlap > 0.9


def test_regional_standing_follows_the_table() -> None:
    entries = load_station_table().entries
    for name in ("1R", "2L", "7", "8M", "8Lo", "20", "16R", "17"):
        assert entries[name].regional["AJCC8", "any"] is NodalClass.REGIONAL, name
    for name in ("104L", "16a2", "16b1", "12", "axillary_R", "cardiophrenic", "102R"):
        assert entries[name].regional["AJCC8", "any"] is NodalClass.NONREGIONAL, name
    assert entries["104L"].regional["JES11", "middle"] is NodalClass.REGIONAL
    assert entries["104L"].regional["JES12", "cervical"] is None


LUMBAR = {f"vertebrae_L{n}": (-20, 20, 40, 80, 340 - 34 * n, 374 - 34 * n) for n in range(1, 6)}


def marks_of(boxes: dict[str, tuple[float, ...]]) -> dict[str, float]:
    organs, images = drawn_body.organ_map(boxes), drawn_body.images()
    levels = find_landmarks(draw_organs(organs, images, SETTINGS))
    return {name: mark.value_mm for name, mark in levels.items()}


def test_vertebrae_drawn_one_by_one_give_their_levels_themselves() -> None:
    """L3 moved by a vertebra moves the inferior mesenteric artery, whatever the lumbar spine."""
    alone = {**drawn_body.without("vertebrae_L"), **LUMBAR}
    assert marks_of(alone)["z_ima"] == pytest.approx(255, abs=drawn_body.STEP)
    swapped = {
        **alone,
        "vertebrae_L3": LUMBAR["vertebrae_L4"],
        "vertebrae_L4": LUMBAR["vertebrae_L3"],
    }
    assert marks_of(swapped)["z_ima"] == pytest.approx(221, abs=drawn_body.STEP)


def test_the_oesophagus_has_one_station_from_the_pulmonary_veins_to_the_junction() -> None:
    """8Lo goes on below the hiatus, beside the gullet; 16 lies about the junction."""
    anatomy = mapped(drawn_body.without("liver"))  # its box fills what lies beside the gullet
    z = {name: anatomy.landmarks[name].value_mm for name in ("z_hiatus", "z_egj", "z_ipv")}
    gullet = drawn_body.BOXES["esophagus"]
    beside = (gullet[0] - 2 * drawn_body.STEP, 22.0)
    heights = np.arange(z["z_egj"] + drawn_body.STEP, z["z_ipv"] - drawn_body.STEP, drawn_body.STEP)
    found = {region_at(anatomy, (*beside, float(height))) for height in heights}
    assert found == {"8Lo"}


def test_each_side_has_its_first_station_down_to_the_apex_of_its_own_lung() -> None:
    """The left lung ends 30 mm below the right one: between their apices 2R faces 1L."""
    x_low, x_high, y_low, y_high, low, _ = drawn_body.BOXES["lung_left"]
    uneven = drawn_body.BOXES | {"lung_left": (x_low, x_high, y_low, y_high, low, 570)}
    anatomy = mapped(uneven)
    assert region_at(anatomy, (-15, 5, 585)) == "2R"
    assert region_at(anatomy, (15, 5, 585)) == "1L"
    assert (region_at(anatomy, (-15, 5, 610)), region_at(anatomy, (15, 5, 565))) == ("1R", "2L")


def test_a_shred_of_clavicle_beyond_the_midline_leaves_the_fossa_as_wide() -> None:
    clavicle = {"clavicula_left": (15, 130, -60, -45, 590, 605)}
    whole = mapped({**drawn_body.BOXES, **clavicle})
    boxes = {**drawn_body.BOXES, **clavicle}
    organs = drawn_body.organ_map(boxes)
    label = next(n for n, name in organs.labels.names.items() if name == "clavicula_left")
    x, y, z = drawn_body.world()
    array = organs.labels.array.copy()
    array[(x < -80) & (x > -100) & (y < -40) & (y > -60) & (z > 450) & (z < 470)] = label
    stray = map_anatomy(
        replace(organs, labels=replace(organs.labels, array=array)), drawn_body.images(), SETTINGS
    )
    for anatomy in (whole, stray):
        assert anatomy.stations is not None
    assert np.array_equal(whole.stations.mask("104L"), stray.stations.mask("104L"))


@pytest.mark.parametrize("drawn", ["common_carotid_artery_left", "arteries_neck"])
def test_station_1_reaches_the_carotid_however_thick_its_class_is_drawn(drawn: str) -> None:
    """An artery of 10 mm from x = 25 on; as the one class of a coarse network from 18 to 42.

    Its middle stays, so that the sheath begins at 26 and not at 18: 1L at 22, 104L at 32.
    """
    coarse = {"arteries_neck": (18, 42, -5, 20, 600, 680)}
    sharp = {"common_carotid_artery_left": (25, 35, 0, 10, 600, 680)}
    anatomy = mapped({**drawn_body.BOXES, **(coarse if drawn == "arteries_neck" else sharp)})
    assert region_at(anatomy, (22.5, 7.5, 630)) == "1L"
    assert region_at(anatomy, (32.5, 7.5, 630)) == "104L"


def test_a_clavicle_whose_outer_third_is_not_drawn_does_not_narrow_the_fossa() -> None:
    """Two thirds of a clavicle are no clavicle: the lung tells where the first rib runs.

    The lung reaches 120 mm from the midline below its apex, and 110 mm is the limit of any fossa.
    """
    short = {"clavicula_left": (10, 70, -60, -45, 590, 605)}
    anatomy = mapped({**drawn_body.BOXES, **short})
    assert region_at(anatomy, (90, 10, 640)) == "104L"


def test_internal_mammary_nodes_have_a_place_where_the_lung_is_drawn_up_to_the_wall() -> None:
    """No voxel of fat between lung and cartilage: the seam is theirs, 6 mm to either side."""
    wall = {
        "sternum": (-15, 15, -95, -85, 450, 585),
        "rib_left": (15, 100, -95, -80, 450, 600),
        "rib_right": (-100, -15, -95, -80, 450, 600),
    }
    anatomy = mapped({**drawn_body.BOXES, **wall})
    for x in (27.5, 37.5):
        assert region_at(anatomy, (x, -77.5, 545)) == "internal_mammary_L"
        assert region_at(anatomy, (-x, -77.5, 545)) == "internal_mammary_R"
    assert region_at(anatomy, (37.5, -62.5, 545)) not in ("internal_mammary_L", "6", "3a")


def test_a_spur_of_one_vertebra_does_not_move_the_front_of_the_spine() -> None:
    """One column of four reaches 15 mm further forward: the others' front, 30, is the median."""
    spur = {"vertebrae_C7": (-10, -5, 15, 30, 600, 690)}
    fronts = []
    for boxes in (drawn_body.BOXES, {**drawn_body.BOXES, **spur}):
        drawing = draw_organs(drawn_body.organ_map(boxes), drawn_body.images(), SETTINGS)
        lines = trace_lines(drawing, find_landmarks(drawing))
        fronts.append(lines.spine_front_y[drawing.frame.z_mm > 640])
    assert np.array_equal(*fronts)
    assert abs(fronts[0] - 30.0).max() <= drawn_body.STEP


def test_the_innominate_artery_ends_below_the_top_of_the_arch_where_it_is_not_drawn() -> None:
    """It leaves the arch there: right of the trachea 2R reaches 12 mm below the arch's top."""
    marks = marks_of(drawn_body.BOXES)
    assert marks["z_bct"] == marks["z_arch_top"] - 12.0
    anatomy = mapped()
    low, high = region_at(anatomy, (-15, 5, 540)), region_at(anatomy, (-15, 5, 555))
    assert (low, high) == ("4R", "2R_low")


def test_a_slice_with_a_speck_of_each_lung_has_no_hull_to_warn_of() -> None:
    """Two voxels lie on one line, where Qhull fails: a warning would fail this test."""
    organs = drawn_body.organ_map()
    number = {name: label for label, name in organs.labels.names.items()}
    array = organs.labels.array.copy()
    top = int(np.flatnonzero((array == number["lung_right"]).any(axis=(1, 2))).max())
    array[top + 1, 30, 20] = number["lung_right"]
    array[top + 1, 32, 60] = number["lung_left"]
    specks = replace(organs, labels=replace(organs.labels, array=array))
    found = map_anatomy(specks, drawn_body.images(), SETTINGS).stations
    plain = map_anatomy(organs, drawn_body.images(), SETTINGS).stations
    assert found is not None
    assert plain is not None
    assert np.unique(found.array).tolist() == np.unique(plain.array).tolist()
