"""Which readings a patient leaves open."""

from dataclasses import replace

import pytest

from assess.builders import FACTS, lesion, node, node_site, organ, organ_site
from count.builders import SETTINGS, counted, facts, symbols, with_policy
from oligocount import count
from oligocount.count.scenarios import is_metachronous
from oligocount.domain.anatomy import Side
from oligocount.domain.census import Resolution
from oligocount.domain.facts import PrimaryLocation, PrimaryStatus
from oligocount.domain.lesion import RunnerUp


def spread(*findings, **options) -> list[str]:
    return [symbols(each) for each in counted(*findings, **options).all]


def doubts(*findings, **options) -> dict[str, tuple[int, ...]]:
    return {each.code: each.lesions for each in counted(*findings, **options).doubts}


def test_a_certain_patient_has_one_reading() -> None:
    found = counted(organ(1), node(2))
    assert found.all == (found.base,)
    assert found.doubts == ()


def test_equivocal_lesions_are_out_at_first_and_each_may_be_in() -> None:
    findings = (organ(1), organ(2, status="equivocal"), organ(3, "bone", None, status="equivocal"))
    assert spread(*findings) == ["100111", "200221", "200212", "300322"]
    assert doubts(*findings) == {"EQUIVOCAL": (2, 3)}


@pytest.mark.parametrize(
    ("margin", "overlap", "is_open"),
    [
        (4.9, None, True),
        (5.0, None, False),
        (None, 0.33, True),
        (None, 0.32, False),
        (9.0, 0.9, False),
        (None, None, False),
    ],
)
def test_a_second_best_site_within_the_margin_is_read_too(margin, overlap, is_open) -> None:
    runner_up = RunnerUp(site=node_site("104L"), margin_mm=margin, overlap=overlap)
    finding = node(1, "101L", "regional", runner_up=runner_up)
    expected = ["000000", "010111"] if is_open else ["000000"]
    assert spread(finding) == expected
    assert doubts(finding) == ({"FRONTIER": (1,)} if is_open else {})


@pytest.mark.parametrize(("margin", "readings"), [(14.9, 2), (15.0, 1)])
@pytest.mark.parametrize(("first", "second"), [("20", "16a2"), ("16b1", "9")])
def test_the_coeliac_frontier_is_wider(first, second, margin, readings) -> None:
    runner_up = RunnerUp(site=node_site(second, "nonregional"), margin_mm=margin)
    cls = "regional" if first == "20" else "nonregional"
    found = counted(node(1, first, cls, runner_up=runner_up))
    assert len(found.all) == readings


@pytest.mark.parametrize(("first", "second"), [("20", "13"), ("16a2", "16b1"), ("7", "16a2x")])
def test_other_frontiers_keep_the_common_margin(first, second) -> None:
    cls = "regional" if first == "20" else "nonregional"
    if first == "7":
        first = "8M"
    runner_up = RunnerUp(site=node_site(second), margin_mm=9.0)
    assert len(counted(node(1, first, cls, runner_up=runner_up)).all) == 1


def test_a_runner_up_that_counts_the_same_is_no_doubt() -> None:
    runner_up = RunnerUp(site=node_site("8M", "regional"), margin_mm=1.0)
    assert doubts(node(1, "7", "regional", runner_up=runner_up)) == {}


def test_a_runner_up_in_the_oesophagus_may_be_the_primary() -> None:
    runner_up = RunnerUp(site=organ_site("oesophagus"), overlap=0.4)
    assert spread(organ(1, runner_up=runner_up)) == ["100111", "000000"]


def test_a_node_of_unknown_class_is_read_both_ways() -> None:
    assert spread(node(1, "10L", None)) == ["000000", "010111"]
    assert doubts(node(1, "10L", None)) == {"FRONTIER": (1,)}


def test_a_nonregional_node_without_a_station_may_lie_in_any_that_is_involved() -> None:
    nodes = (node(1, "104L"), node(2, None))
    assert sorted(set(spread(*nodes))) == ["010111", "020212"]
    assert spread(node(2, None)) == ["010111"]
    assert max(spread(node(1, None), node(2, None))) == "020212"


def test_a_supraclavicular_node_without_a_side_may_be_on_either() -> None:
    assert sorted(spread(node(1, "104L"), node(2, "104"))) == ["010111", "020212"]
    assert spread(node(2, "104")) == ["010111"]


def test_a_regional_station_is_no_place_for_a_nonregional_node() -> None:
    assert spread(node(1, None), node(2, "7", "regional")) == ["010111"]
    assert spread(node(1, None), node(2, "104L", status="benign")) == ["010111"]


def test_the_side_of_a_site_tells_stations_apart() -> None:
    left, right = (replace(node_site("104"), side=side) for side in (Side.LEFT, Side.RIGHT))
    found = counted(lesion(1, left), lesion(2, right))
    assert found.base.stations == ("104L", "104R")
    assert len(found.all) == 1


def test_a_local_recurrence_is_no_organ_that_an_unknown_lesion_may_lie_in() -> None:
    assert spread(organ(1, "anastomosis", None), organ(2, None, None)) == ["100111"]
    assert counted(organ(2, None, None)).base.by_organ == {"unknown": 1}


def test_a_lesion_of_unknown_organ_may_be_in_any_that_is_involved() -> None:
    assert sorted(spread(organ(1), organ(2, None, None))) == ["200212", "200221"]
    assert spread(organ(2, None, None)) == ["100111"]
    two = sorted(set(spread(organ(1, None, None), organ(2, None, None))))
    assert two == ["200212", "200221"]
    nodes = sorted(set(spread(node(1), organ(2, None, None))))
    assert nodes == ["110221"]


def test_a_split_pair_of_unknown_side_is_read_both_ways() -> None:
    split = with_policy(paired_organs="split")
    assert sorted(spread(organ(1), organ(2, side=None), settings=split)) == ["200212", "200221"]


@pytest.mark.parametrize(
    ("months", "late"), [(0.0, False), (6.0, False), (6.01, True), (30.0, True), (None, None)]
)
def test_metastases_are_metachronous_after_six_months(months, late) -> None:
    told = facts(months_from_primary_diagnosis=months)
    assert is_metachronous(told, SETTINGS) is late


def test_exactly_six_months_can_be_metachronous() -> None:
    policy = with_policy(exactly_six_months="metachronous")
    assert is_metachronous(facts(months_from_primary_diagnosis=6.0), policy) is True
    assert is_metachronous(facts(months_from_primary_diagnosis=5.9), policy) is False


@pytest.mark.parametrize(
    ("timing", "late"),
    [("synchronous", False), ("metachronous", True), (None, None), ("sometime", None)],
)
def test_timing_may_be_stated_where_months_are_not(timing, late) -> None:
    told = facts(months_from_primary_diagnosis=None, other={"timing": timing})
    assert is_metachronous(told, SETTINGS) is late
    told = facts(months_from_primary_diagnosis=1.0, other={"timing": timing})
    assert is_metachronous(told, SETTINGS) is False


def test_unknown_timing_matters_where_regional_nodes_are_positive() -> None:
    unknown = facts(months_from_primary_diagnosis=None)
    regional = (organ(1), node(2, "7", "regional"))
    assert spread(*regional, facts=unknown) == ["100111", "101221"]
    assert doubts(*regional, facts=unknown) == {"TIMING": ()}
    assert spread(organ(1), facts=unknown) == ["100111"]
    assert doubts(organ(1), facts=unknown) == {}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (PrimaryStatus.RESECTED, ["001111"]),
        (PrimaryStatus.CONTROLLED, ["001111"]),
        (PrimaryStatus.UNTREATED, ["000000"]),
        (PrimaryStatus.UNCONTROLLED, ["000000", "001111"]),
        (None, ["000000", "001111"]),
    ],
)
def test_timing_by_treatment_status(status, expected) -> None:
    policy = with_policy(regional_timing="treatment_status")
    told = facts(primary_status=status)
    assert spread(node(1, "7", "regional"), facts=told, settings=policy) == expected


def test_untold_treatability_is_a_doubt() -> None:
    assert doubts(organ(2, treatable=None), organ(1, treatable=None)) == {"TREATABILITY": (1, 2)}


def test_too_many_questions_move_together_and_say_so() -> None:
    few = replace(SETTINGS, max_readings=8)
    equivocal = [organ(number, status="equivocal") for number in range(1, 5)]
    assert spread(*equivocal, settings=few) == ["000000", "400414"]
    assert "THINNED" in doubts(*equivocal, settings=few)
    assert len(spread(*equivocal[:3], settings=few)) == 8
    assert "THINNED" not in doubts(*equivocal[:3], settings=few)


def test_open_sites_stay_apart_from_equivocal_lesions_as_long_as_they_can() -> None:
    few = replace(SETTINGS, max_readings=8)
    equivocal = [organ(number, status="equivocal") for number in range(1, 4)]
    open_nodes = [node(11, "10L", None), node(12, "10R", None)]
    assert spread(*equivocal, *open_nodes, settings=few) == [
        "000000", "300313", "010111", "310423", "010111", "310423", "020212", "320523",
    ]  # fmt: skip
    more = [*open_nodes, node(13, "11L", None)]
    assert spread(*equivocal, *more, settings=few) == ["000000", "300313", "030313", "330623"]


SECOND = {"second_primary_suspected": True}


def test_a_suspected_second_primary_is_read_as_equivocal_where_it_is_solitary() -> None:
    assert spread(organ(1), facts=facts(other=SECOND)) == ["000000", "100111"]
    assert spread(organ(1), organ(2), facts=facts(other=SECOND)) == ["200212"]
    assert spread(node(1), facts=facts(other=SECOND)) == ["010111"]
    assert spread(organ(1), facts=facts(other={"second_primary_suspected": False})) == ["100111"]


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [("JES12", "000000"), ("JES12_cervical", "000000"), ("AJCC8", "010111"), (None, "010111")],
)
def test_the_japanese_scheme_makes_supraclavicular_nodes_of_a_cervical_primary_regional(
    scheme, expected
) -> None:
    cervical = facts(primary_location=PrimaryLocation.CERVICAL, other={"nodal_scheme": scheme})
    assert spread(node(1), facts=cervical) == [expected]
    thoracic = facts(other={"nodal_scheme": scheme})
    assert spread(node(1), facts=thoracic) == ["010111"]


def test_each_doubt_says_what_is_open() -> None:
    unknown = facts(months_from_primary_diagnosis=None)
    few = replace(SETTINGS, max_readings=1)
    findings = (
        organ(1, status="equivocal"),
        node(2, "10L", None),
        organ(3, treatable=None),
        node(4, "7", "regional"),
    )
    told = {each.code: each.text for each in counted(*findings, facts=unknown, settings=few).doubts}
    assert told == {
        "EQUIVOCAL": "equivocal lesions",
        "FRONTIER": "lesions that may lie elsewhere",
        "TREATABILITY": "treatability not stated",
        "TIMING": "timing of regional nodes unknown",
        "THINNED": "too many open questions to read each on its own",
    }


def test_a_regional_node_that_may_be_absent_is_no_doubt_about_timing() -> None:
    late = facts(months_from_primary_diagnosis=12.0)
    assert "TIMING" not in doubts(node(1, "7", "regional", status="equivocal"), facts=late)


def test_readings_that_look_the_same_are_read_once() -> None:
    """Ten equivocal lesions of one lung, seen up to four: 0, 1, 2, 3, or four and more."""
    sight = Resolution(cap=4, table_organs=1, sees_diameter=False, sees_nodes=False)
    doubtful = [organ(number, status="equivocal", diameter_mm=number) for number in range(1, 11)]
    readings = count.read_findings(doubtful, FACTS, SETTINGS)
    found = count.distinct_censuses(readings, FACTS, SETTINGS, resolution=sight)
    assert sorted(census.n for census in found) == [0, 1, 2, 3, 4]


def test_too_many_even_so_are_those_of_the_thinned_count() -> None:
    sight = Resolution(cap=4, table_organs=1, sees_diameter=True, sees_nodes=False)
    few = replace(SETTINGS, max_readings=5)
    doubtful = [organ(number, status="equivocal", diameter_mm=number) for number in range(1, 11)]
    readings = count.read_findings(doubtful, FACTS, few)
    found = count.distinct_censuses(readings, FACTS, few, resolution=sight)
    assert sorted(census.n for census in found) == [0, 10]
