"""Uptake of health and its mimics, recognised with an audit trail: nothing is removed unseen.

A rule answers with an opinion or not at all. Benign: it goes, with the reason. Equivocal: it
stays, and verdicts are drawn with and without it. What stands out of its organ survives.
Rules of knowledge on normal FDG uptake: SNMMI/EANM guideline (Boellaard 2015), brown fat
after Cohade 2003.
"""

from collections.abc import Callable
from dataclasses import replace

from oligocount.domain.anatomy import Site, Structure
from oligocount.domain.lesion import Kind, Status
from oligocount.locate.brown_fat import brown_fat_opinion
from oligocount.locate.evidence import Focus, Scene, solid_share, solid_shares
from oligocount.locate.levels import level_outside, mirrored_level, other_side_level
from oligocount.locate.opinion import Opinion
from oligocount.locate.urinary import pelvis_opinion, ureter_opinion
from oligocount.settings_anatomy import PhysiologicSettings

Rule = Callable[[Focus, Scene, PhysiologicSettings], Opinion | None]


def judge_physiologic(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    """The first rule that recognises the focus as normal uptake or a mimic, or None."""
    for rule in _RULES:
        opinion = rule(focus, scene, settings)
        if opinion is not None:
            return opinion
    return None


def _outside_body(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    if not scene.knows("body") or sum(focus.share.values()) > settings.outside_max_share:
        return None
    gap = min(focus.distance_mm.values(), default=float("inf"))
    if gap < settings.outside_min_gap_mm:
        return None
    return _benign(None, "lies outside the body: contamination, injection or noise")


def _brain(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    name = _home(focus, scene, "cortex", settings)
    if name is None:
        return None
    level = level_outside(scene, focus, (name.name,), percentile=95)
    small = focus.lesion.volume_ml <= settings.brain_focal_max_ml
    for word, other, least in (
        ("the brightest cortex", level, settings.brain_focal_ratio),
        ("its mirror", mirrored_level(scene, focus), settings.brain_asymmetry),
    ):
        if small and other and focus.lesion.suv_max >= least * other:
            ratio = focus.lesion.suv_max / other
            return _equivocal(name, f"focus {ratio:.1f} times {word}: cortex, or a metastasis")
    return _benign(name, "cortex takes up FDG; metastases here are read from MRI, not from PET")


def _cut_brain(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    """The lowest slices of a brain that the scan cuts, whatever the map took them for.

    Hot, at the scan's upper edge, above the hyoid, not dense on CT; normal where both sides are
    hot, otherwise a doubt.
    """
    if not focus.touches_edge or focus.lesion.suv_max < settings.cut_brain_min_suv:
        return None
    hyoid = scene.anatomy.landmarks.get("z_hyoid")
    if hyoid is None or focus.peak_lps_mm[2] < hyoid.value_mm + settings.cut_brain_above_hyoid_mm:
        return None
    if scene.ct_hu is not None:
        density = float(scene.ct_hu[focus.box][focus.core].mean())
        if density > settings.cut_brain_max_hu:
            return None
    brain = Structure(name="brain", organ="brain", organ_system="brain")
    mirrored = other_side_level(scene, focus, half_mm=settings.cut_brain_half_mm)
    where = "hot at the upper edge of the scan, above the neck"
    if mirrored >= settings.cut_brain_symmetry * focus.lesion.suv_max:
        return _benign(brain, f"{where}, and so is the other side (SUV {mirrored:.1f}): cut brain")
    return _equivocal(brain, f"{where}, on this side alone: cut brain, or a lesion of the skull")


def _heart(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    """Uptake of the heart is that of the left ventricle, left of the midline."""
    name = _home(focus, scene, "pump", settings)
    right_mm = scene.midline_mm() - focus.lesion.centroid_lps_mm[0]
    if name is None or right_mm > settings.heart_right_mm:
        return None
    return _benign(name, "myocardium takes up FDG")


def _urine(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    bladder = _home(focus, scene, "reservoir", settings)
    if bladder:
        return _benign(bladder, "urine in the bladder")
    beside = _bladder_beside(focus, scene, settings)
    if beside:
        return _equivocal(beside, "in and beside the drawn bladder: urine, or a tumour")
    kidney = _home(focus, scene, "excretory", settings)
    if kidney:
        return _benign(kidney, "urine in the renal pelvis and calyces, or renal cortex")
    return pelvis_opinion(focus, scene, settings)


def _bladder_beside(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Structure | None:
    """The bladder where it holds more of the focus than any other organ, though not most of it."""
    inside = solid_shares(focus, scene)
    most = max(inside, key=lambda n: inside[n], default=None)
    if (
        most is None
        or _use(scene, most) != "reservoir"
        or inside[most] < settings.bladder_min_share
    ):
        return None
    return scene.anatomy.structures[most]


def _injection(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    """Tracer left in an arm: in its bones, or far aside and in no organ.

    Spleen, liver, ribs and axilla of a large patient lie as far aside as an arm does.
    """
    if focus.lesion.suv_max < settings.injection_min_suv:
        return None
    off = abs(focus.peak_lps_mm[0] - scene.midline_mm())
    is_aside = off >= settings.injection_off_mm
    is_solid = solid_share(focus, scene) >= settings.injection_solid_share
    in_arm = focus.share_of("humerus", "arm_bones") >= settings.injection_solid_share
    if not in_arm and (is_solid or not is_aside):
        return None
    arm = Structure(name="arm", organ="soft_tissue", organ_system="soft_tissue")
    return _benign(arm, f"very hot in an arm (SUV {focus.lesion.suv_max:.0f}): injected tracer")


def _ureter(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    if solid_share(focus, scene) > 0.5 and scene.ct_hu is not None:
        return None  # without CT a drawn bone is an expectation, not an observation
    return ureter_opinion(focus, scene, settings)


def _hollow(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    name = _home(focus, scene, "hollow", settings)
    if name is None:
        return None
    if _in_conduit(name, focus, scene):
        name = replace(name, organ="gastric_conduit", organ_system="gastric_conduit")
    level = level_outside(scene, focus, (name.name,), percentile=75)
    longest = focus.lesion.longest_diameter_mm
    if longest >= settings.hollow_diffuse_mm:
        return _benign(
            name, f"runs along {longest:.0f} mm of {_word(name)}: diffuse uptake of its wall"
        )
    if level and focus.lesion.suv_max < settings.hollow_focal_ratio * level:
        return _benign(name, f"no hotter than the rest of the {_word(name)} (SUV {level:.1f})")
    return _equivocal(name, f"focal uptake in the {_word(name)}: adenoma, inflammation or tumour")


def _in_conduit(structure: Structure, focus: Focus, scene: Scene) -> bool:
    """Stomach above the hiatus of a patient with a gastric tube: a recurrence there is local."""
    hiatus = scene.anatomy.landmarks.get("z_hiatus")
    if not scene.has_conduit or structure.organ != "stomach" or hiatus is None:
        return False
    return focus.lesion.centroid_lps_mm[2] > hiatus.value_mm


def _diffuse(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    name = _home(focus, scene, "diffuse", settings)
    if name is None:
        return None
    level = level_outside(scene, focus, (name.name,), percentile=50)
    if level is None or focus.lesion.suv_max < settings.diffuse_focal_ratio * level:
        return _benign(name, f"as much as the whole {_word(name)} takes up")
    if _word(name) in ("thyroid", "prostate"):
        return _equivocal(
            name, f"focal uptake in the {_word(name)}: incidental tumours are frequent"
        )
    return None


def _liver(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    name = _home(focus, scene, "liver", settings)
    if name is None:
        return None
    level = level_outside(scene, focus, ("liver",), percentile=50)
    if level and focus.lesion.suv_max < settings.liver_focal_ratio * level:
        return _benign(name, f"within the noise of the liver (median SUV {level:.1f})")
    return None


def _glands(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    name = _home(focus, scene, "glands", settings)
    if name is None:
        return None
    mirrored = mirrored_level(scene, focus)
    ratio = focus.lesion.suv_max / max(mirrored, 0.1)
    if focus.lesion.suv_max < settings.gland_max_suv and ratio < settings.gland_asymmetry:
        return _benign(name, f"gland or tonsil, mirrored on the other side (SUV {mirrored:.1f})")
    return _equivocal(name, f"{ratio:.1f} times its mirror in the head glands")


def _marrow(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    inside = {n: v for n, v in focus.share.items() if _use(scene, n) == "marrow"}
    share = sum(inside.values())
    if share < settings.home_min_share:
        return None
    marrow = tuple(n for n in scene.anatomy.structures if _use(scene, n) == "marrow")
    level = level_outside(scene, focus, marrow, percentile=75)
    if level and focus.lesion.suv_max < settings.marrow_focal_ratio * level:
        home = scene.anatomy.structures[max(inside, key=lambda n: inside[n])]
        return _benign(home, f"as much as marrow elsewhere takes up (SUV {level:.1f})")
    if max(focus.extent_mm) < settings.marrow_diffuse_mm:
        return None
    return Opinion(
        kind=Kind.ORGAN,
        status=Status.EQUIVOCAL,
        site=Site(organ="bone_marrow", organ_system="bone_marrow"),
        reason=f"marrow uptake over {max(focus.extent_mm):.0f} mm: activation or diffuse disease",
        overlap=share,
        diffuse=True,
    )


_RULES: tuple[Rule, ...] = (
    _outside_body, _injection, _brain, _cut_brain, _heart, _urine, _marrow, _liver, _hollow,
    _diffuse, _glands, _ureter, brown_fat_opinion,
)  # fmt: skip


def _home(
    focus: Focus, scene: Scene, uptake: str, settings: PhysiologicSettings
) -> Structure | None:
    """The structure of that behaviour that holds most of the focus, if enough of it."""
    inside = {n: v for n, v in focus.share.items() if _use(scene, n) == uptake}
    if sum(inside.values()) >= settings.home_min_share:
        return scene.anatomy.structures[max(inside, key=lambda n: inside[n])]
    spill = [
        n
        for n, gap in focus.distance_mm.items()
        if _use(scene, n) == uptake and gap <= settings.spill_mm
    ]
    hot = uptake in ("cortex", "pump", "excretory", "reservoir")
    if hot and spill and solid_share(focus, scene) < 0.3 and sum(inside.values()) >= 0.2:
        return scene.anatomy.structures[spill[0]]
    return None


def _use(scene: Scene, name: str) -> str:
    return scene.anatomy.structures[name].uptake


def _word(structure: Structure) -> str:
    return (structure.organ or structure.name).replace("_", " ")


def _site(structure: Structure | None) -> Site:
    if structure is None:
        return Site(organ=None, organ_system=None)
    return Site(
        organ=structure.organ,
        organ_system=structure.organ_system,
        structure=structure.name,
        side=structure.side,
    )


def _benign(structure: Structure | None, reason: str) -> Opinion:
    return Opinion(
        kind=Kind.PHYSIOLOGIC, status=Status.BENIGN, site=_site(structure), reason=reason
    )


def _equivocal(structure: Structure, reason: str) -> Opinion:
    return Opinion(kind=Kind.ORGAN, status=Status.EQUIVOCAL, site=_site(structure), reason=reason)
