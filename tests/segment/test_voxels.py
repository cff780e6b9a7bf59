"""The voxel network is asked slab by slab within the body, and every voxel comes back in place."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.inference.channels import Inputs
from oligocount.segment.voxels import lesion_chance

SHAPE = (230, 20, 24)
BODY = (slice(10, 225), slice(5, 15), slice(6, 20))


@dataclass
class Metadata:
    channels: tuple[str, ...] = ("suv_log", "has_ct", "organs:heart", "has_organs")


@dataclass
class Asked:
    """Says a tenth of the first channel, and half more in the heart."""

    metadata: Metadata = field(default_factory=Metadata)
    seen: list[tuple[int, ...]] = field(default_factory=list)

    def predict(self, channels: np.ndarray) -> np.ndarray:
        self.seen.append(channels.shape)
        return channels[:1] / 10 + channels[2:3] / 2


def inputs() -> Inputs:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = 4.0
    affine[3, 3] = 1.0
    geometry = Geometry(shape=SHAPE, affine=affine)
    suv, heart = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.int32)
    suv[BODY] = np.random.default_rng(0).uniform(0.5, 9.0, suv[BODY].shape)
    heart[100:120, 8:12, 8:14] = 1
    return Inputs(
        suv=Volume(array=suv, unit=Unit.SUVBW, geometry=geometry),
        organs=LabelMap(array=heart, names={1: "heart"}, geometry=geometry),
    )


def test_every_voxel_of_the_body_comes_back_where_it_was() -> None:
    given, network = inputs(), Asked()
    assert given.suv is not None
    assert given.organs is not None
    expected = np.log1p(given.suv.array) / 10 + (given.organs.array > 0) / 2
    np.testing.assert_allclose(lesion_chance(network, given), expected, atol=1e-6)


def test_no_more_than_a_slab_of_the_body_is_seen_at_a_time() -> None:
    network = Asked()
    lesion_chance(network, inputs())
    assert len(network.seen) == 3
    assert max(shape[1] for shape in network.seen) <= 96 + 2 * 16
    assert {shape[2:] for shape in network.seen} == {(10 + 8, 14 + 8)}


def test_without_uptake_there_is_nothing_to_look_at() -> None:
    only = Inputs(organs=inputs().organs)
    with pytest.raises(ValueError, match="uptake"):
        lesion_chance(Asked(), only)
