"""A station ends where its definition says, by the organs that are drawn."""

import numpy as np

from oligocount.domain.volume import Geometry
from oligocount.simulate.body import BodyMap
from oligocount.simulate.definitions import keep_definitions
from oligocount.simulate.sites import DISTANT_STATIONS, REGIONAL

STRUCTURES = ("", "muscle", "aorta", "trachea", "esophagus", "pulmonary_artery", "spleen",
              "portal_vein_and_splenic_vein", "iliac_artery_left", "vertebrae_L3")  # fmt: skip
STATIONS = ("background", *REGIONAL, *(n for n in DISTANT_STATIONS if n != "JES10"), "10spl")
STEP_MM, MIDDLE = 4.0, 20
ALL = slice(None)
Box = tuple[slice, slice, slice]


def kept(structures: dict[str, Box], stations: dict[str, Box]) -> BodyMap:
    """Muscle of 40 voxels of 4 mm, x = 0 in the middle, after the definitions were kept."""
    labels, drawn = np.ones((40, 40, 40), np.uint8), np.zeros((40, 40, 40), np.uint8)
    for name, box in structures.items():
        labels[box] = STRUCTURES.index(name.rstrip("+"))
    for name, box in stations.items():
        drawn[box] = STATIONS.index(name)
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = STEP_MM
    affine[0, 3], affine[3, 3] = -MIDDLE * STEP_MM, 1.0
    geometry = Geometry(shape=labels.shape, affine=affine)
    return keep_definitions(
        BodyMap(labels=labels, names=STRUCTURES, cortex=np.zeros(labels.shape, bool),
                stations=drawn, station_names=STATIONS, geometry=geometry)
    )  # fmt: skip


def slices(body: BodyMap, name: str) -> list[int]:
    region = body.stations == STATIONS.index(name)
    return np.flatnonzero(region.any(axis=(1, 2))).tolist()


def test_the_window_ends_at_the_upper_rim_of_the_left_pulmonary_artery() -> None:
    artery = (slice(5, 15), slice(10, 14), slice(26, 30))
    body = kept({"pulmonary_artery": artery}, {"5": (slice(10, 20), slice(18, 22), slice(26, 30))})
    assert slices(body, "5") == list(range(14, 20))
    assert slices(body, "10L") == list(range(10, 14))


def test_above_the_split_of_the_airway_nothing_is_subcarinal() -> None:
    airway = {
        "trachea": (slice(20, 40), slice(10, 14), slice(18, 23)),
        "trachea+": (slice(5, 20), slice(10, 14), slice(12, 16)),
        "trachea++": (slice(5, 20), slice(10, 14), slice(26, 30)),
    }
    body = kept(airway, {"7": (slice(12, 24), slice(14, 18), slice(8, 34))})
    assert slices(body, "7") == list(range(12, 20))
    columns = np.flatnonzero((body.stations[15] == STATIONS.index("7")).any(axis=0))
    assert columns.tolist() == list(range(15, 27))  # between the medial walls of the bronchi
    assert slices(body, "4R") == slices(body, "4L") == list(range(20, 24))


def test_a_node_at_the_oesophagus_or_the_aorta_is_paraoesophageal() -> None:
    body = kept(
        {
            "esophagus": (ALL, slice(18, 22), slice(18, 22)),
            "aorta": (ALL, slice(30, 34), slice(30, 34)),
        },
        {"9L": (slice(10, 20), slice(18, 36), slice(22, 38))},
    )
    row = body.stations[15, 20]
    assert [STATIONS[int(n)] for n in row[[22, 24, 26]]] == ["8Lo", "8Lo", "9L"]
    assert STATIONS[int(body.stations[15, 32, 35])] == "8Lo"
    assert STATIONS[int(body.stations[15, 20, 36])] == "9L"


def test_paired_stations_part_at_what_their_definition_says() -> None:
    """Columns 14 to 26 of a row each: trachea 18 to 21, oesophagus 22 to 24, spine 20 to 23."""
    drawn = {
        "trachea": (slice(24, 40), slice(2, 6), slice(18, 22)),
        "esophagus": (ALL, slice(10, 12), slice(22, 25)),
        "vertebrae_L3": (slice(0, 10), slice(30, 36), slice(20, 24)),
    }
    rows = {"1L": 36, "2L": 32, "4R": 28, "9L": 14, "iliac_L": 4}
    boxes = {name: (slice(k, k + 2), slice(24, 28), slice(14, 27)) for name, k in rows.items()}
    body = kept(drawn, boxes)
    first_left = {
        name[:-1]: int(np.flatnonzero(body.stations[k, 25] == STATIONS.index(f"{name[:-1]}L"))[0])
        for name, k in rows.items()
    }
    assert first_left == {"1": 20, "2": 22, "4": 22, "9": 23, "iliac_": 22}
    for name, k in rows.items():
        right = body.stations[k, 25] == STATIONS.index(f"{name[:-1]}R")
        assert np.flatnonzero(right)[-1] == first_left[name[:-1]] - 1


def test_the_coeliac_stations_follow_the_splenic_vein() -> None:
    """Vein up to slice 19, so the root lies 8 mm above: in slice 22."""
    drawn = {
        "aorta": (ALL, slice(24, 29), slice(20, 25)),
        "portal_vein_and_splenic_vein": (slice(15, 20), slice(18, 20), slice(16, 30)),
    }
    body = kept(drawn, {"20": (slice(10, 15), slice(19, 23), slice(20, 25))})
    assert slices(body, "20") == list(range(20, 25))


def test_the_proximal_splenic_artery_ends_half_way_to_the_spleen() -> None:
    drawn = {
        "aorta": (ALL, slice(24, 29), slice(18, 21)),
        "spleen": (ALL, slice(20, 30), slice(35, 40)),
    }
    body = kept(drawn, {"19": (slice(10, 14), slice(20, 24), slice(20, 34))})
    columns = np.flatnonzero((body.stations == STATIONS.index("19")).any(axis=(0, 1)))
    assert columns.tolist() == list(range(20, 28))


def test_mesenteric_fat_at_the_iliac_vessels_is_theirs() -> None:
    vessel = (slice(0, 20), slice(20, 23), slice(28, 31))
    body = kept(
        {"iliac_artery_left": vessel}, {"mesenteric": (slice(5, 15), slice(8, 20), slice(28, 31))}
    )
    rows = np.flatnonzero((body.stations == STATIONS.index("iliac_L")).any(axis=(0, 2)))
    assert rows.tolist() == list(range(15, 20))  # 4 to 20 mm from the vessel
