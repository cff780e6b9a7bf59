"""Where pictures and viewer go: into the lesion, whatever its shape."""

from dataclasses import replace

import numpy as np
import pytest

from oligocount.domain.lesion import Lesion
from oligocount.domain.volume import LabelMap
from oligocount.publish.middles import middles

from . import builders

GRID = builders.geometry()


def lesion_at(number: int, index: tuple[float, float, float], **parts: object) -> Lesion:
    x, y, z = GRID.to_lps_mm(np.array(index, float))
    made = builders.located_lesions(GRID)[0].lesion
    return replace(made, id=number, centroid_lps_mm=(float(x), float(y), float(z)), **parts)


def middle_of(drawn: np.ndarray, *lesions: Lesion) -> dict[int, np.ndarray]:
    """The points as voxel indices."""
    found = builders.located_lesions(GRID)[0]
    result = builders.result(
        GRID,
        lesion_map=replace(builders.lesion_map(GRID), labels=LabelMap(array=drawn, geometry=GRID)),
        lesions=tuple(
            replace(found, lesion=one, finding=replace(found.finding, id=one.id)) for one in lesions
        ),
    )
    return {number: GRID.to_index(np.array(at)) for number, at in middles(result).items()}


def test_the_centroid_of_a_lesion_that_holds_it_stays_exact() -> None:
    drawn = np.zeros(builders.SHAPE, np.uint8)
    drawn[10:13, 10:13, 10:14] = 3
    found = middle_of(drawn, lesion_at(3, (11, 11, 11.4)))
    assert found[3] == pytest.approx([11, 11, 11.4])


def test_a_bent_lesion_is_looked_at_where_it_is() -> None:
    """A horseshoe: its centroid lies between the limbs, the nearest voxel on the bend."""
    drawn = np.zeros(builders.SHAPE, np.uint8)
    drawn[10, 10:21, 10] = drawn[10, 10:21, 20] = drawn[10, 10, 10:21] = 2
    inside = np.argwhere(drawn == 2)
    found = middle_of(drawn, lesion_at(2, tuple(inside.mean(axis=0))))
    assert drawn[tuple(np.rint(found[2]).astype(int))] == 2
    away = np.linalg.norm(inside - inside.mean(axis=0), axis=1)
    assert np.linalg.norm(found[2] - inside.mean(axis=0)) == pytest.approx(away.min())


def test_a_lesion_beyond_the_pet_keeps_its_place() -> None:
    found = middle_of(np.zeros(builders.SHAPE, np.uint8), lesion_at(9, (400, 0, 0)))
    assert found[9] == pytest.approx([400, 0, 0])
