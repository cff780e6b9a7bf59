"""The alternative readings of ambiguous counting rules, each where it could matter."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from oligocount.count import names
from oligocount.domain.anatomy import Side, Station
from oligocount.domain.facts import ClinicalFacts, PrimaryLocation
from oligocount.domain.lesion import Finding, Kind, Status
from oligocount.settings import COUNT_POLICIES, CountSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One policy turned to its other word; `flag` is raised when a verdict changes with it.

    `only` names the definition whose wording is ambiguous, None where the rule is shared.
    """

    name: str
    flag: str
    settings: CountSettings
    only: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Traits:
    """What of a patient decides which alternatives can matter."""

    organs: frozenset[str]
    stations: tuple[Station, ...]
    has_regional: bool
    has_both_sides: bool
    location: PrimaryLocation | None
    is_at_cut: bool


def alternatives(
    findings: Sequence[Finding], facts: ClinicalFacts, settings: CountSettings
) -> Iterator[Alternative]:
    """Every counting policy whose other word could change this patient's counts (A1 to A15)."""
    traits = _traits(findings, facts, settings)
    for policy, (name, flag, can_matter) in _TABLE.items():
        if can_matter(traits):
            first, second = COUNT_POLICIES[policy]
            now = getattr(settings.policies, policy)
            other = replace(settings.policies, **{policy: second if now == first else first})
            changed = replace(settings, policies=other)
            yield Alternative(name=name, flag=flag, settings=changed, only=_ONLY.get(policy))


def _traits(findings: Sequence[Finding], facts: ClinicalFacts, settings: CountSettings) -> _Traits:
    counted = [
        each
        for each in findings
        if each.status is not Status.BENIGN and each.kind in (Kind.ORGAN, Kind.NODE)
    ]
    sites = [each.site for each in counted]
    sites += [each.runner_up.site for each in counted if each.runner_up]
    sides = {(site.organ, site.side) for site in sites}
    return _Traits(
        organs=frozenset(site.organ or "unknown" for site in sites),
        stations=tuple(site.station for site in sites if site.station),
        has_regional=any(each.kind is Kind.NODE for each in counted),
        has_both_sides=any(
            (organ, Side.LEFT) in sides and (organ, Side.RIGHT) in sides for organ in names.PAIRED
        )
        or any((organ, None) in sides for organ in names.PAIRED),
        location=facts.primary_location,
        is_at_cut=facts.months_from_primary_diagnosis == settings.synchronous_max_months,
    )


def _has_two_supraclavicular(traits: _Traits) -> bool:
    return sum(names.is_supraclavicular(station.key) for station in traits.stations) > 1


def _is_cervical(traits: _Traits) -> bool:
    return traits.location is PrimaryLocation.CERVICAL and any(
        names.is_cervical(station.key) for station in traits.stations
    )


def _is_perigastric(traits: _Traits) -> bool:
    return traits.location in (PrimaryLocation.EGJ_I, PrimaryLocation.EGJ_II) and any(
        names.is_perigastric(station) for station in traits.stations
    )


_TABLE: dict[str, tuple[str, str, Callable[[_Traits], bool]]] = {
    "paired_organs": (
        "A1_paired_organs_split",
        "paired_organ_policy_sensitive",
        lambda traits: traits.has_both_sides,
    ),
    "node_system": (
        "A2_nodes_exempt_from_M",
        "node_system_sensitive",
        lambda traits: bool(traits.stations) or names.NODE in traits.organs,
    ),
    "brain": (
        "A3_brain_exempt",
        "brain_rule_ambiguous",
        lambda traits: "brain" in traits.organs,
    ),
    "cervical_supraclavicular": ("A4_cervical_104_regional", "scheme_sensitive", _is_cervical),
    "regional_timing": (
        "A7_treatment_status",
        "regional_timing_sensitive",
        lambda traits: traits.has_regional,
    ),
    "bilateral_supraclavicular": (
        "A11_bilateral_one_station",
        "bilateral_station_sensitive",
        _has_two_supraclavicular,
    ),
    "exactly_six_months": (
        "A14_six_months_metachronous",
        "six_months_boundary",
        lambda traits: traits.is_at_cut,
    ),
    "retrocrural": (
        "JES_16a1_nonregional",
        "scheme_sensitive",
        lambda traits: any(map(names.is_retrocrural, traits.stations)),
    ),
    "off_map": (
        "OFF_MAP_nonregional",
        "scheme_sensitive",
        lambda traits: any(map(names.is_off_map, traits.stations)),
    ),
    "perigastric_of_egj": ("EGJ_perigastric_regional", "scheme_sensitive", _is_perigastric),
}

_ONLY = {"brain": "CN2025"}  # "no separate restriction" for brain lesions is its own wording
