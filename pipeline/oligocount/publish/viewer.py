"""viewer.html: PET on CT with lesions and stations to click through, one page without a network."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.result import Result
from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.geometry.affine import regrid
from oligocount.geometry.resample import resample_labels, resample_volume
from oligocount.publish.masks import lesion_labels
from oligocount.publish.middles import middles
from oligocount.publish.nifti import nifti_gz
from oligocount.publish.pages import (
    TEMPLATES,
    described,
    environment,
    phrasebook,
    read_strings,
)
from oligocount.publish.phrases import Phrasebook
from oligocount.settings import PublishSettings

_LEVELS = 255
RIM = 100  # added at the rim of a label, where the viewer draws its line
_LIBRARY = TEMPLATES / "vendor" / "niivue.umd.js"


def render_viewer(
    document: Mapping[str, Any], result: Result, settings: PublishSettings
) -> str | None:
    """The page as HTML; None where the settings ask for none.

    Volumes are told in 256 levels, on the PET's grid or a coarser one of `max_voxels`.
    """
    if not settings.viewer.max_voxels:
        return None
    words = read_strings(settings.language)
    grid = _affordable(result.images.suv.geometry, settings.viewer.max_voxels)
    step = settings.viewer.suv_step
    volumes = {"suv": _packed(_levels(result.images.suv, grid, 0.0, step * _LEVELS), grid)}
    if result.images.ct is not None:
        low, high = settings.thumbnails.ct_window_hu
        volumes["ct"] = _packed(_levels(result.images.ct, grid, low, high), grid)
    book = phrasebook(settings.language, words)
    lesions = [described(each, words, book) for each in document["lesions"]]
    lesions = [each for each in lesions if each["suv_max"] is not None]  # what lies on the PET
    at = middles(result)
    volumes |= _foci(lesion_labels(result), lesions, grid)
    stations = result.anatomy.stations
    if stations is not None:
        regions = _labels(stations, grid)
        volumes["stations"] = _packed(_rimmed(regions, regions), grid)
    page = environment(words, book).get_template("viewer.html.j2")
    listed = sorted(lesions, key=lambda each: each["group"] == "physiologic")
    return page.render(
        doc=document,
        library=_LIBRARY.read_text("utf-8"),
        t=words,
        lesions=listed,
        data={
            "volumes": volumes,
            "suvStep": step,
            "windowSuv": settings.projections.window_suv,
            "rim": RIM,
            "stations": [] if stations is None else _names(stations, result, book),
            "first": _first(document, listed),
            "points": {str(each["id"]): at[each["id"]] for each in lesions},
        },
    )


def _first(document: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]) -> str | None:
    """The lesion at which the viewer opens: one on which a verdict turns, else the first listed."""
    shown = [each["id"] for each in listed]
    critical = [each for each in document["decision_critical_lesions"] if each in shown]
    return next(map(str, (*critical, *shown)), None)


def _affordable(geometry: Geometry, max_voxels: int) -> Geometry:
    """The grid itself, or one of about `max_voxels` over the same box."""
    voxels = int(np.prod(geometry.shape))
    if voxels <= max_voxels:
        return geometry
    coarser = (voxels / max_voxels) ** (1 / 3)
    k, j, i = (side * coarser for side in geometry.spacing_mm)
    return regrid(geometry, (k, j, i))


def _levels(volume: Volume, grid: Geometry, low: float, high: float) -> NDArray[np.uint8]:
    moved = resample_volume(volume, grid, outside=low).array
    share = np.clip((moved - low) / (high - low), 0, 1)
    levels: NDArray[np.uint8] = np.round(share * _LEVELS).astype(np.uint8)
    return levels


def _labels(labels: LabelMap, grid: Geometry) -> NDArray[np.uint8]:
    moved: NDArray[np.uint8] = resample_labels(labels, grid).array.astype(np.uint8)
    return np.where(moved < RIM, moved, 0).astype(np.uint8)


def _rimmed(codes: NDArray[np.uint8], labels: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """RIM added to the codes of voxels with a neighbour of another label: there lies an outline."""
    cross = ndimage.generate_binary_structure(3, 1)
    least = ndimage.minimum_filter(labels, footprint=cross)
    most = ndimage.maximum_filter(labels, footprint=cross)
    rimmed: NDArray[np.uint8] = codes + RIM * ((codes > 0) & (least != most)).astype(np.uint8)
    return rimmed


def _foci(labels: LabelMap, lesions: Sequence[Mapping[str, Any]], grid: Geometry) -> dict[str, str]:
    """Lesions, and physiologic foci as a volume apart; 1 each."""
    moved = resample_labels(labels, grid).array
    benign = [each["id"] for each in lesions if each["group"] == "physiologic"]
    is_benign = np.isin(moved, benign)
    masks = {"lesions": (moved > 0) & ~is_benign, "physiologic": is_benign}
    return {
        name: _packed(_rimmed(mask.astype(np.uint8), moved), grid) for name, mask in masks.items()
    }


def _names(stations: LabelMap, result: Result, book: Phrasebook) -> list[str]:
    """The title of each label of the station map, from label 0 on."""
    entries = result.anatomy.station_entries
    names = [stations.names.get(n, "") for n in range(max(stations.names, default=0) + 1)]
    return [book.said(entries[each].title) if each in entries else each for each in names]


def _packed(array: NDArray[np.uint8], grid: Geometry) -> str:
    return base64.b64encode(nifti_gz(array, grid)).decode("ascii")
