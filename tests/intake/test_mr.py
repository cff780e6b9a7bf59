"""What an MR series is by its tags, row by row, in the words of each vendor."""

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from oligocount import intake
from oligocount.config import load_settings
from oligocount.domain.mr import DixonPart, MrFacts, MrPlane, MrRegion, MrSequence
from oligocount.domain.study import Images, Role, Series
from oligocount.domain.volume import Unit

from . import builders

SETTINGS = load_settings().intake
SPIN = {"ScanningSequence": "SE"}
GRADIENT = {"ScanningSequence": "GR", "SequenceVariant": ["SP", "OSP"]}


def series_of(folder: Path) -> tuple[Series, ...]:
    return intake.scan(folder, SETTINGS).chosen(Role.MR)


def load(folder: Path) -> Images:
    return intake.load(intake.scan(folder, SETTINGS), SETTINGS)


def facts_of(
    tmp_path: Path,
    description: str = "unnamed",
    tags: Mapping[str, Any] | None = None,
    edit: Callable[[Dataset], None] = lambda _: None,
    **geometry: Any,
) -> MrFacts:
    """The facts of one MR series beside a PET, by its tags and what `edit` adds."""

    def tag(dataset: Dataset, k: int) -> None:
        for name, value in (tags or {}).items():
            setattr(dataset, name, value)
        edit(dataset)

    builders.write_series(tmp_path / "pet", "PT", shape=(3, 4, 4))
    builders.write_series(
        tmp_path / "mr", "MR", shape=(3, 4, 4), description=description, edit=tag, **geometry
    )
    (one,) = series_of(tmp_path)
    assert one.mr is not None
    return one.mr


@pytest.mark.parametrize(
    ("description", "tags", "kind"),
    [
        ("AXIAL SE T1 - RESEARCH", {}, "t1"),
        ("t1_vibe_dixon_tra post", {}, "t1_contrast"),
        ("T1 MPRAGE", {"ContrastBolusAgent": "Gadovist"}, "t1_contrast"),
        ("T1 MPRAGE", {"ContrastBolusAgent": "NONE"}, "t1"),
        ("AXIAL SE T2 FAT SAT", {}, "t2"),
        ("T2_TSE_cor", {}, "t2"),
        ("t2_tirm_cor", {}, "stir"),
        ("STIR whole body", {}, "stir"),
        ("FLAIR dark-fluid", {}, "flair"),
        ("ep2d_diff_b50_800", {}, "dwi"),
        ("anything", {"DiffusionBValue": 800.0}, "dwi"),
        ("ep2d_diff_ADC", {"ImageType": ["DERIVED", "PRIMARY", "ADC"]}, "adc"),
        ("eADC map", {}, "other"),
        ("unnamed", {"EchoTime": 90.0, "RepetitionTime": 4000.0}, "t2"),
        ("unnamed", {"EchoTime": 10.0, "RepetitionTime": 500.0}, "t1"),
        ("unnamed", {"EchoTime": 50.0, "RepetitionTime": 1500.0}, "other"),
        ("unnamed", SPIN | {"EchoTime": 90, "RepetitionTime": 9000, "InversionTime": 2500},
         "flair"),
        ("unnamed", SPIN | {"EchoTime": 60, "RepetitionTime": 5000, "InversionTime": 160}, "stir"),
        ("unnamed", SPIN | {"EchoTime": 95, "RepetitionTime": 1200}, "t2"),
        ("unnamed", GRADIENT | {"EchoTime": 2.4, "RepetitionTime": 4.8}, "t1"),
        ("unnamed", GRADIENT | {"EchoTime": 3, "RepetitionTime": 2300, "InversionTime": 900}, "t1"),
        ("unnamed", {"ScanningSequence": "GR", "SequenceVariant": "SS", "EchoTime": 1.6,
                     "RepetitionTime": 3.6}, "other"),
        ("unnamed", {"AcquisitionContrast": "FLUID_ATTENUATED"}, "flair"),
        ("unnamed", {}, "other"),
    ],
)  # fmt: skip
def test_kind(tmp_path: Path, description: str, tags: dict[str, object], kind: str) -> None:
    assert facts_of(tmp_path, description, tags).kind == kind
    (mr,) = load(tmp_path).mr
    assert mr.kind == kind


def test_times_outweigh_the_description_and_say_so(tmp_path: Path) -> None:
    """Protocols are copied and renamed; echo and repetition times are set by the machine."""
    facts = facts_of(tmp_path, "t1_tse", SPIN | {"EchoTime": 100, "RepetitionTime": 4500})
    assert facts.sequence is MrSequence.T2
    assert "though its description says t1" in facts.evidence[0]


def siemens(dataset: Dataset) -> None:
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", "800")


def ge(dataset: Dataset) -> None:
    block = dataset.private_block(0x0043, "GEMS_PARM_01", create=True)
    block.add_new(0x39, "IS", [1000000800, 8, 0, 0])


def philips(dataset: Dataset) -> None:
    block = dataset.private_block(0x2001, "Philips Imaging DD 001", create=True)
    block.add_new(0x03, "FL", 800.0)


def united(dataset: Dataset) -> None:
    block = dataset.private_block(0x0065, "Image Private Header", create=True)
    block.add_new(0x09, "FD", 800.0)


def as_unknown_bytes(dataset: Dataset) -> None:
    """An archive that knows no private element keeps Philips' four bytes as UN."""
    block = dataset.private_block(0x2001, "Philips Imaging DD 001", create=True)
    block.add_new(0x03, "UN", struct.pack("<f", 800.0))


def by_name(dataset: Dataset) -> None:
    dataset.SequenceName = "*ep_b800t"


@pytest.mark.parametrize("edit", [siemens, ge, philips, united, as_unknown_bytes, by_name])
def test_diffusion_weight_in_each_vendors_own_element(
    tmp_path: Path, edit: Callable[[Dataset], None]
) -> None:
    facts = facts_of(tmp_path, edit=edit)
    assert (facts.sequence, facts.b_values) == (MrSequence.DWI, (800.0,))


def test_a_private_element_of_another_creator_is_no_diffusion_weight(tmp_path: Path) -> None:
    def foreign(dataset: Dataset) -> None:
        dataset.private_block(0x0019, "SOMEONE ELSE", create=True).add_new(0x0C, "IS", "800")

    assert facts_of(tmp_path, edit=foreign).sequence is MrSequence.OTHER


def test_the_zero_that_ge_writes_everywhere_is_no_diffusion(tmp_path: Path) -> None:
    def zero(dataset: Dataset) -> None:
        block = dataset.private_block(0x0043, "GEMS_PARM_01", create=True)
        block.add_new(0x39, "IS", [0, 0, 0, 0])

    tags = SPIN | {"EchoTime": 10, "RepetitionTime": 500}
    assert facts_of(tmp_path, tags=tags, edit=zero).sequence is MrSequence.T1


def test_one_siemens_series_of_two_weights_gives_two_volumes(tmp_path: Path) -> None:
    """Same places, same UID: only the private b-value tells the images apart."""

    def weighted(b: int) -> Callable[[Dataset, int], None]:
        def edit(dataset: Dataset, k: int) -> None:
            dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0C, "IS", b)
            dataset.SeriesInstanceUID, dataset.SOPInstanceUID = "2.25.77", f"2.25.77.{b}.{k + 1}"

        return edit

    builders.write_series(tmp_path / "pet", "PT", shape=(3, 4, 4))
    for seed, b in enumerate((50, 800)):
        builders.write_series(tmp_path / str(b), "MR", shape=(3, 4, 4), seed=seed, edit=weighted(b))
    assert sorted(one.facts.b_values for one in load(tmp_path).mr) == [(50.0,), (800.0,)]


@pytest.mark.parametrize(
    ("orientation", "plane"),
    [
        (builders.AXIAL, MrPlane.AXIAL),
        (builders.CORONAL, MrPlane.CORONAL),
        (builders.SAGITTAL, MrPlane.SAGITTAL),
        (builders.rotated((1, 0, 0), 20), MrPlane.AXIAL),
        (builders.rotated((1, 0, 0), 45), MrPlane.OBLIQUE),
    ],
)
def test_plane(tmp_path: Path, orientation: Any, plane: MrPlane) -> None:
    assert facts_of(tmp_path, orientation=orientation).plane is plane


@pytest.mark.parametrize(
    ("description", "tags", "region"),
    [
        ("unnamed", {"BodyPartExamined": "HEAD"}, MrRegion.BRAIN),
        ("unnamed", {"BodyPartExamined": "LIVER"}, MrRegion.LIVER),
        ("unnamed", {"BodyPartExamined": "WHOLEBODY"}, MrRegion.WHOLE_BODY),
        ("unnamed", {"BodyPartExamined": "EXTREMITY"}, MrRegion.OTHER),
        ("Kopf t2_tse", {}, MrRegion.BRAIN),
        ("t1_vibe_tra", {}, MrRegion.LIVER),
        ("unnamed", {"StudyDescription": "MRT Schaedel"}, MrRegion.BRAIN),
        ("t2_flair", {}, MrRegion.BRAIN),
        ("t2_tse", {}, None),
    ],
)
def test_region(
    tmp_path: Path, description: str, tags: dict[str, object], region: MrRegion | None
) -> None:
    assert facts_of(tmp_path, description, tags).region is region


def test_a_tall_volume_is_one_of_the_whole_body(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, spacing=(5.0, 250.0, 100.0), orientation=builders.CORONAL)
    assert facts.region is MrRegion.WHOLE_BODY


@pytest.mark.parametrize(
    ("tags", "description", "contrast"),
    [
        ({}, "t1_se", None),
        ({"ContrastBolusAgent": "Dotarem"}, "t1_se", True),
        ({"ContrastBolusAgent": "no contrast"}, "t1_se", False),
        ({}, "t1_se nativ", False),
        ({}, "t1_se +C", True),
    ],
)
def test_contrast_is_unknown_unless_stated(
    tmp_path: Path, tags: dict[str, object], description: str, contrast: bool | None
) -> None:
    assert facts_of(tmp_path, description, tags).contrast is contrast


def test_an_unknown_contrast_of_a_brain_t1_is_told(tmp_path: Path) -> None:
    facts_of(tmp_path, "t1_se", {"BodyPartExamined": "HEAD"})
    codes = [each.code for each in intake.scan(tmp_path, SETTINGS).caveats]
    assert "MR_CONTRAST_UNKNOWN" in codes


@pytest.mark.parametrize(
    ("image_type", "description", "part"),
    [
        (["ORIGINAL", "PRIMARY", "M", "DIXON", "WATER"], "t1_vibe", DixonPart.WATER),
        (["ORIGINAL", "PRIMARY", "W", "W", "DERIVED"], "mDIXON", DixonPart.WATER),
        (["ORIGINAL", "PRIMARY", "M", "IN_PHASE"], "t1_vibe", DixonPart.IN_PHASE),
        (["ORIGINAL", "PRIMARY", "M", "OPP_PHASE"], "t1_vibe", DixonPart.OUT_PHASE),
        (["ORIGINAL", "PRIMARY", "OTHER"], "WATER: Ax LAVA-Flex", DixonPart.WATER),
        (["ORIGINAL", "PRIMARY", "OTHER"], "FAT: Ax LAVA-Flex", DixonPart.FAT),
        (["ORIGINAL", "PRIMARY", "OTHER"], "t1_vibe_dixon_tra_opp", DixonPart.OUT_PHASE),
        (["ORIGINAL", "PRIMARY", "OTHER"], "t2_tse_fat_sat", None),
    ],
)
def test_dixon_part(
    tmp_path: Path, image_type: list[str], description: str, part: DixonPart | None
) -> None:
    assert facts_of(tmp_path, description, {"ImageType": image_type}).dixon is part


@pytest.mark.parametrize(
    ("tags", "description", "factor"),
    [
        ({"RescaleType": "10^-6 mm^2/s"}, "adc", 1.0),
        ({"RescaleType": "um2/s"}, "adc", 1.0),
        ({"RescaleType": "mm2/s"}, "adc", 1e6),
        ({}, "ADC (10^-6 mm²/s)", 1.0),
        ({"RescaleType": "US"}, "adc", None),
        ({}, "adc", None),
    ],
)
def test_the_unit_of_an_adc_map_counts_only_where_it_is_stated(
    tmp_path: Path, tags: dict[str, object], description: str, factor: float | None
) -> None:
    image = {"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}
    facts = facts_of(tmp_path, description, image | tags | {"SpecificCharacterSet": "ISO_IR 100"})
    assert facts.adc_um2_s == factor
    (mr,) = load(tmp_path).mr
    assert mr.volume.unit is (Unit.ADC if factor else Unit.ARBITRARY)
    codes = [each.code for each in intake.scan(tmp_path, SETTINGS).caveats]
    assert ("ADC_UNIT_UNKNOWN" in codes) == (factor is None)


def enhanced(folder: Path, b_values: tuple[float, ...]) -> None:
    """One Enhanced MR object of three places, each measured with every b-value."""
    dataset = builders._slice("MR", "2.25.99", 0, "P1", "1.2.3")
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4.1"
    dataset.SeriesDescription, dataset.FrameOfReferenceUID = "unnamed", "1.2.3.4"
    dataset.NumberOfFrames = 3 * len(b_values)
    frames = []
    for b in b_values:
        for k in range(3):
            frame, kind, weight, plane = Dataset(), Dataset(), Dataset(), Dataset()
            kind.FrameType = ["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"]
            kind.AcquisitionContrast = "DIFFUSION"
            weight.DiffusionBValue = b
            plane.ImagePositionPatient = [0, 0, 3.0 * k]
            frame.MRImageFrameTypeSequence = Sequence([kind])
            frame.MRDiffusionSequence = Sequence([weight])
            frame.PlanePositionSequence = Sequence([plane])
            frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    shared, measures, axes, anatomy, code = (Dataset() for _ in range(5))
    measures.PixelSpacing, measures.SliceThickness = [2.0, 2.0], 3.0
    axes.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "12738006", "SCT", "Brain"
    anatomy.AnatomicRegionSequence = Sequence([code])
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([axes])
    shared.FrameAnatomySequence = Sequence([anatomy])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    agent = Dataset()
    agent.CodeValue, agent.CodingSchemeDesignator, agent.CodeMeaning = "X", "99", "Gadolinium"
    dataset.ContrastBolusAgentSequence = Sequence([agent])
    raw = np.arange(3 * len(b_values) * 16, dtype=np.int64).reshape(-1, 4, 4)
    builders._set_pixels(dataset, raw.reshape(-1, 4), 16, 16, True, "1.2.840.10008.1.2.1")
    dataset.Rows = dataset.Columns = 4
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["enhanced"])
    folder.mkdir()
    builders.save(dataset, folder / "one")


def test_enhanced_mr_frames_say_weight_region_and_agent(tmp_path: Path) -> None:
    builders.write_series(tmp_path / "pet", "PT", shape=(3, 4, 4))
    enhanced(tmp_path / "mr", (0.0, 800.0))
    images = sorted(load(tmp_path).mr, key=lambda one: one.facts.b_values)
    assert [one.facts.b_values for one in images] == [(0.0,), (800.0,)]
    for one in images:
        assert one.facts.sequence is MrSequence.DWI
        assert one.facts.region is MrRegion.BRAIN
        assert one.facts.contrast is True
        assert one.volume.array.shape == (3, 4, 4)
    assert images[0].volume.array.max() < images[1].volume.array.min()
