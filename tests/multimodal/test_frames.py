"""MR brought into the PET's frame: as it stands, registered, or refused."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import drawn_body
from oligocount.config import load_settings
from oligocount.domain.mr import MrFacts, MrSequence
from oligocount.domain.registration import MoveSource
from oligocount.domain.study import MrImage
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.multimodal import bring
from oligocount.quantify.register import register

SETTINGS = load_settings().quantify.register
COARSE = replace(  # quick, where only what is made of a registration matters
    SETTINGS, spacing_mm=8.0, rival_turns=30, rivals=1, starts=1, repeat_rounds=1,
    judge_samples=4000, iterations=30, max_spread_mm=12.0,
)  # fmt: skip
ORGANS = drawn_body.organ_map()
LEVELS = {"lung": -800.0, "vertebrae": 300.0, "sacrum": 300.0, "body": 30.0, "air": -1000.0}


def painted(levels: dict[str, float], default: float, air: float) -> np.ndarray:
    """The drawn body with a value by organ, a little blurred."""
    out = np.full(drawn_body.SHAPE, air, np.float32)
    for label, name in ORGANS.labels.names.items():
        stem = next((each for each in levels if name.startswith(each)), None)
        out[ORGANS.labels.array == label] = levels[stem] if stem else default
    rng = np.random.default_rng(1)
    return ndimage.gaussian_filter(out, 0.8) + rng.normal(0, 10, out.shape).astype(np.float32)


CT = Volume(
    array=painted(LEVELS | {"liver": 110.0, "heart": 60, "kidney": 40, "aorta": 50, "stomach": 10},
                  30.0, -1000.0),
    unit=Unit.HU, geometry=drawn_body.geometry(),
)  # fmt: skip
T2 = painted(
    {"lung": 5.0, "vertebrae": 60, "sacrum": 60, "liver": 120, "spleen": 420, "kidney": 500,
     "heart": 250, "stomach": 600, "aorta": 20, "body": 220, "urinary": 800}, 200.0, 0.0,
)  # fmt: skip


def rigid(angle_deg: float, axis: tuple[float, ...], shift: tuple[float, ...]) -> np.ndarray:
    """A turn about the middle of the liver, then a shift."""
    unit = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -unit[2], unit[1]], [unit[2], 0, -unit[0]], [-unit[1], unit[0], 0]])
    angle = np.radians(angle_deg)
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    centre = np.array((0.0, 0.0, 330.0))
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, centre + shift - turn @ centre
    return matrix


def abdomen(matrix: np.ndarray, uid: str | None = "mr") -> MrImage:
    """The slices from 200 to 460 mm as MR, put elsewhere by `matrix`."""
    affine = CT.geometry.affine.copy()
    affine[:3, 3] = CT.geometry.to_lps_mm(np.array([40.0, 0, 0]))
    geometry = Geometry(
        shape=(52, *drawn_body.SHAPE[1:]), affine=matrix @ affine, frame_of_reference_uid=uid
    )
    volume = Volume(array=T2[40:92], unit=Unit.ARBITRARY, geometry=geometry)
    return MrImage(kind="t2", series_uid="1", volume=volume)


@pytest.mark.slow
@pytest.mark.parametrize(
    "known",
    [rigid(0, (1, 0, 0), (40, 0, 0)), rigid(15, (1, 1, 1), (0, 0, 0)),
     rigid(-12, (0, 1, 2), (-20, 25, 20))],
    ids=["40 mm", "15 degrees", "both"],
)  # fmt: skip
def test_a_known_move_is_recovered_within_2_mm_and_1_degree(known: np.ndarray) -> None:
    outcome = register(abdomen(known).volume, CT, SETTINGS)
    assert outcome.move is not None, outcome.reason
    left = outcome.move.matrix @ known
    angle = np.degrees(np.arccos(np.clip((np.trace(left[:3, :3]) - 1) / 2, -1, 1)))
    centre = np.array([0, 0, 330.0, 1])
    assert np.linalg.norm((left @ centre - centre)[:3]) <= 2.0
    assert angle <= 1.0


@pytest.mark.slow
def test_noise_is_refused_with_the_reason() -> None:
    rng = np.random.default_rng(0)
    noise = ndimage.gaussian_filter(rng.random((40, 50, 50)), 1.5).astype(np.float32)
    geometry = Geometry(shape=(40, 50, 50), affine=CT.geometry.affine)
    mr = Volume(array=noise, unit=Unit.ARBITRARY, geometry=geometry)
    outcome = register(mr, CT, SETTINGS)
    assert outcome.move is None
    assert outcome.reason


@pytest.mark.slow
@pytest.mark.parametrize("axes", [(0, 1), (0, 2)], ids=["x", "y"])
def test_an_mr_turned_over_is_not_believed(axes: tuple[int, int]) -> None:
    mr = abdomen(np.eye(4)).volume
    outcome = register(replace(mr, array=np.flip(mr.array, axes).copy()), CT, SETTINGS)
    assert outcome.move is None
    assert outcome.reason


def with_frame(uid: str | None) -> object:
    images = drawn_body.images()
    grid = replace(images.suv.geometry, frame_of_reference_uid=uid)
    return replace(images, suv=replace(images.suv, geometry=grid))


def test_one_frame_of_reference_is_taken_as_it_stands() -> None:
    frames = bring((abdomen(np.eye(4), "a"),), with_frame("a"), ORGANS, SETTINGS)
    move = frames.moves["1"]
    assert move is not None
    assert move.source is MoveSource.SAME_FRAME
    assert np.array_equal(move.matrix, np.eye(4))
    assert frames.caveats == ()


def test_one_frame_but_no_common_place_is_told() -> None:
    far = rigid(0, (1, 0, 0), (0, 0, 2000))
    frames = bring((abdomen(far, "a"),), with_frame("a"), ORGANS, SETTINGS)
    assert [each.code for each in frames.caveats] == ["MR_BEYOND_PET"]


@pytest.mark.parametrize(("shift_mm", "doubted"), [(0.0, False), (5.0, False), (45.0, True)])
def test_one_frame_that_the_images_contradict_is_told(shift_mm: float, *, doubted: bool) -> None:
    mr = abdomen(rigid(0, (1, 0, 0), (shift_mm, 0, 0)), "a")
    frames = bring((mr,), replace(with_frame("a"), ct=CT), ORGANS, SETTINGS)
    codes = [each.code for each in frames.caveats]
    assert codes == (["MR_FRAME_DOUBTFUL"] if doubted else [])


def test_frames_that_nobody_states_are_told() -> None:
    frames = bring((abdomen(np.eye(4), None),), with_frame(None), ORGANS, SETTINGS)
    assert [each.code for each in frames.caveats] == ["MR_FRAME_NOT_STATED"]


def with_facts(one: MrImage, sequence: MrSequence, uid: str) -> MrImage:
    return replace(one, kind=sequence.value, series_uid=uid, facts=MrFacts(sequence=sequence))


@pytest.mark.slow
def test_an_mr_that_says_nothing_by_itself_moves_with_that_of_its_frame() -> None:
    known = rigid(5, (0, 0, 1), (20, 10, 0))
    t2 = with_facts(abdomen(known), MrSequence.T2, "t2")
    noise = np.random.default_rng(0).random(t2.volume.array.shape).astype(np.float32)
    t1 = with_facts(replace(t2, volume=replace(t2.volume, array=noise)), MrSequence.T1, "t1")
    frames = bring((t1, t2), replace(with_frame("a"), ct=CT), ORGANS, COARSE)
    move = frames.moves["t2"]
    assert move is not None, frames.caveats
    assert frames.moves["t1"] is move
    assert np.abs(move.matrix @ known - np.eye(4))[:3, :3].max() < 0.05
    assert [each.code for each in frames.caveats] == ["MR_REGISTERED", "MR_MOVED_ALONG"]
    assert frames.caveats[1].text.startswith("MR (T1")


def test_mr_of_one_frame_that_contradict_each_other_are_told() -> None:
    t1 = with_facts(abdomen(np.eye(4)), MrSequence.T1, "t1")
    t2 = with_facts(abdomen(rigid(0, (1, 0, 0), (45, 0, 0))), MrSequence.T2, "t2")
    frames = bring((t1, t2), replace(with_frame("a"), ct=CT), ORGANS, COARSE)
    assert frames.moves["t1"] is not None
    assert frames.moves["t1"] is frames.moves["t2"]
    codes = [each.code for each in frames.caveats]
    assert codes == ["MR_REGISTERED", "MR_MOVED_ALONG", "MR_FRAME_DOUBTFUL"]


@pytest.mark.slow
def test_a_registration_that_fails_leaves_no_move_and_says_so() -> None:
    noise = abdomen(np.eye(4), "b")
    rng = np.random.default_rng(0)
    volume = replace(noise.volume, array=rng.random(noise.volume.array.shape).astype(np.float32))
    frames = bring((replace(noise, volume=volume),), with_frame("a"), ORGANS, SETTINGS)
    assert frames.moves == {"1": None}
    assert [each.code for each in frames.caveats] == ["MR_NOT_REGISTERED"]
