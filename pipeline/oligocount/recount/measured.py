"""Measurements of lesions whose voxels a reader changed, as entries of result.json."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.locate import measure
from oligocount.recount.draft import Draft, Entry

_READER = ModelInfo(name="reader", version="1")


def remeasured(draft: Draft, suv: Volume | None, like: LabelMap) -> dict[int, Entry]:
    """Every lesion of the draft, the changed ones measured anew.

    Without a PET a merged lesion keeps the uptake of its parts, and its place and diameter
    follow from the voxels.
    """
    if not draft.changed:
        return {number: dict(entry) for number, entry in draft.lesions.items()}
    image = suv or Volume(
        array=np.ones(draft.labels.shape, np.float32), unit=Unit.SUVBW, geometry=like.geometry
    )
    fields = _PLACE if suv is None else (*_PLACE, *_UPTAKE)
    chosen = np.where(np.isin(draft.labels, list(draft.changed)), draft.labels, 0)
    measured = {
        each.id: {name: getattr(each, name) for name in fields}
        for each in measure(
            LesionMap(
                labels=LabelMap(array=chosen, geometry=image.geometry),
                probability={},
                model=_READER,
            ),
            image,
        )
    }
    return {
        number: {**entry, **_plain(measured.get(number, {}))}
        for number, entry in draft.lesions.items()
    }


_PLACE = ("centroid_lps_mm", "longest_diameter_mm", "volume_ml", "mtv_ml")
_UPTAKE = ("suv_max", "suv_peak", "suv_mean", "tlg")


def _plain(fields: Mapping[str, Any]) -> Entry:
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()
    }
