"""Laws that hold for every patient, drawn by hypothesis."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assess.builders import FACTS, lesion, organ
from assess.strategies import findings, known_facts, node_sites, organ_sites
from oligocount.assess import assess
from oligocount.assess.decider import Decider
from oligocount.config import load_settings
from oligocount.domain.anatomy import Side
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding, Kind, Status
from oligocount.domain.report import Assessment, Decision

SETTINGS = load_settings()
ORDER = ("NOT_APPLICABLE", "NOT_OLIGO", "OLIGO", "NOT_M1")
law = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
Patient = tuple[Finding, ...]


def told(patient: Patient, facts: ClinicalFacts) -> Assessment:
    return assess(patient, facts, SETTINGS)


def answers(assessment: Assessment) -> dict[str, str]:
    verdicts = {each.definition: each.decision.value for each in assessment.verdicts}
    return verdicts | {name: each.value for name, each in assessment.studies.items()}


def compared(assessment: Assessment) -> dict[str, Any]:
    """All that does not depend on the order in which lesions are listed."""
    blocks = assessment.blocks()
    return {
        "answers": answers(assessment),
        "counts": {symbol: blocks["counts"][symbol] for symbol in (*"VSRNOM", "N_low", "N_high")},
        "class": blocks["estro_eortc"],
        "alternatives": blocks["alternatives"],
        "flags": sorted(blocks["flags"]),
    }


@law
@given(findings(), known_facts(), st.randoms(use_true_random=False))
def test_the_order_of_lesions_changes_nothing(patient, facts, random) -> None:
    shuffled = list(patient)
    random.shuffle(shuffled)
    assert compared(told(patient, facts)) == compared(told(tuple(shuffled), facts))


@law
@given(findings(), known_facts(), st.one_of(organ_sites, node_sites))
def test_a_benign_lesion_changes_nothing(patient, facts, site) -> None:
    extended = (*patient, lesion(99, site, status="benign", diffuse=site.organ == "peritoneum"))
    assert compared(told(patient, facts)) == compared(told(extended, facts))


@law
@given(findings(), known_facts(), st.one_of(organ_sites, node_sites))
def test_a_malignant_lesion_never_makes_an_upper_limit_pass(patient, facts, site) -> None:
    before = answers(told(patient, facts))
    after = answers(told((*patient, lesion(99, site)), facts))
    for name, answer in before.items():
        if answer in ("NOT_OLIGO", "FAIL"):
            assert after[name] in (answer, "NOT_APPLICABLE"), name


def is_open_or_same(before: dict[str, str], after: dict[str, str]) -> bool:
    return all(after[name] in ("INDETERMINATE", answer) for name, answer in before.items())


UNKNOWN_FACTS = ("histology", "months_from_primary_diagnosis")


@law
@given(findings(), known_facts(), st.sampled_from(UNKNOWN_FACTS))
def test_an_unknown_fact_never_turns_into_an_answer(patient, facts, name) -> None:
    unknown = replace(facts, **{name: None})
    assert is_open_or_same(answers(told(patient, facts)), answers(told(patient, unknown)))


@law
@given(findings(), known_facts(), st.data())
def test_an_unknown_of_a_lesion_never_turns_into_an_answer(patient, facts, data) -> None:
    if not patient:
        return
    number = data.draw(st.integers(0, len(patient) - 1))
    known = patient[number]
    blurred = data.draw(
        st.sampled_from(
            (
                replace(known, treatable=None),
                replace(known, longest_diameter_mm=None),
                replace(known, status=Status.EQUIVOCAL),
                replace(known, site=replace(known.site, lobe=None)),
                replace(known, site=replace(known.site, side=None)),
                replace(known, site=replace(known.site, nodal_class=None)),
                replace(known, site=replace(known.site, organ=None))
                if known.site.organ in ("lung", "liver", "bone", "kidney")
                else known,
            )
        )
    )
    if known.status is Status.BENIGN and blurred.status is Status.EQUIVOCAL:
        return  # a new doubt, not a blurred certainty: covered by the next test
    after = (*patient[:number], blurred, *patient[number + 1 :])
    assert is_open_or_same(answers(told(patient, facts)), answers(told(after, facts)))


@law
@given(findings(), known_facts())
def test_an_open_verdict_is_one_that_some_reading_of_equivocal_lesions_changes(
    patient, facts
) -> None:
    """Every way to settle the equivocal lesions gives a verdict between worst and best."""
    assessment = told(patient, facts)
    equivocal = [each.id for each in patient if each.status is Status.EQUIVOCAL]
    for choice in product((Status.BENIGN, Status.MALIGNANT), repeat=len(equivocal)):
        status = dict(zip(equivocal, choice, strict=True))
        settled = tuple(replace(each, status=status.get(each.id, each.status)) for each in patient)
        assert is_open_or_same(answers(told(settled, facts)), answers(assessment))


@law
@given(findings(), known_facts())
def test_best_is_never_below_worst_and_a_certain_verdict_has_both_equal(patient, facts) -> None:
    for verdict in told(patient, facts).verdicts:
        best, worst = ORDER.index(verdict.best.value), ORDER.index(verdict.worst.value)
        assert best >= worst
        assert (best == worst) == (verdict.decision.value != "INDETERMINATE")


@law
@given(findings(), known_facts(), st.integers(2, 4))
def test_splitting_a_node_inside_its_station_changes_nothing(patient, facts, pieces) -> None:
    nodes = [each for each in patient if each.site.station]
    if not nodes:
        return
    one = replace(nodes[0], n_nodes=pieces)
    whole = (*(each for each in patient if each is not nodes[0]), one)
    parts = tuple(replace(one, id=100 + number, n_nodes=1) for number in range(pieces))
    if one.status is Status.EQUIVOCAL:
        return  # parts of an equivocal node may be judged one by one
    split = (*(each for each in patient if each is not nodes[0]), *parts)
    assert compared(told(whole, facts)) == compared(told(split, facts))


@law
@given(findings(), known_facts())
def test_a_mirrored_patient_gets_the_same_verdicts(patient, facts) -> None:
    mirror = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}
    mirrored = tuple(
        replace(each, site=replace(each.site, side=mirror.get(each.site.side))) for each in patient
    )
    assert answers(told(patient, facts)) == answers(told(mirrored, facts))


@law
@given(findings(), known_facts())
def test_totals_are_sums_over_their_parts(patient, facts) -> None:
    assessment = told(patient, facts)
    counts = assessment.counts
    assert counts.n == counts.v + counts.s + counts.r
    assert counts.n == sum(counts.by_organ.values())
    assert counts.s == sum(counts.by_station.values())
    assert counts.n_low <= counts.n <= counts.n_high
    counted = [each for each in assessment.ledger if each.counted]
    assert len(counted) == counts.n
    assert [each.lesion for each in assessment.ledger] == [each.id for each in patient]


@law
@given(findings(most=4), known_facts())
def test_every_critical_set_flips_what_it_says_and_no_smaller_set_does(patient, facts) -> None:
    assessment = told(patient, facts)
    now = {each.definition: each for each in told(without_equivocal(patient, ()), facts).verdicts}
    for critical in assessment.critical_sets:
        toggled = told(without_equivocal(patient, critical.lesions), facts)
        decisions = {each.definition: each.decision for each in toggled.verdicts}
        for name, decision in critical.flips.items():
            assert decision == decisions[name]
            assert (now[name].best, now[name].worst) != next(
                (each.best, each.worst) for each in toggled.verdicts if each.definition == name
            )


def without_equivocal(patient: Patient, toggled: tuple[int, ...]) -> Patient:
    """The reported reading, with the lesions of `toggled` read the other way."""
    reading = {
        (Status.MALIGNANT, False): Status.MALIGNANT,
        (Status.MALIGNANT, True): Status.BENIGN,
        (Status.EQUIVOCAL, False): Status.BENIGN,
        (Status.EQUIVOCAL, True): Status.MALIGNANT,
        (Status.BENIGN, False): Status.BENIGN,
    }
    return tuple(replace(each, status=reading[each.status, each.id in toggled]) for each in patient)


@law
@given(
    st.lists(st.tuples(organ_sites, st.floats(0.0, 1.0)), max_size=5),
    st.lists(st.tuples(node_sites, st.floats(0.0, 1.0)), max_size=2),
    known_facts(),
)
def test_probabilities_are_those_of_counting_every_outcome(organs, nodes, facts) -> None:
    """Exact propagation against all 2^n outcomes of independent lesions."""
    drawn = [*organs, *nodes]
    patient = tuple(
        lesion(number, site, probability=chance)
        for number, (site, chance) in enumerate(drawn, start=1)
    )
    found = {each.definition: each.probability for each in told(patient, facts).verdicts}
    expected: dict[str, dict[str, float]] = {name: {} for name in found}
    for outcome in product((False, True), repeat=len(patient)):
        chance = 1.0
        for is_there, each in zip(outcome, patient, strict=True):
            chance *= each.probability if is_there else 1.0 - each.probability
        present = tuple(
            replace(each, probability=None)
            for is_there, each in zip(outcome, patient, strict=True)
            if is_there
        )
        for each in told(present, facts).verdicts:
            mine = expected[each.definition]
            mine[each.decision.value] = mine.get(each.decision.value, 0.0) + chance
    for name, shares in expected.items():
        for decision in ORDER:
            assert shares.get(decision, 0.0) == pytest.approx(found[name].get(decision, 0.0))


@law
@given(findings(most=6), known_facts(), st.sampled_from((4096, 3)))
def test_decisions_alone_are_those_of_the_whole_assessment(patient, facts, most) -> None:
    """The quick way, which reads nothing twice that looks the same, and what it says if thinned."""
    few = replace(SETTINGS, count=replace(SETTINGS.count, max_readings=most))
    whole = assess(patient, facts, few)
    n, decisions = Decider(facts=facts)(patient, few)
    assert n == whole.counts.n
    for each in whole.verdicts:
        if decisions[each.definition] is not each.decision:
            assert most == 3  # thinned: it left readings out that the quick way reads
            assert decisions[each.definition] is Decision.INDETERMINATE


def test_decisions_alone_are_settled_by_probability_too() -> None:
    settled = replace(SETTINGS, decide=replace(SETTINGS.decide, max_dissent_probability=0.05))
    patient = (organ(1), organ(2, "liver", None, status="equivocal", probability=0.04))
    facts = ClinicalFacts(months_from_primary_diagnosis=0.0)
    judge = Decider(facts=facts)
    assert judge(patient, settled)[1]["OMEC_MAIN"] is Decision.OLIGO
    assert judge(patient, SETTINGS)[1]["OMEC_MAIN"] is Decision.INDETERMINATE


@law
@given(st.lists(findings(most=4), min_size=2, max_size=4), known_facts())
def test_a_decider_that_has_answered_before_says_what_a_new_one_says(patients, facts) -> None:
    judge = Decider(facts=facts)
    for patient in (*patients, *patients):
        assert judge(patient, SETTINGS) == Decider(facts=facts)(patient, SETTINGS)


def test_a_local_recurrence_of_some_probability_counts_nothing() -> None:
    """A focus of the treated oesophagus is an organ's lesion that never counts."""
    local = replace(organ(1, "oesophagus", None, probability=0.4), kind=Kind.ORGAN)
    many = tuple(replace(local, id=number, status=Status.EQUIVOCAL) for number in range(3, 20))
    for patient in ((local,), (organ(2, probability=0.9), local), (organ(2), *many)):
        assessment = told(patient, FACTS)
        assert assessment.counts.v == len([each for each in patient if each.id == 2])
        assert "EQUIVOCAL" not in str(assessment.verdicts[0].reason)
        assert assessment.counts.n_low == assessment.counts.n_high


def test_probability_is_silent_where_an_equivocal_lesion_has_none() -> None:
    facts = ClinicalFacts()
    patient = (organ(1, probability=0.9), organ(2, status="equivocal"))
    assert all(not each.probability for each in told(patient, facts).verdicts)
