"""A block of muscle with structures and stations as boxes, after the definitions were kept."""

import numpy as np

from oligocount.domain.volume import Geometry
from oligocount.simulate.body import BodyMap
from oligocount.simulate.definitions import keep_definitions
from oligocount.simulate.sites import DISTANT_STATIONS, REGIONAL

STRUCTURES = ("", "muscle", "aorta", "trachea", "esophagus", "pulmonary_artery", "spleen",
              "portal_vein_and_splenic_vein", "iliac_artery_left", "vertebrae_L3",
              "lung_upper_lobe_right", "lung_upper_lobe_left", "sternum", "costal_cartilages",
              "rib_left_1", "rib_left_10", "clavicula_left", "femur_left", "stomach",
              "vertebrae_C6", "vertebrae_C2", "common_carotid_artery_left")  # fmt: skip
STATIONS = ("background", *REGIONAL, *(n for n in DISTANT_STATIONS if n != "JES10"), "10spl")
STEP_MM, MIDDLE = 4.0, 20
ALL = slice(None)
Box = tuple[slice, slice, slice]


def kept(structures: dict[str, Box], stations: dict[str, Box]) -> BodyMap:
    """Muscle of 40 voxels of 4 mm, x = 0 in the middle, after the definitions were kept."""
    labels, drawn = np.ones((40, 40, 40), np.uint8), np.zeros((40, 40, 40), np.uint8)
    for name, box in structures.items():
        labels[box] = STRUCTURES.index(name.rstrip("+"))
    for name, box in stations.items():
        drawn[box] = STATIONS.index(name)
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = STEP_MM
    affine[0, 3], affine[3, 3] = -MIDDLE * STEP_MM, 1.0
    geometry = Geometry(shape=labels.shape, affine=affine)
    return keep_definitions(
        BodyMap(labels=labels, names=STRUCTURES, cortex=np.zeros(labels.shape, bool),
                stations=drawn, station_names=STATIONS, geometry=geometry)
    )  # fmt: skip


def slices(body: BodyMap, name: str) -> list[int]:
    region = body.stations == STATIONS.index(name)
    return np.flatnonzero(region.any(axis=(1, 2))).tolist()
