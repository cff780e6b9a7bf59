"""From the phantom's fine structures to the names an organ map carries."""

import numpy as np

from oligocount.domain.volume import LabelMap
from oligocount.simulate.body import BodyMap

# What the truth tells more coarsely than the phantom knows it; all else keeps its own name.
_TOLD_AS = {
    "body": "body", "cavity": "body", "skin": "body", "subcutaneous_tissue": "body",
    "torso_fat": "body", "disc": "body", "csf": "brain", "eye_left": "body",
    "eye_right": "body", "lung": "lung_lower_lobe_left", "kidney": "kidney_left",
    "airway": "airway", "testis_left": "body", "testis_right": "body",
}  # fmt: skip


def organ_labels(body: BodyMap) -> LabelMap:
    """The phantom's structures under TotalSegmentator's names where it has them, else our own.

    Muscles without a class of their own are `muscle`; fat, skin and discs are `body`.
    """
    names: dict[str, int] = {}
    lookup = np.zeros(256, np.uint8)
    for label, name in enumerate(body.names):
        if label == 0:
            continue
        told = _TOLD_AS.get(name, name)
        lookup[label] = names.setdefault(told, len(names) + 1)
    return LabelMap(
        array=lookup[body.labels],
        names={number: name for name, number in names.items()},
        geometry=body.geometry,
    )
