"""What an assessment holds beside verdicts: alternatives, critical sets, settings in force."""

from dataclasses import replace

import pytest

from assess.builders import FACTS, node, organ
from oligocount.assess import assess
from oligocount.config import load_settings
from oligocount.domain.facts import ClinicalFacts, Histology, PrimaryStatus
from oligocount.domain.report import Assessment, Decision
from oligocount.settings import Settings

SETTINGS = load_settings()
AC = replace(FACTS, histology=Histology.AC)
LATE = replace(FACTS, months_from_primary_diagnosis=12.0)


def told(*findings, facts: ClinicalFacts = FACTS, settings: Settings = SETTINGS) -> Assessment:
    return assess(findings, facts, settings)


def deciding(**changes: object) -> Settings:
    return replace(SETTINGS, decide=replace(SETTINGS.decide, **changes))


def verdicts(assessment: Assessment) -> dict[str, str]:
    return {each.definition: each.decision.value for each in assessment.verdicts}


def test_a_policy_is_told_with_all_that_it_changes() -> None:
    lungs = [organ(1, side="L"), organ(2, side="L"), organ(3, side="R"), organ(4, side="R")]
    change = told(*lungs).alternatives["A1_paired_organs_split"]
    assert change["CN2025"] == "OLIGO"
    assert change["ESO13"] == "PASS"
    assert change["MORINAGA2020"] == "FAIL"
    assert (change["O"], change["M"]) == (2, 2)
    assert not {"N", "V", "OMEC_MAIN", "SHI2021"} & set(change)


def test_a_policy_that_changes_no_verdict_is_not_told() -> None:
    assert "A2_nodes_exempt_from_M" not in told(node(1)).alternatives


def test_six_months_and_treatment_status_are_told_where_they_flip() -> None:
    cut = replace(FACTS, months_from_primary_diagnosis=6.0, primary_status=PrimaryStatus.RESECTED)
    found = told(organ(1), node(2, "7", "regional"), facts=cut)
    assert found.alternatives["A14_six_months_metachronous"]["MORINAGA2020"] == "FAIL"
    assert found.alternatives["A7_treatment_status"]["MORINAGA2020"] == "FAIL"
    assert found.alternatives["A7_treatment_status"]["R"] == 1
    assert {"regional_timing_sensitive", "six_months_boundary"} <= set(found.flags)
    assert verdicts(found)["CN2025"] == "OLIGO"


def test_metachronous_regional_nodes_of_adenocarcinoma_are_a_second_site() -> None:
    found = told(organ(1), node(2, "7", "regional"), facts=replace(LATE, histology=Histology.AC))
    assert verdicts(found)["CN2025"] == "NOT_OLIGO"
    assert found.alternatives["A6_ignore_R"] == {"CN2025": "OLIGO"}
    assert "ac_metachronous_regional_ambiguous" in found.flags


def test_a_diameter_at_the_limit_is_told() -> None:
    found = told(organ(1, diameter_mm=50.0))
    assert found.alternatives["A8_below_50"] == {"ESO13": "FAIL", "LIU2020": "FAIL"}
    assert "diameter_boundary" in found.flags
    assert found.studies["ESO13"].value == "PASS"
    assert "diameter_boundary" not in told(organ(1, diameter_mm=49.0)).flags


def test_equivocal_lesions_are_told_settled_both_ways() -> None:
    found = told(organ(1), organ(2, "liver", None, status="equivocal"))
    assert found.alternatives["A12_equivocal_malignant"]["OMEC_MAIN"] == "NOT_OLIGO"
    assert found.alternatives["A12_equivocal_benign"]["OMEC_MAIN"] == "OLIGO"
    assert "CN2025" not in found.alternatives["A12_equivocal_malignant"]


def test_brain_lesions_exempt_from_the_numbers_matter_to_the_consensus_alone() -> None:
    brain = [organ(number, "brain", None) for number in range(1, 5)]
    change = told(*brain).alternatives["A3_brain_exempt"]
    assert change == {"CN2025": "OLIGO", "N": 0, "O": 0, "M": 0}


def critical(*findings, **options) -> dict[tuple[int, ...], dict[str, str]]:
    return {
        each.lesions: {name: decision.value for name, decision in each.flips.items()}
        for each in told(*findings, **options).critical_sets
    }


def test_one_lesion_too_many_makes_each_of_its_kind_critical() -> None:
    found = critical(*(organ(number) for number in range(1, 5)))
    for number in range(1, 5):
        assert found[number,]["CN2025"] == "OLIGO"
        assert found[number,]["OMEC_MAIN"] == "OLIGO"
    assert (1, 2) not in found


def test_two_lesions_too_many_make_pairs_critical() -> None:
    found = critical(*(organ(number) for number in range(1, 6)))
    assert found[1, 2]["CN2025"] == "OLIGO"
    assert (1,) not in found
    assert len([ids for ids in found if len(ids) == 2]) == 10


def test_a_patient_far_beyond_every_limit_has_no_critical_lesion() -> None:
    assert critical(*(organ(number) for number in range(1, 13))) == {}


def test_an_equivocal_lesion_is_accepted_and_looked_at_first() -> None:
    found = told(
        organ(1, probability=0.99),
        organ(2, probability=0.6),
        organ(3),
        organ(4, status="equivocal"),
    )
    assert found.decision_critical_lesions[0] == 4
    sets = critical(organ(1), organ(2), organ(3), organ(4, status="equivocal"))
    assert sets[4,]["CN2025"] == "NOT_OLIGO"


def test_the_most_doubtful_comes_first_among_certain_lesions() -> None:
    lungs = [organ(1, probability=0.99), organ(2, probability=0.6), organ(3), organ(4)]
    assert told(*lungs).decision_critical_lesions == (2, 1, 3, 4)


def test_a_node_near_the_frontier_is_critical_by_its_other_site() -> None:
    open_node = node(1, "10L", None)
    assert critical(open_node)[1,]["CN2025"] == "OLIGO"


def test_the_search_stops_at_the_size_in_the_settings() -> None:
    lungs = [organ(number) for number in range(1, 6)]
    assert critical(*lungs, settings=deciding(max_critical_set=1)) == {}
    few = replace(SETTINGS, count=replace(SETTINGS.count, max_readings=9))
    assert critical(*lungs, settings=few) == {}


def test_an_unlikely_other_verdict_can_be_overruled_by_the_settings() -> None:
    findings = [organ(1), organ(2, "liver", None, status="equivocal", probability=0.04)]
    assert verdicts(told(*findings))["OMEC_MAIN"] == "INDETERMINATE"
    settled = told(*findings, settings=deciding(max_dissent_probability=0.05))
    verdict = next(each for each in settled.verdicts if each.definition == "OMEC_MAIN")
    assert verdict.decision is Decision.OLIGO
    assert (verdict.best, verdict.worst) == (Decision.OLIGO, Decision.NOT_OLIGO)
    assert verdict.reason.endswith("OLIGO with probability 0.960, which settles it.")
    strict = told(*findings, settings=deciding(max_dissent_probability=0.03))
    assert verdicts(strict)["OMEC_MAIN"] == "INDETERMINATE"


def test_probability_never_overrules_another_doubt() -> None:
    findings = [
        organ(1, treatable=None),
        organ(2, "liver", None, status="equivocal", probability=0.01),
    ]
    settings = deciding(max_dissent_probability=0.05)
    assert verdicts(told(*findings, settings=settings))["OMEC_MAIN"] == "INDETERMINATE"
    assert verdicts(told(*findings, settings=settings))["CN2025"] == "INDETERMINATE"


def test_probabilities_are_given_up_beyond_the_states_allowed() -> None:
    findings = [
        organ(number, name, None, probability=0.5)
        for number, name in enumerate(("lung", "liver", "bone"), start=1)
    ]
    assert told(*findings).verdicts[0].probability
    assert not told(*findings, settings=deciding(max_probability_states=2)).verdicts[0].probability


def test_too_many_open_questions_are_a_caveat() -> None:
    few = replace(SETTINGS, count=replace(SETTINGS.count, max_readings=3))
    findings = [organ(number, status="equivocal") for number in range(1, 4)]
    assert [each.code for each in told(*findings, settings=few).caveats] == ["READINGS_THINNED"]
    assert told(*findings).caveats == ()


def test_definitions_and_policies_follow_the_settings() -> None:
    assert list(verdicts(told(organ(1), settings=deciding(protocols=("ESTRO_ASTRO",))))) == [
        "ESTRO_ASTRO"
    ]
    single = deciding(policies_in_force=("A5_single_node",))
    assert verdicts(told(node(1, n_nodes=2), facts=AC, settings=single))["CN2025"] == "NOT_OLIGO"


def test_blocks_are_plain_and_named_as_in_the_contract() -> None:
    blocks = told(organ(1), node(2, status="equivocal")).blocks()
    assert blocks["counts"] == {
        "V": 1, "S": 0, "R": 0, "N": 1, "O": 1, "M": 1, "N_low": 1, "N_high": 2,
        "by_organ": {"lung": 1}, "by_station": {},
    }  # fmt: skip
    assert set(blocks["verdicts"]["CN2025"]) == {
        "decision", "best", "worst", "criteria", "reason", "source", "probability",
    }  # fmt: skip
    assert blocks["estro_eortc"] == {
        "class": 1, "name": "de_novo_synchronous", "still_possible": [],
    }  # fmt: skip
    assert blocks["lesions"][1]["counted"] is True
    assert blocks["lesions"][2]["counted_as"] is None
    assert {"n", "flag", "text"} <= set(blocks["statements"][0])


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_the_probability_of_one_lesion_is_that_of_its_verdict(probability) -> None:
    verdict = told(organ(1, probability=probability)).verdicts[0]
    assert verdict.probability.get("OLIGO", 0.0) == pytest.approx(probability)
    assert verdict.probability.get("NOT_M1", 0.0) == pytest.approx(1 - probability)
