"""The primary tumour and its satellites: the largest avid focus of the oesophagus.

AJCC 8: a junction tumour whose centre lies within 20 mm of the stomach is oesophageal.
Skip lesions in the oesophagus belong to the primary and are never counted (NCT03161522).

That holds for a patient who has an oesophageal primary. Where no fact says so (another cancer,
an inflamed oesophagus, a node on what was drawn as oesophagus), a focus taken for the primary is
equivocal and the station at its place is its runner-up, which goes to the count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from oligocount.domain.anatomy import Landmark, Site
from oligocount.domain.facts import ClinicalFacts, PrimaryLocation, PrimaryStatus
from oligocount.domain.lesion import Kind, RunnerUp, Status
from oligocount.domain.provenance import Caveat
from oligocount.locate.borders import is_at_border
from oligocount.locate.evidence import Focus, Scene
from oligocount.locate.nodes import judge_node
from oligocount.locate.opinion import Opinion
from oligocount.settings_anatomy import LocateSettings, PrimarySettings

_OESOPHAGUS = Site(organ="oesophagus", organ_system="oesophagus", structure="esophagus")


def judge_primaries(
    foci: Sequence[Focus], scene: Scene, facts: ClinicalFacts, settings: LocateSettings
) -> dict[int, Opinion]:
    """Opinions on the primary and its satellites by lesion id; empty where none is recognised.

    A resected or controlled primary leaves no primary to find: a focus of the oesophagus is
    then a locoregional recurrence in doubt.
    """
    candidates = [focus for focus in foci if is_oesophageal(focus, scene, settings)]
    if not candidates:
        return {}
    if facts.primary_status in (PrimaryStatus.RESECTED, PrimaryStatus.CONTROLLED):
        return {focus.lesion.id: _recurrence(focus) for focus in candidates}
    rules = settings.primary
    told = [f for f in candidates if _fits_location(f, scene, facts.primary_location, rules)]
    first = max(told or candidates, key=lambda focus: focus.lesion.tlg)
    opinions = {first.lesion.id: _primary(first, facts, is_told=bool(told), settings=rules)}
    for focus in candidates:
        if focus is not first and _is_skip(focus, scene, settings):
            opinions[focus.lesion.id] = _skip(focus)
    if _is_stated(facts):
        return opinions
    by_id = {focus.lesion.id: focus for focus in candidates}
    return {
        number: _assumed(opinion, judge_node(by_id[number], scene, facts, settings.node))
        for number, opinion in opinions.items()
    }


def _is_skip(focus: Focus, scene: Scene, settings: LocateSettings) -> bool:
    """Well inside the oesophagus: at its border a focus may be a node, and is judged as one."""
    inside = focus.share_of("esophagus") >= settings.primary.skip_min_share
    return inside and not is_at_border(focus, scene, "oesophagus", settings.border)


def _is_stated(facts: ClinicalFacts) -> bool:
    """Whether some fact says that the patient has, or had, an oesophageal primary."""
    return any((facts.primary_location, facts.primary_status, facts.histology))


def _assumed(opinion: Opinion, node: Opinion | None) -> Opinion:
    """The opinion in doubt, with the node that the focus would be in another patient."""
    text = (
        "taken for the primary or its satellite, which no count holds; no fact says that the "
        "patient has an oesophageal primary (state primary_status or primary_location)"
    )
    runner_up = None if node is None else RunnerUp(site=node.site, margin_mm=0.0)
    return replace(
        opinion,
        status=Status.EQUIVOCAL,
        runner_up=runner_up,
        caveats=(*opinion.caveats, Caveat(code="PRIMARY_ASSUMED", text=text)),
    )


def is_oesophageal(focus: Focus, scene: Scene, settings: LocateSettings) -> bool:
    """In the oesophagus by share, or a large focus that swallows it and lies in no other organ.

    A bulky node beside the oesophagus holds little of its length: it stays a node. Half of a bulky
    tumour may be drawn as heart: that is held against it only if the model dismisses the focus.
    """
    rules = settings.primary
    inside = focus.share_of("esophagus")
    if inside >= rules.min_share:
        return True
    at_junction = focus.share_of("stomach") + inside
    if inside > 0 and at_junction >= rules.min_share:
        return True
    others = focus.share_of("lung", "liver", "vertebrae", "stomach")
    if (focus.lesion.probability or 0.0) < settings.malignant_min_probability:
        others += focus.share_of("heart")
    large = focus.lesion.volume_ml >= rules.reach_min_ml
    if not large or others >= rules.other_max_share:
        return False
    return _swallowed_share(focus, scene) >= rules.swallowed_min_share


def _swallowed_share(focus: Focus, scene: Scene) -> float:
    """Share of the oesophagus at the focus's own heights that lies inside the focus."""
    gullet = scene.mask("esophagus")[focus.box]
    world_z = np.abs(scene.anatomy.organs.labels.geometry.affine[2, :3])
    axis = int(world_z.argmax())
    rows = np.flatnonzero(focus.mask.any(axis=tuple(a for a in range(3) if a != axis)))
    there = np.take(gullet, rows, axis=axis)
    inside = np.take(gullet & focus.mask, rows, axis=axis)
    return float(inside.sum() / there.sum()) if there.any() else 0.0


def _fits_location(
    focus: Focus, scene: Scene, location: PrimaryLocation | None, settings: PrimarySettings
) -> bool:
    """Whether the focus lies in the stated segment, by landmarks, with tolerance; unknown fits."""
    if location is None:
        return True
    low, high = segment_span(scene.anatomy.landmarks, location)
    z, slack = focus.lesion.centroid_lps_mm[2], settings.location_slack_mm
    return (low is None or z >= low - slack) and (high is None or z <= high + slack)


def segment_span(
    landmarks: Mapping[str, Landmark], location: PrimaryLocation
) -> tuple[float | None, float | None]:
    """Heights (low, high) of a segment by AJCC 8; None where no landmark bounds it."""
    low, high = _SEGMENTS[location]
    return _height(landmarks, low), _height(landmarks, high)


_SEGMENTS = {
    PrimaryLocation.CERVICAL: ("z_manubrium_top", None),
    PrimaryLocation.UPPER: ("z_azygos_low", "z_manubrium_top"),
    PrimaryLocation.MIDDLE: ("z_ipv", "z_azygos_low"),
    PrimaryLocation.LOWER: ("z_egj", "z_ipv"),
    PrimaryLocation.EGJ_I: ("z_egj", "z_ipv"),
    PrimaryLocation.EGJ_II: (None, "z_hiatus"),
    PrimaryLocation.GASTRIC: (None, "z_hiatus"),
}


def _height(landmarks: Mapping[str, Landmark], name: str | None) -> float | None:
    found = landmarks.get(name) if name else None
    return found.value_mm if found else None


def _primary(
    focus: Focus, facts: ClinicalFacts, *, is_told: bool, settings: PrimarySettings
) -> Opinion:
    share = focus.share_of("esophagus")
    caveats = []
    if not is_told:
        caveats.append(
            Caveat(
                code="PRIMARY_ELSEWHERE",
                text=f"no avid oesophageal focus lies in the stated segment "
                f"({facts.primary_location.value if facts.primary_location else 'unknown'})",
            )
        )
    if share < settings.merged_max_share:
        caveats.append(
            Caveat(
                code="PRIMARY_SPREADS",
                text=f"only {share:.0%} of the primary's core lies in the oesophagus: "
                "a node or an invaded neighbour may be merged with it",
            )
        )
    return Opinion(
        kind=Kind.PRIMARY,
        status=Status.MALIGNANT,
        site=_OESOPHAGUS,
        reason=f"largest avid focus of the oesophagus ({share:.0%} of its core inside)",
        overlap=share,
        caveats=tuple(caveats),
    )


def _skip(focus: Focus) -> Opinion:
    return Opinion(
        kind=Kind.PRIMARY,
        status=Status.MALIGNANT,
        site=_OESOPHAGUS,
        reason="second focus inside the oesophagus: skip lesion, belongs to the primary",
        overlap=focus.share_of("esophagus"),
    )


def _recurrence(focus: Focus) -> Opinion:
    return Opinion(
        kind=Kind.ORGAN,
        status=Status.EQUIVOCAL,
        site=_OESOPHAGUS,
        reason="oesophageal bed after treatment of the primary: locoregional recurrence, "
        "inflammation or conduit",
        overlap=focus.share_of("esophagus"),
        caveats=(
            Caveat(code="LOCOREGIONAL", text="not a metastasis; alone it is no M1 (NCT03904927)"),
        ),
    )
