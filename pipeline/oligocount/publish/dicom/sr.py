"""The measurement report (TID 1500): a group a lesion, and one for counts and verdicts."""

from collections.abc import Mapping, Sequence
from typing import Any

import highdicom as hd
from pydicom.sr.coding import Code

from oligocount.domain.lesion import LocatedLesion
from oligocount.publish.dicom.codes import (
    ABNORMAL,
    finding_site,
    finding_type,
    laterality,
    private,
)
from oligocount.publish.dicom.lesions import lesion_name, tracking_uid
from oligocount.publish.dicom.origin import MANUFACTURER, RESEARCH, Origin

_SUVBW = Code("126401", "DCM", "SUVbw")
_MAXIMUM = Code("56851009", "SCT", "Maximum")
_MEAN = Code("373098007", "SCT", "Mean")
_PEAK = Code("126031", "DCM", "Peak Value Within ROI")
_METABOLIC_VOLUME = Code("126032", "DCM", "Metabolic Volume")
_GLYCOLYSIS = Code("126033", "DCM", "Total Lesion Glycolysis")
_LONG_AXIS = Code("103339001", "SCT", "Long axis")
_VOLUME = Code("118565006", "SCT", "Volume")
_SUV_UNIT = Code("{SUVbw}g/ml", "UCUM", "Standardized Uptake Value body weight")
_MILLIMETRE = Code("mm", "UCUM", "mm")
_MILLILITRE = Code("ml", "UCUM", "ml")
_GRAM = Code("g", "UCUM", "g")
_NO_UNIT = Code("1", "UCUM", "no units")
_PET = Code("44136-0", "LN", "PET unspecified body region")
_DEVICE = Code("121007", "DCM", "Device")
_COUNT_MEANINGS = {
    "N": "Counted in all", "V": "Distant organ lesions", "S": "Nonregional stations",
    "R": "Regional contribution", "O": "Organs", "M": "Most in one organ system",
    "N_low": "Counted in all, lowest", "N_high": "Counted in all, highest",
}  # fmt: skip


def measurement_report(
    origin: Origin,
    document: Mapping[str, Any],
    lesions: Sequence[LocatedLesion],
    seg: hd.seg.Segmentation | None,
) -> hd.sr.ComprehensiveSR:
    """The report; `seg` holds the segments in the order of `lesions`, None without lesions."""
    ledger = {each["id"]: each for each in document["lesions"]}
    groups = [
        _lesion_group(located, number, ledger[located.lesion.id], origin, seg)
        for number, located in enumerate(lesions, 1)
        if seg is not None
    ]
    content = hd.sr.MeasurementReport(
        observation_context=_observer(origin),
        procedure_reported=_PET,
        imaging_measurements=[*groups, _patient_group(document, origin)],
    )
    return hd.sr.ComprehensiveSR(
        evidence=[*origin.source, *([seg] if seg is not None else [])],
        content=content[0],
        series_instance_uid=origin.uid("sr series"),
        series_number=origin.series_number("measurements"),
        sop_instance_uid=origin.uid("sr"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        series_description=origin.description("measurements"),
    )


def _observer(origin: Origin) -> hd.sr.ObservationContext:
    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=origin.uid("observer"),
        name=MANUFACTURER,
        manufacturer_name=MANUFACTURER,
        model_name=f"{MANUFACTURER} {origin.result.provenance.oligocount}, {RESEARCH}",
    )
    context = hd.sr.ObserverContext(observer_type=_DEVICE, observer_identifying_attributes=device)
    return hd.sr.ObservationContext(observer_device_context=context)


def _lesion_group(
    located: LocatedLesion,
    number: int,
    entry: Mapping[str, Any],
    origin: Origin,
    seg: hd.seg.Segmentation,
) -> hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    finding = located.finding
    site = finding_site(finding, origin.result.anatomy.structures)
    sites = [hd.sr.FindingSite(site, laterality(finding.site.side))] if site else None
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=tracking_uid(located, origin), identifier=lesion_name(located)
        ),
        referenced_segment=hd.sr.ReferencedSegment(
            sop_class_uid=seg.SOPClassUID,
            sop_instance_uid=seg.SOPInstanceUID,
            segment_number=number,
            source_series=hd.sr.SourceSeriesForSegmentation(origin.source[0].SeriesInstanceUID),
        ),
        finding_type=finding_type(finding),
        finding_category=ABNORMAL,
        finding_sites=sites,
        measurements=_measurements(located),
        qualitative_evaluations=_evaluations(entry),
    )


def _measurements(located: LocatedLesion) -> list[hd.sr.Measurement]:
    lesion = located.lesion
    suv = [(lesion.suv_max, _MAXIMUM), (lesion.suv_peak, _PEAK), (lesion.suv_mean, _MEAN)]
    found = [
        hd.sr.Measurement(name=_SUVBW, value=value, unit=_SUV_UNIT, derivation=derivation)
        for value, derivation in suv
        if value is not None
    ]
    plain = [
        (_METABOLIC_VOLUME, lesion.mtv_ml, _MILLILITRE),
        (_GLYCOLYSIS, lesion.tlg, _GRAM),
        (_LONG_AXIS, lesion.longest_diameter_mm, _MILLIMETRE),
        (_VOLUME, lesion.volume_ml, _MILLILITRE),
    ]
    return found + [hd.sr.Measurement(name=n, value=v, unit=u) for n, v, u in plain]


def _evaluations(entry: Mapping[str, Any]) -> list[hd.sr.QualitativeEvaluation]:
    """Status, station and standing in the count."""
    told = {
        "status": entry["status"],
        "counted": "counted" if entry["counted"] else "not counted",
        "nodal_class": entry["nodal_class"],
        **{f"station_{system}": key for system, key in (entry["station"] or {}).items()},
    }
    return [
        _evaluation(name, name.replace("_", " "), value) for name, value in told.items() if value
    ]


def _patient_group(
    document: Mapping[str, Any], origin: Origin
) -> hd.sr.MeasurementsAndQualitativeEvaluations:
    """Counts and verdicts of the whole patient, every verdict under its definition's name."""
    counts = [
        hd.sr.Measurement(
            name=private(symbol, meaning), value=document["counts"][symbol], unit=_NO_UNIT
        )
        for symbol, meaning in _COUNT_MEANINGS.items()
    ]
    verdicts = [
        _evaluation(name, f"Oligometastatic by {name}", verdict["decision"])
        for name, verdict in document["verdicts"].items()
    ]
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=origin.uid("patient"), identifier="Counts and verdicts"
        ),
        measurements=counts,
        qualitative_evaluations=verdicts,
    )


def _evaluation(name: str, meaning: str, value: str) -> hd.sr.QualitativeEvaluation:
    return hd.sr.QualitativeEvaluation(
        name=private(name, meaning),
        value=private(value.replace(" ", "_"), value.replace("_", " ")),
    )
