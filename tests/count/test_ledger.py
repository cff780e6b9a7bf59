"""What the ledger says of each lesion."""

# ruff: noqa: E501 - tables are read across

from dataclasses import replace

import pytest

from assess.builders import FACTS, lesion, node, organ, organ_site
from count.builders import counted, facts, with_policy
from oligocount import count
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding, Kind, Status
from oligocount.settings import CountSettings

LATE = facts(months_from_primary_diagnosis=12.0)
PHYSIOLOGIC = Finding(
    id=1, kind=Kind.PHYSIOLOGIC, status=Status.BENIGN, site=organ_site("kidney", "L")
)
HOT_KIDNEY = Finding(
    id=1, kind=Kind.PHYSIOLOGIC, status=Status.MALIGNANT, site=organ_site("kidney", "L")
)


def entry(finding: Finding, told: ClinicalFacts = FACTS) -> tuple[bool, str | None, str]:
    kept = count.keep_ledger([finding], counted(finding, facts=told))
    return kept[0].counted, kept[0].counted_as, kept[0].reason


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (organ(1), (True, "lung", "Distant lesion in lung: one lesion.")),
        (organ(1, "pleura", None, diffuse=True), (True, "pleura", "Distant lesion in pleura: diffuse serosal: excludes.")),
        (organ(1, status="benign"), (False, None, "Benign.")),
        (organ(1, status="equivocal"), (False, None, "Equivocal: left out of the reported counts, counted in the worst case.")),
        (organ(1, "oesophagus", None), (False, None, "Primary tumour: never counted.")),
        (organ(1, "anastomosis", None), (False, None, "Local disease: never counted.")),
        (PHYSIOLOGIC, (False, None, "Benign.")),
        (replace(PHYSIOLOGIC, set_aside="liver"), (False, None, "Marked outside the liver, by a network that knows lesions of the liver alone: set aside, not counted.")),
        (HOT_KIDNEY, (False, None, "Physiologic uptake.")),
        (node(1), (True, "station 104L", "Nonregional station 104L: one, whatever the number of nodes.")),
        (node(1, "7", "regional"), (False, None, "Regional node, synchronous: counts nothing.")),
        (node(1, "10L", None), (False, None, "Regional node, synchronous: counts nothing. Its class is unknown and read both ways.")),
    ],
)  # fmt: skip
def test_each_lesion_is_told_what_became_of_it(finding, expected) -> None:
    assert entry(finding) == expected


def test_metachronous_regional_nodes_are_one_together() -> None:
    nodes = (node(1, "7", "regional"), node(2, "8M", "regional"))
    first, second = count.keep_ledger(nodes, counted(*nodes, facts=LATE))
    assert (first.counted, first.counted_as) == (True, "regional nodes")
    assert (second.counted, second.counted_as) == (False, "regional nodes")
    assert (first.lesion, second.lesion) == (1, 2)
    assert first.reason == "Metachronous regional nodes count one all together."


def test_a_second_lesion_of_a_station_adds_nothing() -> None:
    nodes = (node(1), node(2))
    first, second = count.keep_ledger(nodes, counted(*nodes))
    assert (first.counted, second.counted) == (True, False)
    assert (first.lesion, second.lesion) == (1, 2)
    assert second.reason == "In station 104L, which counts already."
    assert second.counted_as == "station 104L"


def test_a_half_of_a_pair_is_named() -> None:
    split: CountSettings = with_policy(paired_organs="split")
    finding = lesion(1, organ_site("lung", "R"))
    kept = count.keep_ledger([finding], counted(finding, settings=split))
    assert kept[0].counted_as == "lung R"
