"""Nodal lesions: the station, its standing, and the frontier that is nearest.

A station's standing (regional or not) comes from the table of its staging system and the
primary's location; what the system leaves open stays None.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.anatomy import (
    NodalClass,
    Side,
    Site,
    StationEntry,
    is_coeliac_frontier,
)
from oligocount.domain.facts import ClinicalFacts, PrimaryStatus
from oligocount.domain.lesion import Kind, RunnerUp, Status
from oligocount.domain.provenance import Caveat
from oligocount.locate.evidence import Focus, Mask, Scene, centre_voxel
from oligocount.locate.opinion import Opinion
from oligocount.settings_anatomy import NodeSettings

NODE = "lymph_node"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    """Stations around a focus: share of the core, gaps from its centre and edge, by name."""

    share: dict[str, float]
    gap_mm: dict[str, float]
    edge_gap_mm: dict[str, float]


def judge_node(
    focus: Focus,
    scene: Scene,
    facts: ClinicalFacts,
    settings: NodeSettings,
    *,
    without: tuple[str, ...] = (),
) -> Opinion | None:
    """The station of the focus, or None where no station lies within reach.

    Regions named in `without` are out of the question.
    """
    if scene.anatomy.stations is None:
        return None
    vote = _vote(focus, scene, without)
    if not vote.gap_mm or min(vote.gap_mm.values()) > settings.reach_mm:
        return None
    best = _best(vote)
    entries = scene.anatomy.station_entries
    site = node_site(entries[best], facts, settings.staging_system)
    runner_up = _runner_up(best, vote, entries, facts, settings)
    margin = runner_up.margin_mm if runner_up else None
    return Opinion(
        kind=Kind.NODE,
        status=Status.MALIGNANT,
        site=site,
        reason=_reason(entries[best], vote.share.get(best, 0.0), vote.gap_mm[best]),
        overlap=vote.share.get(best, 0.0),
        margin_mm=margin,
        gap_mm=vote.gap_mm[best],
        edge_gap_mm=vote.edge_gap_mm[best],
        runner_up=runner_up,
        caveats=(*_flags(entries[best]), *_resected(entries[best], scene, facts)),
    )


def judge_hilum(
    focus: Focus, scene: Scene, facts: ClinicalFacts, settings: NodeSettings
) -> Opinion | None:
    """A focus in drawn lung at the very hilum is a hilar node with lung as its runner-up."""
    if scene.anatomy.stations is None or focus.share_of("lung") < 0.5:
        return None
    gaps = _vote(focus, scene).gap_mm
    near = {n: gaps[n] for n in ("10R", "10L") if gaps.get(n, np.inf) <= settings.hilum_mm}
    if not near:
        return None
    name = min(near, key=lambda n: near[n])
    entry = scene.anatomy.station_entries[name]
    lung = Site(organ="lung", organ_system="lung", side=entry.side)
    return Opinion(
        kind=Kind.NODE,
        status=Status.MALIGNANT,
        site=node_site(entry, facts, settings.staging_system),
        reason=f"in the lung's inner edge, {near[name]:.0f} mm from {entry.title}",
        overlap=0.0,
        margin_mm=settings.hilum_mm - near[name],
        gap_mm=near[name],
        runner_up=RunnerUp(site=lung, margin_mm=settings.hilum_mm - near[name]),
        caveats=_flags(entry),
    )


def node_site(entry: StationEntry, facts: ClinicalFacts, system: str) -> Site:
    """The counting site of a station under a staging system."""
    return Site(
        organ=NODE,
        organ_system=NODE,
        structure=entry.name,
        side=entry.side,
        station=entry.station,
        nodal_class=standing(entry, facts, system),
    )


def standing(entry: StationEntry, facts: ClinicalFacts, system: str) -> NodalClass | None:
    """Regional or not for this primary; None where the system itself is unclear."""
    location = facts.primary_location.value if facts.primary_location else "any"
    own = (system, location)
    return entry.regional[own] if own in entry.regional else entry.regional.get((system, "any"))


def unassigned_site(side: Side | None = None) -> Site:
    """A node without a station: of unknown standing."""
    return Site(organ=NODE, organ_system=NODE, side=side)


def _vote(focus: Focus, scene: Scene, without: tuple[str, ...] = ()) -> _Vote:
    stations = scene.anatomy.stations
    if stations is None:
        return _Vote(share={}, gap_mm={}, edge_gap_mm={})
    names = {label: name for label, name in stations.names.items() if name not in without}
    around = stations.array[focus.box]
    counts = np.bincount(around[focus.core])
    total = max(int(counts[1:].sum()), 1)
    return _Vote(
        share={
            names[label]: counts[label] / total
            for label in np.flatnonzero(counts).tolist()
            if label in names
        },
        gap_mm=_gaps(around, centre_voxel(focus.core), scene, names),
        edge_gap_mm=_gaps(around, focus.core, scene, names),
    )


def _gaps(
    around: NDArray[np.integer], source: Mask, scene: Scene, names: Mapping[int, str]
) -> dict[str, float]:
    gap = ndimage.distance_transform_edt(~source, scene.spacing_mm)
    labels = [label for label in np.unique(around).tolist() if label in names]
    nearest = ndimage.minimum(gap, around, labels) if labels else []
    return {names[n]: float(g) for n, g in zip(labels, nearest, strict=True)}


def _best(vote: _Vote) -> str:
    """The station of most of the core; of the nearest where the core touches none."""
    if vote.share:
        return max(vote.share, key=lambda name: (vote.share[name], -vote.gap_mm[name]))
    return min(vote.gap_mm, key=lambda name: vote.gap_mm[name])


def _runner_up(
    best: str,
    vote: _Vote,
    table: Mapping[str, StationEntry],
    facts: ClinicalFacts,
    settings: NodeSettings,
) -> RunnerUp | None:
    """The nearest station of other standing where that is in question, else the nearest one.

    Regional or not decides more than which station it is, so a frontier between two stations of one
    standing does not hide one that is a little further off. Of the rest that which would count
    otherwise comes first.

    Its margin is the gap from the core's centre; where it, together with those that count like
    it, holds a good part of the core, that from the core's edge, which is none: such a lesion
    lies on both sides of the frontier.
    """
    system = settings.staging_system

    def counts_as(name: str) -> tuple[object, ...]:
        regional = standing(table[name], facts, system)
        return (regional, None if regional is NodalClass.REGIONAL else table[name].station.key)

    others = {n: g for n, g in vote.gap_mm.items() if n != best and g <= settings.runner_up_max_mm}
    if not others:
        return None
    pool = (
        _doubting(best, others, vote, table, facts, settings)
        or {n: g for n, g in others.items() if counts_as(n) != counts_as(best)}
        or others
    )
    beyond: dict[tuple[object, ...], float] = {}
    for name in pool:
        count = counts_as(name)
        beyond[count] = beyond.get(count, 0.0) + vote.share.get(name, 0.0)
    straddled = {
        n: vote.share[n]
        for n in pool
        if n in vote.share and beyond[counts_as(n)] >= settings.split_share
    }
    if straddled:
        name = max(straddled, key=lambda n: straddled[n])
        margin = vote.edge_gap_mm[name]
    else:
        name = min(pool, key=lambda n: pool[n])
        margin = pool[name]
    site = node_site(table[name], facts, system)
    return RunnerUp(site=site, overlap=vote.share.get(name), margin_mm=margin)


def _doubting(
    best: str,
    gaps_mm: Mapping[str, float],
    vote: _Vote,
    table: Mapping[str, StationEntry],
    facts: ClinicalFacts,
    settings: NodeSettings,
) -> dict[str, float]:
    """Stations that make it doubtful whether the node is regional, with their gaps.

    They lie near, or hold a good part of the core together. The coeliac root is less sure than
    other borders (knowledge 2.4).
    """
    own = standing(table[best], facts, settings.staging_system)
    other = {
        name: gap
        for name, gap in gaps_mm.items()
        if standing(table[name], facts, settings.staging_system) is not own
    }
    is_split = sum(vote.share.get(name, 0.0) for name in other) >= settings.split_share

    def reach_mm(name: str) -> float:
        is_coeliac = is_coeliac_frontier(table[name].station, table[best].station)
        return settings.coeliac_first_mm if is_coeliac else settings.standing_first_mm

    return {
        name: gap
        for name, gap in other.items()
        if gap < reach_mm(name) or (is_split and name in vote.share)
    }


def _reason(entry: StationEntry, share: float, gap_mm: float) -> str:
    if share > 0:
        return f"{share:.0%} of the core in nodal space lies in {entry.title}"
    return f"nearest nodal space is {entry.title}, {gap_mm:.0f} mm away"


def _resected(entry: StationEntry, scene: Scene, facts: ClinicalFacts) -> tuple[Caveat, ...]:
    """After resection the oesophagus' own stations have lost what they hang on."""
    is_resected = scene.has_conduit or facts.primary_status is PrimaryStatus.RESECTED
    if not is_resected or not entry.name.startswith(_ALONG_GULLET):
        return ()
    text = f"{entry.title}: the oesophagus was resected, so its stations are of low confidence"
    return (Caveat(code="RESECTED_ANATOMY", text=text),)


_ALONG_GULLET = ("8", "9", "15", "16L", "16R", "17")


def _flags(entry: StationEntry) -> tuple[Caveat, ...]:
    return tuple(
        Caveat(code=flag.upper(), text=f"{entry.title}: {text}")
        for flag, text in entry.flags.items()
    )
