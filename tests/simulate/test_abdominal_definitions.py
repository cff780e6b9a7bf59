"""Below the hiatus a station ends where its definition says, by the organs that are drawn."""

import numpy as np
from drawn_stations import ALL, STATIONS, kept, slices


def test_the_coeliac_stations_follow_the_splenic_vein() -> None:
    """Vein up to slice 19, so the root lies 8 mm above: in slice 22."""
    drawn = {
        "aorta": (ALL, slice(24, 29), slice(20, 25)),
        "portal_vein_and_splenic_vein": (slice(15, 20), slice(18, 20), slice(16, 30)),
    }
    body = kept(drawn, {"20": (slice(10, 15), slice(19, 23), slice(20, 25))})
    assert slices(body, "20") == list(range(20, 25))


def test_the_coeliac_root_is_where_a_winding_aorta_stands_at_its_height() -> None:
    """Low down the aorta runs right, at the root left: a branch of the vein there is not before it.

    Before the aorta at the root the vein ends with slice 19; right of it a branch climbs to 27.
    """
    drawn = {
        "aorta": (slice(0, 14), slice(24, 29), slice(10, 15)),
        "aorta+": (slice(14, 40), slice(24, 29), slice(24, 29)),
        "portal_vein_and_splenic_vein": (slice(12, 20), slice(18, 20), slice(10, 36)),
        "portal_vein_and_splenic_vein+": (slice(20, 28), slice(18, 20), slice(14, 20)),
    }
    body = kept(drawn, {"20": (slice(10, 15), slice(8, 12), slice(12, 17))})
    k, j, i = np.argwhere(body.stations == STATIONS.index("20")).mean(axis=0)
    assert (round(k), round(i)) == (22, 26)
    assert 24 - 15 / 4 < j < 24


def test_the_proximal_splenic_artery_ends_half_way_to_the_spleen() -> None:
    drawn = {
        "aorta": (ALL, slice(24, 29), slice(18, 21)),
        "spleen": (ALL, slice(20, 30), slice(35, 40)),
    }
    body = kept(drawn, {"19": (slice(10, 14), slice(20, 24), slice(20, 34))})
    columns = np.flatnonzero((body.stations == STATIONS.index("19")).any(axis=(0, 1)))
    assert columns.tolist() == list(range(20, 28))


def test_para_aortic_nodes_are_within_20_mm_of_the_aorta() -> None:
    drawn = {"aorta": (ALL, slice(18, 22), slice(16, 20))}
    body = kept(drawn, {"16b1": (slice(10, 14), slice(18, 22), slice(20, 34))})
    columns = np.flatnonzero(body.stations[11, 20] == STATIONS.index("16b1"))
    assert columns.tolist() == [20, 21, 22, 23, 24]


def test_mesenteric_fat_at_the_iliac_vessels_is_theirs() -> None:
    vessel = (slice(0, 20), slice(20, 23), slice(28, 31))
    body = kept(
        {"iliac_artery_left": vessel}, {"mesenteric": (slice(5, 15), slice(8, 20), slice(28, 31))}
    )
    rows = np.flatnonzero((body.stations == STATIONS.index("iliac_L")).any(axis=(0, 2)))
    assert rows.tolist() == list(range(15, 20))  # 4 to 20 mm from the vessel


def test_paracardial_nodes_are_near_the_junction_and_not_along_the_oesophagus() -> None:
    """The stomach's top meets the oesophagus' lower end about slice 18."""
    drawn = {
        "stomach": (slice(8, 20), slice(16, 24), slice(20, 36)),
        "esophagus": (slice(18, 40), slice(18, 22), slice(16, 20)),
    }
    body = kept(drawn, {"16": (slice(8, 28), slice(24, 28), slice(14, 24))})
    assert min(slices(body, "16")) > 18 - 20 / 4 - 1
    assert min(slices(body, "8Lo")) >= 17
    assert max(slices(body, "16")) < 18 + 20 / 4


def test_left_gastric_nodes_lie_on_the_way_from_the_trunk_to_the_junction_or_at_the_stomach() -> (
    None
):
    """The way climbs at column 20 from the root in slice 10 to the junction about slice 30."""
    drawn = {
        "aorta": (ALL, slice(26, 30), slice(18, 23)),
        "portal_vein_and_splenic_vein": (slice(4, 8), slice(20, 22), slice(14, 27)),
        "stomach": (slice(14, 31), slice(18, 24), slice(34, 40)),
        "stomach+": (slice(29, 31), slice(20, 24), slice(18, 34)),
        "esophagus": (slice(31, 40), slice(20, 24), slice(18, 23)),
    }
    body = kept(drawn, {"17": (slice(18, 22), slice(21, 25), slice(4, 34)),
                        "20": (slice(8, 12), slice(22, 25), slice(19, 22))})  # fmt: skip
    found = np.flatnonzero((body.stations[20] == STATIONS.index("17")).any(axis=0))
    assert found.min() >= 16
    assert {18, 20, 22, 31, 33} <= set(found.tolist())
    assert not {4, 10, 14, 29} & set(found.tolist())
