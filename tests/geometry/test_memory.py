"""What was answered for a set of voxels is not asked again."""

import numpy as np

from oligocount.geometry.memory import Memory, voxel_key

LABELS = np.array([[0, 1, 1, 0, 2, 2], [0, 1, 0, 0, 2, 0]])
ONE, TWO = (slice(0, 2), slice(1, 3)), (slice(0, 2), slice(4, 6))


def key(label: int, box: tuple[slice, ...], labels: np.ndarray = LABELS) -> tuple:
    return voxel_key(labels[box] == label, box)


def test_the_same_voxels_have_one_key_whatever_their_label() -> None:
    assert key(1, ONE) == key(7, ONE, np.where(LABELS == 1, 7, LABELS))


def test_the_same_shape_elsewhere_has_another_key() -> None:
    assert key(1, ONE) != key(2, TWO)


def test_one_voxel_more_makes_another_key() -> None:
    more = LABELS.copy()
    more[1, 2] = 1
    assert key(1, ONE) != key(1, ONE, more)


def test_an_answer_is_kept_by_question_and_voxels() -> None:
    memory = Memory()
    assert memory.ask("size", key(1, ONE), lambda: 3) == 3
    assert memory.ask("size", key(1, ONE), lambda: 99) == 3
    assert memory.ask("shape", key(1, ONE), lambda: 99) == 99
    assert memory.ask("size", key(2, TWO), lambda: 4) == 4


def test_even_nothing_is_an_answer() -> None:
    memory = Memory()
    assert memory.ask("primary", key(1, ONE), lambda: None) is None
    assert memory.ask("primary", key(1, ONE), lambda: 1) is None
