"""Reads from PET headers what turns activity into SUV. States facts, decides nothing.

Every number stands as the header writes it; `quantify` orders the rules, checks magnitudes and
says which fact was used. A fact that is absent, empty or malformed becomes None.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import time

from pydicom import Dataset

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import SliceTiming, Tracer
from oligocount.intake.mappings import read_value_mappings
from oligocount.intake.tolerant import TolerantDataset

_ELEMENTS = {"fluor": "F", "carbon": "C", "nitrogen": "N", "oxygen": "O", "gallium": "Ga",
             "copper": "Cu", "zirconium": "Zr", "iodine": "I", "rubidium": "Rb"}  # fmt: skip
_F18_CODES = ("C-111A1", "77004003")  # PS3.16 CID 4020: SRT and SNOMED CT
_UCUM_UNITS = {"Bq/ml": "BQML", "g/ml{SUVbw}": "GML", "g/ml": "GML", "{counts}": "CNTS"}
_PHILIPS = (0x7053, "Philips PET Private Group")
_GE = (0x0009, "GEMS_PETD_01")
_SIEMENS = (0x0071, "SIEMENS MED PT")
_TOLD = ("Units", "SUVType", "DecayCorrection", "CorrectedImage", "SeriesDate", "SeriesTime",
         "DecayCorrectionDateTime", "PatientWeight", "PatientSize", "PatientSex",
         "TimezoneOffsetFromUTC")  # fmt: skip
_TOLD_OF_DRUG = ("Radiopharmaceutical", "RadiopharmaceuticalStartTime", "RadionuclideTotalDose",
                 "RadionuclideHalfLife", "RadiopharmaceuticalStartDateTime")  # fmt: skip
_TOLD_OF_SLICE = ("AcquisitionDate", "AcquisitionTime", "FrameReferenceTime",
                  "ActualFrameDuration")  # fmt: skip


def read_tracer(datasets: Sequence[Dataset], mappings: Sequence[Dataset] = ()) -> Tracer:
    """What the headers of one PET series say about tracer, dose and times.

    `datasets` are all slices of the series, in any order and without pixels, or one multi-frame
    object; `mappings` are Real World Value Mapping objects of the same study, to be compared.
    """
    header = TolerantDataset(datasets[0])
    doses = header.items("RadiopharmaceuticalInformationSequence")
    drug = doses[0] if doses else TolerantDataset(Dataset())
    injection_time = drug.time("RadiopharmaceuticalStartTime")
    is_zone_lost = _has_lone_zone(header, drug) and injection_time is not None
    return Tracer(
        units=_units(header),
        suv_type=header.text("SUVType"),
        decay_correction=_decay_correction(header),
        corrections=header.texts("CorrectedImage"),
        radionuclide=_radionuclide(drug),
        radiopharmaceutical=drug.text("Radiopharmaceutical")
        or _meaning(drug, "RadiopharmaceuticalCodeSequence"),
        injected_dose_bq=drug.number("RadionuclideTotalDose"),
        half_life_s=drug.number("RadionuclideHalfLife"),
        injection=None if is_zone_lost else drug.date_time("RadiopharmaceuticalStartDateTime"),
        injection_time=injection_time,
        decay_reference=header.date_time("DecayCorrectionDateTime"),
        series_start=header.moment("SeriesDate", "SeriesTime"),
        vendor_reference=header.private_date_time(*_GE, 0x0D)
        or header.private_date_time(*_SIEMENS, 0x22),
        vendor_suv_factor=header.private_number(*_PHILIPS, 0x00),
        vendor_activity_factor=header.private_number(*_PHILIPS, 0x09),
        patient_weight_kg=header.number("PatientWeight"),
        patient_size_m=header.number("PatientSize"),
        patient_sex=header.text("PatientSex"),
        slices=tuple(each for one in _objects(datasets) for each in _timings(one)),
        value_mappings=read_value_mappings(mappings, datasets),
        tags=_tags(header, drug),
        caveats=(*_doubts_of_doses(doses), *_doubts_of_zone(header, drug, injection_time)),
    )


def _units(header: TolerantDataset) -> str | None:
    """(0054,1001) Units; of multi-frame objects the unit of the real world value mapping."""
    named = header.text("Units")
    if named:
        return named.upper()
    shared = header.items("SharedFunctionalGroupsSequence")
    for mapping in (m for one in shared for m in one.items("RealWorldValueMappingSequence")):
        for unit in mapping.items("MeasurementUnitsCodeSequence"):
            return _UCUM_UNITS.get(unit.text("CodeValue") or "", unit.text("CodeValue"))
    return None


def _decay_correction(header: TolerantDataset) -> str | None:
    """(0054,1102) Decay Correction; of Enhanced PET NONE where (0018,9758) says NO."""
    named = header.text("DecayCorrection")
    if named:
        return named.upper()
    corrected = header.text("DecayCorrected")
    return {"NO": "NONE", "YES": "START"}.get(corrected or "")


def _radionuclide(drug: TolerantDataset) -> str | None:
    """Element and mass number as in F-18, from code or meaning; the meaning where unreadable."""
    for code in drug.items("RadionuclideCodeSequence"):
        if code.text("CodeValue") in _F18_CODES:
            return "F-18"
        meaning = code.text("CodeMeaning") or ""
        mass = re.search(r"\d+", meaning)
        word = re.sub(r"[^a-z]", "", meaning.lower())
        symbols = (s for name, s in _ELEMENTS.items() if word.startswith(name) or word == s.lower())
        symbol = next(symbols, None)
        return f"{symbol}-{mass.group()}" if symbol and mass else meaning or None
    return None


def _meaning(item: TolerantDataset, keyword: str) -> str | None:
    return next((code.text("CodeMeaning") for code in item.items(keyword)), None)


def _objects(datasets: Sequence[Dataset]) -> Iterable[TolerantDataset]:
    """Each object once: a multi-frame one may be given once a frame."""
    wrapped = [TolerantDataset(one) for one in datasets]
    unnamed = (one for one in wrapped if one.text("SOPInstanceUID") is None)
    return (*{u: one for one in wrapped if (u := one.text("SOPInstanceUID"))}.values(), *unnamed)


def _timings(header: TolerantDataset) -> tuple[SliceTiming, ...]:
    frames = header.items("PerFrameFunctionalGroupsSequence")
    if frames:
        return tuple(_timing_of_frame(frame) for frame in frames)
    duration_ms = header.number("ActualFrameDuration")
    reference_ms = header.number("FrameReferenceTime")
    return (
        SliceTiming(
            position_lps_mm=_position(header),
            acquisition=header.moment("AcquisitionDate", "AcquisitionTime")
            or header.date_time("AcquisitionDateTime")
            or header.moment("SeriesDate", "AcquisitionTime"),
            duration_s=None if duration_ms is None else duration_ms / 1000.0,
            reference_s=None if reference_ms is None else reference_ms / 1000.0,
        ),
    )


def _timing_of_frame(frame: TolerantDataset) -> SliceTiming:
    content = next(iter(frame.items("FrameContentSequence")), TolerantDataset(Dataset()))
    plane = next(iter(frame.items("PlanePositionSequence")), TolerantDataset(Dataset()))
    duration_ms = content.number("FrameAcquisitionDuration")
    return SliceTiming(
        position_lps_mm=_position(plane),
        acquisition=content.date_time("FrameAcquisitionDateTime"),
        duration_s=None if duration_ms is None else duration_ms / 1000.0,
    )


def _position(header: TolerantDataset) -> tuple[float, float, float] | None:
    found = header.numbers("ImagePositionPatient")
    return (found[0], found[1], found[2]) if len(found) == 3 else None


def _tags(header: TolerantDataset, drug: TolerantDataset) -> dict[str, str]:
    found = {}
    for source, keywords in ((header, (*_TOLD, *_TOLD_OF_SLICE)), (drug, _TOLD_OF_DRUG)):
        found.update(source.tagged(keywords))
    for group, creator, offset in ((*_GE, 0x0D), (*_SIEMENS, 0x22), (*_PHILIPS, 0), (*_PHILIPS, 9)):
        value = header.private_text(group, creator, offset)
        if value:
            found[f"{group:04X},10{offset:02X}"] = value
    return found


def _doubts_of_doses(doses: Sequence[TolerantDataset]) -> tuple[Caveat, ...]:
    if len(doses) < 2:
        return ()
    text = f"{len(doses)} injections are recorded; the first was used for SUV"
    return (Caveat(code="SEVERAL_INJECTIONS", text=text),)


def _has_lone_zone(header: TolerantDataset, drug: TolerantDataset) -> bool:
    """Whether the injection's time zone is known and the scan's is not."""
    written = drug.text("RadiopharmaceuticalStartDateTime") or ""
    return header.zone is None and re.search(r"[+-]\d{4}$", written) is not None


def _doubts_of_zone(
    header: TolerantDataset, drug: TolerantDataset, clock_time: time | None
) -> tuple[Caveat, ...]:
    if clock_time or not _has_lone_zone(header, drug):
        return ()
    text = (
        "(0018,1078) names a time zone and (0008,0201) is absent: the injection was read as "
        "the scanner's wall clock"
    )
    return (Caveat(code="TIME_ZONE", text=text),)
