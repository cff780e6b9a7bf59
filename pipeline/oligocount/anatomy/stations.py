"""The station map: every voxel of nodal space gets the first region whose rule takes it."""

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from oligocount.anatomy.drawing import Drawing, Mask
from oligocount.anatomy.regions_abdomen import abdomen_regions
from oligocount.anatomy.regions_chest import (
    chest_regions,
    intrapulmonary_regions,
    mammary_regions,
    wall_regions,
)
from oligocount.anatomy.regions_neck import axillary_regions, neck_regions
from oligocount.anatomy.space import Space
from oligocount.anatomy.station_table import StationTable
from oligocount.domain.anatomy import Landmark
from oligocount.domain.volume import LabelMap


def draw_stations(drawing: Drawing, marks: Mapping[str, Landmark], table: StationTable) -> LabelMap:
    """Station regions on the drawing's axial frame: disjoint, and exhaustive in the mediastinum.

    A voxel of the mediastinum that no rule takes goes to the nearest region there.
    """
    space = Space(drawing, marks, table.mm)
    numbers = {name: number for number, name in enumerate(table.entries, start=1)}
    array = np.zeros(drawing.frame.geometry.shape, np.int16)
    for name, mask in mammary_regions(space):
        _take(array, numbers[name], mask & (space.nodal | space.parasternal))
    for name, mask in chest_regions(space):
        _take(array, numbers[name], mask)
    _fill_mediastinum(array, space)
    hilar = {name: array == numbers[name] for name in ("10R", "10L")}
    for regions in (
        wall_regions(space),
        neck_regions(space),
        abdomen_regions(space),
        axillary_regions(space),
    ):
        for name, mask in regions:
            _take(array, numbers[name], mask & space.nodal)
    for name, mask in intrapulmonary_regions(space, hilar):
        _take(array, numbers[name], mask)
    names = {number: name for name, number in numbers.items()}
    return LabelMap(array=array, names=names, geometry=drawing.frame.geometry)


def _take(array: np.ndarray, number: int, mask: Mask) -> None:
    array[mask & (array == 0)] = number


def _fill_mediastinum(array: np.ndarray, space: Space) -> None:
    left = space.mediastinum & (array == 0)
    if not left.any() or not array.any():
        return
    index = ndimage.distance_transform_edt(
        array == 0, space.drawing.frame.geometry.spacing_mm, return_distances=False,
        return_indices=True,
    )  # fmt: skip
    array[left] = array[tuple(axis[left] for axis in index)]
