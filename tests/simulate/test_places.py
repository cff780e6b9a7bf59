"""Foci are centred where such lesions lie, and station borders follow the patient's organs."""

import numpy as np
import pytest

from oligocount.domain.lesion import Kind
from oligocount.domain.volume import Geometry
from oligocount.simulate.atlas import load_patient, load_template, patient_numbers
from oligocount.simulate.body import BodyMap, draw_body
from oligocount.simulate.grids import Extent, draw_grid
from oligocount.simulate.levels import settle_stations
from oligocount.simulate.mimics import draw_mimics
from oligocount.simulate.phantom import Phantom, simulate
from oligocount.simulate.places import nearest_place, node_places, peritoneal_places, pick_deep
from oligocount.simulate.pose import draw_pose
from oligocount.simulate.sites import DISTANT_STATIONS, REGIONAL
from oligocount.simulate.wanted import read_wanted

NAMES = ("", "muscle", "torso_fat", "lung_lower_lobe_left", "liver", "aorta", "colon",
         "kidney_left", "kidney_right", "vertebrae_L3", "pulmonary_vein",
         "urinary_bladder")  # fmt: skip
STATIONS = ("background", "8M", "8Lo", "9R", "9L", "16a2", "16b1", "16b2")


def drawn(**boxes: tuple[slice, slice, slice]) -> BodyMap:
    """Muscle of 40 voxels of 2 mm with boxes of other structures or stations in it."""
    labels, stations = np.ones((40, 40, 40), np.uint8), np.zeros((40, 40, 40), np.uint8)
    for name, box in boxes.items():
        if name.startswith("s"):
            stations[box] = STATIONS.index(name[1:])
        else:
            labels[box] = NAMES.index(name)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])[:, [2, 1, 0, 3]]
    return BodyMap(
        labels=labels, names=NAMES, cortex=np.zeros(labels.shape, bool), stations=stations,
        station_names=STATIONS, geometry=Geometry(shape=(40, 40, 40), affine=affine),
    )  # fmt: skip


ALL = slice(None)


def test_a_node_lies_between_organs_or_in_lung_against_the_mediastinum() -> None:
    body = drawn(
        aorta=(ALL, ALL, slice(0, 10)), lung_lower_lobe_left=(ALL, ALL, slice(10, 30)),
        liver=(ALL, slice(0, 20), slice(30, 40)),
    )  # fmt: skip
    region = np.zeros(body.labels.shape, bool)
    region[18:22] = True
    places = node_places(body, region)
    assert places[20, 5, 12]  # 6 mm from the aorta
    assert not places[20, 5, 20]  # deep in the lung
    assert not places[20, 5, 35]  # in the liver
    assert places[20, 35, 35]  # in muscle
    assert not places[30].any()


def test_the_core_of_a_lesion_fits_into_its_organ() -> None:
    body = drawn(liver=(slice(5, 35), slice(5, 35), slice(5, 35)))
    for seed in range(20):
        place = pick_deep(body.where("liver"), (6, 6, 6), 10.0, 2.0, np.random.default_rng(seed))
        assert min(*place, *(39 - c for c in place)) >= 5 + 2, "0.6 of 10 mm are three voxels"


def test_a_thin_organ_gives_its_deepest_part() -> None:
    body = drawn(liver=(slice(18, 23), ALL, ALL))
    place = pick_deep(body.where("liver"), (18, 20, 20), 30.0, 2.0, np.random.default_rng(0))
    assert 19 <= place[0] <= 21


def test_the_nearest_place_is_the_nearest_or_none() -> None:
    mask = np.zeros((20, 20, 20), bool)
    mask[10, 10, 14] = mask[10, 10, 4] = True
    assert nearest_place(mask, np.array([10.0, 10.0, 10.0]), 10.0, 2.0) == (10, 10, 14)
    assert nearest_place(mask, np.array([10.0, 10.0, 10.0]), 6.0, 2.0) is None


def test_peritoneum_is_fat_on_bowel_below_the_dome() -> None:
    body = drawn(
        torso_fat=(ALL, ALL, ALL), liver=(slice(0, 30), slice(0, 5), ALL),
        colon=(ALL, slice(30, 35), ALL), s16a2=(ALL, ALL, slice(0, 5)),
    )  # fmt: skip
    places = peritoneal_places(body)
    assert places[10, 27, 20]
    assert not places[10, 18, 20]  # far from every serosa
    assert not places[35, 27, 20]  # above the liver
    assert not places[10, 27, 2]  # a nodal station


def test_station_borders_follow_veins_kidneys_and_spine() -> None:
    body = drawn(
        pulmonary_vein=(slice(34, 38), slice(0, 2), ALL),
        kidney_left=(slice(20, 25), slice(2, 4), ALL),
        kidney_right=(slice(20, 25), slice(4, 6), ALL),
        vertebrae_L3=(slice(8, 13), slice(6, 8), ALL),
        s8M=(slice(32, 40), slice(10, 12), ALL), s8Lo=(slice(28, 32), slice(10, 12), ALL),
        s9R=(slice(28, 38), slice(12, 14), ALL), s16a2=(slice(20, 28), slice(14, 16), ALL),
        s16b1=(slice(6, 20), slice(14, 16), ALL), s16b2=(slice(2, 6), slice(14, 16), ALL),
    )  # fmt: skip
    settled = settle_stations(body).stations[:, :, 0]
    column = [STATIONS[n] for n in settled[:, 14]]
    assert column[25:28] == ["16a2"] * 3  # the renal vein: 5 mm above slice 22
    assert column[10:25] == ["16b1"] * 15
    assert column[2:10] == ["16b2"] * 8
    assert [STATIONS[n] for n in settled[28:40, 10]] == ["8Lo"] * 6 + ["8M"] * 6
    assert [STATIONS[n] for n in settled[28:38, 12]] == ["9R"] * 6 + ["background"] * 4


@pytest.fixture(scope="module")
def full() -> Phantom:
    """A phantom with a node at nearly every station."""
    names = [
        each for each in (*REGIONAL, *DISTANT_STATIONS) if each not in ("12", "5", "17", "JES10")
    ]
    return simulate(
        41, spacing_mm=5.0, extent=Extent.WHOLE_BODY, wanted=read_wanted(",".join(names))
    )


def test_no_node_lies_in_an_organ_of_the_map(full: Phantom) -> None:
    """By the first rule of stations, what lies 60 % in an organ is no node."""
    wrong = []
    solid = ("lung_", "liver", "pancreas", "stomach", "thyroid", "heart", "iliopsoas", "duodenum",
             "colon", "small_bowel", "spleen", "kidney", "esophagus")  # fmt: skip
    nodes = [one for one in full.truth if one.kind is Kind.NODE]
    for one in nodes:
        inside = full.organs.array[full.lesions.array == one.id]
        held = [full.organs.names.get(int(n), "").startswith(solid) for n in inside]
        if np.mean(held) >= 0.6:
            wrong.append(one.station)
    assert len(nodes) >= 35
    # the PET shows a node elsewhere than the CT where the patient breathes
    assert len(wrong) <= 0.1 * len(nodes), wrong


def test_ureters_and_brown_fat_keep_out_of_bone_and_lung() -> None:
    rng = np.random.default_rng(5)
    patient = load_patient(patient_numbers(held_out=True)[0])
    pose = draw_pose(rng, arms_up=True)
    grid = draw_grid(rng, spacing_mm=5.0, scale=pose.scale[0], extent=Extent.WHOLE_BODY)
    body = draw_body(grid, pose, patient, load_template(), female=patient.is_female)
    checked = {"ureter": 0, "brown_fat": 0}
    while min(checked.values()) < 5:
        for one in draw_mimics(body, rng):
            if one.structure in checked:
                name = body.names[int(body.labels[one.centre])]
                assert name in ("torso_fat", "subcutaneous_tissue", "muscle"), name
                assert one.hosts
                assert not [h for h in one.hosts if h.startswith(("lung", "vertebrae"))]
                checked[one.structure] += 1
