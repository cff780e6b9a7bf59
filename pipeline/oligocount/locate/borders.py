"""Foci at an organ's drawn border, with nodal space beyond it: the organ, or a node beside it.

A network's border is as sure as the voxels it was drawn with, and breathing moves some borders of
the best map. A focus less deep than that may lie outside; its share inside says little then. CT
knows better where it shows lung or bone about the focus. Elsewhere the node comes first, and the
organ is its runner-up: both go to the count. Of patients with metastases 43 to 53 % have distant
nodes; stomach, heart and pancreas are not among the sites listed (knowledge 3.3).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from oligocount.domain.lesion import Kind, RunnerUp
from oligocount.locate.evidence import Focus, Scene, centre_voxel
from oligocount.locate.opinion import Opinion
from oligocount.settings_anatomy import BorderSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Border:
    """How deep in the organ the focus's centre lies, and how far off the border may be."""

    depth_mm: float
    tolerance_mm: float
    thickness_mm: float

    def is_near(self, settings: BorderSettings, *, organ: str) -> bool:
        """True when the centre may lie outside: a thin organ has an inside too.

        Not so a gland whose tumour outgrows it: all of it is border.
        """
        inside_mm = settings.max_depth_share * self.thickness_mm
        limit_mm = np.inf if organ in settings.organ_first else inside_mm
        return self.tolerance_mm > 0 and self.depth_mm <= min(self.tolerance_mm, limit_mm)


def with_border(
    opinion: Opinion,
    node: Opinion | None,
    focus: Focus,
    scene: Scene,
    settings: BorderSettings,
) -> Opinion:
    """The opinion, turned into the node beside the organ where the border cannot tell them apart.

    Normal uptake stays normal, with the node as its runner-up. Where density shows the organ about
    the focus the opinion stays; where the organ is the likelier one, or one that only density
    shows and there is no CT, it stays first.
    """
    organ = opinion.site.organ
    if node is None or organ is None or not _may_be_node(opinion, focus, settings):
        return opinion
    border = _border(focus, scene, organ, settings)
    shown = _is_shown(focus, scene, organ, settings)
    if shown or not border.is_near(settings, organ=organ):
        return opinion
    is_denied = organ == "bone" and shown is False  # CT itself says so: any station within reach
    beyond_mm = (node.gap_mm or 0.0) - border.depth_mm
    if beyond_mm > border.tolerance_mm and not is_denied:
        return opinion
    beside = RunnerUp(site=node.site, margin_mm=0.0)
    if opinion.kind is Kind.PHYSIOLOGIC:
        return replace(opinion, runner_up=beside)
    seldom = (*settings.seldom, *settings.in_lung)
    is_seldom = organ in settings.likelier and node.site.structure in seldom
    if shown is None or organ in settings.organ_first or is_seldom:
        return replace(opinion, runner_up=beside, margin_mm=0.0)
    return replace(
        node,
        status=opinion.status,
        reason=f"{node.reason}; {border.depth_mm:.0f} mm inside what is drawn as {organ}, whose "
        f"border may be off by {border.tolerance_mm:.0f} mm",
        margin_mm=0.0,
        runner_up=RunnerUp(site=opinion.site, margin_mm=0.0),
        caveats=(*node.caveats, *opinion.caveats),
    )


def is_at_border(focus: Focus, scene: Scene, organ: str, settings: BorderSettings) -> bool:
    """Whether the focus is so near to the organ's drawn border that it may lie outside."""
    small = focus.lesion.longest_diameter_mm <= settings.node_max_mm
    return small and _border(focus, scene, organ, settings).is_near(settings, organ=organ)


def _may_be_node(opinion: Opinion, focus: Focus, settings: BorderSettings) -> bool:
    if opinion.site.organ not in (*settings.organs, *settings.organ_first):
        return False
    is_lesion = opinion.kind is Kind.ORGAN and not opinion.diffuse
    is_normal = opinion.kind is Kind.PHYSIOLOGIC and opinion.site.structure is not None
    return (is_lesion or is_normal) and focus.lesion.longest_diameter_mm <= settings.node_max_mm


def _border(focus: Focus, scene: Scene, organ: str, settings: BorderSettings) -> _Border:
    """Depths run to the organ's surface, half a voxel before the first voxel outside."""
    structures = scene.anatomy.structures
    labels = [n for n, name in scene.anatomy.organs.labels.names.items()
              if structures[name].organ == organ]  # fmt: skip
    inside = np.isin(scene.organs[focus.box], labels)
    depth = ndimage.distance_transform_edt(inside, scene.spacing_mm)
    half_voxel = min(scene.spacing_mm) / 2
    moved_mm = settings.moving_mm if organ in settings.moving else 0.0
    return _Border(
        depth_mm=max(float(depth[centre_voxel(focus.core)][0]) - half_voxel, 0.0),
        tolerance_mm=max(scene.anatomy.organs.border_mm, moved_mm),
        thickness_mm=max(float(depth.max()) - half_voxel, 0.0),
    )


def _is_shown(focus: Focus, scene: Scene, organ: str, settings: BorderSettings) -> bool | None:
    """Whether CT shows lung about the focus, or bone in it; None where it could but is not there.

    False for an organ that density does not tell from what is beside it.
    """
    if organ not in ("lung", "bone"):
        return False
    if scene.ct_hu is None:
        return None
    hu = scene.ct_hu[focus.box]
    if organ == "bone":
        return bool(np.median(hu[focus.core]) >= settings.bone_min_hu)
    gap = ndimage.distance_transform_edt(~focus.mask, scene.spacing_mm)
    shell = (gap > 0) & (gap <= settings.shell_mm) & (scene.foci[focus.box] == 0)
    air = hu[shell] < settings.air_max_hu
    return bool(air.size and air.mean() >= settings.air_min_share)
