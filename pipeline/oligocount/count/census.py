"""Counted items to the census that definitions look at."""

from collections import Counter
from collections.abc import Iterable, Sequence

from oligocount.count import names
from oligocount.domain.census import Census, Item, OrganTally, Role
from oligocount.settings import CountPolicies


def take_census(items: Sequence[Item], *, is_metachronous: bool, policies: CountPolicies) -> Census:
    """The counts of one reading: organ lesions one each, stations not nodes, regional nodes 0 or 1.

    Regional nodes count one all together when metachronous, nothing when synchronous
    (2025 consensus, counting paragraph). Nodes are one organ and one organ system.
    """
    organs = [item for item in items if item.role is Role.ORGAN]
    nonregional = [item for item in items if item.role is Role.STATION]
    regional = [item for item in items if item.role is Role.REGIONAL] if is_metachronous else []
    stations = tuple(dict.fromkeys(item.station for item in nonregional if item.station))
    s, r = len(stations), int(bool(regional))
    numbered = [item for item in organs if not _is_exempt(item, policies)]
    systems = Counter(item.system for item in numbered)
    by_organ = dict(Counter(item.organ for item in organs))
    if s + r:
        by_organ[names.NODE] = s + r
        if policies.node_system == "counted":
            systems[names.NODE] = s + r
    known, has_unknown = _diameters([*organs, *nonregional, *regional])
    return Census(
        v=len(organs),
        s=s,
        r=r,
        n=len(numbered) + s + r,
        o=len({item.half for item in numbered}) + int(s + r > 0),
        m=max(systems.values(), default=0),
        items=tuple(items),
        by_organ=by_organ,
        stations=stations,
        organs=_tallies(numbered),
        treatable=_all_treatable(items),
        serosal=sum(item.is_serosal for item in organs),
        brain=by_organ.get("brain", 0),
        nodes=sum(item.n_nodes or 1 for item in nonregional),
        has_unknown_nodes=any(item.n_nodes is None for item in nonregional),
        sites_excluding_rpln=_sites_excluding_rpln(numbered, stations),
        diameter_mm=known,
        has_unknown_diameter=has_unknown,
        has_only_adjoining_nodes=bool(stations)
        and not organs
        and all(map(names.is_adjoining, stations)),
        exclusions=tuple(dict.fromkeys(item.exclusion for item in organs if item.exclusion)),
    )


def _is_exempt(item: Item, policies: CountPolicies) -> bool:
    """A3: brain lesions fit for stereotactic treatment are outside the number limits."""
    return (
        policies.brain == "exempt_if_treatable" and item.organ == "brain" and item.treatable is True
    )


def _tallies(organs: Iterable[Item]) -> dict[str, OrganTally]:
    grouped: dict[str, list[Item]] = {}
    for item in organs:
        grouped.setdefault(item.half, []).append(item)
    return {half: _tally(group) for half, group in grouped.items()}


def _tally(group: Sequence[Item]) -> OrganTally:
    return OrganTally(
        lesions=len(group),
        is_bilateral=_has_both([item.side for item in group]),
        is_bilobar=_has_both([item.lobe for item in group]),
    )


def _has_both(places: Sequence[str | None]) -> bool | None:
    """Whether two places are taken; None where an unknown place could be the other one."""
    known = {place for place in places if place}
    if len(known) > 1:
        return True
    return None if None in places and len(places) > 1 else False


def _all_treatable(items: Iterable[Item]) -> bool | None:
    states = {item.treatable for item in items}
    if False in states:
        return False
    return None if None in states else True


def _sites_excluding_rpln(organs: Iterable[Item], stations: Iterable[str]) -> int:
    """Organs, and one site more for distant nodes that are not retroperitoneal (FLOT3)."""
    has_other_nodes = any(not names.is_retroperitoneal(station) for station in stations)
    return len({item.half for item in organs}) + int(has_other_nodes)


def _diameters(items: Iterable[Item]) -> tuple[float | None, bool]:
    sizes = [item.diameter_mm for item in items]
    known = [size for size in sizes if size is not None]
    return max(known, default=None), len(known) < len(sizes)
