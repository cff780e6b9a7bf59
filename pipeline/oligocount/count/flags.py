"""Flags that a lesion's site raises, whatever the verdict."""

from collections.abc import Iterator, Sequence

from oligocount.count import names
from oligocount.domain.anatomy import NodalClass
from oligocount.domain.census import Scenarios
from oligocount.domain.facts import ClinicalFacts, PrimaryLocation
from oligocount.domain.lesion import Finding, Kind, Status


def site_flags(
    findings: Sequence[Finding], facts: ClinicalFacts, scenarios: Scenarios
) -> Iterator[str]:
    """Stations on which systems differ, a path that the consensus opens, a second primary."""
    present = [each for each in findings if each.status is not Status.BENIGN]
    regional = [
        each.site.station
        for each in present
        if each.site.station and each.site.nodal_class is NodalClass.REGIONAL
    ]
    if any(map(names.is_retrocrural, regional)):
        yield "retrocrural"
    if any(map(names.is_off_map, regional)):
        yield "regional_offmap"
    counted = {station for census in scenarios.all for station in census.stations}
    is_thoracic = facts.primary_location not in (PrimaryLocation.CERVICAL, PrimaryLocation.GASTRIC)
    if is_thoracic and any(map(names.is_supraclavicular, counted)):
        yield "M1a_JES12"
    # Statement 5: only supraclavicular nodes, or distant nodes beside the oesophageal region.
    is_field_open = facts.other.get("same_field_as_primary") is not False
    if scenarios.base.has_only_adjoining_nodes and is_field_open:
        yield "pathway_locally_advanced_if_same_field"
    if _may_be_second_primary(present) or facts.other.get("second_primary_suspected") is True:
        yield "second_primary_suspected"
    if any(each.diffuse and each.site.organ not in names.CAN_BE_DIFFUSE for each in present):
        yield "diffuse_site_without_rule"


def _may_be_second_primary(findings: Sequence[Finding]) -> bool:
    """A13: a solitary equivocal lung lesion; lung cancer beside oesophageal cancer is common."""
    lung = [each for each in findings if each.site.organ == "lung" and each.kind is Kind.ORGAN]
    return len(lung) == 1 and lung[0].status is Status.EQUIVOCAL
