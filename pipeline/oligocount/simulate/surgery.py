"""What surgery and disease left: a gastric conduit, a missing lung, pleural fluid."""

from dataclasses import replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.simulate.body import BodyMap

_CONDUIT_MM = 9.0  # the pulled-up stomach reaches this far beyond the former oesophagus


class Surgery(Enum):
    """What was done to the patient."""

    NONE = "none"
    CONDUIT = "gastric_conduit"
    PNEUMONECTOMY = "pneumonectomy"
    EFFUSION = "pleural_effusion"


def draw_surgery(rng: np.random.Generator) -> Surgery:
    """Mostly nothing; a conduit in 7, one lung in 2, an effusion in 6 of 100 patients."""
    kinds = (Surgery.NONE, Surgery.CONDUIT, Surgery.PNEUMONECTOMY, Surgery.EFFUSION)
    return kinds[int(rng.choice(4, p=[0.85, 0.07, 0.02, 0.06]))]


def operate(body: BodyMap, surgery: Surgery, rng: np.random.Generator) -> BodyMap:
    """The body afterwards; the same body where nothing was done."""
    if surgery is Surgery.NONE:
        return body
    labels = body.labels.copy()
    if surgery is Surgery.CONDUIT:
        _pull_up_stomach(labels, body)
    else:
        _drown_lung(labels, body, rng, whole=surgery is Surgery.PNEUMONECTOMY)
    return replace(body, labels=labels)


def _pull_up_stomach(labels: NDArray[np.uint8], body: BodyMap) -> None:
    """The chest's oesophagus is a wide gastric tube; the old stomach's place is fat."""
    gullet = body.where("esophagus")
    found = ndimage.find_objects(gullet.astype(np.uint8))
    if not found:
        return
    spacing = body.geometry.spacing_mm[0]
    margin = int(np.ceil(_CONDUIT_MM / spacing)) + 1
    box = tuple(slice(max(0, part.start - margin), part.stop + margin) for part in found[0])
    tube = ndimage.distance_transform_edt(~gullet[box]) * spacing <= _CONDUIT_MM
    neck = int(found[0][0].stop - 45 / spacing) - box[0].start
    tube[max(0, neck) :] = False
    stomach = body.ids("stomach")[0]
    room = body.where("esophagus", "torso_fat", "lung_", "stomach")[box]
    labels[labels == stomach] = body.ids("torso_fat")[0]
    labels[box][tube & room] = stomach


def _drown_lung(
    labels: NDArray[np.uint8], body: BodyMap, rng: np.random.Generator, *, whole: bool
) -> None:
    """Fluid stands for one lung, or for the back of it (the patient lies supine)."""
    side = "_left" if rng.random() < 0.5 else "_right"
    lobes = [name for name in body.names if name.startswith("lung_") and name.endswith(side)]
    lung = body.where(*lobes)
    rows = np.flatnonzero(lung.any(axis=(0, 2)))
    if rows.size == 0:
        return
    level = rows[0] if whole else int(rows[-1] - rng.uniform(0.08, 0.35) * len(rows))
    lung[:, :level] = False
    labels[lung] = body.ids("pleural_effusion")[0]
