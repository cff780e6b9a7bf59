"""An organ map corrected by density: airway, lung and fat, drawn by hand."""

from dataclasses import replace

import numpy as np
import pytest

from oligocount.anatomy.refine import refine_by_density
from oligocount.config import load_settings
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume

OUTLINE = load_settings().anatomy.outline
STEP = 4.0
SHAPE = (30, 40, 40)
NAMES = {1: "body", 2: "trachea", 3: "stomach", 4: "heart", 5: "lung_right", 6: "liver", 7: "colon"}
TUBE = (slice(5, 25), slice(18, 22), slice(18, 22))  # 16 mm of air, 80 mm tall
BLOB = (slice(5, 25), slice(18, 24), slice(19, 25))  # drawn 1-3 voxels too far back and left


def geometry() -> Geometry:
    affine = np.array([[0, 0, STEP, 0], [0, STEP, 0, 0], [STEP, 0, 0, 0], [0, 0, 0, 1.0]])
    return Geometry(shape=SHAPE, affine=affine)


def refined(
    boxes: dict[int, tuple[slice, ...]],
    air: list[tuple[slice, ...]],
    solid: tuple[slice, ...] | None = None,
    fat: tuple[slice, ...] | None = None,
) -> np.ndarray:
    """The labels after correction. All is body in a rim of outside air; later boxes lie on top."""
    inner = (slice(None), slice(3, 37), slice(3, 37))
    labels, hu = np.zeros(SHAPE, np.int16), np.full(SHAPE, -1000.0, np.float32)
    labels[inner], hu[inner] = 1, 40.0
    for label, box in boxes.items():
        labels[box] = label
    for box in air:
        hu[box] = -950.0
    if solid:
        hu[solid] = 40.0
    if fat:
        hu[fat] = -100.0
    ct = Volume(array=hu, unit=Unit.HU, geometry=geometry())
    drawn = LabelMap(array=labels, names=NAMES, geometry=geometry())
    return refine_by_density(drawn, ct, OUTLINE).array


def box_of(mask: np.ndarray) -> tuple[tuple[int, int], ...]:
    return tuple((int(n.min()), int(n.max()) + 1) for n in np.nonzero(mask))


def test_the_airway_is_its_air_and_what_was_drawn_beside_it_is_body() -> None:
    array = refined({2: BLOB}, [TUBE])
    assert box_of(array == 2) == ((5, 25), (18, 22), (18, 22))
    assert (array == 2).sum() == 20 * 4 * 4
    assert (array[5:25, 22:24, 22:25] == 1).all()


def test_air_above_its_drawn_top_is_larynx() -> None:
    """The air goes on to slice 29; what is drawn ends at 24."""
    array = refined({2: BLOB}, [(slice(5, 30), *TUBE[1:])])
    assert box_of(array == 2)[0] == (5, 25)


def test_air_further_down_is_airway_within_reach() -> None:
    """Drawn to slice 10, air to slice 0: 12 mm are three slices."""
    array = refined({2: (slice(10, 25), *BLOB[1:])}, [(slice(0, 25), *TUBE[1:])])
    assert box_of(array == 2)[0] == (7, 25)


def test_what_is_cut_off_from_the_greatest_lumen_keeps_what_was_drawn() -> None:
    """Collapsed, or filled, in slices 12 to 15: the lumen of 16 to 24 is the greater one."""
    array = refined({2: BLOB}, [(slice(5, 12), *TUBE[1:]), (slice(16, 25), *TUBE[1:])])
    assert box_of(array[5:16] == 2)[1:] == ((18, 24), (19, 25))
    assert box_of(array[16:25] == 2)[1:] == ((18, 22), (18, 22))


def test_air_at_the_edge_of_a_lung_is_the_lungs_even_where_it_was_drawn_as_airway() -> None:
    """Drawn from the lumen to the lung, whose edge the map misses by two voxels (x 8 to 9)."""
    lung, missed = (slice(5, 25), slice(10, 22), slice(3, 8)), (slice(5, 25), slice(18, 22))
    drawn = (*BLOB[:2], slice(8, 25))
    air = [TUBE, (slice(5, 25), slice(10, 22), slice(3, 8)), (*missed, slice(8, 10))]
    array = refined({2: drawn, 5: lung}, air)
    assert box_of(array == 2) == ((5, 25), (18, 22), (18, 22))


def test_a_leak_into_a_wide_space_keeps_what_was_drawn() -> None:
    """36 by 36 mm are 1296 mm2 within reach: no airway is so wide."""
    wide = (slice(5, 25), slice(15, 24), slice(15, 24))
    array = refined({2: BLOB}, [wide])
    assert np.array_equal(array == 2, refined({2: BLOB}, []) == 2)


def test_air_of_a_stomach_or_lung_beside_it_is_not_its_own() -> None:
    """A gastric tube behind the trachea, and a lung to its right, no wall between the voxels."""
    conduit = (slice(5, 25), slice(22, 28), slice(18, 24))
    lung = (slice(5, 25), slice(10, 22), slice(5, 18))
    array = refined({2: BLOB, 3: conduit, 5: lung}, [TUBE, conduit, lung])
    assert box_of(array == 2) == ((5, 25), (18, 22), (18, 22))
    assert (array[conduit] == 3).all()
    assert (array[lung] == 5).all()


LUNG = (slice(2, 28), slice(9, 31), slice(9, 20))  # 26 x 22 x 11 voxels of 64 mm3: 403 ml
INTO_LUNG = (slice(10, 20), slice(15, 25), slice(17, 24))  # drawn three voxels too far


def test_lung_is_its_air_whatever_solid_was_drawn_there() -> None:
    array = refined({5: LUNG, 4: INTO_LUNG}, [LUNG])
    assert (array[LUNG] == 5).all()
    assert box_of(array == 4) == ((10, 20), (15, 25), (20, 24))


def test_a_solid_focus_in_a_lung_stays_what_it_was_drawn_as() -> None:
    """Density does not tell a tumour from the heart; lung encloses it all the same."""
    labels = {5: LUNG, 4: (slice(12, 15), slice(18, 21), slice(12, 15))}
    array = refined(labels, [LUNG], solid=labels[4])
    assert (array[labels[4]] == 4).all()


def test_air_of_a_hollow_organ_in_the_chest_is_not_lung() -> None:
    """A gastric tube that lies against the lung and holds air."""
    array = refined({5: LUNG, 3: INTO_LUNG}, [LUNG])
    assert (array[INTO_LUNG] == 3).all()


def test_the_thin_edge_of_a_lung_is_lung() -> None:
    """A costophrenic recess one voxel wide, drawn as body: opening takes it for no lung."""
    recess = (slice(2, 28), slice(31, 33), slice(9, 10))
    array = refined({5: LUNG}, [LUNG, recess])
    assert (array[recess] == 5).all()


def test_a_lung_that_the_scan_cuts_is_lung_however_little_is_left() -> None:
    """13 x 8 x 3 voxels of air, 20 ml; drawn are the inner seven rows."""
    base = (slice(27, 30), slice(10, 23), slice(9, 17))
    array = refined({5: (base[0], slice(13, 20), base[2])}, [base])
    assert (array[base] == 5).all()


def test_a_lung_behind_a_thin_wall_is_lung() -> None:
    """A wall of two voxels breaks when tables are taken off the body's outline."""
    lung = (slice(0, 30), slice(5, 35), slice(5, 18))
    array = refined({5: (slice(0, 30), slice(8, 32), slice(7, 18))}, [lung])
    assert (array[:, 8:32, 5:18] == 5).all()
    assert not (array[:, :, :5] == 5).any()


DRAWN = (slice(8, 22), slice(10, 24), slice(10, 24))
FAT = (slice(8, 22), slice(10, 24), slice(20, 24))


def test_fat_drawn_as_liver_is_body() -> None:
    array = refined({6: DRAWN}, [], fat=FAT)
    assert box_of(array == 6) == ((8, 22), (10, 24), (10, 20))
    assert (array[FAT] == 1).all()


def test_a_speck_as_dense_as_fat_is_noise_of_its_organ() -> None:
    """Seven voxels of 64 mm3 are less than 0.5 ml."""
    speck = (slice(12, 13), slice(14, 15), slice(11, 18))
    assert (refined({6: DRAWN}, [], fat=speck)[speck] == 6).all()


@pytest.mark.parametrize(("organ", "stays"), [(3, False), (7, True)], ids=["stomach", "colon"])
def test_a_hollow_organ_keeps_its_gas_and_a_colon_what_is_as_dense_as_fat(
    organ: int, stays: bool
) -> None:
    gas = (slice(8, 22), slice(12, 22), slice(12, 18))
    array = refined({organ: DRAWN}, [gas], fat=FAT)
    assert (array[gas] == organ).all()
    assert (array[FAT] == (organ if stays else 1)).all()


def test_air_drawn_as_heart_is_airway() -> None:
    array = refined({2: BLOB, 4: (slice(5, 12), slice(15, 22), slice(15, 20))}, [TUBE])
    assert box_of(array == 2) == ((5, 25), (18, 22), (18, 22))
    assert (array[5:12, 15:18, 15:20] == 4).all()


@pytest.mark.parametrize("axis", [1, 2])
def test_a_mirrored_patient_has_a_mirrored_airway(axis: int) -> None:
    def mirrored(box: tuple[slice, ...]) -> tuple[slice, ...]:
        n = SHAPE[axis]
        flipped = slice(n - box[axis].stop, n - box[axis].start)
        return tuple(flipped if at == axis else one for at, one in enumerate(box))

    there = refined({2: mirrored(BLOB)}, [mirrored(TUBE)])
    assert np.array_equal(there, np.flip(refined({2: BLOB}, [TUBE]), axis))


def test_a_shifted_grid_and_one_upside_down_have_the_same_airway() -> None:
    labels, hu = np.full(SHAPE, 1, np.int16), np.full(SHAPE, 40.0, np.float32)
    labels[BLOB], hu[TUBE] = 2, -950.0
    moved, flipped = geometry().affine.copy(), geometry().affine.copy()
    moved[:3, 3] += (31.0, -17.0, 222.0)
    flipped[:3, 3] += flipped[:3, 0] * (SHAPE[0] - 1)
    flipped[:3, 0] *= -1
    found = []
    for affine, order in ((geometry().affine, 1), (moved, 1), (flipped, -1)):
        grid = replace(geometry(), affine=affine)
        ct = Volume(array=hu[::order], unit=Unit.HU, geometry=grid)
        drawn = LabelMap(array=labels[::order], names=NAMES, geometry=grid)
        found.append(refine_by_density(drawn, ct, OUTLINE).array[::order])
    assert (found[0] == 2).sum() == 20 * 4 * 4
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
