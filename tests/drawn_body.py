"""A small patient drawn by hand: boxes and tubes where organs are, on a 5 mm grid."""

import numpy as np

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume

STEP = 5.0
SHAPE = (140, 60, 80)  # 700 mm tall, 300 deep, 400 wide; the midline is x = 0
ORIGIN = (-197.5, -147.5, 0.0)

# name: (x low, x high, y low, y high, z low, z high) in LPS mm; later ones lie on top.
BOXES = {
    "body": (-170, 170, -110, 110, 0, 700),
    "lung_right": (-120, -25, -80, 80, 380, 600),
    "lung_left": (25, 120, -80, 80, 380, 600),
    "vertebrae_T": (-20, 20, 40, 80, 340, 620),
    "vertebrae_L": (-20, 20, 40, 80, 170, 340),
    "vertebrae_C": (-20, 20, 30, 70, 620, 690),
    "sacrum": (-30, 30, 40, 80, 100, 170),
    "liver": (-130, 20, -80, 60, 270, 420),
    "spleen": (90, 130, 0, 60, 300, 390),
    "stomach": (20, 90, -70, 0, 320, 400),
    "heart": (-25, 70, -70, 0, 400, 490),
    "kidney_right": (-90, -50, 30, 70, 240, 340),
    "kidney_left": (50, 90, 30, 70, 240, 340),
    "urinary_bladder": (-35, 35, -40, 20, 60, 110),
    "aorta": (15, 35, 15, 35, 210, 560),
    "trachea": (-9, 9, -5, 12, 520, 645),
    "esophagus": (-9, 9, 14, 30, 390, 645),
}  # fmt: skip


def geometry() -> Geometry:
    affine = np.array(
        [[0, 0, STEP, ORIGIN[0]], [0, STEP, 0, ORIGIN[1]], [STEP, 0, 0, ORIGIN[2]], [0, 0, 0, 1]]
    )
    return Geometry(shape=SHAPE, affine=affine)


def world() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y, z of the voxel centres, ready to broadcast."""
    k, j, i = (np.arange(n) * STEP for n in SHAPE)
    return (
        (ORIGIN[0] + i)[None, None, :],
        (ORIGIN[1] + j)[None, :, None],
        (ORIGIN[2] + k)[:, None, None],
    )


def organ_map(boxes: dict[str, tuple[float, ...]] = BOXES) -> OrganMap:
    x, y, z = world()
    array = np.zeros(SHAPE, np.int16)
    names = dict(enumerate(boxes, start=1))
    for label, name in names.items():
        a, b, c, d, e, f = boxes[name]
        array[(x >= a) & (x <= b) & (y >= c) & (y <= d) & (z >= e) & (z <= f)] = label
    labels = LabelMap(array=array, names=names, geometry=geometry())
    return OrganMap(
        labels=labels, known=frozenset(boxes), model=ModelInfo(name="drawn", version="1")
    )


def without(*names: str) -> dict[str, tuple[float, ...]]:
    return {name: box for name, box in BOXES.items() if name not in names}


def images(suv: np.ndarray | None = None) -> AlignedImages:
    array = np.ones(SHAPE, np.float32) if suv is None else suv.astype(np.float32)
    return AlignedImages(suv=Volume(array=array, unit=Unit.SUVBW, geometry=geometry()))


def ball(centre: tuple[float, float, float], radius_mm: float = 7.5) -> np.ndarray:
    x, y, z = world()
    a, b, c = centre
    mask: np.ndarray = (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 <= radius_mm**2
    return mask
