"""A station ends where its definition says, by the organs that are drawn."""

import numpy as np
from drawn_stations import ALL, STATIONS, kept, slices


def test_the_window_ends_at_the_upper_rim_of_the_left_pulmonary_artery() -> None:
    artery = (slice(5, 15), slice(10, 14), slice(26, 30))
    body = kept({"pulmonary_artery": artery}, {"5": (slice(10, 20), slice(18, 22), slice(26, 30))})
    assert slices(body, "5") == list(range(15, 20))
    assert slices(body, "10L") == list(range(10, 15))


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


def test_paraoesophageal_nodes_are_within_reach_of_the_oesophagus_or_the_aorta() -> None:
    """Oesophagus up to column 19, aorta from column 32 on: between them is neither."""
    drawn = {
        "esophagus": (ALL, slice(18, 22), slice(16, 20)),
        "aorta": (ALL, slice(18, 22), slice(32, 36)),
    }
    row = (slice(18, 22), slice(20, 32))
    body = kept(
        drawn, {"8U": (slice(30, 34), *row), "8M": (slice(20, 24), *row), "15": (slice(4, 8), *row)}
    )
    own = {name: body.stations[k, 20] == STATIONS.index(name) for name, k in
           (("8U", 31), ("8M", 21), ("8Lo", 5), ("15", 5))}  # fmt: skip
    columns = {name: np.flatnonzero(one).tolist() for name, one in own.items()}
    assert columns["8U"] == [20, 21]  # 4 and 8 mm off
    assert columns["8M"] == [20, 21, 22, 30, 31]
    assert columns["8Lo"] == [20, 21, 22]
    assert columns["15"] == list(range(23, 32))


def test_behind_the_front_of_the_oesophagus_no_node_is_subcarinal() -> None:
    airway = {
        "trachea": (slice(30, 40), slice(10, 14), slice(18, 23)),
        "trachea+": (slice(14, 30), slice(10, 14), slice(12, 16)),
        "trachea++": (slice(14, 30), slice(10, 14), slice(26, 30)),
        "esophagus": (ALL, slice(16, 20), slice(20, 22)),
    }
    body = kept(airway, {"7": (slice(14, 30), slice(12, 20), slice(17, 25))})
    station = {j: STATIONS[int(body.stations[26, j, 18])] for j in (13, 15, 16, 18)}
    assert station == {13: "7", 15: "7", 16: "8M", 18: "8M"}
    assert slices(body, "7") == list(range(19, 30))  # 45 mm below the split


def test_behind_the_trachea_at_the_oesophagus_paratracheal_nodes_are_paraoesophageal() -> None:
    """The trachea's back is row 14; the oesophagus ends with column 23."""
    airway = {
        "trachea": (slice(20, 40), slice(10, 14), slice(18, 22)),
        "trachea+": (slice(5, 20), slice(10, 14), slice(12, 16)),
        "trachea++": (slice(5, 20), slice(10, 14), slice(26, 30)),
        "esophagus": (ALL, slice(14, 18), slice(20, 24)),
    }
    body = kept(
        airway,
        {
            "4L": (slice(24, 28), slice(11, 18), slice(24, 30)),
            "8U": (slice(30, 34), slice(11, 18), slice(24, 26)),
        },
    )
    row = [STATIONS[int(n)] for n in body.stations[25, 15, 24:30]]
    assert row == ["8U", "8U", "4L", "4L", "4L", "4L"]
    assert STATIONS[int(body.stations[25, 12, 24])] == "4L"
    depths = np.flatnonzero((body.stations[31] == STATIONS.index("8U")).any(axis=1))
    assert depths.tolist() == [14, 15, 16, 17]
