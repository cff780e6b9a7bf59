"""Benign uptake that looks like a lesion: it is named in the truth, never counted."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from oligocount.simulate.body import BodyMap
from oligocount.simulate.lesions import Focus
from oligocount.simulate.mimic import mimic
from oligocount.simulate.places import BETWEEN, nearest_place, node_places, pick
from oligocount.simulate.urine import collecting_system

_FAT_PAD_MM = 5.0
_BESIDE_SPINE_MM = 24.0
_Draw = Callable[[BodyMap, np.random.Generator], list[Focus]]


def draw_mimics(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """The benign foci of one patient; each kind comes with its own share of patients."""
    foci: list[Focus] = []
    for share, draw in _KINDS:
        if rng.random() < share:
            foci += draw(body, rng)
    return foci


def _brown_fat(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Symmetric: both supraclavicular fossae, often along the spine."""
    foci = []
    level = float(np.clip(5 * rng.lognormal(0, 0.55), 1.5, 22))
    for station in ("104R", "104L"):
        region = _station(body, station)
        for _ in range(int(rng.integers(2, 6))):
            at = pick(region & body.where(*BETWEEN), rng)
            if at:
                size = tuple(float(v) for v in rng.uniform(3, 10, 3))
                foci.append(_fat_focus(body, at, size, level * float(rng.uniform(0.6, 1.2))))
    if rng.random() < 0.6:
        foci += _paravertebral_fat(body, level, rng)
    return foci


def _paravertebral_fat(body: BodyMap, level: float, rng: np.random.Generator) -> list[Focus]:
    """Fat beside the spine, where the ribs meet it; none where lung lies against the bone."""
    foci = []
    spacing = body.geometry.spacing_mm[0]
    between = body.where(*BETWEEN)
    for vertebra in ("vertebrae_T3", "vertebrae_T5", "vertebrae_T7", "vertebrae_T9"):
        bone = np.argwhere(body.where(vertebra))
        if len(bone) == 0:
            continue
        for inward in (-1, 1):
            beside = bone.mean(0) + np.array([0, -8, inward * 30]) / spacing
            at = nearest_place(between, beside, _BESIDE_SPINE_MM, spacing)
            if at:
                level_here = level * float(rng.uniform(0.4, 1))
                foci.append(_fat_focus(body, at, (4.0, 4.0, 5.0), level_here))
    return foci


def _fat_focus(
    body: BodyMap, at: tuple[int, int, int], size: tuple[float, ...], suv: float
) -> Focus:
    return mimic(body, "brown_fat", at, size, suv, hu=-95, hosts=BETWEEN, fat_about_mm=_FAT_PAD_MM)


def _in_structure(
    name: str, hosts: tuple[str, ...], *, count: tuple[int, int], size: tuple[float, float],
    suv: tuple[float, float], hu: float | None,
) -> _Draw:  # fmt: skip
    """Foci at random voxels of some structures, kept within them."""

    def draw(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
        foci = []
        for _ in range(int(rng.integers(count[0], count[1] + 1))):
            at = pick(body.where(*hosts), rng)
            if at:
                sizes = tuple(float(v) for v in rng.uniform(*size, 3))
                level = float(rng.uniform(*suv))
                foci.append(mimic(body, name, at, sizes, level, hu=hu, hosts=hosts))
        return foci

    return draw


def _bowel_loops(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Long avid segments of colon or small bowel."""
    foci = []
    host = "colon" if rng.random() < 0.7 else "small_bowel"
    level = float(rng.uniform(3, 10))
    for _ in range(int(rng.integers(1, 5))):
        at = pick(body.where(host), rng)
        if at:
            sizes = tuple(float(v) for v in rng.uniform(12, 45, 3))
            foci.append(mimic(body, "bowel", at, sizes, level, hu=None, hosts=(host,)))
    return foci


def _hila(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Sarcoid-like or reactive: both hila, often subcarinal, small and even."""
    foci = []
    level = float(rng.uniform(2.2, 6))
    for station in ("10R", "10L", "10R", "10L", "7"):
        at = pick(node_places(body, _station(body, station)), rng)
        if at:
            sizes = tuple(float(v) for v in rng.uniform(3, 7, 3))
            suv = level * rng.uniform(0.8, 1.2)
            foci.append(mimic(body, "reactive_node", at, sizes, suv, hu=65))
    return foci


def _junction(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """The lower end of the oesophagus: common in health and in reflux, a few cm at most."""
    gullet = np.argwhere(body.where("esophagus"))
    if len(gullet) == 0:
        return []
    low = gullet[gullet[:, 0] <= gullet[:, 0].min() + 6]
    at = low[int(rng.integers(len(low)))]
    size = (float(rng.uniform(6, 22)), float(rng.uniform(5, 11)), float(rng.uniform(5, 11)))
    level = float(rng.uniform(2.2, 5.5))
    return [mimic(body, "junction", at, size, level, hu=None, hosts=("esophagus", "stomach"))]


def _heart_spots(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Papillary muscles, atria and their septum: focal uptake of a healthy heart."""
    foci = []
    for _ in range(int(rng.integers(1, 4))):
        at = pick(body.where("heart"), rng)
        if at:
            sizes = tuple(float(v) for v in rng.uniform(4, 14, 3))
            level = float(rng.uniform(2.5, 9))
            foci.append(mimic(body, "heart_focus", at, sizes, level, hu=None, hosts=("heart",)))
    return foci


def _tense_muscles(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Long muscles of neck, back or hip on both sides, as after cold or strain."""
    host = ("autochthon_", "iliopsoas_", "gluteus_", "muscle")[int(rng.integers(4))]
    level = float(rng.uniform(1.5, 4.5))
    middle = body.geometry.to_lps_mm(np.zeros(3))[0]
    step = body.geometry.spacing_mm[0]
    at = pick(body.where(host), rng)
    if at is None:
        return []
    mirrored = (at[0], at[1], round(-2 * middle / step) - at[2])
    size = (float(rng.uniform(20, 70)), float(rng.uniform(6, 16)), float(rng.uniform(6, 16)))
    return [
        mimic(body, "muscle_tension", place, size, level * rng.uniform(0.7, 1.1), hu=None,
              hosts=(host,))
        for place in (at, mirrored)
    ]  # fmt: skip


def _rib_fractures(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Neighbouring ribs of one side, in line."""
    side = "left" if rng.random() < 0.5 else "right"
    first = int(rng.integers(3, 9))
    anchor = pick(body.where(f"rib_{side}_{first}"), rng)
    if anchor is None:
        return []
    foci = []
    for number in range(first, first + int(rng.integers(1, 5))):
        bone = np.argwhere(body.where(f"rib_{side}_{number}")[:, :, :])
        if len(bone) == 0:
            continue
        near = bone[np.abs(bone[:, 1:] - np.array(anchor[1:])).sum(1).argmin()]
        suv = float(rng.uniform(2, 6))
        foci.append(mimic(body, "fracture", near, (4.0, 5.0, 4.0), suv, hu=None))
    return foci


def _joints(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Shoulders, hips, sternoclavicular joints and facets, mostly on both sides."""
    foci = []
    spacing = body.geometry.spacing_mm[0]
    bone = ("humerus_", "femur_", "clavicula_")[int(rng.integers(3))]
    level = float(rng.uniform(1.8, 4.5))
    for side in ("left", "right"):
        points = np.argwhere(body.where(f"{bone}{side}"))
        if len(points) == 0:
            continue
        inward = points[:, 2].argmin() if side == "left" else points[:, 2].argmax()
        at = points[inward] if bone == "clavicula_" else points[points[:, 0].argmax()]
        if bone == "femur_":
            at = points[points[:, 0].argmax()] - np.array([10 / spacing, 0, 0])
        size = (float(rng.uniform(5, 14)), float(rng.uniform(4, 12)), float(rng.uniform(4, 12)))
        foci.append(mimic(body, "joint", at, size, level * rng.uniform(0.6, 1.1), hu=None))
    return foci


def _injection(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Tracer left at the injection site of one arm."""
    at = pick(body.where("arm_bones_right", "arm_bones_left", "humerus_"), rng)
    if at is None:
        return []
    size = (float(rng.uniform(4, 25)), float(rng.uniform(3, 9)), float(rng.uniform(3, 9)))
    return [mimic(body, "injection_site", at, size, float(10 ** rng.uniform(1, 2)), hu=None)]


def _station(body: BodyMap, station: str) -> NDArray[np.bool_]:
    if station not in body.station_names:
        return np.zeros(body.labels.shape, bool)
    found: NDArray[np.bool_] = body.stations == body.station_names.index(station)
    return found


_KINDS: tuple[tuple[float, _Draw], ...] = (
    (1.0, collecting_system),
    (0.08, _brown_fat),
    (0.25, _bowel_loops),
    (0.12, _hila),
    (0.08, _rib_fractures),
    (0.2, _joints),
    (0.2, _junction),
    (0.12, _heart_spots),
    (0.12, _tense_muscles),
    (0.1, _injection),
    (0.25, _in_structure("tonsil", ("tonsil_",), count=(2, 4), size=(4, 8), suv=(3, 9), hu=None)),
    (0.2, _in_structure("vocal_cord", ("vocal_cord_",), count=(1, 2), size=(3, 7), suv=(2.5, 7),
                        hu=None)),
    (0.06, _in_structure("thyroid_diffuse", ("thyroid_gland",), count=(3, 5), size=(8, 14),
                         suv=(2.5, 7), hu=None)),
    (0.1, _in_structure("aspiration_pneumonia", ("lung_lower_lobe",), count=(1, 4), size=(8, 28),
                        suv=(1.2, 4.5), hu=-150)),
    (0.06, _in_structure("scar", ("subcutaneous_tissue", "skin"), count=(1, 2), size=(4, 16),
                         suv=(1.5, 4.5), hu=30)),
    (0.08, _in_structure("muscle_strain", ("muscle",), count=(1, 4), size=(8, 35), suv=(1.5, 4),
                         hu=None)),
    (0.08, _in_structure("gastritis", ("stomach",), count=(1, 3), size=(10, 30), suv=(3, 7),
                         hu=None)),
)  # fmt: skip
