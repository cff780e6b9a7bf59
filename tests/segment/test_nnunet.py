"""An nnU-Net results folder, trained here by nnU-Net itself, as a segmenter."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from tiny_nnunet import train

from oligocount.cli.main import main
from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.errors import BundleMismatch, ModelError, SeriesNotFound
from oligocount.geometry.affine import lps_from_ras, reverse_index_order
from oligocount.segment.choose import load_segmenter
from oligocount.segment.nnunet import NnUnetSegmenter, upright
from oligocount.settings_segment import NnUnetSettings

pytestmark = pytest.mark.slow

SETTINGS = load_settings().segment
TUMOUR_MM, BRAIN_MM, HALF_MM = np.array([30.0, -12.0, 40.0]), np.array([-35.0, 20.0, 70.0]), 10.0


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folds; the second saw less."""
    pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed (oligocount[nnunet])")
    folder = tmp_path_factory.mktemp("nnunet")
    train(folder, 1, steps=150, seed=2)
    return train(folder, 0, steps=300, seed=1)


@pytest.fixture
def copy(results: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(results, tmp_path / results.name))


def grid(columns: np.ndarray, shape: tuple[int, int, int]) -> Geometry:
    """A grid around the middle of the drawn patient; `columns` step along k, j and i."""
    affine = np.eye(4)
    affine[:3, :3] = columns
    affine[:3, 3] = np.array([0.0, 0.0, 50.0]) - columns @ ((np.array(shape) - 1) / 2)
    return Geometry(shape=shape, affine=affine)


K, J, I = np.eye(3)[[2, 1, 0]]  # noqa: E741 - the axes' names
TURN = np.array([[np.cos(0.25), -np.sin(0.25), 0], [np.sin(0.25), np.cos(0.25), 0], [0, 0, 1]])
PLAIN = grid(np.stack([4 * K, 3 * J, 3 * I], axis=1), (30, 40, 50))
GRIDS = {
    "flipped": grid(np.stack([-4 * K, 3 * J, -3 * I], axis=1), (30, 40, 50)),
    "sagittal": grid(np.stack([3 * I, -4 * K, 3 * J], axis=1), (50, 30, 40)),
    "oblique": grid(TURN @ np.stack([4 * K, 3 * J, 3 * I], axis=1), (30, 40, 50)),
    "fine": grid(np.stack([2 * K, 2 * J, 2 * I], axis=1), (60, 60, 75)),
}


def drawn(geometry: Geometry) -> AlignedImages:
    """Water at SUV 1, a soft tumour and a dense brain in it, both of SUV 9, 8 ml each."""
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), axis=-1)
    place = geometry.to_lps_mm(index)
    suv, ct = np.ones(geometry.shape, np.float32), np.zeros(geometry.shape, np.float32)
    tumour = (np.abs(place - TUMOUR_MM) <= HALF_MM).all(axis=-1)
    brain = (np.abs(place - BRAIN_MM) <= HALF_MM).all(axis=-1)
    suv[tumour | brain], ct[brain] = 9.0, 100.0
    return AlignedImages(
        suv=Volume(array=suv, unit=Unit.SUVBW, geometry=geometry),
        ct=Volume(array=ct, unit=Unit.HU, geometry=geometry),
    )


def unknown_organs(geometry: Geometry) -> OrganMap:
    labels = LabelMap(array=np.zeros(geometry.shape, np.uint8), names={}, geometry=geometry)
    return OrganMap(labels=labels, known=frozenset(), model=ModelInfo(name="none", version="1"))


def loaded(folder: Path) -> NnUnetSegmenter:
    segmenter = load_segmenter(str(folder), SETTINGS, "cpu", trusted=True)
    assert isinstance(segmenter, NnUnetSegmenter)
    return segmenter


def foci(segmenter: NnUnetSegmenter, geometry: Geometry) -> LesionMap:
    return segmenter(drawn(geometry), unknown_organs(geometry))


def assert_is_the_tumour(found: LesionMap, geometry: Geometry) -> None:
    assert list(found.labels.names) == [1]
    voxels = np.argwhere(found.labels.array == 1)
    centre = geometry.to_lps_mm(voxels).mean(axis=0)
    np.testing.assert_allclose(centre, TUMOUR_MM, atol=2.5)
    assert 4 < len(voxels) * geometry.voxel_volume_ml < 16
    assert 0.5 < found.probability[1] <= 1


def test_the_tumour_is_found_and_the_brain_as_hot_is_not(results: Path) -> None:
    found = foci(loaded(results), PLAIN)
    assert_is_the_tumour(found, PLAIN)
    assert found.labels.geometry.is_same_grid(PLAIN)
    assert found.model.name == f"nnU-Net Dataset001_Tiny {results.name}"
    assert found.model.version == "checkpoint_final of fold 0, 1"
    assert [each.code for each in found.caveats] == ["UNCALIBRATED_MODEL"]


@pytest.mark.parametrize("name", GRIDS)
def test_the_same_focus_is_found_however_the_pet_is_stored(results: Path, name: str) -> None:
    assert_is_the_tumour(foci(loaded(results), GRIDS[name]), GRIDS[name])


def own_export(segmenter: NnUnetSegmenter, geometry: Geometry) -> np.ndarray:
    """What nnU-Net makes of the same images: its export resamples every class."""
    from nnunetv2.inference.export_prediction import (  # noqa: PLC0415 - an extra
        convert_predicted_logits_to_segmentation_with_correct_shape as exported,
    )

    images, predictor = drawn(geometry), segmenter.networks.predictor
    plans, configuration = predictor.plans_manager, predictor.configuration_manager
    held = {"spacing": list(geometry.spacing_mm)}
    data, _ = configuration.preprocessor_class(verbose=False).run_case_npy(
        np.stack([images.ct.array, images.suv.array]), None, held, plans, configuration,
        predictor.dataset_json,
    )  # fmt: skip
    logits = predictor.predict_logits_from_preprocessed_data(torch.from_numpy(data))
    return exported(logits, plans, configuration, predictor.label_manager, held) == 2


def test_what_nnunet_itself_exports_is_what_is_drawn(results: Path) -> None:
    """Voxel for voxel on the network's own grid, where nothing is resampled."""
    own = grid(np.stack([5 * K, 4 * J, 3 * I], axis=1), (24, 30, 50))
    segmenter = loaded(results)
    assert upright(own).is_same_grid(own)
    ours = foci(segmenter, own).labels.array > 0
    theirs = own_export(segmenter, own)
    assert theirs.sum() > 50
    np.testing.assert_array_equal(ours, theirs)


def test_on_another_grid_nnunet_exports_the_same_place(results: Path) -> None:
    """Not the same voxels: it interpolates logits, and here the probability."""
    segmenter = loaded(results)
    ours = np.argwhere(foci(segmenter, PLAIN).labels.array > 0).mean(axis=0)
    theirs = np.argwhere(own_export(segmenter, PLAIN)).mean(axis=0)
    np.testing.assert_allclose(ours, theirs, atol=0.35)


def test_axes_that_the_plans_turn_are_turned_back(copy: Path) -> None:
    plans = json.loads((copy / "plans.json").read_text())
    plans |= {"transpose_forward": [2, 0, 1], "transpose_backward": [1, 2, 0]}
    configuration = plans["configurations"]["3d_fullres"]
    configuration["spacing"] = [configuration["spacing"][axis] for axis in (2, 0, 1)]
    (copy / "plans.json").write_text(json.dumps(plans))
    assert_is_the_tumour(foci(loaded(copy), PLAIN), PLAIN)


def test_empty_margins_that_nnunet_cuts_off_do_not_move_the_focus(results: Path) -> None:
    margins = [(7, 2), (1, 9), (12, 3)]
    images = drawn(PLAIN)
    shape = tuple(n + a + b for n, (a, b) in zip(PLAIN.shape, margins, strict=True))
    affine = PLAIN.affine.copy()
    affine[:3, 3] = PLAIN.to_lps_mm(-np.array([a for a, _ in margins], float))
    wide = Geometry(shape=shape, affine=affine)
    padded = AlignedImages(
        suv=Volume(array=np.pad(images.suv.array, margins), unit=Unit.SUVBW, geometry=wide),
        ct=Volume(array=np.pad(images.ct.array, margins), unit=Unit.HU, geometry=wide),
    )
    assert_is_the_tumour(loaded(results)(padded, unknown_organs(wide)), wide)


def logit(chance: np.ndarray) -> np.ndarray:
    return np.log(chance / (1 - chance))


def test_all_folds_are_averaged(results: Path, tmp_path: Path) -> None:
    """Of the logits, as nnU-Net averages: the odds of two classes have the mean of their logs."""
    given = {"suv": drawn(PLAIN).suv, "ct": drawn(PLAIN).ct}

    def odds(folder: Path) -> np.ndarray:
        networks = loaded(folder).networks
        logits: list[torch.Tensor] = []
        networks.predictor.label_manager.inference_nonlin = lambda raw: logits.append(raw) or raw
        networks.lesion_probability(given)
        return logits[0].numpy()

    single = []
    for fold in (0, 1):
        alone = Path(shutil.copytree(results, tmp_path / f"only_{fold}"))
        shutil.rmtree(alone / f"fold_{1 - fold}")
        single.append(odds(alone))
    assert np.abs(single[0] - single[1]).max() > 0.1
    np.testing.assert_allclose(odds(results), (single[0] + single[1]) / 2, rtol=2e-3, atol=0.05)


def test_a_network_of_all_data_is_taken_where_there_are_no_numbered_folds(
    results: Path, copy: Path
) -> None:
    shutil.rmtree(copy / "fold_1")
    (copy / "fold_0" / "checkpoint_final.pth").rename(copy / "fold_0" / "checkpoint_best.pth")
    (copy / "fold_0").rename(copy / "fold_all")
    found = foci(loaded(copy), PLAIN)
    assert_is_the_tumour(found, PLAIN)
    assert found.model.version == "checkpoint_best of fold all"


def test_without_mirrored_tiles_each_is_seen_once(results: Path) -> None:
    """Of 2 folds and 8 mirrored ways only the folds remain, and the tumour is still found."""
    seen: list[int] = []
    for mirrored in (True, False):
        settings = replace(SETTINGS, nnunet=NnUnetSettings(mirrored=mirrored))
        segmenter = load_segmenter(str(results), settings, "cpu", trusted=True)
        calls: list[int] = []
        segmenter.networks.predictor.network.register_forward_hook(lambda *_: calls.append(1))  # noqa: B023 - called within the turn
        centre = tuple(PLAIN.to_index(TUMOUR_MM).round().astype(int))
        assert foci(segmenter, PLAIN).labels.array[centre]
        seen.append(len(calls))
    assert seen[0] == 8 * seen[1]


def test_untrusted_it_is_refused_before_its_pickle_is_opened(copy: Path) -> None:
    (copy / "fold_0" / "checkpoint_final.pth").write_bytes(b"anything")
    with pytest.raises(BundleMismatch, match="--trust-bundle"):
        load_segmenter(str(copy), SETTINGS, "cpu")


def test_a_broken_checkpoint_is_named(copy: Path) -> None:
    (copy / "fold_0" / "checkpoint_final.pth").write_bytes(b"anything")
    with pytest.raises(BundleMismatch, match=f"{copy.name}: nnU-Net cannot load it"):
        loaded(copy)


def test_the_second_stage_of_a_cascade_is_refused(copy: Path) -> None:
    plans = json.loads((copy / "plans.json").read_text())
    own = plans["configurations"]["3d_fullres"]
    plans["configurations"]["3d_lowres"] = dict(own)
    own["previous_stage"] = "3d_lowres"
    (copy / "plans.json").write_text(json.dumps(plans))
    with pytest.raises(BundleMismatch):
        loaded(copy)


def test_a_study_without_the_ct_it_was_trained_on_is_refused(results: Path) -> None:
    images = AlignedImages(suv=drawn(PLAIN).suv)
    with pytest.raises(SeriesNotFound, match="there is no CT"):
        loaded(results)(images, unknown_organs(PLAIN))


def test_where_nnunet_is_not_installed_the_extra_is_named(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.split(".")[0] == "nnunetv2"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "nnunetv2", None)
    with pytest.raises(ModelError, match=r"pip install oligocount\[nnunet\]"):
        loaded(results)


def test_a_run_counts_what_it_finds(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = drawn(PLAIN)
    affine = reverse_index_order(lps_from_ras(PLAIN.affine))
    for name, volume in (("pet", images.suv), ("ct", images.ct)):
        image = nibabel.Nifti1Image(volume.array.transpose(2, 1, 0), affine)
        nibabel.save(image, tmp_path / f"{name}.nii.gz")
    asked = ["run", "--pet", str(tmp_path / "pet.nii.gz"), "--ct", str(tmp_path / "ct.nii.gz")]
    asked += ["--organs", "rules", "--lesions", str(results), "--device", "cpu"]
    assert main([*asked, "-o", str(tmp_path / "refused")]) == 4
    assert "--trust-bundle" in capsys.readouterr().err
    assert main([*asked, "-o", str(tmp_path / "out"), "--trust-bundle"]) == 0
    said = capsys.readouterr()
    assert "nnUNet_raw" not in said.out + said.err
    result = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    (lesion,) = result["lesions"]
    np.testing.assert_allclose(lesion["centroid_lps_mm"], TUMOUR_MM, atol=2.5)
    assert "UNCALIBRATED_MODEL" in {each["code"] for each in result["caveats"]}
