"""How hot a structure is without a focus: against the plain way, a mask over the whole grid."""

import numpy as np
import pytest
from scipy import ndimage

import drawn_body
from oligocount.anatomy import map_anatomy
from oligocount.config import load_settings
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.volume import LabelMap
from oligocount.geometry.memory import Memory
from oligocount.locate import measure
from oligocount.locate.evidence import build_scene, gather
from oligocount.locate.levels import level_outside


@pytest.mark.parametrize("stem", ["liver", "lung", "vertebra", "nothing"])
@pytest.mark.parametrize("percentile", [50, 95])
def test_a_level_leaves_out_the_focus_and_its_blur(stem: str, percentile: float) -> None:
    suv = np.random.default_rng(0).uniform(0.5, 3, drawn_body.SHAPE).astype(np.float32)
    labels = np.zeros(drawn_body.SHAPE, np.int32)
    for number, point in enumerate([(-60, 0, 340), (-80, 40, 540), (0, 60, 450)], start=1):
        mask = drawn_body.ball(point, 12)
        suv[mask], labels[mask] = 9.0, number
    images = drawn_body.images(suv)
    anatomy = map_anatomy(drawn_body.organ_map(), images, load_settings().anatomy)
    foci = LesionMap(
        labels=LabelMap(array=labels, names={}, geometry=drawn_body.geometry()),
        probability={}, model=ModelInfo(name="hand", version="1"),
    )  # fmt: skip
    scene = build_scene(foci, anatomy, images, 20.0, Memory())
    boxes = ndimage.find_objects(labels)
    for lesion in measure(foci, images.suv):
        focus = gather(scene, lesion, boxes[lesion.id - 1])
        inside = scene.mask(stem)
        inside &= ~ndimage.binary_dilation(labels == lesion.id, iterations=2)
        expected = np.percentile(suv[inside], percentile) if inside.sum() >= 20 else None
        found = level_outside(scene, focus, (stem,), percentile=percentile)
        assert found == (None if expected is None else pytest.approx(expected))
        again = level_outside(scene, focus, (stem,), percentile=percentile)
        assert again == found
