"""A bundle on MRI: declared inputs, one frame, lesions with probabilities; nothing guessed."""

import numpy as np
import pytest
import torch

from oligocount.config import load_settings
from oligocount.domain.mr import MrFacts, MrRegion, MrSequence
from oligocount.domain.study import MrImage
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.errors import BundleMismatch, InputError
from oligocount.inference.bundle import Bundle, Metadata
from oligocount.multimodal.network import MrNetwork, MrNetworks, normalised

SETTINGS = load_settings().multimodal


class Bright(torch.nn.Module):
    """Calls lesion what lies 2 deviations above the tissue in the mean of all channels."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 4 * (x.mean(dim=1, keepdim=True) - 2)


def bundle(*channels: str, classes: tuple[str, ...] = ("lesion",), **more: str) -> Bundle:
    metadata = Metadata(
        name="bright", version="1", description="", sha256="0", spacing_mm=(2.0, 2.0, 2.0),
        channels=channels, classes=classes, activation="sigmoid", divisor=4, bytes_per_voxel=100,
        settings={"voxel_threshold": 0.5, **more},
    )  # fmt: skip
    return Bundle(metadata=metadata, network=Bright().eval(), device=torch.device("cpu"))


def image(
    kind: str,
    frame: str = "a",
    unit: Unit = Unit.ARBITRARY,
    region: MrRegion | None = None,
) -> MrImage:
    """Tissue of 100 with two bright places, 24 voxels wide at 2 mm."""
    rng = np.random.default_rng(0)
    array = rng.normal(100, 5, (24, 24, 24)).astype(np.float32)
    array[4:8, 4:8, 4:8] = array[14:17, 14:17, 14:17] = 300
    affine = np.eye(4)[[2, 1, 0, 3]] * [2.0, 2.0, 2.0, 1]
    geometry = Geometry(shape=(24, 24, 24), affine=affine, frame_of_reference_uid=frame)
    volume = Volume(array=array, unit=unit, geometry=geometry)
    facts = MrFacts(sequence=MrSequence.OTHER, region=region)
    return MrImage(kind=kind, series_uid=kind + frame, volume=volume, facts=facts)


def network(*channels: str, **more: str) -> MrNetwork:
    return MrNetwork(bundle=bundle(*channels, **more), settings=SETTINGS)


def test_it_marks_each_lesion_with_its_probability() -> None:
    (found,) = network("mr_flair", "mr_t1_contrast")((image("t1_contrast"), image("flair")))
    assert found.image.kind == "flair"
    assert sorted(found.lesions.probability) == [1, 2]
    assert all(0.5 < each <= 1 for each in found.lesions.probability.values())
    sizes = np.bincount(found.lesions.labels.array.ravel())[1:]
    assert sorted(sizes) == [27, 64]


def test_inputs_of_two_frames_are_never_mixed() -> None:
    with pytest.raises(
        InputError, match=r"flair, t1_contrast in one frame.*flair \(.*t1_contrast \("
    ):
        network("mr_flair", "mr_t1_contrast")((image("flair", "a"), image("t1_contrast", "b")))


def test_a_missing_input_is_named() -> None:
    with pytest.raises(InputError, match=r"needs MR flair.*found t2"):
        network("mr_flair")((image("t2"),))


def test_a_bundle_for_pet_is_refused() -> None:
    with pytest.raises(BundleMismatch, match="channels mr_<kind>"):
        network("suv_log")((image("flair"),))


def test_adc_keeps_its_unit_and_the_rest_is_normalised() -> None:
    adc = image("adc", unit=Unit.ADC).volume
    assert normalised(adc, adc.geometry).max() == pytest.approx(0.3)
    flair = image("flair").volume
    assert normalised(flair, flair.geometry).mean() == pytest.approx(0, abs=1e-3)


def test_a_network_of_one_region_looks_at_no_other() -> None:
    of_brain = network("mr_flair", region="brain")
    (found,) = of_brain((image("flair", region=MrRegion.BRAIN),))
    assert len(found.lesions.probability) == 2
    for region in (MrRegion.LIVER, None):
        with pytest.raises(InputError, match=r"needs MR flair of the brain.*found flair \("):
            of_brain((image("flair", region=region),))


def test_an_unknown_region_in_a_bundle_is_refused() -> None:
    with pytest.raises(BundleMismatch, match="region 'knee'"):
        network("mr_flair", region="knee")((image("flair"),))


def test_what_a_network_was_trained_on_is_told_with_its_lesions() -> None:
    (told,) = network("mr_flair", trained_on="synthetic MR only")((image("flair"),))
    (silent,) = network("mr_flair")((image("flair"),))
    assert [each.text for each in told.caveats] == [
        "lesions on MR were marked by bright, trained on synthetic MR only"
    ]
    assert silent.caveats == ()


def test_several_networks_each_look_at_what_they_can() -> None:
    both = MrNetworks(
        networks=(network("mr_flair", region="brain"), network("mr_t2", region="liver"))
    )
    brain = image("flair", "a", region=MrRegion.BRAIN)
    liver = image("t2", "b", region=MrRegion.LIVER)
    assert [one.image.kind for one in both((brain, liver))] == ["flair", "t2"]
    assert [one.image.kind for one in both((liver,))] == ["t2"]
    with pytest.raises(InputError, match=r"flair of the brain.*t2 of the liver.*found none"):
        both(())
