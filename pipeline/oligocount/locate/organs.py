"""Organ lesions: the organ that holds the focus, its side and lobe, and the runner-up."""

from dataclasses import replace

import numpy as np

from oligocount.domain.anatomy import Side, Site, Structure
from oligocount.domain.lesion import Kind, RunnerUp, Status
from oligocount.domain.provenance import Caveat
from oligocount.locate.evidence import Focus, Scene
from oligocount.locate.opinion import Opinion
from oligocount.settings_anatomy import OrganSettings

_FILLER = "soft_tissue"
_MUSCLES = ("muscle", "gluteus_", "autochthon_", "iliopsoas_", "skeletal_muscle")
_BREATHING = ("liver", "spleen", "stomach")
_SMALL = ("adrenal", "thyroid")


def judge_organ(
    focus: Focus, scene: Scene, settings: OrganSettings, *, min_share: float
) -> Opinion | None:
    """The organ that holds most of the core, if it holds `min_share` of it.

    Filler (fat, muscle, unlabelled body) never wins here: a focus there may be a node.
    """
    shares = {o: s for o, s in focus.organ_share(scene.anatomy.structures).items() if o != _FILLER}
    if not shares:
        return None
    organ, share = next(iter(shares.items()))
    if share < min_share:
        return None
    structure = _finest(focus, scene, organ)
    site = organ_site(structure, focus, scene)
    runner_up = _runner_up(focus, scene, organ, settings)
    return Opinion(
        kind=Kind.ORGAN,
        status=Status.MALIGNANT,
        site=site,
        reason=f"{share:.0%} of the core lies in {structure.name.replace('_', ' ')}",
        overlap=share,
        runner_up=runner_up,
        caveats=_confidence_caveat(scene, structure, settings),
    )


def judge_small_organ(focus: Focus, scene: Scene, settings: OrganSettings) -> Opinion | None:
    """A gland that is smaller than its tumour: the core holds some of it, its middle lies there.

    A focus that is small beside the drawn gland swallows none: at its edge it may be a node.
    """
    shares = focus.organ_share(scene.anatomy.structures)
    for organ in _SMALL:
        gaps = [
            gap
            for name, gap in focus.centre_gap_mm.items()
            if scene.anatomy.structures[name].organ == organ
        ]
        share = shares.get(organ, 0.0)
        others = max((s for o, s in shares.items() if o not in (organ, _FILLER)), default=0.0)
        if share <= others or min(gaps, default=np.inf) > settings.small_organ_mm:
            continue
        structure = _finest(focus, scene, organ)
        geometry = scene.anatomy.organs.labels.geometry
        gland_ml = len(scene.voxels(structure.name)) * geometry.voxel_volume_ml
        if focus.lesion.volume_ml < settings.small_organ_times * gland_ml:
            continue
        return Opinion(
            kind=Kind.ORGAN,
            status=Status.MALIGNANT,
            site=organ_site(structure, focus, scene),
            reason=f"its middle lies {min(gaps):.0f} mm from the {organ}, {share:.0%} of the core "
            "inside",
            overlap=share,
            runner_up=_runner_up(focus, scene, organ, settings),
            caveats=_confidence_caveat(scene, structure, settings),
        )
    return None


def judge_muscle(
    focus: Focus, scene: Scene, node: Opinion | None, settings: OrganSettings
) -> Opinion | None:
    """Soft tissue for a focus in drawn muscle.

    A small one in nodal space stays a node where the map knows no single muscles: its `muscle`
    is coarse and swallows the fat between them. One that is only near to nodal space is a node with
    soft tissue as its runner-up: metastases in muscle are rarer.
    """
    inside = {n: v for n, v in focus.share.items() if n.startswith(_MUSCLES)}
    share = sum(inside.values())
    if share < settings.muscle_share:
        return None
    small = focus.lesion.longest_diameter_mm <= settings.node_in_muscle_mm
    coarse = focus.share.get("muscle", 0.0) >= settings.muscle_share
    if small and coarse and node and (node.overlap or 0.0) > 0.0:
        return None
    structure = scene.anatomy.structures[max(inside, key=lambda n: inside[n])]
    site = organ_site(structure, focus, scene)
    near = node is not None and (node.gap_mm or 0.0) <= settings.runner_up_station_mm
    if small and coarse and node and near:
        return replace(node, margin_mm=0.0, runner_up=RunnerUp(site=site, margin_mm=0.0))
    return Opinion(
        kind=Kind.ORGAN,
        status=Status.MALIGNANT,
        site=site,
        reason=f"{share:.0%} of the core lies in {structure.name.replace('_', ' ')}",
        overlap=share,
    )


def with_station_beside(opinion: Opinion, node: Opinion | None, settings: OrganSettings) -> Opinion:
    """An organ lesion close to nodal space gets that station as its runner-up.

    Bone and brain keep clear borders. A lung lesion that touches nodal space may be a node that
    bulges into the lung: there the gap counts from the lesion's edge, elsewhere from its centre.
    """
    is_organ = opinion.kind is Kind.ORGAN and opinion.site.organ not in ("bone", "brain", None)
    if not is_organ or opinion.runner_up or node is None:
        return opinion
    gap = node.edge_gap_mm if opinion.site.organ == "lung" else node.gap_mm
    if gap is None or gap > settings.runner_up_station_mm:
        return opinion
    return replace(opinion, runner_up=RunnerUp(site=node.site, margin_mm=gap))


def organ_site(structure: Structure, focus: Focus, scene: Scene) -> Site:
    """The counting site of a structure, with the side and, for the liver, the lobe."""
    return Site(
        organ=structure.organ,
        organ_system=structure.organ_system,
        structure=structure.name,
        side=structure.side or _side_of_midline(structure, focus, scene),
        lobe=_liver_lobe(focus, scene) if structure.organ == "liver" else None,
    )


def _finest(focus: Focus, scene: Scene, organ: str) -> Structure:
    named = [n for n in focus.share if scene.anatomy.structures[n].organ == organ]
    return scene.anatomy.structures[max(named, key=lambda n: focus.share[n])]


def _side_of_midline(structure: Structure, focus: Focus, scene: Scene) -> Side | None:
    if structure.organ not in ("bone", _FILLER, "lung", "kidney", "adrenal"):
        return None
    off = focus.lesion.centroid_lps_mm[0] - scene.midline_mm()
    if abs(off) < 5.0:
        return Side.MIDLINE
    return Side.LEFT if off > 0 else Side.RIGHT


def _liver_lobe(focus: Focus, scene: Scene) -> str | None:
    """Right: segments 5-8; left: 2-4; by segments where drawn, else by Cantlie's plane."""
    by_name = {n: v for n, v in focus.share.items() if n.startswith("liver_segment_")}
    if by_name:
        segment = int(max(by_name, key=lambda n: by_name[n]).rsplit("_", 1)[1])
        return {1: "caudate"}.get(segment, "left" if segment <= 4 else "right")
    plane = {k: v.value_mm for k, v in scene.anatomy.landmarks.items() if k.startswith("cantlie_")}
    if len(plane) < 2:
        return None
    x, y, _ = focus.lesion.centroid_lps_mm
    edge = plane["cantlie_x0"] + plane["cantlie_dx_dy"] * y
    return "left" if x > edge else "right"


def _runner_up(focus: Focus, scene: Scene, organ: str, settings: OrganSettings) -> RunnerUp | None:
    """The next organ by share of the core, else one that breathing may have moved away.

    Lung against the organs below the dome: PET is measured over many breaths, CT in one, so
    the nearest of the pair is named with its distance from the lesion's centre.
    """
    shares = focus.organ_share(scene.anatomy.structures)
    second = next(((o, s) for o, s in shares.items() if o not in (organ, _FILLER)), None)
    if second and second[1] >= settings.runner_up_min_share:
        site = organ_site(_finest(focus, scene, second[0]), focus, scene)
        return RunnerUp(site=site, overlap=second[1])
    others = _BREATHING if organ == "lung" else ("lung",) if organ in _BREATHING else ()
    gaps = {
        n: gap
        for n, gap in focus.centre_gap_mm.items()
        if scene.anatomy.structures[n].organ in others and gap <= settings.breathing_mm
    }
    if not gaps:
        return None
    nearest = min(gaps, key=lambda n: gaps[n])
    site = organ_site(scene.anatomy.structures[nearest], focus, scene)
    return RunnerUp(site=site, margin_mm=gaps[nearest])


def _confidence_caveat(
    scene: Scene, structure: Structure, settings: OrganSettings
) -> tuple[Caveat, ...]:
    trust = scene.anatomy.organs.confidence.get(structure.name, 1.0)
    if trust >= settings.min_confidence:
        return ()
    return (
        Caveat(
            code="ORGAN_UNSURE",
            text=f"the organ map is unsure of {structure.name} (confidence {trust:.2f})",
        ),
    )
