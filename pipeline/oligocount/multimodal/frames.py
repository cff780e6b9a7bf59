"""Every MR brought into the frame of the PET/CT: as it stands, or registered, or told that not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.mr import MrRegion, MrSequence
from oligocount.domain.provenance import Caveat
from oligocount.domain.registration import Move, MoveSource
from oligocount.domain.study import AlignedImages, MrImage
from oligocount.domain.volume import Geometry, Volume
from oligocount.geometry.affine import crop
from oligocount.quantify.deform import bend
from oligocount.quantify.register import better_beside, register
from oligocount.settings_quantify import RegisterSettings

# T1 tells fat, muscle and bone apart as CT does; what T2 shows bright, tumour above all, PET does
_ON_CT = (MrSequence.T1, MrSequence.T2, MrSequence.STIR, MrSequence.FLAIR)
_ON_PET = (MrSequence.T2, MrSequence.STIR, MrSequence.FLAIR, MrSequence.T1)
_BOXES = {MrRegion.BRAIN: ("brain", "skull"), MrRegion.LIVER: ("liver", "spleen")}
_MARGIN_MM = {MrRegion.BRAIN: 60.0, MrRegion.LIVER: 120.0}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frames:
    """The move of each MR by its series UID, None where none is to be trusted."""

    moves: Mapping[str, Move | None]
    caveats: tuple[Caveat, ...] = ()


def bring(
    mr: tuple[MrImage, ...],
    images: AlignedImages,
    organs: OrganMap,
    settings: RegisterSettings,
) -> Frames:
    """A move for each MR into the frame of `images`; one a frame of reference.

    The MR of a frame that is registered first speaks for all of it.
    """
    moves: dict[str, Move | None] = {}
    caveats: list[Caveat] = []
    groups: dict[object, list[MrImage]] = {}
    for one in mr:
        key = one.volume.geometry.frame_of_reference_uid or one.series_uid
        groups.setdefault(key, []).append(one)
    for group in groups.values():
        move, said = _move(group, images, organs, settings)
        moves |= {one.series_uid: move for one in group}
        caveats += said
    return Frames(moves=moves, caveats=tuple(dict.fromkeys(caveats)))


def _move(
    group: list[MrImage], images: AlignedImages, organs: OrganMap, settings: RegisterSettings
) -> tuple[Move | None, list[Caveat]]:
    here, there = images.suv.geometry, group[0].volume.geometry
    uids = (here.frame_of_reference_uid, there.frame_of_reference_uid)
    onto = images.ct or images.suv
    target = "CT" if images.ct else "PET"
    tried = _telling(group, _ON_CT if images.ct else _ON_PET, settings)
    if uids[0] == uids[1]:
        is_stated = uids[0] is not None
        move, said = _as_it_stands(group, here, _name(tried[0]), settings, is_stated=is_stated)
        doubts = [*said, *_contradicted(tried[0], onto, settings, said)]
        if any(each.code in ("MR_BEYOND_PET", "MR_FRAME_DOUBTFUL") for each in doubts):
            return move, doubts
        move, bent = _bent(tried[0], onto, target, move, settings)
        return move, [*doubts, *bent]
    refused = []
    for one in tried:
        region = one.facts.region if one.facts else None
        outcome = register(one.volume, onto, settings, around=_box(organs, region))
        if outcome.move is not None:
            move = _at_least(outcome.move, region, settings)
            text = f"MR ({_name(one)}) was registered to the {target}: {outcome.reason}"
            move, bent = _bent(one, onto, target, move, settings)
            others = [each for each in group if each is not one]
            along = _along(others, one, settings)
            return move, [Caveat(code="MR_REGISTERED", text=text), *along, *bent]
        text = f"MR ({_name(one)}) was not brought into the frame of the {target}: {outcome.reason}"
        refused.append(Caveat(code="MR_NOT_REGISTERED", text=text))
    return None, refused


def _along(others: list[MrImage], lead: MrImage, settings: RegisterSettings) -> list[Caveat]:
    """What moves with the MR that was registered, and where the images contradict that."""
    if not others:
        return []
    names = ", ".join(dict.fromkeys(_name(each) for each in others))
    text = f"MR ({names}) shares the frame of reference of MR ({_name(lead)}) and was moved with it"
    caveats = [Caveat(code="MR_MOVED_ALONG", text=text)]
    for one in others:
        if one.facts is None or one.facts.sequence not in _ON_CT:
            continue  # diffusion is warped, a map is no picture of the anatomy
        beside = better_beside(one.volume, lead.volume, settings)
        if beside > settings.max_beside:
            text = (
                f"MR ({_name(one)}) claims the frame of reference of MR ({_name(lead)}), but agrees"
                f" {beside:.1f} times as well some centimetres beside: the patient may have moved"
                " between them"
            )
            caveats.append(Caveat(code="MR_FRAME_DOUBTFUL", text=text))
    return caveats


def _bent(
    one: MrImage, onto: Volume, target: str, move: Move, settings: RegisterSettings
) -> tuple[Move, list[Caveat]]:
    """The move, bent where that is asked for and helps; what was done is told."""
    if not settings.deform.wanted:
        return move, []
    outcome = bend(one.volume, onto, move, settings)
    if outcome.move is None:
        text = f"MR ({_name(one)}) was not bent onto the {target}: {outcome.reason}"
        return move, [Caveat(code="MR_NOT_BENT", text=text)]
    text = f"MR ({_name(one)}) was bent onto the {target} beyond the rigid move: {outcome.reason}"
    return outcome.move, [Caveat(code="MR_BENT", text=text)]


def _at_least(move: Move, region: MrRegion | None, settings: RegisterSettings) -> Move:
    """The move with the uncertainty of its part of the body: a head is rigid, little else is."""
    floors: dict[MrRegion | None, float] = {
        MrRegion.BRAIN: settings.least_uncertainty_mm,
        MrRegion.LIVER: settings.liver_uncertainty_mm,
    }
    return replace(move, uncertainty_mm=floors.get(region, settings.other_uncertainty_mm))


def _name(one: MrImage) -> str:
    return one.facts.title if one.facts else one.kind


def _as_it_stands(
    group: list[MrImage], here: Geometry, name: str, settings: RegisterSettings, *, is_stated: bool
) -> tuple[Move, list[Caveat]]:
    """The scanner's own coordinates, if the MR lies in the PET's field at all."""
    if not any(_touch(one.volume.geometry, here) for one in group):
        text = (
            f"MR ({name}) and PET share a frame of reference but no place: beyond the PET's field"
        )
        caveats = [Caveat(code="MR_BEYOND_PET", text=text)]
    else:
        caveats = []
    if not is_stated:
        text = f"neither PET nor MR ({name}) states a frame of reference: taken as one"
        caveats.append(Caveat(code="MR_FRAME_NOT_STATED", text=text))
    move = Move(
        matrix=np.eye(4), source=MoveSource.SAME_FRAME, uncertainty_mm=settings.least_uncertainty_mm
    )
    return move, caveats


def _contradicted(
    best: MrImage, onto: Volume, settings: RegisterSettings, said: list[Caveat]
) -> list[Caveat]:
    """A caveat where the images agree much better some centimetres beside the stated place."""
    if any(each.code == "MR_BEYOND_PET" for each in said):
        return []
    beside = better_beside(best.volume, onto, settings)
    if not beside > settings.max_beside:  # nan: nothing to compare
        return []
    text = (
        f"MR ({_name(best)}) claims the PET's frame of reference, but agrees {beside:.1f} times"
        " as well some centimetres beside: the patient may have moved between the scans"
    )
    return [Caveat(code="MR_FRAME_DOUBTFUL", text=text)]


def _telling(
    group: list[MrImage], order: tuple[MrSequence, ...], settings: RegisterSettings
) -> list[MrImage]:
    """The MR of one frame by which it is registered: the best, then one of another contrast."""

    def rank(one: MrImage) -> tuple[int, float]:
        told = one.facts.sequence if one.facts else None
        size = one.volume.geometry.voxel_volume_ml * one.volume.array.size
        return (order.index(told) if told in order else len(order)), -size

    chosen: list[MrImage] = []
    for one in sorted(group, key=rank):
        is_new = one.kind not in {each.kind for each in chosen}
        if not chosen or (is_new and rank(one)[0] < len(order)):
            chosen.append(one)
    return chosen[: settings.most_series]


def _touch(one: Geometry, other: Geometry) -> bool:
    """Whether the box of one reaches into the other."""
    axes = [np.linspace(0, n - 1, min(n, 12)) for n in one.shape]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    index = other.to_index(one.to_lps_mm(places))
    inside = (index >= -0.5) & (index <= np.array(other.shape) - 0.5)
    return bool(inside.all(axis=1).any())


def _box(organs: OrganMap, region: MrRegion | None) -> Geometry | None:
    """The part of the body that an MR of the region shows, where the organ map knows it."""
    names = _BOXES.get(region) if region else None
    if region is None or names is None:
        return None
    geometry = organs.labels.geometry
    mask = organs.labels.mask(*names)
    if not mask.any():
        return None
    places = np.argwhere(mask)
    pads = np.ceil(_MARGIN_MM[region] / np.array(geometry.spacing_mm)).astype(int)
    low = np.maximum(places.min(axis=0) - pads, 0)
    high = np.minimum(places.max(axis=0) + pads + 1, geometry.shape)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return crop(geometry, (k, j, i))
