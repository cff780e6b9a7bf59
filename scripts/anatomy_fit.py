"""How well a displacement field brings the template's organs onto a patient's."""

from dataclasses import dataclass

import numpy as np
import torch
from anatomy_field import (
    REACH_MM,
    SMALLEST_ML,
    cell_volumes,
    first_mm,
    known_slices,
    organ_numbers,
)

from oligocount.simulate.atlas import BONES, PATIENT_ORGANS, PatientOrgans, Template, nearest
from oligocount.simulate.pose import to_template


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a field brings the template onto a patient, where his organs are trusted.

    `dice` by organ (3 ml or more); `volume_5th` is the 5th percentile of the Jacobian determinant
    over the corners of cells, `volume_least` the least, negative where it folds; `bone_inside` the
    share of the patient's organs that the template's bones would cover, which no fit looks at.
    """

    dice: dict[str, float]
    volume_5th: float
    volume_least: float
    bone_inside: float

    @property
    def mean_dice(self) -> float:
        """The mean over organs."""
        return float(np.mean(list(self.dice.values())))


def judged(patient: PatientOrgans, template: Template) -> Fit:
    """The fit of the patient's field, read as the simulator reads it."""
    known = known_slices(patient)
    some = np.flatnonzero(patient.labels[known].any(axis=(1, 2))) + known.start
    margin = int(REACH_MM / patient.spacing_mm)
    cut = slice(max(known.start, some[0] - margin), min(known.stop, some[-1] + 1 + margin))
    labels, first = patient.labels[cut], first_mm(patient, cut.start)
    axes = (first[d] + patient.spacing_mm * np.arange(labels.shape[d]) for d in range(3))
    points = np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)
    place = to_template(points, patient)
    index = nearest(place, template.origin_mm, template.spacing_mm, template.labels.shape)
    found = np.where(index < 0, 0, template.labels.ravel()[index])
    organs = organ_numbers(template)[found]
    bones = np.zeros(256, bool)
    bones[template.ids(*BONES)] = True
    dice = {}
    for number, name in enumerate(PATIENT_ORGANS):
        own, theirs = labels == number, organs == number
        if name and own.sum() * patient.spacing_mm**3 >= 1000 * SMALLEST_ML:
            dice[name] = float(2 * (own & theirs).sum() / (own.sum() + theirs.sum()))
    volumes = cell_volumes(torch.from_numpy(patient.field), patient.node_mm).numpy()
    middle = patient.field_origin_mm[0] + patient.node_mm * (np.arange(volumes.shape[1]) + 0.5)
    low, high = patient.z_range_mm
    seen = volumes[:, (middle > low) & (middle < high)]
    return Fit(
        dice=dice,
        volume_5th=float(np.percentile(seen, 5)),
        volume_least=float(seen.min()),
        bone_inside=float((bones[found] & (labels > 0)).sum() / (labels > 0).sum()),
    )
