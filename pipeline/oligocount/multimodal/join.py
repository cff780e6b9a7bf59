"""Lesions of PET and MRI as one list: what both show counts once, what may be one counts both ways.

- The same lesion: one entry, PET's number and voxels, both modalities. A reader's mark on MRI
  settles a focus that PET left open.
- May be the same (near, within what the registration can be off): the lesion on MRI becomes an
  entry of its own that is equivocal, so the best case counts one and the worst case two.
- MRI shows several where PET shows one, or one where PET shows several: the extra is equivocal.
- Only on MRI: an entry of its own. Where the MR is one of the brain, it lies in the brain, unless
  the organ map shows it outside.
- A network that knows the lesions of one organ alone says nothing of what lies outside: that is
  listed and not counted. Near the organ, or where nobody knows, its mark is equivocal and settles
  nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from oligocount.domain.anatomy import Site
from oligocount.domain.lesion import (
    Finding,
    Kind,
    Lesion,
    LesionMap,
    LocatedLesion,
    Status,
)
from oligocount.domain.mr import MrRegion
from oligocount.domain.provenance import Caveat
from oligocount.domain.volume import LabelMap, Volume
from oligocount.locate import measure
from oligocount.multimodal.match import Match, Pairing, pair
from oligocount.multimodal.seen import SeenLesion
from oligocount.settings import MultimodalSettings

Place = Callable[[LesionMap, tuple[Lesion, ...]], tuple[LocatedLesion, ...]]
_NOWHERE = (float("nan"),) * 3
_BRAIN = Site(organ="brain", organ_system="brain", structure="brain")
_FILLER = (None, "soft_tissue", "other", "bone")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joined:
    """One list of lesions, and their voxels on the PET's grid."""

    lesions: tuple[LocatedLesion, ...]
    foci: LesionMap


def join(
    foci: LesionMap,
    located: tuple[LocatedLesion, ...],
    seen: Sequence[SeenLesion],
    place: Place,
    suv: Volume,
    settings: MultimodalSettings,
) -> Joined:
    """Every lesion once. `place` gives the site of lesions on the PET's grid."""
    if not seen:
        return Joined(lesions=located, foci=foci)
    own = _own_entries(seen, place, suv, foci)
    organs = [one.finding.site.organ for one in own]
    pairings = [
        each for each in pair(seen, organs, located, foci, settings) if not seen[each.seen].is_aside
    ]
    partner = _partners(pairings)
    lesions = {one.lesion.id: one for one in located}
    for n, number in partner.items():
        lesions[number] = _both(lesions[number], seen[n], pairings, n, settings)
    for number, caveat in _joined_by_mr(pairings, partner):
        lesions[number] = _doubted(lesions[number], caveat)
    labels = foci.labels.array.astype(np.int32)
    highest = max((int(labels.max(initial=0)), *lesions))
    added: dict[int, float | None] = {}
    for n, one in enumerate(seen):
        if n in partner:
            continue
        number = highest + len(added) + 1
        caveats = (*_doubts(n, pairings, partner), *_off_organ(one))
        lesions[number] = _alone(own[n], number, one, caveats, settings)
        added[number] = one.probability
        _paint(labels, one, number, lesions)
    return Joined(lesions=tuple(lesions.values()), foci=_with(foci, labels, added))


def _own_entries(
    seen: Sequence[SeenLesion], place: Place, suv: Volume, like: LesionMap
) -> list[LocatedLesion]:
    """Each lesion on MRI as if it were alone: its site by the maps, or by the MR's region."""
    out = []
    for one in seen:
        if not len(one.index):
            out.append(_beyond(one))
            continue
        array = np.zeros(suv.geometry.shape, np.int32)
        array[tuple(one.index.T)] = 1
        labels = LabelMap(array=array, names={1: "MR"}, geometry=suv.geometry)
        alone = LesionMap(labels=labels, probability={1: one.probability}, model=like.model)
        (entry,) = place(alone, measure(alone, suv))
        is_brain = _may_be_brain(one) and entry.finding.site.organ in _FILLER
        site = _BRAIN if is_brain else entry.finding.site
        kind = Kind.ORGAN if is_brain else entry.finding.kind
        out.append(replace(entry, finding=replace(entry.finding, site=site, kind=kind)))
    return out


def _beyond(one: SeenLesion) -> LocatedLesion:
    """A lesion where the PET does not reach, or whose place in its frame is unknown."""
    site = _BRAIN if _may_be_brain(one) else Site(organ=None, organ_system=None)
    x, y, z = _NOWHERE if one.points_lps_mm is None else one.points_lps_mm.mean(axis=0).tolist()
    nothing = float("nan")
    lesion = Lesion(
        id=0,
        centroid_lps_mm=(x, y, z),
        volume_ml=one.measures.volume_ml,
        longest_diameter_mm=one.measures.longest_diameter_mm,
        suv_max=nothing,
        suv_peak=None,
        suv_mean=nothing,
        mtv_ml=nothing,
        tlg=nothing,
        probability=one.probability,
    )
    status = Status.MALIGNANT if site.organ else Status.EQUIVOCAL
    finding = Finding(id=0, kind=Kind.ORGAN, status=status, site=site)
    reason = "beyond the PET's field" if one.points_lps_mm is not None else "its place is unknown"
    return LocatedLesion(
        lesion=lesion, finding=finding, overlap=None, margin_mm=None, reason=reason
    )


def _may_be_brain(one: SeenLesion) -> bool:
    return one.region is MrRegion.BRAIN and not (one.off_organ and one.off_organ.is_outside)


def _off_organ(one: SeenLesion) -> Iterator[Caveat]:
    """Why a mark by a network of one organ's lesions may be none."""
    organ, off = one.known_organ, one.off_organ
    if organ is None:
        return
    if off is None:
        why = (
            "the MR was not brought into the PET's frame"
            if one.points_lps_mm is None
            else f"the organ map draws no whole {organ}"
        )
        text = (
            f"a network of lesions of the {organ} marked it, and nobody knows whether in the "
            f"{organ}: {why}"
        )
        yield Caveat(code="MR_ORGAN_UNCHECKED", text=text)
    elif off.is_off:
        text = (
            f"a network of lesions of the {organ} marked it {off.gap_mm:.0f} mm off the {organ} of "
            f"the organ map, half of it over {off.half_mm:.0f} mm; map and place may be off by "
            f"{off.reach_mm:.0f} mm together"
        )
        yield Caveat(code="MR_OUTSIDE_ORGAN" if off.is_outside else "MR_BESIDE_ORGAN", text=text)


def _partners(pairings: Sequence[Pairing]) -> dict[int, int]:
    """The lesion on PET that each lesion on MRI is; the surest first, each side once."""
    partner: dict[int, int] = {}
    for one in pairings:
        free = one.seen not in partner and one.lesion not in partner.values()
        if one.match is Match.SAME and free:
            partner[one.seen] = one.lesion
    return partner


def _both(
    entry: LocatedLesion,
    seen: SeenLesion,
    pairings: Sequence[Pairing],
    n: int,
    settings: MultimodalSettings,
) -> LocatedLesion:
    """PET's entry, now of both; a reader's mark, or a sure one, settles what PET left open."""
    share = next(
        each.share for each in pairings if (each.seen, each.lesion) == (n, entry.lesion.id)
    )
    doubts = tuple(_off_organ(seen))
    is_sure = seen.probability is None or seen.probability >= settings.settles_probability
    finding = entry.finding
    if is_sure and not doubts and finding.status is Status.EQUIVOCAL:
        finding = replace(finding, status=Status.MALIGNANT, probability=None)
    return replace(
        entry,
        lesion=replace(entry.lesion, modality=("PT", "MR"), mr=seen.measures),
        finding=finding,
        reason=f"{entry.reason}; also on MRI ({seen.measures.sequence}, {share:.0%} overlap)",
        caveats=(*entry.caveats, *doubts),
    )


def _joined_by_mr(
    pairings: Sequence[Pairing], partner: dict[int, int]
) -> Iterator[tuple[int, Caveat]]:
    """Further foci on PET that lie inside one lesion on MRI which is another focus already."""
    for one in pairings:
        taken = partner.get(one.seen)
        is_other = taken is not None and taken != one.lesion
        if one.match is Match.SAME and is_other and one.lesion not in partner.values():
            text = f"MRI shows one lesion where PET shows this focus and lesion {taken}"
            yield one.lesion, Caveat(code="ONE_ON_MR", text=text)


def _doubts(n: int, pairings: Sequence[Pairing], partner: dict[int, int]) -> tuple[Caveat, ...]:
    """Why a lesion on MRI that is not paired may yet be one on PET."""
    out = []
    for one in pairings:
        if one.seen != n:
            continue
        if one.match is Match.SAME:
            text = f"MRI shows several lesions where PET shows lesion {one.lesion} alone"
            out.append(Caveat(code="SEVERAL_ON_MR", text=text))
        elif one.lesion not in partner.values():
            far = "at an unknown distance" if np.isinf(one.gap_mm) else f"{one.gap_mm:.0f} mm off"
            text = f"may be lesion {one.lesion} of the PET, {far}: counted as one and as two"
            out.append(Caveat(code="MR_MATCH_DOUBTFUL", text=text))
    return tuple(out)


def _doubted(entry: LocatedLesion, caveat: Caveat) -> LocatedLesion:
    finding = replace(entry.finding, status=Status.EQUIVOCAL, probability=None)
    return replace(entry, finding=finding, caveats=(*entry.caveats, caveat))


def _alone(
    entry: LocatedLesion,
    number: int,
    seen: SeenLesion,
    caveats: tuple[Caveat, ...],
    settings: MultimodalSettings,
) -> LocatedLesion:
    """A lesion of its own, by MRI alone; its size is that on MRI."""
    chance = seen.probability
    is_faint = chance is not None and chance < settings.settles_probability
    status = Status.EQUIVOCAL if caveats or is_faint else entry.finding.status
    kind, runner_up = entry.finding.kind, entry.finding.runner_up
    if seen.is_aside:
        kind, status, runner_up = Kind.PHYSIOLOGIC, Status.BENIGN, None
    lesion = replace(
        entry.lesion,
        id=number,
        volume_ml=seen.measures.volume_ml,
        longest_diameter_mm=seen.measures.longest_diameter_mm,
        modality=("MR",),
        mr=seen.measures,
    )
    finding = replace(
        entry.finding,
        id=number,
        kind=kind,
        status=status,
        runner_up=runner_up,
        probability=None if caveats else chance,
        set_aside=seen.known_organ if seen.is_aside else None,
        longest_diameter_mm=lesion.longest_diameter_mm,
    )
    reason = f"on MRI alone ({seen.measures.sequence}); {entry.reason}"
    told = caveats if seen.is_aside else (*entry.caveats, *caveats)
    return replace(entry, lesion=lesion, finding=finding, reason=reason, caveats=told)


def _paint(
    labels: np.ndarray, seen: SeenLesion, number: int, lesions: dict[int, LocatedLesion]
) -> None:
    """The lesion's voxels, over background and normal uptake but over no other lesion."""
    free = [0, *(n for n, one in lesions.items() if one.finding.kind is Kind.PHYSIOLOGIC)]
    place = tuple(seen.index.T)
    labels[place] = np.where(np.isin(labels[place], free), number, labels[place])


def _with(foci: LesionMap, labels: np.ndarray, added: dict[int, float | None]) -> LesionMap:
    names = {**foci.labels.names, **{number: f"lesion {number}" for number in added}}
    whole = LabelMap(array=labels, names=names, geometry=foci.labels.geometry)
    return replace(foci, labels=whole, probability={**foci.probability, **added})
