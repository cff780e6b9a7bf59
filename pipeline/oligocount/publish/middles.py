"""Where to look at a lesion: a point that lies in it."""

import numpy as np
from scipy import ndimage

from oligocount.domain.result import Result

Point = tuple[float, float, float]


def middles(result: Result) -> dict[int, Point]:
    """For each lesion on the PET its centroid in LPS mm, or the voxel of it nearest to that.

    The centroid of a bent lesion lies beside it: a picture there would show another place.
    """
    labels = result.lesion_map.labels
    boxes = dict(enumerate(ndimage.find_objects(labels.array), 1))
    found: dict[int, Point] = {}
    for one in result.lesions:
        lesion = one.lesion
        box = boxes.get(lesion.id)
        found[lesion.id] = lesion.centroid_lps_mm
        if box is None:
            continue
        inside = np.argwhere(labels.array[box] == lesion.id) + [side.start for side in box]
        middle = np.rint(labels.geometry.to_index(np.array(lesion.centroid_lps_mm)))
        if not (inside == middle).all(axis=1).any():
            places = labels.geometry.to_lps_mm(inside.astype(float))
            away = np.linalg.norm(places - lesion.centroid_lps_mm, axis=1)
            x, y, z = places[away.argmin()]
            found[lesion.id] = (float(x), float(y), float(z))
    return found
