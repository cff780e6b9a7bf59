"""Surgery changes what it says and leaves the rest."""

import numpy as np
import pytest

from oligocount.simulate.atlas import load_patient, load_template, patient_numbers
from oligocount.simulate.body import BodyMap, draw_body
from oligocount.simulate.grids import Extent, draw_grid
from oligocount.simulate.pose import draw_pose
from oligocount.simulate.surgery import Surgery, operate


@pytest.fixture(scope="module")
def body() -> BodyMap:
    rng = np.random.default_rng(4)
    pose = draw_pose(rng, arms_up=True)
    grid = draw_grid(rng, spacing_mm=6.0, scale=pose.scale[0], extent=Extent.EYES_TO_THIGHS)
    patient = load_patient(patient_numbers(held_out=True)[0])
    return draw_body(grid, pose, patient, load_template(), female=False)


def test_nothing_done_is_the_same_body(body: BodyMap) -> None:
    assert operate(body, Surgery.NONE, np.random.default_rng(0)) is body


def test_a_conduit_is_stomach_in_the_chest(body: BodyMap) -> None:
    after = operate(body, Surgery.CONDUIT, np.random.default_rng(0))
    carina = np.flatnonzero(body.where("bronchus").any(axis=(1, 2))).mean()
    assert not body.where("stomach")[int(carina)].any()
    assert after.where("stomach")[int(carina)].any()
    assert after.where("esophagus").sum() < body.where("esophagus").sum()
    assert np.array_equal(after.where("liver"), body.where("liver"))


def test_pneumonectomy_takes_one_lung_and_leaves_the_other(body: BodyMap) -> None:
    after = operate(body, Surgery.PNEUMONECTOMY, np.random.default_rng(0))
    sides = [
        after.where(*(n for n in body.names if n.startswith("lung_") and n.endswith(side))).sum()
        for side in ("_left", "_right")
    ]
    assert min(sides) == 0 < max(sides)
    assert after.where("pleural_effusion").any()


def test_an_effusion_lies_at_the_back(body: BodyMap) -> None:
    after = operate(body, Surgery.EFFUSION, np.random.default_rng(0))
    fluid, air = after.where("pleural_effusion"), after.where("lung_")
    assert np.argwhere(fluid)[:, 1].mean() > np.argwhere(air)[:, 1].mean()
