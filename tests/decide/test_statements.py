"""Notes of the 13 statements."""

# ruff: noqa: E501 - tables are read across

from typing import Any

import pytest
import yaml

from decide.builders import census, organs
from oligocount.assess import fact_names
from oligocount.decide.statements import read_statements, statement_notes
from oligocount.domain.facts import ClinicalFacts
from oligocount.errors import ConfigError
from oligocount.resources import shipped_folder

NODES = {"v": 0, "s": 1, "organs": {}, "by_organ": {"lymph_node": 1}}


@pytest.fixture(autouse=True)
def _read_afresh() -> None:
    read_statements.cache_clear()


def notes(
    seen: dict[str, Any] | None = None,
    *,
    late: bool | None = False,
    known: bool = True,
    several: bool = False,
    **facts: Any,
) -> dict[str, str]:
    told = statement_notes(
        census(**seen or {}),
        ClinicalFacts(other=facts),
        is_metachronous=late,
        class_known=known,
        several_verdicts=several,
    )
    return {f"{each.n} {each.flag}": each.text for each in told}


def test_the_thirteen_statements_are_there_with_quality_and_agreement() -> None:
    told = read_statements()
    assert [each.n for each in told] == list(range(1, 14))
    agreement = [98, 98, 98, 100, 100, 99, 100, 97, 100, 100, 100, 100, 100]
    assert [each.agreement_percent for each in told] == agreement
    quality = "moderate high high moderate high moderate high high moderate high low low low"
    assert " ".join(each.quality for each in told) == quality
    assert all(each.rules and each.topic for each in told)


def test_every_condition_is_known_to_the_case_or_asked_of_people() -> None:
    """A misspelt fact in the file would silently never hold."""
    file = shipped_folder("configs") / "statements.yaml"
    derived = set(yaml.safe_load(file.read_text("utf-8"))["facts_of_the_case"])
    used = {
        name
        for statement in read_statements()
        for rule in statement.rules
        for conditions in rule.when
        for name in conditions
    }
    assert used <= fact_names() | derived


WORK_UP = {
    "endoscopy_done": True,
    "biopsy_done": True,
    "ct_chest_enhanced": True,
    "ct_upper_abdomen_incl_liver_kidney_adrenal": True,
    "brain_symptoms_or_risk": False,
    "fdg_petct_done": True,
}


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, set()),
        ({"biopsy_done": False}, {"missing_endoscopy_biopsy"}),
        ({"endoscopy_done": False, "biopsy_done": None}, {"missing_endoscopy_biopsy"}),
        ({"biopsy_done": None}, {"unknown_missing_endoscopy_biopsy"}),
        ({"ct_chest_enhanced": False}, {"missing_ct"}),
        ({"ct_chest_enhanced": None}, {"unknown_missing_ct"}),
        ({"brain_symptoms_or_risk": True, "brain_mri_done": False}, {"brain_mri_recommended"}),
        ({"brain_symptoms_or_risk": True, "brain_mri_done": True}, set()),
        ({"brain_symptoms_or_risk": True}, {"unknown_brain_mri_recommended"}),
        ({"fdg_petct_done": False}, {"petct_preferred"}),
        ({"fdg_petct_done": None}, set()),
    ],
)
def test_work_up(changes, flags) -> None:
    told = notes(**WORK_UP | changes)
    assert {name[2:] for name in told if name.startswith("3 ")} == flags


def test_without_distant_disease_only_work_up_and_second_primaries_speak() -> None:
    told = notes({"v": 0, "n": 0}, fdg_petct_done=False, second_primary_suspected=True)
    assert {name.split()[0] for name in told} == {"3", "4"}
    assert "24 %" in told["3 petct_preferred"]


@pytest.mark.parametrize(
    ("seen", "same_field", "flags"),
    [
        (NODES | {"has_only_adjoining_nodes": True}, True, {"pathway_locally_advanced"}),
        (NODES | {"has_only_adjoining_nodes": True}, None, {"unknown_pathway_locally_advanced"}),
        (NODES | {"has_only_adjoining_nodes": True}, False, {"pathway_early_rt_nodes"}),
        (NODES, False, {"pathway_early_rt_nodes"}),
        (NODES, True, set()),
        ({}, None, {"pathway_visceral"}),
    ],
)
def test_pathways_of_statement_5(seen, same_field, flags) -> None:
    told = notes(seen, same_field_as_primary=same_field)
    assert {name[2:] for name in told if name.startswith("5 ")} == flags


@pytest.mark.parametrize(
    ("late", "facts", "flags"),
    [
        (False, {}, {"european_systemic_first"}),
        (True, {"months_disease_free": 24}, {"european_systemic_first"}),
        (True, {"months_disease_free": 25}, {"european_local_first"}),
        (True, {}, set()),
        (None, {"lytic_bone": True}, {"local_first_considered"}),
        (None, {"lytic_bone": False, "symptomatic_brain": False, "life_threatening_site": False}, {"timing_open"}),
    ],
)  # fmt: skip
def test_timing_of_statement_6(late, facts, flags) -> None:
    told = notes(late=late, **facts)
    assert {name[2:] for name in told if name.startswith("6 ")} == flags


@pytest.mark.parametrize(
    ("seen", "group"),
    [
        ({}, {"prognosis_better"}),
        ({"n": 3, "v": 3}, {"prognosis_better"}),
        ({"n": 4, "v": 4}, set()),
        ({"n": 4, "v": 4, "organs": organs(lung=4)}, {"prognosis_better"}),
        ({"n": 2, "v": 2, "o": 2}, set()),
        ({"organs": organs(bone=1)}, {"prognosis_worse"}),
        ({"brain": 1, "organs": organs(brain=1)}, {"prognosis_worse"}),
        ({"n": 2, "r": 1, "organs": organs(lung=1)}, set()),
        ({"n": 5, "v": 4, "s": 1, "organs": organs(lung=4)}, set()),
    ],
)
def test_prognosis_groups_of_statement_11(seen, group) -> None:
    assert {name[3:] for name in notes(seen) if name.startswith("11 ")} == {
        "prognosis_factors",
        *group,
    }


def test_doses_of_statement_8_are_computed_by_the_linear_quadratic_formula() -> None:
    told = notes()
    assert "EQD2 50.0 to 60.0 Gy" in told["8 primary_dose_range"]
    assert "BED10 60.0 to 72.0 Gy" in told["8 primary_dose_range"]
    assert "41.2 Gy (BED10 75.1 Gy) below 27.7 ml" in told["8 metastasis_dose_context"]
    assert (
        "BED10 100.0 Gy for local control, at least 75.0 Gy for SBRT alone"
        in told["8 metastasis_dose_context"]
    )
    assert "55.2 Gy (BED10 116.1 Gy)" in told["8 metastasis_dose_context"]
    assert "8 metachronous_dose_context" not in told
    assert "BED10 60.0 Gy" in notes(late=True)["8 metachronous_dose_context"]


def test_stated_doses_are_told_on_one_scale() -> None:
    told = notes(
        primary_dose_gy=50.4,
        primary_fractions=28,
        metastasis_dose_gy=50,
        metastasis_fractions=5,
        earlier_dose_gy=50,
        earlier_fractions=25,
    )
    assert told["8 primary_dose_stated"] == (
        "Stated for the primary: 50.4 Gy in 28 fractions is BED10 59.5 Gy, EQD2 49.6 Gy."
    )
    assert told["8 primary_dose_outside_range"] == "EQD2 49.6 Gy, range 50 to 60 Gy."
    assert "BED10 100.0 Gy, EQD2 83.3 Gy" in told["8 metastasis_dose_stated"]
    assert "EQD2 adds up to 180.0 Gy" in told["8 reirradiation"]  # 50 + 130 at α/β 3


@pytest.mark.parametrize(("dose", "fractions"), [(50, 25), (60, 30)])
def test_a_primary_dose_within_the_range_raises_nothing(dose, fractions) -> None:
    told = notes(primary_dose_gy=dose, primary_fractions=fractions)
    assert "8 primary_dose_outside_range" not in told
    assert "8 primary_dose_stated" in told


def test_an_earlier_dose_alone_is_told_and_half_a_prescription_is_not() -> None:
    assert (
        "adds up to 50.0 Gy" in notes(earlier_dose_gy=50, earlier_fractions=25)["8 reirradiation"]
    )
    assert "8 primary_dose_stated" not in notes(primary_dose_gy=50)
    assert "8 primary_dose_stated" not in notes(primary_fractions=25)


def test_the_follow_up_calendar_starts_from_the_date_given() -> None:
    told = notes(reference_date="2026-01-31")
    assert told["13 follow_up_calendar"].startswith("Visits: 2026-04-30, 2026-07-31, 2026-10-31")
    assert "13 follow_up_calendar" not in notes()
    with pytest.raises(ConfigError, match="reference_date: expected a date"):
        notes(reference_date="soon")


@pytest.mark.parametrize(
    ("facts", "flag"),
    [
        ({"perforation": True}, "10 avoid_or_reassess_RT"),
        ({"slow_progression": True}, "12 sbrt_again_possible"),
        ({"rapid_progression": True}, "12 systemic_first_after_progression"),
        ({"nonregional_node_doubtful": True}, "3 biopsy_of_doubtful_node"),
        ({"prior_radiotherapy": True}, "12 earlier_radiotherapy"),
    ],
)
def test_stated_risks_raise_their_note_and_unstated_ones_do_not(facts, flag) -> None:
    assert flag in notes(**facts)
    assert flag not in notes()


def test_disagreement_and_a_missing_class_are_told() -> None:
    assert "1 definitions_disagree" in notes(several=True)
    assert "1 definitions_disagree" not in notes()
    assert "2 class_facts_missing" in notes(known=False)
    assert "2 class_facts_missing" not in notes()


def test_a_note_carries_evidence_quality_and_agreement() -> None:
    told = statement_notes(
        census(), ClinicalFacts(), is_metachronous=None, class_known=True, several_verdicts=False
    )
    technique = next(each for each in told if each.n == 7)
    assert (technique.quality, technique.agreement_percent) == ("high", 100)
