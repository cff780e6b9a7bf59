"""Components of a mask with the features of each, ours and by other libraries."""

import importlib
import importlib.util
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import ndimage
from shared.pairs import Row, Work, pair
from skimage.measure import regionprops

from oligocount.config import load_settings
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.volume import LabelMap, Volume
from oligocount.locate.measure import measure
from oligocount.segment.foci import components

_WHOLE = ndimage.generate_binary_structure(3, 2)


def features(suv: Volume, runs: int) -> Iterator[Row]:
    """Components, and maximum, mean and volume of each, beside every other way."""
    (_, ours), *others = lesion_ways(suv)
    for name, peer in others:
        yield pair("components, SUV, peak, diameter", name, ours, peer, runs, "SUV, ml",
                   lambda a: a[np.lexsort(a.T)])  # fmt: skip


def lesion_ways(suv: Volume) -> Iterator[tuple[str, Work]]:
    """Ours first, then each other way by its name: rows of maximum, mean and volume in ml."""
    settings = load_settings().segment
    mask = suv.array >= settings.threshold.high_suv
    voxel_ml = suv.geometry.voxel_volume_ml

    def ours() -> np.ndarray:
        labels = components(mask, settings)
        names = {n: str(n) for n in range(1, int(labels.max()) + 1)}
        found = LesionMap(
            labels=LabelMap(array=labels, names=names, geometry=suv.geometry),
            probability={}, model=ModelInfo(name="bench", version="0"),
        )  # fmt: skip
        return np.array([(x.suv_max, x.suv_mean, x.volume_ml) for x in measure(found, suv)])

    def by_scipy() -> np.ndarray:
        labels, count = ndimage.label(mask, _WHOLE)
        index = range(1, count + 1)
        columns = (ndimage.maximum(suv.array, labels, index),
                   ndimage.mean(suv.array, labels, index),
                   ndimage.sum(mask, labels, index) * voxel_ml)  # fmt: skip
        return np.column_stack(columns)

    def by_skimage() -> np.ndarray:
        labels, _ = ndimage.label(mask, _WHOLE)
        rows = [(one.intensity_max, one.intensity_mean, one.area * voxel_ml, one.feret_diameter_max)
                for one in regionprops(labels, suv.array)]  # fmt: skip
        return np.array(rows)[:, :3]

    yield "oligocount", ours
    yield "scipy, without peak and diameter", by_scipy
    yield "scikit-image regionprops, without peak", by_skimage
    if importlib.util.find_spec("radiomics") is None:
        print("pyradiomics is not installed: left out")
    else:
        yield "pyradiomics, without peak", lambda: by_radiomics(suv, mask)


def by_radiomics(suv: Volume, mask: np.ndarray) -> np.ndarray:
    """First-order features and shape of every component, cropped to it, by pyradiomics."""
    sitk = importlib.import_module("SimpleITK")
    firstorder = importlib.import_module("radiomics.firstorder")
    shape = importlib.import_module("radiomics.shape")
    operations = importlib.import_module("radiomics.imageoperations")
    logging.getLogger("radiomics").setLevel(logging.ERROR)
    labels, count = ndimage.label(mask, _WHOLE)
    image, parts = (sitk.GetImageFromArray(each) for each in (suv.array, labels))
    for each in (image, parts):
        each.SetSpacing(suv.geometry.spacing_mm[::-1])
    rows = []
    for n in range(1, count + 1):
        box, _ = operations.checkMask(image, parts, label=n, minimumROIDimensions=1)
        pieces = operations.cropToTumorMask(image, parts, box)
        level = _asked(firstorder.RadiomicsFirstOrder, pieces, n, "Maximum", "Mean")
        form = _asked(shape.RadiomicsShape, pieces, n, "VoxelVolume", "Maximum3DDiameter")
        rows.append((level["Maximum"], level["Mean"], form["VoxelVolume"] / 1000))
    return np.array(rows, float)


def _asked(features: Any, pieces: tuple[Any, Any], label: int, *names: str) -> dict[str, Any]:
    """Some features of one class of pyradiomics alone, as its users switch them on."""
    asked = features(*pieces, label=label)
    asked.disableAllFeatures()
    for name in names:
        asked.enableFeatureByName(name)
    found: dict[str, Any] = asked.execute()
    return found
