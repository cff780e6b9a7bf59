"""MONAI's wholeBody_ct_segmentation by path: a small network in that bundle's layout."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.networks.nets import SegResNet
from monai.transforms import NormalizeIntensity, ScaleIntensity

import drawn_body
from oligocount.anatomy.choose import load_organ_mapper
from oligocount.anatomy.labelmap import label_table
from oligocount.config import load_settings
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Unit, Volume
from oligocount.errors import BundleMismatch, BundleNotFound, SeriesNotFound
from oligocount.inference.published import PublishedBundle, load_published_bundle, normalised

NETWORK = {
    "_target_": "SegResNet", "spatial_dims": 3, "in_channels": 1, "out_channels": 105,
    "init_filters": 8, "blocks_down": [1, 1], "blocks_up": [1], "dropout_prob": 0.2,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The bundle's files with their own layout; the weights are random."""
    bundle = tmp_path / "wholeBody_ct_segmentation"
    for name in ("configs", "models"):
        (bundle / name).mkdir(parents=True)
    names = {
        "0": "background",
        **{str(k): v for k, v in label_table("totalsegmentator_v1").items()},
    }
    metadata = {
        "version": "0.1.9",
        "network_data_format": {
            "inputs": {"image": {"modality": "CT", "format": "hounsfield"}},
            "outputs": {"pred": {"num_channels": 105, "channel_def": names}},
        },
    }
    config = {"imports": ["$import glob"], "network_def": NETWORK, "device": "$torch.device('cpu')"}
    (bundle / "configs" / "metadata.json").write_text(json.dumps(metadata))
    (bundle / "configs" / "inference.json").write_text(json.dumps(config))
    torch.manual_seed(0)
    arguments = {k: v for k, v in NETWORK.items() if k != "_target_"}
    torch.save(SegResNet(**arguments).state_dict(), bundle / "models" / "model_lowres.pt")
    return bundle


def images(shape: tuple[int, int, int] = (12, 12, 12)) -> AlignedImages:
    geometry = drawn_body.geometry()
    small = type(geometry)(shape=shape, affine=geometry.affine)
    hu = np.random.default_rng(0).normal(0, 100, shape).astype(np.float32)
    suv = Volume(array=np.ones(shape, np.float32), unit=Unit.SUVBW, geometry=small)
    return AlignedImages(suv=suv, ct=Volume(array=hu, unit=Unit.HU, geometry=small))


def test_the_bundle_draws_its_own_classes_on_the_pet_grid(folder: Path) -> None:
    organs = load_organ_mapper(str(folder), load_settings().anatomy, "cpu")(images())
    assert organs.labels.array.shape == (12, 12, 12)
    assert {"spleen", "pulmonary_artery", "heart_atrium_left"} <= organs.known
    assert organs.model.version == "0.1.9"
    assert organs.model.sha256


def test_without_weights_the_files_are_named(folder: Path) -> None:
    (folder / "models" / "model_lowres.pt").unlink()
    with pytest.raises(BundleNotFound, match=r"model_lowres\.pt or model\.pt"):
        load_organ_mapper(str(folder), load_settings().anatomy, "cpu")


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    torch.save({"a": torch.zeros(1)}, folder / "models" / "model_lowres.pt")
    with pytest.raises(BundleMismatch, match="does not fit"):
        load_organ_mapper(str(folder), load_settings().anatomy, "cpu")


def test_a_study_without_ct_is_refused(folder: Path) -> None:
    mapper = load_organ_mapper(str(folder), load_settings().anatomy, "cpu")
    with pytest.raises(SeriesNotFound, match="CT"):
        mapper(AlignedImages(suv=images().suv))


def test_intensities_are_normalised_as_the_bundle_was_trained() -> None:
    hu = np.random.default_rng(1).integers(-1000, 1000, (9, 10, 11)).astype(np.float32)
    hu[:3] = 0
    expected = ScaleIntensity(-1, 1)(NormalizeIntensity(nonzero=True)(torch.from_numpy(hu)))
    np.testing.assert_allclose(normalised(hu), np.asarray(expected), atol=1e-5)


class Side(torch.nn.Module):
    """Labels each voxel 1 where its own value is positive: nothing but place can go wrong."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.cat([-image, image], dim=1)


def test_windows_are_put_together_where_they_were_cut(folder: Path) -> None:
    """Larger than one window along each axis, turned to RAS and back."""
    bundle = load_published_bundle(folder, device=torch.device("cpu"))
    fake = PublishedBundle(
        network=Side(), classes=bundle.classes, spacing_mm=3.0, model=bundle.model,
        device=bundle.device,
    )  # fmt: skip
    hu = np.random.default_rng(2).normal(50, 100, (70, 101, 66)).astype(np.float32)
    assert (fake.label(hu) == (normalised(hu) > 0)).all()
