"""The organ map with all that follows from it: meanings, landmarks, stations."""

from oligocount.anatomy.sides import midline_mm
from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.domain.anatomy import Anatomy, Landmark, OrganMap
from oligocount.domain.study import AlignedImages
from oligocount.settings_anatomy import AnatomySettings


def map_anatomy(organs: OrganMap, images: AlignedImages, settings: AnatomySettings) -> Anatomy:
    """The anatomy of one patient on the PET grid."""
    vocabulary = load_vocabulary()
    names = set(organs.labels.names.values())
    _, x = midline_mm(organs.labels)
    mid = Landmark(name="x_midline", value_mm=float(x.mean()), method="spine", confidence=0.5)
    return Anatomy(
        organs=organs,
        landmarks={"x_midline": mid},
        structures={name: vocabulary.structure(name) for name in names},
        caveats=organs.caveats,
    )
