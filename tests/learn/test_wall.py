"""Liver and spleen that reach the chest wall: drawn by hand on 4 mm."""

from dataclasses import replace

import numpy as np
import pytest

from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.learn.samples import Sample
from oligocount.learn.wall import WallSettings, nearer_to_the_wall

NUMBER = {name: n for n, name in enumerate(load_vocabulary().network, start=1)}
LIVER, RIB = (slice(4, 16), slice(8, 22), slice(12, 24)), (slice(2, 18), slice(6, 24), slice(5, 6))
SPINE = (slice(2, 18), slice(12, 18), slice(32, 36))
ALWAYS = WallSettings(share=1.0, most_mm=40.0)


def sample() -> Sample:
    """From x = 5: a plate of rib, six voxels of muscle, liver; muscle beyond the rib, too."""
    organs = np.full((20, 30, 40), NUMBER["muscle"], np.uint8)
    for name, box in (("liver", LIVER), ("rib", RIB), ("vertebrae_T", SPINE)):
        organs[box] = NUMBER[name]
    ct = np.where(organs == NUMBER["liver"], 55, 20).astype(np.int16)
    suv = np.where(organs == NUMBER["liver"], 2.0, 0.5).astype(np.float16)
    return Sample(spacing_mm=4.0, suv=suv, ct=ct, organs=organs, lesions=None)


def furthest(settings: WallSettings) -> Sample:
    """Of some draws that which grew most."""
    draws = [
        nearer_to_the_wall(sample(), np.random.default_rng(seed), settings) for seed in range(12)
    ]
    return max(draws, key=lambda one: int((one.organs == NUMBER["liver"]).sum()))


def test_the_liver_grows_up_to_a_voxel_before_the_rib_and_nowhere_else() -> None:
    grown = furthest(ALWAYS)
    new = (grown.organs == NUMBER["liver"]) & (sample().organs != NUMBER["liver"])
    assert new[8:12, 12:18, 6:12].all()
    assert not new[:, :, :6].any()
    assert not new[:, :, 24:].any()
    for name in ("rib", "vertebrae_T"):
        there = sample().organs == NUMBER[name]
        assert np.array_equal(grown.organs == NUMBER[name], there)


def test_density_and_uptake_come_with_it() -> None:
    grown = furthest(ALWAYS)
    liver = grown.organs == NUMBER["liver"]
    assert (grown.ct[liver] == 55).all()
    assert (grown.suv[liver] == 2.0).all()
    assert np.array_equal(grown.ct[~liver], sample().ct[~liver])


def test_the_other_side_grows_to_the_other_side() -> None:
    def flipped(one: Sample) -> Sample:
        return replace(
            one, suv=one.suv[..., ::-1], ct=one.ct[..., ::-1], organs=one.organs[..., ::-1]
        )

    there = nearer_to_the_wall(flipped(sample()), np.random.default_rng(1), ALWAYS)
    here = nearer_to_the_wall(sample(), np.random.default_rng(1), ALWAYS)
    assert np.array_equal(
        there.organs[..., ::-1] == NUMBER["liver"], here.organs == NUMBER["liver"]
    )
    assert (here.organs == NUMBER["liver"]).sum() > (sample().organs == NUMBER["liver"]).sum()


@pytest.mark.parametrize("missing", ["rib", "liver"])
def test_without_ribs_or_organ_nothing_grows(missing: str) -> None:
    one = sample()
    one.organs[one.organs == NUMBER[missing]] = NUMBER["muscle"]
    after = nearer_to_the_wall(one, np.random.default_rng(1), ALWAYS)
    assert np.array_equal(after.organs, one.organs)


def test_half_of_the_samples_stay_as_they_are() -> None:
    settings = WallSettings(share=0.5, most_mm=40.0)
    same = [
        nearer_to_the_wall(one, np.random.default_rng(seed), settings) is one
        for seed in range(60) for one in (sample(),)
    ]  # fmt: skip
    assert 15 < sum(same) < 45
