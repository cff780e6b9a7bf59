"""One benign focus, as every kind of mimic makes it."""

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.lesion import Kind
from oligocount.simulate.body import BodyMap
from oligocount.simulate.lesions import Focus
from oligocount.simulate.sites import side_of


def mimic(
    body: BodyMap,
    name: str,
    at: NDArray[np.float64] | NDArray[np.intp] | tuple[int, ...],
    size: tuple[float, ...],
    suv: float,
    *,
    hu: float | None,
    hosts: tuple[str, ...] = (),
    fat_about_mm: float = 0.0,
) -> Focus:
    """A benign focus about `at` (k, j, i), of half axes `size` (mm); in `hosts` alone, if given."""
    top = np.array(body.labels.shape) - 1
    k, j, i = (int(v) for v in np.clip(np.rint(np.asarray(at, float)), 0, top))
    return Focus(
        kind=Kind.PHYSIOLOGIC, organ=None, structure=name, centre=(k, j, i),
        radii_mm=(size[0], size[1], size[2]), suv=suv, hu=hu, hosts=hosts, bumpy=0.1,
        side=side_of(body, (k, j, i)), fat_about_mm=fat_about_mm,
    )  # fmt: skip
