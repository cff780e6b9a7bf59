"""What a station's name says."""

# ruff: noqa: E501 - tables are read across

import pytest

from oligocount.count import names
from oligocount.domain.anatomy import Side, Station, is_coeliac_frontier


def station(name: str) -> Station:
    return Station(ajcc8=name, jes=None, iaslc=None)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("104L", "104"), ("104R", "104"), ("axillary_L", "axillary"), ("16a2", "16a2"),
        ("8Lo", "8Lo"), ("106recL", "106rec"), ("7", "7"), ("inguinal R", "inguinal"),
    ],
)  # fmt: skip
def test_the_side_is_taken_off(name, family) -> None:
    assert names.family(name) == family


@pytest.mark.parametrize(
    ("name", "side", "expected"),
    [
        ("104", Side.LEFT, "104L"),
        ("104", Side.RIGHT, "104R"),
        ("104L", Side.RIGHT, "104L"),
        ("104", None, "104"),
        ("104", Side.MIDLINE, "104"),
        ("supraclavicular", Side.LEFT, "104L"),
        ("supraclavicular_R", None, "104_R"),
        ("axillary", Side.RIGHT, "axillary_R"),
        ("iliac_ext", Side.LEFT, "iliac_ext_L"),
        ("16a2", Side.LEFT, "16a2"),
    ],
)
def test_stations_of_the_neck_and_the_limbs_are_told_apart_by_side(name, side, expected) -> None:
    assert names.sided_station(name, side) == expected


def test_a_station_without_its_side_has_two_names() -> None:
    assert names.both_sides("104") == ("104L", "104R")
    assert names.both_sides("axillary") == ("axillary_L", "axillary_R")
    assert names.both_sides("104L") == ("104L",)
    assert names.both_sides("16a2") == ("16a2",)


@pytest.mark.parametrize(
    ("test", "yes", "no"),
    [
        (names.is_supraclavicular, ("104L", "104R", "104", "supraclavicular_L"), ("101L", "105", "102R")),
        (names.is_cervical, ("104L", "102upL", "100", "103", "supraclavicular"), ("101R", "16a2", "axillary_L")),
        (names.is_retroperitoneal, ("16a1", "16a2lat", "16b2", "13", "14v", "para-aortic", "intra-aortocaval"), ("104L", "12a", "iliac_L")),
        (names.is_adjoining, ("104L", "cardiophrenic", "113", "114", "109R"), ("16a2", "axillary_L", "102R")),
    ],
)  # fmt: skip
def test_groups_of_stations(test, yes, no) -> None:
    assert [each for each in yes if not test(each)] == []
    assert [each for each in no if test(each)] == []


@pytest.mark.parametrize(
    ("test", "yes", "no"),
    [
        (names.is_retrocrural, ("15", "16a1"), ("16", "16a2", "20")),
        (names.is_off_map, ("5", "6", "10L", "10R", "113", "114", "109R"), ("4L", "7", "15")),
        (names.is_perigastric, ("4sa", "4sb", "4", "4d", "10"), ("7", "16a2", "11d", "4L1")),
    ],
)
def test_stations_on_which_systems_differ(test, yes, no) -> None:
    assert [each for each in yes if not test(station(each))] == []
    assert [each for each in no if test(station(each))] == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("8a", "16a2", True), ("8p", "16a2", True), ("11p", "16a2", True), ("19", "16a2", True),
        ("7", "16a2", True), ("20", "16a2", True), ("16b1", "9", True), ("18", "16a1", True), ("20", "13", False),
        ("16a2", "16b1", False), ("20", "9", False), ("8M", "16a2", False),
    ],
)  # fmt: skip
def test_the_coeliac_frontier(one, other, expected) -> None:
    assert is_coeliac_frontier(station(one), station(other)) is expected


def test_the_coeliac_frontier_reads_the_japanese_name_where_there_is_one() -> None:
    coeliac = Station(ajcc8="20", jes="9", iaslc=None)
    aortic = Station(ajcc8=None, jes="16a2", iaslc=None)
    assert is_coeliac_frontier(coeliac, aortic)
