"""Takes a multi-frame object apart: one header record a frame, functional groups resolved.

Enhanced and Legacy Converted objects keep what a single-frame file says of its slice in shared
and per-frame sequences (PS3.3 C.7.6.16); what converters could not place stands in the
"unassigned converted attributes" (PS3.3 C.7.6.16.2.24).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydicom import DataElement, Dataset

from oligocount.intake.elements import BrokenDicom
from oligocount.intake.headers import UNREADABLE, Header, is_multi_frame, to_dataset
from oligocount.intake.mr_tags import with_groups
from oligocount.intake.tolerant import TolerantDataset

_UNASSIGNED = ("UnassignedPerFrameConvertedAttributesSequence",
               "UnassignedSharedConvertedAttributesSequence")  # fmt: skip
_FRAME_TYPES = ("PETFrameTypeSequence", "CTImageFrameTypeSequence", "MRImageFrameTypeSequence")
_UNIT_BY_UCUM = {"Bq/ml": "BQML", "{counts}": "CNTS", "g/ml{SUVbw}": "GML", "g/ml": "GML",
                 "{propcounts}": "PROPCNTS"}  # fmt: skip
_CORRECTIONS = {"AttenuationCorrected": "ATTN", "DecayCorrected": "DECY"}


def expand_frames(header: Header) -> tuple[Header, ...]:
    """One record a frame of a multi-frame image; any other header comes back alone.

    Raises BrokenDicom when the functional groups do not describe each frame.
    """
    if not is_multi_frame(header):
        return (header,)
    whole = TolerantDataset(to_dataset(header))
    per_frame = whole.items("PerFrameFunctionalGroupsSequence")
    if len(per_frame) != (header.n_frames or 1):
        raise BrokenDicom(
            f"(5200,9230) describes {len(per_frame)} frames, (0028,0008) says {header.n_frames}"
        )
    shared = whole.items("SharedFunctionalGroupsSequence")
    groups = (_Groups((one, *shared), whole) for one in per_frame)
    return tuple(_frame(header, n, one) for n, one in enumerate(groups))


def to_plain_dataset(header: Header) -> Dataset:
    """The header as a data set in which a converted object's shared attributes stand on top.

    So a reader of single-frame headers finds unit, tracer and corrections where it looks.
    Raises BrokenDicom when it cannot be parsed.
    """
    dataset = to_dataset(header)
    if not is_multi_frame(header):
        return dataset
    try:
        for element in _converted(dataset):
            if element.tag not in dataset:
                dataset.add(element)
    except UNREADABLE as error:
        raise BrokenDicom("its converted attributes cannot be parsed") from error
    if header.units and "Units" not in dataset:
        dataset.Units = header.units
    return dataset


def _converted(dataset: Dataset) -> Iterator[DataElement]:
    for group in dataset.get("SharedFunctionalGroupsSequence") or ():
        for item in group.get("UnassignedSharedConvertedAttributesSequence") or ():
            yield from item


@dataclass(frozen=True, slots=True)
class _Groups:
    """The functional groups that hold for one frame, the frame's own first."""

    levels: tuple[TolerantDataset, ...]
    whole: TolerantDataset

    def places(self, *sequences: str) -> Iterator[TolerantDataset]:
        """Where an attribute of one of these macros may stand, nearest first."""
        for name in (*sequences, *_UNASSIGNED):
            for level in self.levels:
                yield from level.items(name)
        yield self.whole

    def numbers(self, keyword: str, *sequences: str) -> tuple[float, ...]:
        found = (place.numbers(keyword) for place in self.places(*sequences))
        return next((each for each in found if each), ())

    def number(self, keyword: str, *sequences: str) -> float | None:
        return next(iter(self.numbers(keyword, *sequences)), None)

    def texts(self, keyword: str, *sequences: str) -> tuple[str, ...]:
        found = (place.texts(keyword) for place in self.places(*sequences))
        return next((each for each in found if each), ())

    def text(self, keyword: str, *sequences: str) -> str | None:
        return next(iter(self.texts(keyword, *sequences)), None)

    def code(self, keyword: str, *sequences: str) -> tuple[str | None, str | None]:
        """Meaning and value of the first code in a sequence, None where there is none."""
        for place in self.places(*sequences):
            for item in place.items(keyword):
                return item.text("CodeMeaning"), item.text("CodeValue")
        return None, None


def _frame(header: Header, number: int, groups: _Groups) -> Header:
    temporal = groups.number("TemporalPositionIndex", "FrameContentSequence")
    moment = groups.text("FrameAcquisitionDateTime", "FrameContentSequence")
    return replace(
        header,
        frame=number,
        image_type=groups.texts("FrameType", *_FRAME_TYPES) or header.image_type,
        position=groups.numbers("ImagePositionPatient", "PlanePositionSequence"),
        orientation=groups.numbers("ImageOrientationPatient", "PlaneOrientationSequence"),
        pixel_spacing=groups.numbers("PixelSpacing", "PixelMeasuresSequence"),
        slice_thickness=groups.number("SliceThickness", "PixelMeasuresSequence"),
        temporal_index=None if temporal is None else int(temporal),
        acquired=moment or header.acquired,
        kernel=groups.text("ConvolutionKernel", "CTReconstructionSequence") or header.kernel,
        echo_ms=groups.number("EffectiveEchoTime", "MREchoSequence") or header.echo_ms,
        b_value=_first(groups.number("DiffusionBValue", "MRDiffusionSequence"), header.b_value),
        repetition_ms=groups.number("RepetitionTime", "MRTimingAndRelatedParametersSequence"),
        inversion_ms=groups.number("InversionTimes", "MRModifierSequence") or header.inversion_ms,
        mr=with_groups(header.mr, groups) if header.modality == "MR" else header.mr,
        corrected=header.corrected or _corrections(groups),
        attenuation_method=groups.text("AttenuationCorrectionMethod"),
        series_type=groups.texts("SeriesType"),
        **_values(header, groups),
    )


def _first(number: float | None, other: float | None) -> float | None:
    return other if number is None else number


def _corrections(groups: _Groups) -> tuple[str, ...]:
    stated = groups.texts("CorrectedImage")
    said = (word for name, word in _CORRECTIONS.items() if groups.text(name) == "YES")
    return stated or tuple(said)


def _values(header: Header, groups: _Groups) -> dict[str, Any]:
    """Slope, intercept and the unit that they lead to.

    An Enhanced PET names its unit only in a real world value mapping, and then that mapping's own
    slope belongs to it (PS3.3 C.7.6.16.2.11).
    """
    units = header.units or groups.text("Units")
    if units is None:
        for mapping in groups.places("RealWorldValueMappingSequence"):
            codes = mapping.items("MeasurementUnitsCodeSequence")
            known = _UNIT_BY_UCUM.get(codes[0].text("CodeValue") or "") if codes else None
            slope = mapping.number("RealWorldValueSlope")
            if known and slope is not None:
                intercept = mapping.number("RealWorldValueIntercept")
                return {"units": known, "slope": slope, "intercept": intercept}
    transform = "PixelValueTransformationSequence"
    return {
        "units": units,
        "slope": groups.number("RescaleSlope", transform),
        "intercept": groups.number("RescaleIntercept", transform),
    }
