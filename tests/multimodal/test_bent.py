"""A bend is asked for, told, and what is drawn on the MR goes through it."""

from dataclasses import replace

import numpy as np
import pytest

import drawn_body
from oligocount.config import load_settings, with_bending
from oligocount.domain.lesion import LesionMap
from oligocount.domain.mr import MrFacts, MrRegion, MrSequence
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.registration import Bend, Move, MoveSource
from oligocount.domain.study import AlignedImages, MrImage
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.multimodal import MrLesions, bring, frames, see
from oligocount.quantify.deform import Bending

GRID = drawn_body.geometry()
CENTRE = GRID.to_lps_mm(np.array([GRID.shape]) / 2.0)[0]
SHIFT_MM = np.array([6.0, -4.0, 8.0])


def everywhere(shift_mm: np.ndarray) -> Bend:
    """A bend that is a shift."""
    field = np.broadcast_to(shift_mm.astype(np.float32), (*GRID.shape, 3)).copy()
    return Bend(field_mm=field, geometry=GRID)


def marked() -> MrLesions:
    """A ball of 10 mm about the middle of the frame, on an MR of 2 mm."""
    affine = np.eye(4)[[2, 1, 0, 3]] * [2.0, 2.0, 2.0, 1]
    affine[:3, 3] = CENTRE - 40
    geometry = Geometry(shape=(41, 41, 41), affine=affine)
    world = geometry.to_lps_mm(np.argwhere(np.ones(geometry.shape, bool)).astype(float))
    ball = (np.linalg.norm(world - CENTRE, axis=1) <= 10).reshape(geometry.shape)
    volume = Volume(array=ball.astype(np.float32), unit=Unit.ARBITRARY, geometry=geometry)
    facts = MrFacts(sequence=MrSequence.T2, region=MrRegion.LIVER)
    lesions = LesionMap(
        labels=LabelMap(array=ball.astype(np.int32), names={1: "1"}, geometry=geometry),
        probability={1: None},
        model=ModelInfo(name="reader", version="1"),
    )
    image = MrImage(kind="t2", series_uid="1", volume=volume, facts=facts)
    return MrLesions(image=image, lesions=lesions)


def test_what_is_drawn_on_a_bent_mr_lies_where_the_bend_puts_it() -> None:
    still = Move(matrix=np.eye(4), source=MoveSource.BENT, uncertainty_mm=3.0)
    (plain,) = see(marked(), GRID, still)
    (bent,) = see(marked(), GRID, replace(still, bend=everywhere(SHIFT_MM)))
    assert plain.points_lps_mm is not None
    assert bent.points_lps_mm is not None
    # What lies at p in the frame lies at p + u in the rigidly moved MR.
    assert bent.points_lps_mm.mean(axis=0) == pytest.approx(CENTRE - SHIFT_MM, abs=0.1)
    voxel_mm = max(GRID.spacing_mm)
    middle = GRID.to_lps_mm(bent.index.astype(float)).mean(axis=0)
    assert middle == pytest.approx(CENTRE - SHIFT_MM, abs=voxel_mm)
    assert len(bent.index) == pytest.approx(len(plain.index), rel=0.5, abs=4)


def images() -> AlignedImages:
    suv = Volume(array=np.ones(GRID.shape, np.float32), unit=Unit.SUVBW, geometry=GRID)
    return AlignedImages(suv=suv, ct=None)


@pytest.mark.parametrize(
    ("wanted", "helps", "code"),
    [(False, True, None), (True, True, "MR_BENT"), (True, False, "MR_NOT_BENT")],
)
def test_a_bend_is_made_only_on_request_and_told(
    monkeypatch: pytest.MonkeyPatch, wanted: bool, helps: bool, code: str | None
) -> None:
    def bend(mr: Volume, onto: Volume, move: Move, settings: object) -> Bending:
        bent = replace(move, bend=everywhere(SHIFT_MM), source=MoveSource.BENT) if helps else None
        return Bending(move=bent, before=0.5, after=0.6, reason="as asked")

    monkeypatch.setattr(frames, "bend", bend)
    monkeypatch.setattr(frames, "_contradicted", lambda *_: [])
    settings = with_bending(load_settings(), wanted=wanted).quantify.register
    found = bring((marked().image,), images(), drawn_body.organ_map(), settings)
    move = found.moves["1"]
    assert move is not None
    assert (move.bend is not None) == (wanted and helps)
    told = {each.code for each in found.caveats} & {"MR_BENT", "MR_NOT_BENT"}
    assert told == ({code} if code else set())
