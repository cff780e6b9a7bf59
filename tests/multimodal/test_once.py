"""Marks on several MR of one frame of reference: one tumour is one lesion."""

from dataclasses import replace

import numpy as np
import pytest

from oligocount.config import load_settings
from oligocount.domain.lesion import LesionMap
from oligocount.domain.mr import MrFacts, MrSequence
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import MrImage
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.multimodal import MrLesions, see
from oligocount.multimodal.once import once

SETTINGS = load_settings().multimodal
SIDE_MM = 120.0
Ball = tuple[float, float]  # where along x, and the radius, in mm


def marks(
    sequence: MrSequence,
    *balls: Ball,
    spacing_mm: float = 3.0,
    frame: str | None = "mr",
    probability: float | None = None,
) -> MrLesions:
    """Balls on a cube of an MR."""
    side = round(SIDE_MM / spacing_mm)
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])[[2, 1, 0, 3]]
    geometry = Geometry(shape=(side,) * 3, affine=affine, frame_of_reference_uid=frame)
    world = geometry.to_lps_mm(np.argwhere(np.ones(geometry.shape, bool)).astype(float))
    array = np.zeros(geometry.shape, np.int32)
    for number, (x, radius_mm) in enumerate(balls, start=1):
        inside = np.linalg.norm(world - (x, 60.0, 60.0), axis=1) <= radius_mm
        array[inside.reshape(geometry.shape)] = number
    volume = Volume(
        array=np.zeros(geometry.shape, np.float32), unit=Unit.ARBITRARY, geometry=geometry
    )
    facts = MrFacts(sequence=sequence)
    image = MrImage(kind=facts.kind, series_uid=sequence.value, volume=volume, facts=facts)
    names = {number: str(number) for number in range(1, len(balls) + 1)}
    labels = LabelMap(array=array, names=names, geometry=geometry)
    model = ModelInfo(name="hand", version="1")
    chances = dict.fromkeys(names, probability)
    return MrLesions(
        image=image, lesions=LesionMap(labels=labels, probability=chances, model=model)
    )


def told(*marked: MrLesions) -> list[tuple[str, float]]:
    """The sequences and the volume of each lesion that is left."""
    grid = replace(marked[0].image.volume.geometry, frame_of_reference_uid="pet")
    seen = [see(each, grid, None) for each in marked]
    return [
        (
            "+".join(word for word in ("T1", "T2") if word in one.measures.sequence),
            one.measures.volume_ml,
        )
        for one in once(marked, seen, SETTINGS)
    ]


def test_a_tumour_drawn_on_t1_and_t2_is_one_measured_on_the_first() -> None:
    first = marks(MrSequence.T2, (60, 15))
    (one,) = told(first, marks(MrSequence.T1, (63, 14), spacing_mm=2.0))
    assert one == ("T1+T2", told(first)[0][1])


def test_what_lies_apart_stays_apart() -> None:
    found = told(marks(MrSequence.T2, (30, 12)), marks(MrSequence.T1, (30, 12), (90, 9)))
    assert [each for each, _ in found] == ["T1+T2", "T1"]


def test_two_that_one_mark_covers_are_one_and_another() -> None:
    """Nobody knows whether it is one or two: the second is left to be counted both ways."""
    found = told(marks(MrSequence.T2, (60, 30)), marks(MrSequence.T1, (45, 10), (75, 10)))
    assert [each for each, _ in found] == ["T1+T2", "T1"]


def test_a_third_mark_joins_by_either_of_the_two_before() -> None:
    chain = [marks(MrSequence.T2, (50, 12)), marks(MrSequence.T1, (58, 12))]
    found = told(*chain, marks(MrSequence.STIR, (69, 12)))
    assert len(found) == 1


@pytest.mark.parametrize("frame", ["another", None])
def test_marks_of_other_frames_are_not_held_against_each_other(frame: str | None) -> None:
    found = told(marks(MrSequence.T2, (60, 15), frame=frame), marks(MrSequence.T1, (60, 15)))
    assert [each for each, _ in found] == ["T2", "T1"]


@pytest.mark.parametrize(("chances", "expected"), [((0.4, 0.7), 0.7), ((0.4, None), None)])
def test_a_reader_outweighs_a_model(
    chances: tuple[float, float | None], expected: float | None
) -> None:
    marked = [
        marks(sequence, (60, 15), probability=chance)
        for sequence, chance in zip((MrSequence.T2, MrSequence.T1), chances, strict=True)
    ]
    grid = marked[0].image.volume.geometry
    (one,) = once(marked, [see(each, grid, None) for each in marked], SETTINGS)
    assert one.probability == expected
