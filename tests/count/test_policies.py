"""Which alternative readings are asked, and with which word."""

# ruff: noqa: E501 - tables are read across

import pytest

from assess.builders import FACTS, node, node_site, organ
from count.builders import SETTINGS, counted, facts, symbols, with_policy
from oligocount import count
from oligocount.domain.facts import PrimaryLocation
from oligocount.domain.lesion import RunnerUp
from oligocount.errors import ConfigError

CERVICAL = facts(primary_location=PrimaryLocation.CERVICAL)
JUNCTION = facts(primary_location=PrimaryLocation.EGJ_II)
AT_CUT = facts(months_from_primary_diagnosis=6.0)


def asked(*findings, facts=FACTS, settings=SETTINGS) -> dict[str, count.Alternative]:
    return {each.name: each for each in count.alternatives(findings, facts, settings)}


@pytest.mark.parametrize(
    ("findings", "told", "names"),
    [
        ((), facts(), set()),
        ((organ(1, "liver", None),), facts(), set()),
        ((organ(1),), facts(), set()),
        ((organ(1, side="L"), organ(2, side="R")), facts(), {"A1_paired_organs_split"}),
        ((organ(1, side=None),), facts(), {"A1_paired_organs_split"}),
        ((organ(1, "liver", "L"), organ(2, "liver", "R")), facts(), set()),
        ((organ(1, side="L"), organ(2, "adrenal", "R")), facts(), set()),
        ((organ(1, "brain", None),), facts(), {"A3_brain_exempt"}),
        ((node(1),), facts(), {"A2_nodes_exempt_from_M", "A7_treatment_status"}),
        ((node(1),), CERVICAL, {"A2_nodes_exempt_from_M", "A7_treatment_status", "A4_cervical_104_regional"}),
        ((node(1, "104L"), node(2, "104R")), facts(), {"A2_nodes_exempt_from_M", "A7_treatment_status", "A11_bilateral_one_station"}),
        ((node(1, "15", "regional"),), facts(), {"A2_nodes_exempt_from_M", "A7_treatment_status", "JES_16a1_nonregional"}),
        ((node(1, "10L", "regional"),), facts(), {"A2_nodes_exempt_from_M", "A7_treatment_status", "OFF_MAP_nonregional"}),
        ((node(1, "4sa"),), JUNCTION, {"A2_nodes_exempt_from_M", "A7_treatment_status", "EGJ_perigastric_regional"}),
        ((node(1, "4sa"),), facts(), {"A2_nodes_exempt_from_M", "A7_treatment_status"}),
        ((organ(1, "liver", None),), AT_CUT, {"A14_six_months_metachronous"}),
        ((organ(1, "brain", None, status="benign"),), facts(), set()),
    ],
)  # fmt: skip
def test_an_alternative_is_asked_where_it_could_matter(findings, told, names) -> None:
    assert set(asked(*findings, facts=told)) == names


def test_a_runner_up_counts_for_what_could_matter() -> None:
    runner_up = RunnerUp(site=node_site("104L"), margin_mm=1.0)
    assert "A2_nodes_exempt_from_M" in asked(organ(1, runner_up=runner_up))


def test_each_alternative_turns_one_policy_to_its_other_word() -> None:
    other = asked(organ(1, side="L"), organ(2, side="R"))["A1_paired_organs_split"]
    assert other.flag == "paired_organ_policy_sensitive"
    assert other.settings == with_policy(paired_organs="split")
    back = asked(
        organ(1, side="L"), organ(2, side="R"), settings=with_policy(paired_organs="split")
    )
    assert back["A1_paired_organs_split"].settings == SETTINGS


def test_the_brain_rule_is_of_the_consensus_alone() -> None:
    assert asked(organ(1, "brain", None))["A3_brain_exempt"].only == "CN2025"
    assert asked(node(1))["A2_nodes_exempt_from_M"].only is None


@pytest.mark.parametrize(
    ("policy", "finding", "told", "before", "after"),
    [
        ({"cervical_supraclavicular": "regional"}, node(1), CERVICAL, "010111", "000000"),
        ({"cervical_supraclavicular": "regional"}, node(1), facts(), "010111", "010111"),
        ({"cervical_supraclavicular": "regional"}, node(1, "16a2"), CERVICAL, "010111", "010111"),
        ({"retrocrural": "nonregional"}, node(1, "15", "regional"), facts(), "000000", "010111"),
        ({"retrocrural": "nonregional"}, node(1, "20", "regional"), facts(), "000000", "000000"),
        ({"off_map": "nonregional"}, node(1, "10L", "regional"), facts(), "000000", "010111"),
        ({"off_map": "nonregional"}, node(1, "7", "regional"), facts(), "000000", "000000"),
        ({"perigastric_of_egj": "regional"}, node(1, "4sa"), JUNCTION, "010111", "000000"),
        ({"perigastric_of_egj": "regional"}, node(1, "4sa"), facts(), "010111", "010111"),
        ({"perigastric_of_egj": "regional"}, node(1, "16a2"), JUNCTION, "010111", "010111"),
    ],
)
def test_policies_that_move_a_node(policy, finding, told, before, after) -> None:
    assert symbols(counted(finding, facts=told).base) == before
    assert symbols(counted(finding, facts=told, settings=with_policy(**policy)).base) == after


def test_a_policy_has_its_listed_words_only() -> None:
    with pytest.raises(ConfigError, match=r"paired_organs: 'both'; expected merged or split"):
        with_policy(paired_organs="both")
