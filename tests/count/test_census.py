"""Counting by hand: V S R N O M of small patients."""

import pytest

from assess.builders import lesion, node, organ, organ_site
from count.builders import counted, facts, symbols, with_policy
from oligocount.domain.census import OrganTally

LATE = facts(months_from_primary_diagnosis=12.0)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        #                                                                   VSRNOM
        ((), "000000"),
        ((organ(1),), "100111"),
        ((organ(1), organ(2)), "200212"),
        ((organ(1, side="L"), organ(2, side="R")), "200212"),
        ((organ(1), organ(2, "liver", None), organ(3, "bone", None)), "300331"),
        ((node(1),), "010111"),
        ((node(1, n_nodes=9),), "010111"),
        ((node(1), node(2)), "010111"),
        ((node(1, "104L"), node(2, "104R")), "020212"),
        ((node(1, "16a2"), node(2, "16b1")), "020212"),
        ((organ(1), node(2), node(3, "16a2")), "120322"),
        ((node(1, "7", "regional"),), "000000"),
        ((organ(1), node(2, "7", "regional")), "100111"),
        ((organ(1, "oesophagus", None),), "000000"),
        ((organ(1, "anastomosis", None), organ(2, "gastric_conduit", None)), "000000"),
        ((organ(1, status="benign"),), "000000"),
        ((organ(1, "pleura", None), organ(2, "peritoneum", None)), "200222"),
        ((organ(1, "bone_marrow", None), organ(2, "bone", None)), "200212"),
    ],
)
def test_synchronous_patients(findings, expected) -> None:
    assert symbols(counted(*findings).base) == expected


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ((node(1, "7", "regional"),), "001111"),
        ((node(1, "7", "regional"), node(2, "8M", "regional")), "001111"),
        ((organ(1), node(2, "7", "regional")), "101221"),
        ((node(1), node(2, "7", "regional")), "011212"),
        ((organ(1),), "100111"),
    ],
)
def test_metachronous_regional_nodes_count_one_all_together(findings, expected) -> None:
    assert symbols(counted(*findings, facts=LATE).base) == expected


def test_by_organ_adds_up_to_n_and_stations_are_listed_once() -> None:
    base = counted(
        organ(1), organ(2), organ(3, "liver", None), node(4), node(5), node(6, "7", "regional"),
        facts=LATE,
    ).base  # fmt: skip
    assert base.by_organ == {"lung": 2, "liver": 1, "lymph_node": 2}
    assert base.stations == ("104L",)
    assert base.nodes == 2
    assert base.distant == 4


def test_without_nodes_there_is_no_lymph_node_organ() -> None:
    assert counted(organ(1)).base.by_organ == {"lung": 1}


@pytest.mark.parametrize(
    ("policy", "findings", "expected"),
    [
        ("split", (organ(1, side="L"), organ(2, side="R")), "200221"),
        ("split", (organ(1, side="L"), organ(2, side="L")), "200212"),
        ("split", (organ(1, "adrenal", "L"), organ(2, "adrenal", "R")), "200221"),
        ("split", (organ(1, "kidney", "L"), organ(2, "kidney", "R")), "200221"),
        ("split", (organ(1, "liver", "L"), organ(2, "liver", "R")), "200212"),
        ("split", (organ(1, "bone", "L"), organ(2, "bone", "R")), "200212"),
    ],
)
def test_pairs_can_count_as_two_organs(policy, findings, expected) -> None:
    base = counted(*findings, settings=with_policy(paired_organs=policy)).base
    assert symbols(base) == expected


def test_nodes_can_be_exempt_from_the_most_in_one_system() -> None:
    exempt = with_policy(node_system="exempt")
    nodes = (node(1), node(2, "16a2"))
    assert symbols(counted(*nodes, settings=exempt).base) == "020210"
    assert symbols(counted(*nodes, organ(3), settings=exempt).base) == "120321"


def test_treatable_brain_lesions_can_be_exempt_from_the_numbers() -> None:
    exempt = with_policy(brain="exempt_if_treatable")
    brain = (organ(1, "brain", None), organ(2, "brain", None, treatable=None))
    base = counted(*brain, organ(3), settings=exempt).base
    assert symbols(base) == "300221"
    assert base.brain == 2
    assert symbols(counted(*brain, organ(3)).base) == "300322"


def test_supraclavicular_stations_can_be_one() -> None:
    one = with_policy(bilateral_supraclavicular="one_station")
    both = (node(1, "104L"), node(2, "104R"))
    assert counted(*both, settings=one).base.stations == ("104",)
    others = (node(1, "axillary_L"), node(2, "axillary_R"))
    assert counted(*others, settings=one).base.s == 2


@pytest.mark.parametrize(
    ("first", "second", "bilobar", "bilateral"),
    [
        (("right", "L"), ("right", "L"), False, False),
        (("right", "L"), ("left", "R"), True, True),
        (("right", "L"), (None, None), None, None),
        ((None, None), (None, None), None, None),
    ],
)
def test_lobes_and_sides_of_several_lesions(first, second, bilobar, bilateral) -> None:
    pair = [
        lesion(number, organ_site("liver", side, lobe))
        for number, (lobe, side) in enumerate((first, second), start=1)
    ]
    tally = OrganTally(lesions=2, is_bilateral=bilateral, is_bilobar=bilobar)
    assert counted(*pair).base.organs == {"liver": tally}


def test_one_lesion_of_unknown_side_takes_one_side() -> None:
    tally = OrganTally(lesions=1, is_bilateral=False, is_bilobar=False)
    assert counted(organ(1, "lung", None)).base.organs == {"lung": tally}
    both = (organ(1, "lung", "L"), organ(2, "lung", "R"), organ(3, "lung", None))
    assert counted(*both).base.organs["lung"].is_bilateral is True


def test_a_lobe_is_of_the_liver_only() -> None:
    lesions = (organ(1, "lung", "L", lobe="left"), organ(2, "lung", "L", lobe="right"))
    assert counted(*lesions).base.organs["lung"].is_bilobar is None


@pytest.mark.parametrize(
    ("treatable", "expected"),
    [
        ((True, True), True),
        ((True, None), None),
        ((True, False), False),
        ((None, False), False),
    ],
)
def test_treatability_of_all(treatable, expected) -> None:
    findings = (organ(1, treatable=treatable[0]), node(2, "7", "regional", treatable=treatable[1]))
    assert counted(*findings).base.treatable is expected


def test_the_fact_that_all_are_treatable_fills_what_no_lesion_states() -> None:
    findings = (organ(1, treatable=None), organ(2, treatable=True))
    told = facts(other={"all_lesions_treatable": True})
    assert counted(*findings, facts=told).base.treatable is True
    told = facts(other={"all_lesions_treatable": False})
    assert counted(*findings, facts=told).base.treatable is False
    assert counted(organ(1, treatable=False), facts=told).base.treatable is False
    told = facts(other={"all_lesions_treatable": None})
    assert counted(*findings, facts=told).base.treatable is None


@pytest.mark.parametrize(
    ("finding", "exclusion", "organ_name"),
    [
        (organ(1, "pleura", None, diffuse=True), "diffuse_serosal", "pleura"),
        (organ(1, "meninges", None, diffuse=True), "diffuse_serosal", "meninges"),
        (organ(1, "bone_marrow", None, diffuse=True), "diffuse_marrow", "bone_marrow"),
        (organ(1, "bone", None, diffuse=True), "diffuse_marrow", "bone_marrow"),
    ],
)
def test_a_diffuse_pattern_excludes_and_counts_once(finding, exclusion, organ_name) -> None:
    base = counted(finding).base
    assert base.exclusions == (exclusion,)
    assert base.by_organ == {organ_name: 1}
    assert base.serosal == 0


def test_a_serosal_nodule_that_is_not_diffuse_is_told_apart() -> None:
    base = counted(organ(1, "peritoneum", None)).base
    assert (base.exclusions, base.serosal) == ((), 1)
    assert counted(organ(1, "lung", None, diffuse=True)).base.exclusions == ()


@pytest.mark.parametrize(
    ("findings", "sites"),
    [
        ((organ(1), organ(2, "liver", None)), 2),
        ((organ(1), node(2, "16a2")), 1),
        ((organ(1), node(2, "16a2"), node(3, "104L")), 2),
        ((node(1, "13"), node(2, "para-aortic")), 0),
        ((node(1, "axillary_L"), node(2, "104L")), 1),
    ],
)
def test_sites_without_retroperitoneal_nodes(findings, sites) -> None:
    assert counted(*findings).base.sites_excluding_rpln == sites


def test_the_largest_diameter_of_what_counts() -> None:
    findings = (organ(1, diameter_mm=20.0), node(2, "7", "regional", diameter_mm=60.0))
    assert counted(*findings).base.diameter_mm == 20.0
    assert counted(*findings, facts=LATE).base.diameter_mm == 60.0
    base = counted(organ(1, diameter_mm=None), node(2, diameter_mm=30.0)).base
    assert (base.diameter_mm, base.has_unknown_diameter) == (30.0, True)
    assert counted(*findings).base.has_unknown_diameter is False
    assert counted(organ(1, diameter_mm=None)).base.diameter_mm is None


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ((node(1, "104L"),), True),
        ((node(1, "104L"), node(2, "cardiophrenic")), True),
        ((node(1, "104L"), node(2, "16a2")), False),
        ((node(1, "104L"), organ(2)), False),
        ((node(1, "7", "regional"),), False),
    ],
)
def test_only_nodes_beside_the_oesophageal_region(findings, expected) -> None:
    assert counted(*findings).base.has_only_adjoining_nodes is expected


def test_an_unknown_number_of_nodes_is_one_at_least_and_said() -> None:
    found = counted(node(1, n_nodes=None), node(2, "16a2", n_nodes=3)).base
    assert (found.nodes, found.has_unknown_nodes) == (4, True)
    assert not counted(node(1, n_nodes=2)).base.has_unknown_nodes
