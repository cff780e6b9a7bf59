"""A finding to the ways in which it can be read: counted as this, as that, or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from oligocount.count import names
from oligocount.domain.anatomy import NodalClass, Side, Site, Station, is_coeliac_frontier
from oligocount.domain.census import UNKNOWN_ORGAN, Item, Role
from oligocount.domain.facts import ClinicalFacts, PrimaryLocation
from oligocount.domain.lesion import Finding, Kind, RunnerUp, Status
from oligocount.settings import CountSettings

_UNASSIGNED = Station(ajcc8=None, jes=None, iaslc=None).key
_JUNCTION = (PrimaryLocation.EGJ_I, PrimaryLocation.EGJ_II)

Reading = Item | None  # None: not counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The readings of one finding, first choice first, and what is doubtful about it."""

    finding: int
    options: tuple[Reading, ...]
    is_equivocal: bool
    is_frontier: bool
    probability: float | None = None


def read_findings(
    findings: Sequence[Finding], facts: ClinicalFacts, settings: CountSettings
) -> tuple[Readings, ...]:
    """The readings of every finding that can count; benign, physiologic and local ones are gone.

    A focus taken for the primary counts nothing, unless that is in doubt and a runner-up says
    what it would be otherwise.

    An equivocal finding may be absent. A site whose runner-up lies within the margins is read
    both ways, as is a node of unknown class, and a station or organ of unknown name may be any
    that another finding has.
    """
    reader = _Reader(tuple(findings), facts, settings)
    readings = (reader.read(each) for each in findings if _can_count(each))
    return tuple(each for each in readings if each.options != (None,))


def _can_count(finding: Finding) -> bool:
    if finding.status is Status.BENIGN:
        return False
    if finding.kind is Kind.PRIMARY:
        return finding.status is Status.EQUIVOCAL and finding.runner_up is not None
    return finding.kind in (Kind.ORGAN, Kind.NODE)


def _is_nowhere(finding: Finding) -> bool:
    return finding.kind is Kind.ORGAN and finding.site.organ is None


class _Reader:
    def __init__(
        self, findings: tuple[Finding, ...], facts: ClinicalFacts, settings: CountSettings
    ) -> None:
        self._findings = findings
        self._facts = facts
        self._settings = settings

    def read(self, finding: Finding) -> Readings:
        runner_up = finding.runner_up
        sites = [finding.site]
        if runner_up and _is_close(finding.site, runner_up, self._settings):
            sites.append(runner_up.site)
        items = [item for site in sites for item in self._items(finding, site)]
        distinct: tuple[Reading, ...] = tuple(dict.fromkeys(items))
        is_equivocal = finding.status is Status.EQUIVOCAL or self._may_be_second_primary(finding)
        is_frontier = len(distinct) > 1
        if is_equivocal:
            distinct = tuple(dict.fromkeys((None, *distinct)))
        return Readings(
            finding=finding.id,
            options=distinct,
            is_equivocal=is_equivocal,
            is_frontier=is_frontier,
            probability=finding.probability,
        )

    def _items(self, finding: Finding, site: Site) -> Iterator[Reading]:
        if site.organ in names.LOCOREGIONAL:
            yield None
        elif site.organ == names.NODE or (site.station and site.organ is None):
            yield from self._nodes(finding, site)
        else:
            yield from self._organs(finding, site)

    def _nodes(self, finding: Finding, site: Site) -> Iterator[Item]:
        station = site.station or Station(ajcc8=None, jes=None, iaslc=None)
        nodal_class = self._nodal_class(station, site.nodal_class)
        item = self._item(finding, site, names.NODE)
        if nodal_class is not NodalClass.NONREGIONAL:
            yield replace(item, role=Role.REGIONAL)
        if nodal_class is not NodalClass.REGIONAL:
            for name in self._station_names(finding, site):
                yield replace(item, role=Role.STATION, station=name)

    def _nodal_class(self, station: Station, given: NodalClass | None) -> NodalClass | None:
        policies, location = self._settings.policies, self._facts.primary_location
        if given is NodalClass.REGIONAL:
            is_moved = (
                policies.retrocrural == "nonregional" and names.is_retrocrural(station)
            ) or (policies.off_map == "nonregional" and names.is_off_map(station))
            return NodalClass.NONREGIONAL if is_moved else given
        if given is NodalClass.NONREGIONAL:
            by_jes = location is PrimaryLocation.CERVICAL and names.is_cervical(station.key)
            by_centre = location in _JUNCTION and names.is_perigastric(station)
            is_moved = (by_jes and self._is_cervical_regional()) or (
                by_centre and policies.perigastric_of_egj == "regional"
            )
            return NodalClass.REGIONAL if is_moved else given
        return None

    def _is_cervical_regional(self) -> bool:
        by_scheme = str(self._facts.other.get("nodal_scheme", "")).startswith("JES12")
        return by_scheme or self._settings.policies.cervical_supraclavicular == "regional"

    def _station_names(self, finding: Finding, site: Site) -> tuple[str, ...]:
        name = self._station_name(site)
        others = self._other_stations(finding)
        if name == _UNASSIGNED:
            return (f"{name}#{finding.id}", *others)
        sides = names.both_sides(name)
        return sides if any(other in sides for other in others) else (name,)

    def _station_name(self, site: Site) -> str:
        name = names.sided_station(site.station.key if site.station else _UNASSIGNED, site.side)
        is_joined = self._settings.policies.bilateral_supraclavicular == "one_station"
        return names.family(name) if is_joined and names.is_supraclavicular(name) else name

    def _other_stations(self, finding: Finding) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                self._station_name(each.site)
                for each in self._findings
                if each is not finding
                and _can_count(each)
                and each.site.nodal_class is NodalClass.NONREGIONAL
                and each.site.station
            )
        )

    def _organs(self, finding: Finding, site: Site) -> Iterator[Item]:
        for organ in (site.organ,) if site.organ else self._any_organ(finding):
            item = self._item(finding, site, organ)
            if item.half == item.organ or item.side:
                yield item
                continue
            for side in ("L", "R"):
                half = f"{item.organ}_{side}"
                yield replace(item, side=side, half=half, system=half)

    def _any_organ(self, finding: Finding) -> tuple[str, ...]:
        """What a lesion of unknown organ may be in: one of its own, or any that is affected."""
        others = [each for each in self._findings if each is not finding and _can_count(each)]
        known = (each.site.organ for each in others)
        organs = (each for each in known if each and each not in names.NOT_AN_ORGAN)
        own = (f"{UNKNOWN_ORGAN}#{finding.id}",) if any(_is_nowhere(o) for o in others) else ()
        return (UNKNOWN_ORGAN, *dict.fromkeys(organs), *own)

    def _item(self, finding: Finding, site: Site, organ: str) -> Item:
        treatable = finding.treatable
        if treatable is None:
            stated = self._facts.other.get("all_lesions_treatable")
            treatable = stated if isinstance(stated, bool) else None
        name, exclusion = _collapsed(organ, is_diffuse=finding.diffuse)
        side = site.side.value if site.side in (Side.LEFT, Side.RIGHT) else None
        is_split = self._settings.policies.paired_organs == "split" and name in names.PAIRED
        half = f"{name}_{side}" if is_split else name
        is_serosal = name in names.SEROSAL
        return Item(
            finding=finding.id,
            role=Role.ORGAN,
            organ=name,
            system=names.SEROSA if is_serosal else half,
            half=half,
            side=side,
            lobe=site.lobe if name == "liver" else None,
            n_nodes=finding.n_nodes,
            diameter_mm=finding.longest_diameter_mm,
            treatable=treatable,
            exclusion=exclusion,
            is_serosal=is_serosal and exclusion is None,
        )

    def _may_be_second_primary(self, finding: Finding) -> bool:
        """Statement 4: a suspected second primary is equivocal; it can be a solitary one only."""
        if self._facts.other.get("second_primary_suspected") is not True:
            return False
        same = [
            each
            for each in self._findings
            if _can_count(each) and each.site.organ == finding.site.organ
        ]
        return finding.kind is Kind.ORGAN and len(same) == 1


def _collapsed(organ: str, *, is_diffuse: bool) -> tuple[str, str | None]:
    """The organ by which a lesion counts, and the exclusion that a diffuse pattern means."""
    if is_diffuse and organ in names.SEROSAL:
        return organ, "diffuse_serosal"
    if is_diffuse and organ in (names.MARROW, "bone"):
        return names.MARROW, "diffuse_marrow"
    return ("bone" if organ == names.MARROW else organ), None  # focal marrow is a bone lesion


def _is_close(site: Site, runner_up: RunnerUp, settings: CountSettings) -> bool:
    """Whether the second-best site is near enough to be the right one."""
    if runner_up.margin_mm is not None:
        stations = (site.station, runner_up.site.station)
        is_coeliac = all(stations) and is_coeliac_frontier(*stations)  # type: ignore[arg-type]  # all() leaves no None
        margin = settings.coeliac_frontier_margin_mm if is_coeliac else settings.frontier_margin_mm
        return runner_up.margin_mm < margin
    return runner_up.overlap is not None and runner_up.overlap >= settings.frontier_overlap
