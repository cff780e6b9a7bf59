"""scripts/anatomy_clavicles.py: the template's clavicles are whole and hold no other bone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from oligocount.simulate.atlas import Template, load_template

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import anatomy_clavicles

SIDES = ("right", "left")
NAMES = ["background", "body", "sternum", "costal_cartilages", "rib_right_1", "rib_left_1",
         "clavicula_right", "clavicula_left", "scapula_right", "scapula_left"]  # fmt: skip
# The right half from the front (z up); the left half is its mirror image. Edges of bones touch.
#          CCCCCCCCCCCC          clavicle
#    SSSSSS            TTTTTT    scapula and sternum
#    SSSSSS            TTTTTT
#    SSSSSS rrrrrrrccccTTTTTT    rib and cartilage
DRAWN = (
    ("sternum", slice(8, 31), slice(42, 58)),
    ("costal_cartilages", slice(10, 17), slice(32, 42)),
    ("rib_right_1", slice(10, 17), slice(10, 32)),
    ("clavicula_right", slice(30, 37), slice(8, 42)),
    ("scapula_right", slice(4, 31), slice(0, 8)),
)


def drawn() -> NDArray[np.uint8]:
    labels = np.ones((45, 30, 100), np.uint8)
    for name, k, i in DRAWN:
        mirrored = slice(100 - i.stop, 100 - i.start)
        labels[k, 10:17, mirrored] = NAMES.index(name.replace("right", "left"))
        labels[k, 10:17, i] = NAMES.index(name)
    return labels


def points_mm(template: Template, name: str) -> NDArray[np.float64]:
    """The voxels of a structure: (z, y, x), x to the left of the midline."""
    at = np.argwhere(template.labels == template.names.index(name))
    return template.origin_mm + template.spacing_mm * at


@pytest.fixture(scope="module", params=SIDES)
def side(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def clavicle(side: str) -> NDArray[np.float64]:
    """The voxels of one shipped clavicle, from the innermost to the outermost."""
    points = points_mm(load_template(), f"clavicula_{side}")
    return points[np.abs(points[:, 2]).argsort()]


def test_bones_called_clavicle_get_their_names_back_and_clavicles_their_ends() -> None:
    expected = drawn()
    faulty = expected.copy()
    right, left = NAMES.index("clavicula_right"), NAMES.index("clavicula_left")
    faulty[10:17, 10:17, 20:32] = right  # front end of the right first rib
    faulty[10:17, 15:17, 32:42] = left  # back of the right cartilage, named across the midline
    faulty[8:11, 10:17, 42:58] = left  # foot of the sternum
    faulty[30:37, 10:17, 80:92] = NAMES.index("scapula_left")  # outer third of the left clavicle
    np.testing.assert_array_equal(anatomy_clavicles.corrected(faulty, NAMES), expected)


def test_right_names_stay() -> None:
    np.testing.assert_array_equal(anatomy_clavicles.corrected(drawn(), NAMES), drawn())


def test_the_shipped_template_needs_no_correction(tmp_path: Path) -> None:
    command = [sys.executable, anatomy_clavicles.__file__, str(tmp_path / "new.npz")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "already corrected" in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_clavicle_is_one_piece(side: str) -> None:
    template = load_template()
    mask = template.labels == template.names.index(f"clavicula_{side}")
    _, pieces = ndimage.label(mask, np.ones((3, 3, 3)))
    assert pieces == 1


def test_a_clavicle_lies_on_its_own_side(side: str, clavicle: NDArray[np.float64]) -> None:
    assert ((clavicle[:, 2] > 0) == (side == "left")).all()


def test_a_clavicle_is_as_long_as_a_clavicle(clavicle: NDArray[np.float64]) -> None:
    assert 120 < np.linalg.norm(clavicle[-1] - clavicle[0]) < 180


def test_a_clavicle_is_slender(clavicle: NDArray[np.float64]) -> None:
    for x in np.unique(clavicle[:, 2]):
        cut = clavicle[clavicle[:, 2] == x]
        assert np.linalg.norm(cut - cut.mean(axis=0), axis=1).max() < 18


def test_a_clavicle_reaches_from_its_scapula_to_the_sternum(
    side: str, clavicle: NDArray[np.float64]
) -> None:
    template = load_template()
    to_scapula, _ = KDTree(points_mm(template, f"scapula_{side}")).query(clavicle[-1])
    to_sternum, _ = KDTree(points_mm(template, "sternum")).query(clavicle[0])
    assert to_scapula <= 6
    assert to_sternum <= 25


def test_no_clavicle_goes_down_behind_the_sternum(clavicle: NDArray[np.float64]) -> None:
    top = points_mm(load_template(), "sternum")[:, 0].max()
    assert clavicle[:, 0].min() > top - 25


def test_both_clavicles_are_alike() -> None:
    template = load_template()
    voxel_ml = template.spacing_mm**3 / 1000
    right, left = (len(points_mm(template, f"clavicula_{side}")) * voxel_ml for side in SIDES)
    assert 25 < right < 60
    assert left == pytest.approx(right, rel=0.15)
