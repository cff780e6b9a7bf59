"""Flags that sites raise."""

import pytest

from assess.builders import FACTS, node, organ
from count.builders import counted, facts
from oligocount import count
from oligocount.domain.facts import PrimaryLocation

FIELD = "pathway_locally_advanced_if_same_field"


def flags(*findings, told=FACTS) -> set[str]:
    return set(count.site_flags(findings, told, counted(*findings, facts=told)))


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ((), set()),
        ((organ(1),), set()),
        ((node(1, "104L"),), {"M1a_JES12", FIELD}),
        ((node(1, "104L"), organ(2)), {"M1a_JES12"}),
        ((node(1, "104L"), node(2, "16a2")), {"M1a_JES12"}),
        ((node(1, "104L", status="equivocal"), organ(2)), {"M1a_JES12"}),
        ((node(1, "104L", status="benign"),), set()),
        ((node(1, "cardiophrenic"),), {FIELD}),
        ((node(1, "15", "regional"),), {"retrocrural"}),
        ((node(1, "15", "regional", status="benign"),), set()),
        ((node(1, "16a1"),), set()),
        ((node(1, "10R", "regional"),), {"regional_offmap"}),
        ((organ(1, status="equivocal"),), {"second_primary_suspected"}),
        ((organ(1, status="equivocal"), organ(2)), set()),
        ((organ(1, status="equivocal"), organ(2, "liver", None)), {"second_primary_suspected"}),
        ((organ(1, "liver", None, status="equivocal"),), set()),
        ((organ(1, diffuse=True),), {"diffuse_site_without_rule"}),
        ((organ(1, "pleura", None, diffuse=True),), set()),
        ((organ(1, "bone", None, diffuse=True),), set()),
    ],
)
def test_what_a_site_calls_attention_to(findings, expected) -> None:
    assert flags(*findings) == expected


@pytest.mark.parametrize(
    ("location", "is_m1a"),
    [
        (PrimaryLocation.UPPER, True),
        (PrimaryLocation.EGJ_I, True),
        (PrimaryLocation.CERVICAL, False),
        (PrimaryLocation.GASTRIC, False),
        (None, True),
    ],
)
def test_supraclavicular_is_m1a_for_a_thoracic_primary(location, is_m1a) -> None:
    assert is_m1a == ("M1a_JES12" in flags(node(1), told=facts(primary_location=location)))


@pytest.mark.parametrize(("same", "is_raised"), [(True, True), (None, True), (False, False)])
def test_the_field_matters_for_the_pathway(same, is_raised) -> None:
    told = facts(other={"same_field_as_primary": same})
    assert is_raised == (FIELD in flags(node(1), told=told))


def test_a_stated_second_primary_is_flagged() -> None:
    told = facts(other={"second_primary_suspected": True})
    assert "second_primary_suspected" in flags(organ(1, "liver", None), told=told)
