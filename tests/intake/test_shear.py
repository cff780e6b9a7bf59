"""A leaning stack made upright shows the same patient."""

import numpy as np
import pytest

from oligocount.domain.volume import Geometry
from oligocount.intake.shear import is_sheared, straighten


def leaning(lean_row_mm: float, lean_column_mm: float) -> Geometry:
    """Slices 3 mm apart whose origins move sideways from slice to slice."""
    affine = np.array([
        [lean_column_mm, 0.0, 1.5, -20.0],
        [lean_row_mm, 2.0, 0.0, -30.0],
        [3.0, 0.0, 0.0, 100.0],
        [0.0, 0.0, 0.0, 1.0],
    ])  # fmt: skip
    return Geometry(shape=(6, 40, 30), affine=affine, frame_of_reference_uid="1.2")


@pytest.mark.parametrize("lean", [(0.7, 0.0), (-0.7, 0.0), (0.0, 1.1), (0.9, -0.4), (-2.0, -1.5)])
def test_a_linear_field_keeps_its_value_at_every_place(lean: tuple[float, float]) -> None:
    """Linear interpolation is exact for a linear field: value = x + 2 y + 3 z before and after."""
    geometry = leaning(*lean)
    index = np.stack(np.indices(geometry.shape), axis=-1).astype(float)
    field = (geometry.to_lps_mm(index) @ [1.0, 2.0, 3.0]).astype(np.float32)
    array, straight = straighten(field, geometry, outside=-9999.0)
    new_index = np.stack(np.indices(straight.shape), axis=-1).astype(float)
    expected = straight.to_lps_mm(new_index) @ [1.0, 2.0, 3.0]
    old = geometry.to_index(straight.to_lps_mm(new_index))
    inside = ((old >= 0) & (old <= np.array(geometry.shape) - 1)).all(axis=-1)
    assert inside.sum() > 0.8 * field.size
    np.testing.assert_allclose(array[inside], expected[inside], atol=1e-3)
    assert not is_sheared(straight, 1e-6)
    assert straight.frame_of_reference_uid == "1.2"


def test_an_upright_stack_is_not_sheared() -> None:
    assert not is_sheared(leaning(0.0, 0.0), 0.05)
    assert is_sheared(leaning(0.5, 0.0), 0.05)


def test_what_no_slice_reaches_is_outside() -> None:
    geometry = leaning(4.0, 0.0)
    array, straight = straighten(np.ones(geometry.shape, np.float32), geometry, outside=-1024.0)
    assert straight.shape == (6, 50, 30)
    assert (array[0, :40] == 1).all()
    assert (array[0, 40:] == -1024).all()
