"""Every measured lesion gets a site: primary, normal uptake, organ or nodal station, in turn."""

import functools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import ndimage

from oligocount.domain.anatomy import Anatomy
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import (
    Finding,
    Kind,
    Lesion,
    LesionMap,
    LocatedLesion,
    Status,
)
from oligocount.domain.provenance import Caveat
from oligocount.domain.study import AlignedImages
from oligocount.geometry.ball import ball_diameter_mm
from oligocount.geometry.memory import Key, Memory, voxel_key
from oligocount.locate.borders import with_border
from oligocount.locate.evidence import Focus, Scene, build_scene, gather
from oligocount.locate.mimics import with_doubts
from oligocount.locate.nodes import judge_hilum, judge_node
from oligocount.locate.opinion import Opinion
from oligocount.locate.organs import (
    judge_muscle,
    judge_organ,
    judge_small_organ,
    with_station_beside,
)
from oligocount.locate.physiologic import judge_physiologic
from oligocount.locate.primary import judge_primaries
from oligocount.locate.serosa import with_serosa_beside
from oligocount.locate.unknown import judge_unknown
from oligocount.locate.urinary import with_ureter_chains
from oligocount.settings_anatomy import LocateSettings


def locate(
    lesion_map: LesionMap,
    measured: tuple[Lesion, ...],
    anatomy: Anatomy,
    images: AlignedImages,
    facts: ClinicalFacts,
    settings: LocateSettings,
    *,
    memory: Memory | None = None,
) -> tuple[LocatedLesion, ...]:
    """One located lesion for each measured one, in the same order; none is dropped.

    `memory` knows foci of this scan under these facts and settings from earlier calls.
    Raises GeometryError when the maps do not lie on the PET grid.
    """
    known = memory or Memory()
    scene = build_scene(lesion_map, anatomy, images, settings.reach_mm, known)
    boxes = ndimage.find_objects(scene.foci)
    keys = [
        voxel_key(scene.foci[box] == each.id, box)
        for each in measured
        for box in (boxes[each.id - 1],)
    ]

    def look(lesion: Lesion, key: Key) -> Focus:
        seen = known.ask("focus", key, lambda: gather(scene, lesion, boxes[lesion.id - 1]))
        return replace(seen, lesion=lesion)

    def judge(focus: Focus, key: Key) -> Opinion:
        return known.ask("opinion", key, lambda: _judge(focus, scene, facts, settings))

    foci = list(map(look, measured, keys))
    primaries = judge_primaries(foci, scene, facts, settings)
    opinions = [
        primaries.get(focus.lesion.id) or judge(focus, key)
        for focus, key in zip(foci, keys, strict=True)
    ]
    opinions = with_ureter_chains(foci, opinions, settings.physiologic)
    opinions = with_doubts(foci, opinions, scene, settings)
    opinions = list(map(functools.partial(_contested, settings=settings), foci, opinions))
    opinions = list(map(functools.partial(_by_chance, settings=settings), foci, opinions))
    opinions = list(map(functools.partial(_cut_off, settings=settings), foci, opinions))
    pairs = zip(foci, opinions, strict=True)
    return tuple(
        _located(
            focus,
            opinion,
            tuple(_doubts(focus, lesion_map, settings)),
            max_elongation=settings.max_elongation,
        )
        for focus, opinion in pairs
    )


def place(
    lesion_map: LesionMap,
    measured: tuple[Lesion, ...],
    anatomy: Anatomy,
    images: AlignedImages,
    facts: ClinicalFacts,
    settings: LocateSettings,
) -> tuple[LocatedLesion, ...]:
    """The sites of lesions that another modality has shown: what their uptake means is not asked.

    The whole lesion is its core, and at an organ's border the organ keeps it: an MR that shows a
    lesion shows where the organ ends, too. Raises GeometryError as `locate` does.
    """
    ones = np.ones(images.suv.array.shape, np.float32)
    even = replace(images, suv=replace(images.suv, array=ones))
    scene = build_scene(lesion_map, anatomy, even, settings.reach_mm, Memory())
    boxes = ndimage.find_objects(scene.foci)
    out = []
    for lesion in measured:
        focus = gather(scene, lesion, boxes[lesion.id - 1])
        node = judge_node(focus, scene, facts, settings.node)
        opinion = _judge_site(focus, scene, facts, settings, node=node)
        opinion = with_serosa_beside(opinion, focus, settings.node)
        opinion = with_station_beside(_with_station(opinion, node), node, settings.organ)
        out.append(_located(focus, opinion, (), max_elongation=settings.max_elongation))
    return tuple(out)


def _judge(focus: Focus, scene: Scene, facts: ClinicalFacts, settings: LocateSettings) -> Opinion:
    """The first that answers: normal uptake, organ, station touched, organ or station nearby."""
    node = judge_node(focus, scene, facts, settings.node)
    normal = judge_physiologic(focus, scene, settings.physiologic)
    opinion = normal or _judge_site(focus, scene, facts, settings, node=node)
    opinion = _at_border(opinion, node, focus, scene, facts, settings)
    opinion = with_serosa_beside(opinion, focus, settings.node)
    return with_station_beside(_with_station(opinion, node), node, settings.organ)


def _at_border(
    opinion: Opinion,
    node: Opinion | None,
    focus: Focus,
    scene: Scene,
    facts: ClinicalFacts,
    settings: LocateSettings,
) -> Opinion:
    """The opinion beside the node at its organ's border; beyond a lung's lies none of its own."""
    if node and node.site.structure in settings.border.in_lung:
        outside = judge_node(focus, scene, facts, settings.node, without=settings.border.in_lung)
        turned = with_border(opinion, outside, focus, scene, settings.border)
        if turned is not opinion:
            return turned
    return with_border(opinion, node, focus, scene, settings.border)


def _judge_site(
    focus: Focus,
    scene: Scene,
    facts: ClinicalFacts,
    settings: LocateSettings,
    *,
    node: Opinion | None,
) -> Opinion:
    touched = node if node and (node.overlap or 0.0) >= settings.node.min_share else None
    return (
        judge_small_organ(focus, scene, settings.organ)
        or judge_hilum(focus, scene, facts, settings.node)
        or judge_organ(focus, scene, settings.organ, min_share=settings.organ.min_share)
        or judge_muscle(focus, scene, node, settings.organ)
        or touched
        or judge_organ(focus, scene, settings.organ, min_share=settings.organ.weak_share)
        or node
        or judge_unknown(focus, scene)
    )


def _with_station(opinion: Opinion, node: Opinion | None) -> Opinion:
    """A node that a rule of normal uptake left in doubt gets the station of its place."""
    if opinion.kind is not Kind.NODE or opinion.site.station or node is None:
        return opinion
    return replace(opinion, site=node.site, overlap=node.overlap, gap_mm=node.gap_mm)


def _doubts(focus: Focus, lesion_map: LesionMap, settings: LocateSettings) -> Iterator[Caveat]:
    """What makes a focus that is no normal uptake equivocal all the same."""
    if focus.touches_edge and _may_be_noise(focus, settings):
        text = "hottest at the first or last slices: cut off, or noise of the scan's edge"
        yield Caveat(code="AT_SCAN_EDGE", text=text)
    chance, least = focus.lesion.probability, settings.malignant_min_probability
    doubt = lesion_map.doubts.get(focus.lesion.id)
    if doubt is not None:
        yield doubt
    elif chance is not None and chance < least:
        text = f"the model holds it for a lesion with probability {chance:.2f}, below {least:g}"
        yield Caveat(code="LOW_PROBABILITY", text=text)


def _cut_off(focus: Focus, opinion: Opinion, settings: LocateSettings) -> Opinion:
    """What reaches the end of the scan and is no noise of it is cut."""
    if not focus.touches_edge or _may_be_noise(focus, settings):
        return opinion
    text = "reaches the first or last slice: part of it may lie outside the scan"
    return replace(opinion, caveats=(*opinion.caveats, Caveat(code="CUT_BY_SCAN_END", text=text)))


def _may_be_noise(focus: Focus, settings: LocateSettings) -> bool:
    """Hottest at the scan's end, flat and small: noise of its slices fades within a few."""
    flat = focus.height_mm <= settings.scan_end_height_mm
    small = focus.lesion.volume_ml <= settings.scan_end_max_ml
    return flat and small and focus.peak_to_end_mm <= settings.scan_end_mm


def _contested(focus: Focus, opinion: Opinion, settings: LocateSettings) -> Opinion:
    """Normal uptake of an organ that the model holds for a lesion is a doubt: one of them errs.

    The rules see where the organ map says a focus lies; the map may err, and a metastasis may lie
    deep in an organ that is hot in health. At the organ's border, where a node is the runner-up,
    the rules know least: there it is enough that the model does not dismiss the focus.
    """
    chance, beside = focus.lesion.probability, opinion.runner_up
    is_normal = opinion.kind is Kind.PHYSIOLOGIC and opinion.site.structure is not None
    named = {opinion.site.organ, opinion.site.structure}
    if not is_normal or not named & set(settings.physiologic.contested_in) or chance is None:
        return opinion
    if chance < (settings.benign_max_probability if beside else settings.malignant_min_probability):
        return opinion
    text = (
        f"the model holds it for a lesion (probability {chance:.2f}), the rules for normal uptake"
    )
    caveats = (*opinion.caveats, Caveat(code="NORMAL_OR_LESION", text=text))
    doubted = replace(opinion, kind=Kind.ORGAN, status=Status.EQUIVOCAL, caveats=caveats)
    if beside is None:
        return doubted
    organ_beside = replace(beside, site=opinion.site)
    return replace(doubted, kind=Kind.NODE, site=beside.site, runner_up=organ_beside, overlap=None)


def _by_chance(focus: Focus, opinion: Opinion, settings: LocateSettings) -> Opinion:
    """What the model holds for no lesion is normal uptake, whether or not a rule explains it."""
    chance = focus.lesion.probability
    if opinion.kind is Kind.PHYSIOLOGIC or chance is None:
        return opinion
    if chance >= settings.benign_max_probability:
        return opinion
    reason = f"{opinion.reason}; the model holds it for no lesion (probability {chance:.2f})"
    return replace(
        opinion, kind=Kind.PHYSIOLOGIC, status=Status.BENIGN, reason=reason, runner_up=None,
        diffuse=False, caveats=(),
    )  # fmt: skip


def _about_shape(lesion: Lesion, max_elongation: float) -> Iterator[Caveat]:
    """A length that the volume does not explain: thin as a vessel, or two foci under one number."""
    if lesion.longest_diameter_mm > max_elongation * ball_diameter_mm(lesion.volume_ml):
        text = (
            f"{lesion.longest_diameter_mm:.0f} mm long and {lesion.volume_ml:.1f} ml: as thin as a "
            "vessel, or parts of two foci under one number"
        )
        yield Caveat(code="ELONGATED", text=text)


def _located(
    focus: Focus, opinion: Opinion, doubts: tuple[Caveat, ...], *, max_elongation: float
) -> LocatedLesion:
    lesion, status, caveats = focus.lesion, opinion.status, opinion.caveats
    if opinion.kind is not Kind.PHYSIOLOGIC:
        caveats = (*caveats, *_about_shape(lesion, max_elongation))
    if doubts and status is Status.MALIGNANT:
        status, caveats = Status.EQUIVOCAL, (*caveats, *doubts)
    finding = Finding(
        id=lesion.id,
        kind=opinion.kind,
        status=status,
        site=opinion.site,
        probability=lesion.probability,
        longest_diameter_mm=lesion.longest_diameter_mm,
        diffuse=opinion.diffuse,
        runner_up=opinion.runner_up,
    )
    return LocatedLesion(
        lesion=lesion,
        finding=finding,
        overlap=opinion.overlap,
        margin_mm=opinion.margin_mm,
        reason=opinion.reason,
        caveats=caveats,
    )
