"""Foci take the place, size and uptake they were given, and never leave their hosts."""

import numpy as np
import pytest

from oligocount.domain.lesion import Kind
from oligocount.domain.volume import Geometry
from oligocount.simulate.body import BodyMap
from oligocount.simulate.lesions import Canvas, Focus, lay


def canvas(spacing_mm: float = 2.0) -> Canvas:
    """A block of `liver` (left half) and `lung` in air."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[2:38, 2:38, 2:20], labels[2:38, 2:38, 20:38] = 1, 2
    affine = np.diag([spacing_mm] * 3 + [1.0])[:, [2, 1, 0, 3]]
    body = BodyMap(
        labels=labels, names=("", "liver", "lung"), cortex=np.zeros(labels.shape, bool),
        stations=np.zeros_like(labels), station_names=("background",),
        geometry=Geometry(shape=(40, 40, 40), affine=affine),
    )  # fmt: skip
    shape = labels.shape
    return Canvas(
        body=body, activity=np.ones(shape, np.float32), density=np.zeros(shape, np.float32),
        lesions=np.zeros(shape, np.uint8), mimics=np.zeros(shape, np.uint8),
    )  # fmt: skip


def focus(**changes: object) -> Focus:
    values: dict[str, object] = {
        "kind": Kind.ORGAN, "organ": "liver", "structure": "liver", "centre": (20, 20, 11),
        "radii_mm": (12.0, 12.0, 12.0), "suv": 9.0, "hu": 40.0, "bumpy": 0.0,
    }  # fmt: skip
    return Focus(**{**values, **changes})  # type: ignore[arg-type]


def test_a_sphere_has_the_volume_of_its_radius() -> None:
    laid = canvas()
    assert lay(laid, focus(), 3, np.random.default_rng(0))
    volume = (laid.lesions == 3).sum() * 8 / 1000
    assert volume == pytest.approx(4 / 3 * np.pi * 1.2**3, rel=0.06)
    assert laid.activity[laid.lesions == 3].mean() == pytest.approx(9.0, rel=0.15)
    assert laid.activity[laid.lesions == 0].max() < 6


def test_a_focus_stays_within_its_hosts() -> None:
    laid = canvas()
    lay(laid, focus(centre=(20, 20, 18), hosts=("liver",)), 1, np.random.default_rng(0))
    assert laid.lesions.any()
    assert (laid.body.labels[laid.lesions > 0] == 1).all()


def test_a_cold_core_is_colder_than_the_rim() -> None:
    laid = canvas()
    lay(laid, focus(cold_core=0.6), 1, np.random.default_rng(0))
    assert laid.activity[20, 20, 11] < 3 < laid.activity[20, 20, 16]


def test_a_focus_smaller_than_a_voxel_keeps_its_dose() -> None:
    """What a voxel holds of a 1.5 mm sphere in 8 mm voxels is its volume times its uptake."""
    laid = canvas(spacing_mm=8.0)
    small = focus(radii_mm=(3.0, 3.0, 3.0), centre=(20, 20, 10))
    assert lay(laid, small, 1, np.random.default_rng(0))
    gained = float((laid.activity - 1).sum()) * 0.512
    assert gained == pytest.approx(4 / 3 * np.pi * 0.3**3 * 8.0, rel=0.35)


def test_benign_foci_go_to_their_own_map() -> None:
    laid = canvas()
    lay(laid, focus(kind=Kind.PHYSIOLOGIC), 5, np.random.default_rng(0))
    assert not laid.lesions.any()
    assert (laid.mimics == 5).any()


def test_a_focus_in_air_finds_no_room() -> None:
    laid = canvas()
    assert not lay(laid, focus(hosts=("brain",)), 1, np.random.default_rng(0))
    assert not laid.lesions.any()
