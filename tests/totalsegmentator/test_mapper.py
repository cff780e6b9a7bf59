"""TotalSegmentator as a provider, with a stand-in for the library: no weights are at hand."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import drawn_body
from oligocount.config import load_settings
from oligocount.domain.study import AlignedImages, MrImage
from oligocount.domain.volume import Unit, Volume
from oligocount.errors import (
    BundleNotFound,
    ConfigError,
    InferenceError,
    ModelError,
    SeriesNotFound,
)
from oligocount.inputs import Choice, load_tools
from oligocount.quantify import in_frame_of
from oligocount.settings_anatomy import TotalSegmentatorSettings
from oligocount.totalsegmentator import TotalSegmentatorMapper

# The library's public face as version 2 has it: what it draws is bright voxels in two halves.
API = """
import json, os
from pathlib import Path
import nibabel
import numpy as np

def download_pretrained_weights(task_id):
    raise SystemExit("tried to download")

IDS = {"total": [297], "liver_segments": [570, 298], "total_mr": [852]}

def totalsegmentator(input, output=None, ml=False, task="total", fast=False, device="gpu",
                     nr_thr_saving=6, quiet=False):
    for each in IDS[task]:
        download_pretrained_weights(each)
    config = json.loads((Path(os.environ["TOTALSEG_HOME_DIR"]) / "config.json").read_text())
    assert config["send_usage_stats"] is False and "127.0.0.1" in os.environ["HTTPS_PROXY"]
    assert ml and quiet and fast == (task in ("total", "total_mr"))
    image = nibabel.load(input)
    hu = np.asarray(image.dataobj)
    left = np.arange(hu.shape[0])[:, None, None] < hu.shape[0] // 2
    labels = np.where(hu > 40, np.where(left, 1, 2) if "total" in task else 2, 0)
    nibabel.save(nibabel.Nifti1Image(labels.astype(np.uint8), image.affine), output)
"""
CLASSES = """
class_map = {"total": {1: "spleen", 2: "liver"}, "liver_segments": {2: "liver_segment_2"},
             "total_mr": {1: "liver", 2: "brain"}}
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in on the path, and a folder with the weights that it asks for."""
    package = tmp_path / "site" / "totalsegmentator"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "python_api.py").write_text(API)
    (package / "map_to_binary.py").write_text(CLASSES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    weights = tmp_path / "weights"
    for name in (
        "Dataset297_total_3mm",
        "Dataset298_total_6mm",
        "Dataset570_liver",
        "Dataset852_total_mr_3mm",
    ):
        (weights / name).mkdir(parents=True)
    return weights


def mapper(weights: Path, *, python: str | None = None, tasks: tuple[str, ...] = ()):
    settings = TotalSegmentatorSettings(
        python=python,
        weights=str(weights),
        fast=True,
        further_tasks=tasks,
        border_mm=3.0,
        timeout_minutes=1.0,
    )
    return TotalSegmentatorMapper(settings=settings, device="cpu")


def images() -> AlignedImages:
    hu = np.where(drawn_body.ball((60, 0, 300), 30.0), 60.0, -100.0)
    hu = np.where(drawn_body.ball((-60, 0, 300), 30.0), 60.0, hu).astype(np.float32)
    ct = Volume(array=hu, unit=Unit.HU, geometry=drawn_body.geometry())
    return AlignedImages(suv=drawn_body.images().suv, ct=ct)


def test_what_the_library_draws_lies_where_the_ct_shows_it(library: Path) -> None:
    organs = mapper(library)(images())
    left = organs.labels.mask("spleen") | organs.labels.mask("liver")
    expected = drawn_body.ball((60, 0, 300), 30.0) | drawn_body.ball((-60, 0, 300), 30.0)
    assert (left == expected).all()
    assert organs.known == {"spleen", "liver"}
    assert organs.model.name == "totalsegmentator"


def test_a_further_task_is_laid_over_the_first(library: Path) -> None:
    organs = mapper(library, tasks=("liver_segments",))(images())
    assert organs.labels.mask("liver_segment_2").any()
    assert not organs.labels.mask("liver").any()


def test_absent_weights_are_named_and_not_downloaded(library: Path) -> None:
    (library / "Dataset297_total_3mm").rmdir()
    with pytest.raises(BundleNotFound, match="weights 297 are not in"):
        mapper(library)(images())


def test_without_the_library_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not installed"):
        mapper(tmp_path)(images())


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no_python"):
        mapper(tmp_path, python=str(tmp_path / "no_python"))(images())


def test_a_failure_of_the_library_is_told(library: Path) -> None:
    with pytest.raises(InferenceError, match="KeyError"):
        mapper(library, tasks=("no_task",))(images())


def pet_and_mr(uid: str | None, kind: str = "t1") -> AlignedImages:
    """A PET in frame "pet", and an MR whose bright halves lie where those of `images` do."""
    grid = replace(drawn_body.geometry(), frame_of_reference_uid="pet")
    suv = replace(drawn_body.images().suv, geometry=grid)
    own = replace(grid, frame_of_reference_uid=uid)
    bright = images().ct.array + 100
    mr = MrImage(
        kind=kind, series_uid="1", volume=Volume(array=bright, unit=Unit.ARBITRARY, geometry=own)
    )
    return AlignedImages(suv=suv, mr_full=in_frame_of(suv, (mr,)))


def test_without_ct_the_mr_of_a_pet_mr_is_drawn_on_and_told(library: Path) -> None:
    organs = mapper(library, tasks=("liver_segments",))(pet_and_mr("pet"))
    right = organs.labels.mask("brain")
    assert (right == drawn_body.ball((-60, 0, 300), 30.0)).all() or (
        right == drawn_body.ball((60, 0, 300), 30.0)
    ).all()
    assert organs.known == {"liver", "brain"}
    assert [each.code for each in organs.caveats] == ["ORGANS_FROM_MR"]


@pytest.mark.parametrize(("uid", "kind"), [("another", "t1"), (None, "t1"), ("pet", "dwi")])
def test_an_mr_elsewhere_or_of_diffusion_is_not_drawn_on(
    library: Path, uid: str | None, kind: str
) -> None:
    with pytest.raises(SeriesNotFound, match="neither"):
        mapper(library)(pet_and_mr(uid, kind))


def test_a_study_without_ct_is_refused(library: Path) -> None:
    with pytest.raises(SeriesNotFound, match="CT"):
        mapper(library)(drawn_body.images())


def test_the_provider_is_chosen_by_name(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(library))
    tools = load_tools(load_settings(), Choice(organs="totalsegmentator", lesions="suv40"))
    assert isinstance(tools.organ_mapper, TotalSegmentatorMapper)
    assert tools.organ_mapper.python == sys.executable


def test_that_it_cannot_run_is_said_before_anything_is_read(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = Choice(organs="totalsegmentator", lesions="suv40")
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(library / "nowhere"))
    with pytest.raises(BundleNotFound, match="nowhere; fetch them"):
        load_tools(load_settings(), choice)
    monkeypatch.setenv("PYTHONPATH", "")
    with pytest.raises(ModelError, match="not installed"):
        load_tools(load_settings(), choice)


def test_an_unknown_provider_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="totalsegmentator"):
        load_tools(load_settings(), Choice(organs="nobody", lesions="suv40"))
