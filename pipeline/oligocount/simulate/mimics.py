"""Benign uptake that looks like a lesion: it is named in the truth, never counted."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.lesion import Kind
from oligocount.simulate.body import BodyMap
from oligocount.simulate.lesions import Focus
from oligocount.simulate.sites import pick, side_of

_FAT = ("subcutaneous_tissue", "torso_fat", "muscle", "body")
_Draw = Callable[[BodyMap, np.random.Generator], list[Focus]]


def draw_mimics(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """The benign foci of one patient; each kind comes with its own share of patients."""
    foci: list[Focus] = []
    for share, draw in _KINDS:
        if rng.random() < share:
            foci += draw(body, rng)
    return foci


def collecting_system(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Hot renal pelves, and beads of urine along the ureters."""
    foci = []
    for side in ("left", "right"):
        kidney = np.argwhere(body.where(f"kidney_{side}"))
        if len(kidney) < 20:
            continue
        centre = kidney.mean(0)
        inward = 1 if side == "right" else -1
        spacing = body.geometry.spacing_mm[0]
        pelvis = centre + np.array([0, -2, inward * 12]) / spacing
        if rng.random() < 0.85:
            hot = float(np.clip(12 * rng.lognormal(0, 0.6), 3, 45))
            size = (float(rng.uniform(6, 16)), float(rng.uniform(3, 8)), float(rng.uniform(3, 9)))
            foci.append(_focus(body, "renal_pelvis", pelvis, size, hot, hu=10))
        foci += _beads(body, pelvis, inward, rng)
    return foci


def _beads(
    body: BodyMap, pelvis: NDArray[np.float64], inward: int, rng: np.random.Generator
) -> list[Focus]:
    bladder = np.argwhere(body.where("urinary_bladder"))
    if len(bladder) == 0:
        return []
    spacing = body.geometry.spacing_mm[0]
    goal = bladder.mean(0) + np.array([10, 8, -inward * 22]) / spacing
    foci = []
    for _ in range(rng.poisson(1.2)):
        t = rng.uniform(0.08, 0.95)
        along = pelvis * (1 - t) + goal * t
        along = along + np.array([0, 25 * np.sin(np.pi * t) - 8, 14 * inward * np.sin(np.pi * t)]
                                 ) / spacing  # fmt: skip
        size = (float(rng.uniform(3, 14)), float(rng.uniform(2, 3.5)), float(rng.uniform(2, 3.5)))
        foci.append(_focus(body, "ureter", along, size, float(rng.uniform(3, 16)), hu=15))
    return foci


def _brown_fat(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Symmetric: both supraclavicular fossae, often along the spine."""
    foci = []
    level = float(np.clip(5 * rng.lognormal(0, 0.55), 1.5, 22))
    for station in ("104R", "104L"):
        region = _station(body, station)
        for _ in range(int(rng.integers(2, 6))):
            at = pick(region & body.where(*_FAT), rng)
            if at:
                size = tuple(float(v) for v in rng.uniform(3, 10, 3))
                suv = level * rng.uniform(0.6, 1.2)
                foci.append(_focus(body, "brown_fat", at, size, suv, hu=-95))
    if rng.random() < 0.6:
        foci += _paravertebral_fat(body, level, rng)
    return foci


def _paravertebral_fat(body: BodyMap, level: float, rng: np.random.Generator) -> list[Focus]:
    foci = []
    spacing = body.geometry.spacing_mm[0]
    for vertebra in ("vertebrae_T3", "vertebrae_T5", "vertebrae_T7", "vertebrae_T9"):
        bone = np.argwhere(body.where(vertebra))
        if len(bone) == 0:
            continue
        for inward in (-1, 1):
            at = bone.mean(0) + np.array([0, -8, inward * 30]) / spacing
            size = (4.0, 4.0, 5.0)
            foci.append(_focus(body, "brown_fat", at, size, level * rng.uniform(0.4, 1), hu=-95))
    return foci


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
                foci.append(_focus(body, name, at, sizes, level, hu=hu, hosts=hosts))
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
            foci.append(_focus(body, "bowel", at, sizes, level, hu=None, hosts=(host,)))
    return foci


def _hila(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Sarcoid-like or reactive: both hila, often subcarinal, small and even."""
    foci = []
    level = float(rng.uniform(2.2, 6))
    for station in ("10R", "10L", "10R", "10L", "7"):
        at = pick(_station(body, station), rng)
        if at:
            sizes = tuple(float(v) for v in rng.uniform(3, 7, 3))
            suv = level * rng.uniform(0.8, 1.2)
            foci.append(_focus(body, "reactive_node", at, sizes, suv, hu=65))
    return foci


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
        foci.append(_focus(body, "fracture", near, (4.0, 5.0, 4.0), suv, hu=None))
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
        foci.append(_focus(body, "joint", at, size, level * rng.uniform(0.6, 1.1), hu=None))
    return foci


def _injection(body: BodyMap, rng: np.random.Generator) -> list[Focus]:
    """Tracer left at the injection site of one arm."""
    at = pick(body.where("arm_bones_right", "arm_bones_left", "humerus_"), rng)
    if at is None:
        return []
    size = (float(rng.uniform(4, 25)), float(rng.uniform(3, 9)), float(rng.uniform(3, 9)))
    return [_focus(body, "injection_site", at, size, float(10 ** rng.uniform(1, 2)), hu=None)]


def _station(body: BodyMap, station: str) -> NDArray[np.bool_]:
    if station not in body.station_names:
        return np.zeros(body.labels.shape, bool)
    found: NDArray[np.bool_] = body.stations == body.station_names.index(station)
    return found


def _focus(
    body: BodyMap,
    name: str,
    at: NDArray[np.float64] | NDArray[np.intp] | tuple[int, ...],
    size: tuple[float, ...],
    suv: float,
    *,
    hu: float | None,
    hosts: tuple[str, ...] = (),
) -> Focus:
    top = np.array(body.labels.shape) - 1
    k, j, i = (int(v) for v in np.clip(np.rint(np.asarray(at, float)), 0, top))
    return Focus(
        kind=Kind.PHYSIOLOGIC, organ=None, structure=name, centre=(k, j, i),
        radii_mm=(size[0], size[1], size[2]), suv=suv, hu=hu, hosts=hosts, bumpy=0.1,
        side=side_of(body, (k, j, i)),
    )  # fmt: skip


_KINDS: tuple[tuple[float, _Draw], ...] = (
    (1.0, collecting_system),
    (0.08, _brown_fat),
    (0.25, _bowel_loops),
    (0.12, _hila),
    (0.08, _rib_fractures),
    (0.2, _joints),
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
