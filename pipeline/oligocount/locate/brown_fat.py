"""Brown fat: uptake in what is fat on CT, alike on both sides.

Brown fat mimics supraclavicular nodes, the station that decides most verdicts: it is normal only
where CT shows fat throughout and the mirrored fat is hot too (Cohade 2003; an automated rule that
looked at density alone lost 1.6 % of lesions, PMC3910095). One-sided, it is a doubt.
"""

import numpy as np

from oligocount.domain.anatomy import Site
from oligocount.domain.lesion import Kind, Status
from oligocount.locate.evidence import Focus, Scene, solid_share
from oligocount.locate.levels import mirrored_fat_level
from oligocount.locate.opinion import Opinion
from oligocount.settings_anatomy import PhysiologicSettings

_SITE = Site(organ="soft_tissue", organ_system="soft_tissue", structure="brown_fat")


def brown_fat_opinion(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    """Benign for a focus in fat whose mirror in fat is hot as well; else None."""
    hu = fat_density(focus, scene, settings)
    if hu is None:
        return None
    level = mirrored_fat_level(scene, focus, hu=(settings.fat_min_hu, settings.fat_max_hu))
    enough = max(settings.fat_symmetry * focus.lesion.suv_max, settings.fat_mirror_min_suv)
    if level < enough:
        return None
    return Opinion(
        kind=Kind.PHYSIOLOGIC,
        status=Status.BENIGN,
        site=_SITE,
        reason=f"in fat (mean {hu:.0f} HU) and so is its mirror (SUV {level:.1f}): brown fat",
    )


def fat_density(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> float | None:
    """Mean HU of the core where it is fat throughout; None without CT, in an organ, or else.

    A speck is not judged: its density is that of its surroundings. A node is denser at its
    middle, the edge of the lung thinner than fat at one side.
    """
    if scene.ct_hu is None or solid_share(focus, scene) > settings.fat_max_organ_share:
        return None
    if focus.lesion.volume_ml < settings.fat_min_ml:
        return None
    values = scene.ct_hu[focus.box][focus.core]
    mean = float(values.mean())
    low, high = np.percentile(values, [10, 90])
    is_fat = settings.fat_min_hu <= mean <= settings.fat_max_hu
    even = low >= settings.fat_min_hu - settings.fat_spread_hu and high <= settings.fat_peak_max_hu
    return mean if is_fat and even else None
