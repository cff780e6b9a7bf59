"""A rigid move: what it does, and how sure a place is after it."""

import numpy as np
import pytest

from oligocount.domain.registration import Move, MoveSource
from oligocount.errors import GeometryError


def turn_about_z(angle_deg: float) -> np.ndarray:
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    matrix = np.eye(4)
    matrix[:2, :2] = (c, -s), (s, c)
    return matrix


def move(*repeats: np.ndarray) -> Move:
    return Move(matrix=np.eye(4), source=MoveSource.REGISTERED, uncertainty_mm=3.0, repeats=repeats)


def test_a_turn_that_is_not_sure_moves_what_is_far_more_than_what_is_near() -> None:
    unsure = move(turn_about_z(6.0), turn_about_z(-3.0))
    near, far = np.array([[10.0, 0, 0]]), np.array([[100.0, 0, 0]])
    assert unsure.uncertainty_at(near) == 3.0
    assert unsure.uncertainty_at(far) == pytest.approx(2 * 100 * np.sin(np.radians(3)), rel=1e-6)


def test_without_repeats_a_place_is_as_sure_as_the_move() -> None:
    assert move().uncertainty_at(np.array([[500.0, 0, 0]])) == 3.0


def test_what_is_no_rotation_is_refused() -> None:
    with pytest.raises(GeometryError, match="rigid"):
        Move(matrix=np.diag([2.0, 1, 1, 1]), source=MoveSource.REGISTERED, uncertainty_mm=3.0)
