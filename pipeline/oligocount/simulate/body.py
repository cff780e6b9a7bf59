"""One patient's structures on a grid: the patient's own organs inside a body from the template."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry
from oligocount.simulate.arms import draw_arms
from oligocount.simulate.atlas import (
    BONES,
    PATIENT_ORGANS,
    PatientOrgans,
    Template,
    depth_at,
    is_arm,
    nearest,
)
from oligocount.simulate.pose import Pose, grid_points, to_patient, to_template

_SLAB = 48
EXTRA_NAMES = ("skin", "subcutaneous_tissue", "muscle", "torso_fat", "lung_upper_lobe_left",
               "lung_lower_lobe_left", "lung_upper_lobe_right", "lung_middle_lobe_right",
               "lung_lower_lobe_right", "kidney_left", "kidney_right",
               "pleural_effusion")  # fmt: skip
_HEART = "heart"
_BARRIERS = (*BONES, "trachea", "bronchus", "esophagus", "aorta", "spinal_cord", "pulmonary_",
             "superior_vena_cava", "inferior_vena_cava", "brachiocephalic_", "azygos_vein",
             "subclavian_", "common_carotid_", "internal_jugular_")  # fmt: skip
_SOFT_ORGANS = ("liver", "spleen", "kidney", "stomach", "brain", "urinary_bladder", "prostate",
                )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyMap:
    """Structures on a grid: `labels` index `names` (0 = air).

    `cortex` marks the shells of bones; `stations` index `station_names`, as the template has them.
    """

    labels: NDArray[np.uint8]
    names: tuple[str, ...]
    cortex: NDArray[np.bool_]
    stations: NDArray[np.uint8]
    station_names: tuple[str, ...]
    geometry: Geometry

    def ids(self, *prefixes: str) -> list[int]:
        """The labels whose names begin with any of the prefixes."""
        return [i for i, name in enumerate(self.names) if name.startswith(prefixes)]

    def where(self, *prefixes: str) -> NDArray[np.bool_]:
        """True where a structure's name begins with any of the prefixes."""
        lookup = np.zeros(256, bool)
        lookup[self.ids(*prefixes)] = True
        found: NDArray[np.bool_] = lookup[self.labels]
        return found


def draw_body(
    geometry: Geometry,
    pose: Pose,
    patient: PatientOrgans,
    template: Template,
    *,
    female: bool,
) -> BodyMap:
    """Every structure of the posed patient on an axis-aligned grid."""
    names = (*template.names, *EXTRA_NAMES)
    labels = np.zeros(geometry.shape, np.uint8)
    cortex = np.zeros(geometry.shape, bool)
    stations = np.zeros(geometry.shape, np.uint8)
    tables = _tables(template)
    for start in range(0, geometry.shape[0], _SLAB):
        slab = slice(start, min(start + _SLAB, geometry.shape[0]))
        points, upright = to_patient(grid_points(geometry, slab), pose)
        place = to_template(points, patient)
        index = nearest(place, template.origin_mm, template.spacing_mm, template.labels.shape)
        outside = (index < 0) | is_arm(place[0], place[2])
        found = np.where(outside, 0, template.labels.ravel()[index])
        organ = _organs(points, patient)
        merged = _merged(found, organ, points[0], patient, tables)
        merged = _wrapped(merged, place, pose, template, names, female=female)
        shell = ~outside & template.cortex.ravel()[index]
        arms = draw_arms(upright, pose, template, names)
        has_arm = arms[0] > 0
        labels[slab] = np.where(has_arm & (merged == 0), arms[0], merged)
        cortex[slab] = np.where(has_arm & (merged == 0), arms[1], shell)
        stations[slab] = np.where(index < 0, 0, template.stations.ravel()[index])
    return BodyMap(
        labels=labels,
        names=names,
        cortex=cortex,
        stations=stations,
        station_names=template.station_names,
        geometry=geometry,
    )


def _organs(points: NDArray[np.float32], patient: PatientOrgans) -> NDArray[np.uint8]:
    index = nearest(points, patient.origin_mm, patient.spacing_mm, patient.labels.shape)
    organs: NDArray[np.uint8] = np.where(index < 0, 0, patient.labels.ravel()[index])
    return organs


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """What a template label becomes: under a patient's organ (organ, label), and without one."""

    under: NDArray[np.uint8]
    filler: NDArray[np.uint8]


def _tables(template: Template) -> _Tables:
    count = len(template.names)
    every = np.arange(count, dtype=np.uint8)
    filler = every.copy()
    cavity, fluid = template.names.index("cavity"), template.names.index("csf")
    filler[template.ids(*(n for n in PATIENT_ORGANS if n))] = cavity
    filler[template.ids("brain")] = fluid
    under = np.tile(every, (len(PATIENT_ORGANS), 1))
    bones, hearts = template.ids(*BONES), template.ids(_HEART)
    barriers = template.ids(*_BARRIERS)
    for number, name in enumerate(PATIENT_ORGANS):
        if not name:
            under[number] = filler
            continue
        own = template.names.index(name)
        under[number, :] = own
        kept = bones if name in _SOFT_ORGANS else [*barriers]
        under[number, kept] = kept
        if name == _HEART:
            under[number, hearts] = hearts
    under[:, 0] = [template.names.index(n) if n else 0 for n in PATIENT_ORGANS]
    return _Tables(under, filler)


def _merged(
    found: NDArray[np.uint8],
    organ: NDArray[np.uint8],
    z: NDArray[np.float32],
    patient: PatientOrgans,
    tables: _Tables,
) -> NDArray[np.uint8]:
    """Patient's organs over the template where the patient was scanned, else the template."""
    low, high = patient.z_range_mm
    known = (z > low + 6) & (z < high - 6)
    merged: NDArray[np.uint8] = np.where(known, tables.under[organ, found], found)
    return merged


def _wrapped(
    labels: NDArray[np.uint8],
    place: NDArray[np.float32],
    pose: Pose,
    template: Template,
    names: tuple[str, ...],
    *,
    female: bool,
) -> NDArray[np.uint8]:
    """Skin, fat and muscle around what lies inside; lobes and sides told apart."""
    name = {each: i for i, each in enumerate(names)}
    depth = depth_at(place, template.depth_mm, template) + _fat(place, pose)
    labels = _sexed(labels, template, name["cavity"], female=female)
    if female:
        bulge = (place[0] < -592) & (place[1] < -80) & (np.abs(place[2]) < 50)
        depth = np.where(bulge, np.float32(-9), np.maximum(depth, _breast_depth(place)))
    plain = (labels <= 1) & (depth > 0)
    fat = 5.0 + np.maximum(_fat(place, pose), 0) + 4.0 * (place[0] < -180)
    labels = np.where(plain, name["muscle"], np.where(labels == 1, 0, labels))
    labels[plain & (depth < fat)] = name["subcutaneous_tissue"]
    labels[plain & (depth < 2.0)] = name["skin"]
    labels[labels == name["cavity"]] = name["torso_fat"]
    lungs = labels == name["lung"]
    labels[lungs] = _lobes(place[:, lungs], name)
    kidneys = labels == name["kidney"]
    side = np.where(place[2][kidneys] > 0, name["kidney_left"], name["kidney_right"])
    labels[kidneys] = side
    return labels.astype(np.uint8)


def _sexed(
    labels: NDArray[np.uint8], template: Template, filler: int, *, female: bool
) -> NDArray[np.uint8]:
    """The labels without the organs of the other sex."""
    lookup = np.arange(256, dtype=np.uint8)
    if female:
        lookup[template.ids("testis_")] = 0
        lookup[template.ids("prostate")] = filler
    else:
        lookup[template.ids("uterus", "ovary_")] = filler
    kept: NDArray[np.uint8] = lookup[labels]
    return kept


def _fat(place: NDArray[np.float32], pose: Pose) -> NDArray[np.float32]:
    """How much fat is added (mm): most at the belly, little at head and neck."""
    z = place[0]
    trunk = np.interp(z, [-1100, -750, -520, -250, -20, 40, 90], [0.3, 0.6, 1, 0.8, 0.5, 0.3, 0.05])
    fat: NDArray[np.float32] = (pose.fat_mm * trunk).astype(np.float32)
    return fat


def _breast_depth(place: NDArray[np.float32]) -> NDArray[np.float32]:
    z = (place[0] + 145) / 62
    x = (np.abs(place[2]) - 82) / 62
    y = (place[1] + 105) / 52
    inside = 1 - np.sqrt(z * z + y * y + x * x)
    depth: NDArray[np.float32] = np.where(place[1] < -60, 50 * inside, -99).astype(np.float32)
    return depth


def _lobes(place: NDArray[np.float32], name: dict[str, int]) -> NDArray[np.uint8]:
    """Lobes by fissure planes of the template: oblique on both sides, horizontal on the right."""
    z, y, x = place
    above = z > -40 - (50 - y) * 1.08
    left = np.where(above, name["lung_upper_lobe_left"], name["lung_lower_lobe_left"])
    upper = np.where(
        z > -105 + 0.1 * y, name["lung_upper_lobe_right"], name["lung_middle_lobe_right"]
    )
    right = np.where(above, upper, name["lung_lower_lobe_right"])
    return np.where(x > 0, left, right).astype(np.uint8)
