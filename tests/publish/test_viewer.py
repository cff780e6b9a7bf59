"""The viewer: one page without a network; what it shows is what was found, and where."""

import base64
import dataclasses
import gzip
import json
import re

import nibabel as nib
import numpy as np
import pytest

from oligocount.config import load_settings
from oligocount.domain.anatomy import Anatomy
from oligocount.publish.pages import TEMPLATES
from oligocount.publish.result_json import result_document
from oligocount.publish.viewer import render_viewer

from . import builders

SETTINGS = load_settings().publish


def page(max_voxels: int = 10**9, **parts: object) -> str | None:
    result = builders.result(**parts)
    viewer = dataclasses.replace(SETTINGS.viewer, max_voxels=max_voxels)
    settings = dataclasses.replace(SETTINGS, viewer=viewer)
    return render_viewer(result_document(result), result, settings)


def data_of(html: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])


def image_of(html: str, name: str) -> nib.Nifti1Image:
    packed = base64.b64decode(data_of(html)["volumes"][name])
    return nib.Nifti1Image.from_bytes(gzip.decompress(packed))


@pytest.fixture(scope="module")
def html() -> str:
    return page()


def test_it_asks_for_nothing_from_elsewhere(html: str) -> None:
    assert re.findall(r'(?:src|href)="(?!report\.html")', html) == []
    assert "importScripts" not in html


def test_the_library_stands_in_the_page_unchanged(html: str) -> None:
    assert (TEMPLATES / "vendor" / "niivue.umd.js").read_text("utf-8") in html


def test_uptake_is_told_in_tenths(html: str) -> None:
    image = image_of(html, "suv")
    truth = builders.images(builders.geometry()).suv.array.transpose(2, 1, 0)
    np.testing.assert_allclose(np.asarray(image.dataobj) * 0.1, truth, atol=0.051)


def test_points_lie_in_their_lesions_and_physiologic_foci_apart(html: str) -> None:
    """Focus 6 is physiologic."""
    found = {}
    for label, (x, y, z) in data_of(html)["points"].items():
        for name in ("lesions", "physiologic"):
            image = image_of(html, name)
            index = nib.affines.apply_affine(np.linalg.inv(image.affine), (-x, -y, z))
            if np.asarray(image.dataobj)[tuple(np.rint(index).astype(int))]:
                found[label] = name
    assert found == {**dict.fromkeys("12345", "lesions"), "6": "physiologic"}


def test_stations_are_told_by_their_titles(html: str) -> None:
    assert data_of(html)["stations"] == ["", "104L"]
    assert set(np.unique(np.asarray(image_of(html, "stations").dataobj))) == {0, 1, 101}


def test_a_line_lies_where_a_lesion_ends_and_nowhere_inside(html: str) -> None:
    """A ball of two voxels' radius: its middle is inside, what has a neighbour outside is rim."""
    lesions = np.asarray(image_of(html, "lesions").dataobj).transpose(2, 1, 0)
    (k, j, i), radius, _, _ = builders.FOCI[1]
    assert radius == 2.0
    assert lesions[k, j, i] == 1
    assert lesions[k, j, i + 1] == 1
    assert lesions[k, j, i + 2] == 101
    assert lesions[k, j, i + 3] == 0


def test_a_fine_grid_is_coarsened_over_the_same_box() -> None:
    image = image_of(page(max_voxels=20_000), "suv")
    assert np.prod(image.shape) == pytest.approx(20_000, rel=0.15)
    size_mm = np.array(image.shape) * image.header.get_zooms()[:3]
    assert size_mm == pytest.approx(np.array(builders.SHAPE[::-1]) * 6.0, rel=0.05)


def test_what_is_not_known_is_not_packed() -> None:
    grid = builders.geometry()
    anatomy = Anatomy(organs=builders.result().anatomy.organs)
    alone = page(images=builders.images(grid, with_ct=False), anatomy=anatomy)
    assert set(data_of(alone)["volumes"]) == {"suv", "lesions", "physiologic"}


def test_no_voxels_are_no_viewer() -> None:
    assert page(max_voxels=0) is None


def test_the_viewer_opens_at_a_lesion_on_which_a_verdict_turns() -> None:
    """Without one, at the first of its list."""
    result = builders.result()
    document = result_document(result)
    (critical, *_), ids = (
        document["decision_critical_lesions"],
        {one["id"] for one in document["lesions"]},
    )
    assert critical in ids
    html = render_viewer(document, result, SETTINGS)
    assert data_of(html)["first"] == str(critical)
    html = render_viewer({**document, "decision_critical_lesions": []}, result, SETTINGS)
    assert data_of(html)["first"] == "1"
