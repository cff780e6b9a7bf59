"""Neck, chest wall and groin: a station ends where its definition says."""

import numpy as np
from drawn_stations import ALL, STATIONS, kept, slices


def columns(row: np.ndarray, name: str) -> list[int]:
    return np.flatnonzero(row == STATIONS.index(name)).tolist()


def test_the_first_station_ends_at_the_apex_of_the_lung_of_its_side() -> None:
    """Right lung up to slice 19, left one to 15: each side has its own frontier."""
    lungs = {
        "lung_upper_lobe_right": (slice(0, 20), slice(20, 30), slice(2, 10)),
        "lung_upper_lobe_left": (slice(0, 16), slice(20, 30), slice(30, 38)),
        "trachea": (ALL, slice(4, 8), slice(18, 22)),
    }
    right, left = (ALL, slice(12, 16), slice(12, 16)), (ALL, slice(12, 16), slice(24, 28))
    body = kept(lungs, {"1R": right, "2L": left})
    assert slices(body, "1R") == list(range(20, 40))
    assert slices(body, "2R") == list(range(20))
    assert slices(body, "1L") == list(range(16, 40))
    assert slices(body, "2L") == list(range(16))


def test_in_the_midline_the_first_station_reaches_down_to_the_manubrium() -> None:
    drawn = {
        "lung_upper_lobe_left": (slice(0, 20), slice(20, 30), slice(30, 38)),
        "trachea": (ALL, slice(14, 18), slice(18, 22)),
        "sternum": (slice(0, 12), slice(2, 4), slice(18, 22)),
    }
    body = kept(drawn, {"1L": (slice(4, 30), slice(8, 12), slice(20, 28))})
    assert columns(body.stations[14, 9], "1L") == [
        20,
        21,
    ]  # 2 and 6 mm left of the trachea's middle
    assert columns(body.stations[14, 9], "2L") == list(range(22, 28))
    assert columns(body.stations[8, 9], "1L") == []
    assert columns(body.stations[24, 9], "1L") == list(range(20, 28))


def test_the_first_station_ends_and_the_fossa_begins_at_the_carotid() -> None:
    """The artery's medial border is column 24; both stations were drawn across it."""
    drawn = {"common_carotid_artery_left": (ALL, slice(10, 12), slice(24, 27)),
             "trachea": (ALL, slice(4, 8), slice(18, 22))}  # fmt: skip
    row = (slice(14, 16), slice(21, 30))
    body = kept(drawn, {"1L": (slice(4, 12), *row), "104L": (slice(20, 28), *row)})
    for k in (8, 24):
        assert columns(body.stations[k, 15], "1L") == [21, 22, 23]
        assert columns(body.stations[k, 15], "104L") == list(range(24, 30))


def test_the_oesophagus_begins_where_the_neck_parts_into_upper_and_lower_stations() -> None:
    drawn = {"esophagus": (slice(0, 20), slice(30, 34), slice(18, 22))}
    block = (slice(10, 30), slice(10, 14))
    body = kept(drawn, {"1L": (*block, slice(21, 23)), "104L": (*block, slice(24, 28)),
                        "102L": (*block, slice(30, 34))})  # fmt: skip
    assert slices(body, "1L") == slices(body, "104L") == list(range(10, 20))
    assert slices(body, "102L") == list(range(20, 30))


def test_the_vertebral_plane_bounds_the_lower_neck_behind() -> None:
    """The spine's front is row 20."""
    drawn = {"vertebrae_C6": (ALL, slice(20, 26), slice(18, 22))}
    body = kept(drawn, {"1L": (slice(4, 8), slice(2, 36), slice(22, 24)),
                        "104L": (slice(4, 8), slice(2, 36), slice(26, 30))})  # fmt: skip
    rows = {
        name: np.flatnonzero((body.stations[5] == STATIONS.index(name)).any(axis=1)).tolist()
        for name in ("1L", "104L")
    }
    assert rows == {"1L": list(range(2, 20)), "104L": list(range(10, 28))}


def test_deep_cervical_nodes_end_where_the_posterior_triangle_begins() -> None:
    """The spine's front is row 20; 100 mm above C6's lower edge the muscle ends 37 mm behind it."""
    spine = {
        "vertebrae_C6": (slice(8, 12), slice(20, 26), slice(18, 22)),
        "vertebrae_C2": (slice(12, 40), slice(20, 26), slice(18, 22)),
    }
    body = kept(spine, {"102L": (slice(8, 40), slice(10, 38), slice(26, 30))})
    last = {
        k: int(np.flatnonzero((body.stations[k] == STATIONS.index("102L")).any(axis=1))[-1])
        for k in (8, 33)
    }
    assert last == {8: 19, 33: 28}


def test_no_anterior_mediastinal_node_lies_in_the_chest_wall() -> None:
    drawn = {"sternum": (ALL, slice(8, 11), slice(16, 24)),
             "costal_cartilages": (slice(8, 12), slice(9, 12), slice(24, 32))}  # fmt: skip
    boxes = {"internal_mammary_L": (slice(8, 12), slice(4, 8), slice(28, 30)),
             "6": (slice(8, 12), slice(4, 20), slice(24, 27))}  # fmt: skip
    body = kept(drawn, boxes)
    rows = np.flatnonzero((body.stations == STATIONS.index("6")).any(axis=(0, 2)))
    assert rows.tolist() == list(range(12, 20))


def test_supraclavicular_nodes_lie_above_the_clavicle_and_within_the_first_rib() -> None:
    """The clavicle climbs outwards from column 24 to 37; the tenth rib is no limit."""
    drawn = {
        "clavicula_left": (slice(10, 12), slice(10, 12), slice(24, 31)),
        "clavicula_left+": (slice(14, 16), slice(10, 12), slice(31, 38)),
        "rib_left_1": (slice(4, 6), slice(8, 20), slice(24, 34)),
        "rib_left_10": (slice(0, 2), slice(8, 20), slice(30, 40)),
    }
    body = kept(drawn, {"104L": (slice(6, 24), slice(14, 18), slice(24, 40))})
    assert columns(body.stations[20, 15], "104L") == list(range(24, 34))
    assert columns(body.stations[13, 15], "104L") == list(range(24, 31))
    assert columns(body.stations[8, 15], "104L") == []


def test_internal_mammary_nodes_lie_behind_the_cartilages_beside_the_sternum() -> None:
    """A band that runs from the pectoral muscle into the lung is drawn anew behind the wall."""
    drawn = {
        "sternum": (ALL, slice(8, 11), slice(16, 24)),
        "costal_cartilages": (slice(8, 12), slice(10, 13), slice(24, 32)),
    }
    band = {"internal_mammary_L": (slice(8, 12), slice(2, 24), slice(25, 32)),
            "6": (slice(8, 12), slice(13, 15), slice(24, 26))}  # fmt: skip
    body = kept(drawn, band)
    there = np.argwhere(body.stations == STATIONS.index("internal_mammary_L"))
    assert set(there[:, 0]) == set(range(8, 12))
    assert set(there[:, 1]) == {13, 14, 15}  # within 10 mm behind them
    assert set(there[:, 2]) == set(range(24, 28))  # within 15 mm of the sternum's edge
    assert body.stations[9, 13, 25] == STATIONS.index("6")


def test_above_the_femoral_heads_no_node_is_inguinal() -> None:
    drawn = {"femur_left": (slice(0, 12), slice(20, 26), slice(30, 36))}
    body = kept(drawn, {"inguinal_L": (slice(6, 16), slice(10, 14), slice(28, 34))})
    assert slices(body, "inguinal_L") == list(range(6, 12))
    assert slices(body, "iliac_L") == list(range(12, 16))
