"""Foci that no map places: what can still be said, and nothing more."""

from oligocount.domain.anatomy import Side, Site
from oligocount.domain.lesion import Kind, Status
from oligocount.domain.provenance import Caveat
from oligocount.locate.evidence import Focus, Scene
from oligocount.locate.opinion import Opinion

_FILLER = "soft_tissue"


def judge_unknown(focus: Focus, scene: Scene) -> Opinion:
    """Soft tissue where bone and muscle are drawn and the focus is in neither organ nor station.

    Otherwise the organ is None: the count reads it every way.
    """
    side = _side(focus, scene)
    structures = scene.anatomy.structures
    nearest = sorted(focus.distance_mm.items(), key=lambda pair: pair[1])[:3]
    near = ", ".join(
        f"{name.replace('_', ' ')} {gap:.0f} mm" for name, gap in nearest if name != "body"
    )
    filler = sum(v for n, v in focus.share.items() if structures[n].organ == _FILLER)
    if filler >= 0.5 and scene.anatomy.stations is not None and scene.knows("muscle", "gluteus"):
        return Opinion(
            kind=Kind.ORGAN,
            status=Status.MALIGNANT,
            site=Site(organ=_FILLER, organ_system=_FILLER, side=side),
            reason="outside every organ and nodal space" + (f"; near {near}" if near else ""),
            overlap=filler,
        )
    known = "the organ map draws nothing here"
    return Opinion(
        kind=Kind.ORGAN,
        status=Status.MALIGNANT,
        site=Site(organ=None, organ_system=None, side=side),
        reason=f"{known}; near {near}" if near else known,
        caveats=(Caveat(code="SITE_UNKNOWN", text="organ or station cannot be known here"),),
    )


def _side(focus: Focus, scene: Scene) -> Side:
    off = focus.lesion.centroid_lps_mm[0] - scene.midline_mm()
    if abs(off) < 5.0:
        return Side.MIDLINE
    return Side.LEFT if off > 0 else Side.RIGHT
