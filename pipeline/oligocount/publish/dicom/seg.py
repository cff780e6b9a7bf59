"""Label maps as DICOM Segmentation on the PET's grid (PS3.3 A.51), by highdicom."""

from collections.abc import Sequence

import highdicom as hd
import numpy as np

from oligocount.domain.lesion import LocatedLesion
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.result import Result
from oligocount.domain.volume import LabelMap
from oligocount.geometry.place import place_labels
from oligocount.publish.dicom.codes import (
    ABNORMAL,
    ANATOMICAL,
    LYMPH_NODE,
    finding_site,
    finding_type,
    structure_code,
)
from oligocount.publish.dicom.lesions import lesion_name, tracking_uid
from oligocount.publish.dicom.origin import MANUFACTURER, RESEARCH, Origin

_AI = hd.sr.CodedConcept("123110", "DCM", "Artificial Intelligence")
_LABEL_CHARS = 64  # LO
_AUTOMATIC = hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC
_SEMI = hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC  # drawn with user assistance, C.8.20.2


def lesions_seg(
    origin: Origin, lesions: Sequence[LocatedLesion], segmentation_type: str
) -> hd.seg.Segmentation:
    """One segment a lesion, in the order given, numbered from 1."""
    result = origin.result
    labels = result.lesion_map.labels
    segments = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=lesion_name(located)[:_LABEL_CHARS],
            segmented_property_category=ABNORMAL,
            segmented_property_type=finding_type(located.finding),
            algorithm_type=_SEMI if origin.is_readers else _AUTOMATIC,
            algorithm_identification=_algorithm(result.lesion_map.model),
            tracking_id=f"lesion-{located.lesion.id}",
            tracking_uid=tracking_uid(located, origin),
            anatomic_regions=_regions(located, result),
        )
        for number, located in enumerate(lesions, 1)
    ]
    numbers = _renumbered(labels, [located.lesion.id for located in lesions])
    return _segmentation("lesions", numbers, segments, origin, segmentation_type)


def structures_seg(
    name: str, labels: LabelMap, origin: Origin, segmentation_type: str
) -> hd.seg.Segmentation:
    """One segment a structure that is there: `name` is `organs` or `stations`."""
    present = [int(label) for label in np.unique(labels.array) if label]
    anatomy = origin.result.anatomy
    segments = []
    for number, label in enumerate(present, 1):
        words = labels.names.get(label, str(label))
        known = anatomy.structures.get(words)
        kind = LYMPH_NODE if name == "stations" else ANATOMICAL
        segments.append(
            hd.seg.SegmentDescription(
                segment_number=number,
                segment_label=words[:_LABEL_CHARS],
                segmented_property_category=ANATOMICAL,
                segmented_property_type=structure_code(known) if known else kind,
                algorithm_type=_AUTOMATIC,
                algorithm_identification=_algorithm(anatomy.organs.model),
            )
        )
    return _segmentation(name, _renumbered(labels, present), segments, origin, segmentation_type)


def _regions(located: LocatedLesion, result: Result) -> list[hd.sr.CodedConcept] | None:
    site = finding_site(located.finding, result.anatomy.structures)
    return [site] if site else None


def _algorithm(model: ModelInfo) -> hd.AlgorithmIdentificationSequence:
    return hd.AlgorithmIdentificationSequence(
        name=model.name, family=_AI, version=model.version, source=MANUFACTURER
    )


def _renumbered(labels: LabelMap, wanted: Sequence[int]) -> LabelMap:
    """The wanted labels as 1, 2, 3 ...; every other one as 0."""
    lookup = np.zeros(max([int(labels.array.max(initial=0)), *wanted]) + 1, np.uint16)
    lookup[list(wanted)] = np.arange(1, len(wanted) + 1)
    return LabelMap(array=lookup[labels.array], geometry=labels.geometry)


def _segmentation(
    name: str,
    labels: LabelMap,
    segments: Sequence[hd.seg.SegmentDescription],
    origin: Origin,
    segmentation_type: str,
) -> hd.seg.Segmentation:
    provenance = origin.result.provenance
    whole = place_labels(labels, origin.result.pet_grid)
    volume = hd.Volume(
        whole.array,
        whole.geometry.affine,
        coordinate_system="PATIENT",
        frame_of_reference_uid=origin.source[0].FrameOfReferenceUID,
    )
    return hd.seg.Segmentation(
        source_images=origin.source,
        pixel_array=volume,
        segmentation_type=segmentation_type,
        segment_descriptions=segments,
        series_instance_uid=origin.uid(f"{name} series"),
        series_number=origin.series_number(name),
        sop_instance_uid=origin.uid(name),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=provenance.oligocount,
        device_serial_number=provenance.settings_digest[:16] or "none",
        content_label=name.upper(),
        content_description=f"{name} on PET, {RESEARCH}",
        series_description=origin.description(name),
        omit_empty_frames=bool(whole.array.any()),
    )
