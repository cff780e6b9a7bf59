"""A small phantom built by hand: ten slices, one lesion, one node, one primary, one mimic."""

import numpy as np

from oligocount.domain.anatomy import NodalClass, Side
from oligocount.domain.lesion import Kind
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.simulate.phantom import LesionTruth, Phantom

SHAPE = (10, 20, 30)


def grid() -> Geometry:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = 4.0
    affine[:3, 3], affine[3, 3] = (-60.0, -40.0, -500.0), 1
    return Geometry(shape=SHAPE, affine=affine)


def focus(number: int, kind: Kind, k: int, **known: object) -> LesionTruth:
    centre = grid().to_lps_mm(np.array([k, 10.0, 4.0 + 5 * number]))
    facts: dict[str, object] = {
        "organ": None, "structure": "ureter", "station": None, "nodal_class": None,
        "side": Side.LEFT, "lobe": None, "volume_ml": 0.064, "diameter_mm": 4.0,
        "suv_max": 8.0, "suv_true": 9.0, **known,
    }  # fmt: skip
    return LesionTruth(
        id=number, kind=kind, centroid_lps_mm=(centre[0], centre[1], centre[2]), **facts
    )


def phantom(*, primary_slice: int | None = 5) -> Phantom:
    """Levels: 8Lo in slices 1-3, 8M in 4-6, 8U in 7-8."""
    truth = [
        focus(1, Kind.PHYSIOLOGIC, 2),
        focus(2, Kind.ORGAN, 3, organ="peritoneum", structure="torso_fat"),
        focus(3, Kind.NODE, 8, organ="lymph_node", structure="104L", station="104L",
              nodal_class=NodalClass.NONREGIONAL),
    ]  # fmt: skip
    if primary_slice is not None:
        truth.append(
            focus(4, Kind.PRIMARY, primary_slice, organ="oesophagus", structure="esophagus")
        )
    pet = np.random.default_rng(1).gamma(1.0, 1.0, SHAPE).astype(np.float32)
    lesions, mimics, stations = (np.zeros(SHAPE, np.uint8) for _ in range(3))
    for one in truth:
        k, j, i = np.rint(grid().to_index(np.array(one.centroid_lps_mm))).astype(int)
        pet[k, j, i] = one.suv_max
        (mimics if one.kind is Kind.PHYSIOLOGIC else lesions)[k, j, i] = one.id
    for label, slices in ((1, slice(1, 4)), (2, slice(4, 7)), (3, slice(7, 9))):
        stations[slices, 12, 12] = label
    return Phantom(
        seed=3,
        description="built by hand",
        pet=Volume(array=pet, unit=Unit.SUVBW, geometry=grid()),
        ct=Volume(array=np.full(SHAPE, 40.0, np.float32), unit=Unit.HU, geometry=grid()),
        organs=LabelMap(array=np.ones(SHAPE, np.uint8), names={1: "body"}, geometry=grid()),
        lesions=LabelMap(array=lesions, names={2: "torso_fat"}, geometry=grid()),
        mimics=LabelMap(array=mimics, names={1: "ureter"}, geometry=grid()),
        stations=LabelMap(array=stations, names={1: "8Lo", 2: "8M", 3: "8U"}, geometry=grid()),
        truth=tuple(truth),
    )
