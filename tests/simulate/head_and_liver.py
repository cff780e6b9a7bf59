"""A small phantom built by hand for MR: a head with skull and face, a trunk with a liver."""

import numpy as np

from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.simulate.phantom import Phantom

STEP_MM = 4.0
SHAPE = (110, 56, 64)  # 440 mm tall
NAMES = {1: "body", 2: "brain", 3: "skull", 4: "liver"}
BRAIN = ((0, 0, 355), (30, -20, 370), (-32, 20, 350), (10, 40, 330))  # LPS mm, 12 mm in diameter
LIVER = ((-40, 0, 110), (-10, -10, 90))
ON_PET = (1, 5, 6)  # one of the brain and both of the liver take up FDG visibly


def grid() -> Geometry:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = STEP_MM
    affine[:3, 3], affine[3, 3] = (-126.0, -110.0, 0.0), 1
    return Geometry(shape=SHAPE, affine=affine, frame_of_reference_uid="2.25.1")


def phantom() -> Phantom:
    k, j, i = np.indices(SHAPE)
    x, y, z = -126 + STEP_MM * i, -110 + STEP_MM * j, STEP_MM * k

    def blob(centre: tuple[float, ...], radii: tuple[float, ...]) -> np.ndarray:
        away = [(a - c) / r for a, c, r in zip((x, y, z), centre, radii, strict=True)]
        return sum(each**2 for each in away) <= 1

    organs = np.zeros(SHAPE, np.uint8)
    organs[blob((0, 0, 110), (118, 90, 160))] = 1
    organs[blob((0, 5, 270), (50, 50, 70))] = 1
    organs[blob((0, 0, 350), (88, 104, 84))] = 1
    organs[blob((0, 0, 350), (80, 96, 76))] = 3
    organs[blob((0, 0, 352), (72, 88, 68))] = 2
    organs[blob((0, -70, 300), (36, 30, 40))] = 3
    organs[blob((0, -70, 305), (24, 22, 22))] = 0
    organs[blob((-35, 0, 110), (70, 60, 60))] = 4
    lesions = np.zeros(SHAPE, np.uint8)
    for number, centre in enumerate((*BRAIN, *LIVER), start=1):
        lesions[blob(centre, (9, 9, 9))] = number
    rng = np.random.default_rng(2)
    hot = np.isin(lesions, ON_PET)
    suv = np.select([hot, organs == 2, organs == 4, organs == 3, organs == 1],
                    [14.0, 6.0, 2.0, 0.8, 0.6], 0.0)  # fmt: skip
    hu = np.select([organs == 2, organs == 4, organs == 3, organs == 1], [35, 60, 700, -20], -1000)
    noise = rng.normal(0, 8, SHAPE)
    empty = np.zeros(SHAPE, np.uint8)
    return Phantom(
        seed=5,
        description="built by hand",
        pet=Volume(array=suv.astype(np.float32), unit=Unit.SUVBW, geometry=grid()),
        ct=Volume(array=(hu + noise).astype(np.float32), unit=Unit.HU, geometry=grid()),
        organs=LabelMap(array=organs, names=NAMES, geometry=grid()),
        lesions=LabelMap(array=lesions, names={}, geometry=grid()),
        mimics=LabelMap(array=empty, names={}, geometry=grid()),
        stations=LabelMap(array=empty, names={}, geometry=grid()),
        truth=(),
    )
