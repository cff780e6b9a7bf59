"""What became of each lesion in the reported counts, in words."""

from collections.abc import Sequence

from oligocount.count import names
from oligocount.domain.anatomy import NodalClass
from oligocount.domain.census import Item, Role, Scenarios
from oligocount.domain.lesion import Finding, Kind, Status
from oligocount.domain.report import LedgerEntry


def keep_ledger(findings: Sequence[Finding], scenarios: Scenarios) -> tuple[LedgerEntry, ...]:
    """One entry a finding, in the order given."""
    items = {item.finding: item for item in scenarios.base.items}
    seen: set[str] = set()
    return tuple(_entry(each, items.get(each.id), scenarios, seen) for each in findings)


def _entry(
    finding: Finding, item: Item | None, scenarios: Scenarios, seen: set[str]
) -> LedgerEntry:
    if item is None:
        return _not_counted(finding, _absence(finding))
    if item.role is Role.ORGAN:
        counted_as = item.half.replace("_", " ") if item.half != item.organ else item.organ
        why = f"{item.exclusion.replace('_', ' ')}: excludes" if item.exclusion else "one lesion"
        return LedgerEntry(
            lesion=finding.id,
            counted=True,
            counted_as=counted_as,
            reason=_told(finding, f"Distant lesion in {item.organ}: {why}."),
        )
    if item.role is Role.STATION:
        return _station_entry(finding, item, seen)
    return _regional_entry(finding, scenarios, seen)


def _station_entry(finding: Finding, item: Item, seen: set[str]) -> LedgerEntry:
    station = f"station {item.station}"
    is_first = station not in seen
    seen.add(station)
    reason = (
        f"Nonregional {station}: one, whatever the number of nodes."
        if is_first
        else f"In {station}, which counts already."
    )
    return LedgerEntry(
        lesion=finding.id, counted=is_first, counted_as=station, reason=_told(finding, reason)
    )


def _regional_entry(finding: Finding, scenarios: Scenarios, seen: set[str]) -> LedgerEntry:
    if not scenarios.base.r:
        return _not_counted(finding, _told(finding, "Regional node, synchronous: counts nothing."))
    is_first = "regional" not in seen
    seen.add("regional")
    return LedgerEntry(
        lesion=finding.id,
        counted=is_first,
        counted_as="regional nodes",
        reason=_told(finding, "Metachronous regional nodes count one all together."),
    )


def _not_counted(finding: Finding, reason: str) -> LedgerEntry:
    return LedgerEntry(lesion=finding.id, counted=False, counted_as=None, reason=reason)


def _absence(finding: Finding) -> str:
    if finding.set_aside:
        return (
            f"Marked outside the {finding.set_aside}, by a network that knows lesions of the "
            f"{finding.set_aside} alone: set aside, not counted."
        )
    if finding.status is Status.BENIGN:
        return "Benign."
    if finding.kind is Kind.PRIMARY:
        return "Primary tumour: never counted."
    if finding.kind is Kind.PHYSIOLOGIC:
        return "Physiologic uptake."
    if finding.site.organ in names.LOCOREGIONAL:
        return "Local disease: never counted."
    return "Equivocal: left out of the reported counts, counted in the worst case."


def _told(finding: Finding, reason: str) -> str:
    """The reason, with a word on a site that was never decided."""
    is_open = finding.kind is Kind.NODE and not isinstance(finding.site.nodal_class, NodalClass)
    return f"{reason} Its class is unknown and read both ways." if is_open else reason
