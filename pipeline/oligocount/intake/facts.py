"""Reads from PET headers what turns activity into SUV. States facts, decides nothing.

Every number stands as the header writes it; `quantify` orders the rules, checks magnitudes and
says which fact was used. A fact that is absent, empty or malformed becomes None.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import time

from pydicom import Dataset
from pydicom.tag import Tag

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Tracer
from oligocount.intake.mappings import read_value_mappings
from oligocount.intake.timing import has_no_date, series_start, slice_timings
from oligocount.intake.tolerant import TolerantDataset

_ELEMENTS = {"fluor": "F", "carbon": "C", "nitrogen": "N", "oxygen": "O", "gallium": "Ga",
             "copper": "Cu", "zirconium": "Zr", "iodine": "I", "rubidium": "Rb"}  # fmt: skip
_F18_CODES = ("C-111A1", "77004003")  # PS3.16 CID 4020: SRT and SNOMED CT
_FDG_CODES = ("C-B1031", "35321007")  # PS3.16 CID 4021: SRT and SNOMED CT
_NO_DRUG = ("solution", "unknown", "other", "none", "na", "injection", "radiopharmaceutical",
            "tracer", "f18", "18f", "fluorine18", "fluorine", "pet", "nm")  # fmt: skip
_F18_IN_NAME = re.compile(r"(?<!\d)18\^?[- ]?F|F[- ]?\^?18(?!\d)", re.IGNORECASE)
_UCUM_UNITS = {"Bq/ml": "BQML", "g/ml{SUVbw}": "GML", "g/ml": "GML", "{counts}": "CNTS"}
_PHILIPS = (0x7053, "Philips PET Private Group")
_GE = (0x0009, "GEMS_PETD_01")
_SIEMENS = (0x0071, "SIEMENS MED PT")
_DRUG = "RadiopharmaceuticalInformationSequence"
_DECISIVE = ("Units", "SUVType", "DecayCorrection", "SeriesDate", "SeriesTime", "PatientWeight",
             "PatientSize", "PatientSex", "RadionuclideTotalDose", "RadionuclideHalfLife",
             "RadiopharmaceuticalStartTime", "RadiopharmaceuticalStartDateTime")  # fmt: skip
_TOLD = ("Units", "SUVType", "DecayCorrection", "CorrectedImage", "SeriesDate", "SeriesTime",
         "DecayCorrectionDateTime", "PatientWeight", "PatientSize", "PatientSex",
         "TimezoneOffsetFromUTC")  # fmt: skip
_TOLD_OF_DRUG = ("Radiopharmaceutical", "RadiopharmaceuticalStartTime", "RadionuclideTotalDose",
                 "RadionuclideHalfLife", "RadiopharmaceuticalStartDateTime")  # fmt: skip
_TOLD_OF_SLICE = ("AcquisitionDate", "AcquisitionTime", "FrameReferenceTime",
                  "ActualFrameDuration")  # fmt: skip
_OTHER_FACTS = ("SOPClassUID", "SOPInstanceUID", "ImagePositionPatient", "RescaleIntercept",
                "RescaleSlope", "StudyDate", "ContentDate", "AcquisitionDateTime",
                "DecayCorrected", "SpecificCharacterSet", _DRUG)  # fmt: skip
_FACT_TAGS = frozenset(int(Tag(word)) for word in (*_TOLD, *_TOLD_OF_SLICE, *_OTHER_FACTS))
_VENDORS = ((*_GE, 0x0D), (*_SIEMENS, 0x22), (*_PHILIPS, 0x00), (*_PHILIPS, 0x09))
_VENDOR_GROUPS = frozenset(group for group, _, _ in _VENDORS)
_VENDOR_OFFSETS = frozenset(offset for _, _, offset in _VENDORS)
_LAST_CREATOR = 0xFF  # (gggg,0010-00FF) name who owns a private block (PS3.5 7.8.1)


def is_fact(tag: int) -> bool:
    """Whether an element may matter to `read_tracer`; the others of a PET slice need no parsing."""
    group, element = tag >> 16, tag & 0xFFFF
    if group in _VENDOR_GROUPS:
        return element <= _LAST_CREATOR or element & 0xFF in _VENDOR_OFFSETS
    return tag in _FACT_TAGS


def read_tracer(datasets: Sequence[Dataset], mappings: Sequence[Dataset] = ()) -> Tracer:
    """What the headers of one PET series say about tracer, dose and times.

    `datasets` are all slices of the series, in any order and without pixels, or one multi-frame
    object; `mappings` are Real World Value Mapping objects of the same study, to be compared.
    """
    header, doubts = _spokesman(datasets)
    doses = header.items(_DRUG)
    drug = doses[0] if doses else TolerantDataset(Dataset())
    injection_time = drug.time("RadiopharmaceuticalStartTime")
    is_zone_lost = _has_lone_zone(header, drug) and injection_time is not None
    return Tracer(
        units=_units(header),
        suv_type=header.text("SUVType"),
        decay_correction=_decay_correction(header),
        corrections=header.texts("CorrectedImage"),
        radionuclide=_radionuclide(drug),
        radiopharmaceutical=_radiopharmaceutical(drug),
        injected_dose_bq=drug.number("RadionuclideTotalDose"),
        half_life_s=drug.number("RadionuclideHalfLife"),
        injection=None if is_zone_lost else drug.date_time("RadiopharmaceuticalStartDateTime"),
        injection_time=injection_time,
        decay_reference=header.date_time("DecayCorrectionDateTime"),
        series_start=series_start(header),
        vendor_reference=header.private_date_time(*_GE, 0x0D)
        or header.private_date_time(*_SIEMENS, 0x22),
        vendor_suv_factor=header.private_number(*_PHILIPS, 0x00),
        vendor_activity_factor=header.private_number(*_PHILIPS, 0x09),
        patient_weight_kg=header.number("PatientWeight"),
        patient_size_m=header.number("PatientSize"),
        patient_sex=header.text("PatientSex"),
        slices=slice_timings(datasets),
        value_mappings=read_value_mappings(mappings, datasets),
        tags=_tags(header, drug),
        caveats=(
            *doubts,
            *_doubts_of_header(header),
            *_doubts_of_doses(doses),
            *_doubts_of_zone(header, drug, injection_time),
        ),
    )


def _spokesman(datasets: Sequence[Dataset]) -> tuple[TolerantDataset, tuple[Caveat, ...]]:
    """The header that most slices agree with, and a caveat where some do not."""
    headers = [TolerantDataset(one) for one in datasets]
    said = [_decisive(one) for one in headers]
    common, count = Counter(said).most_common(1)[0]
    if count == len(said):
        return headers[0], ()
    odd = {name for one in said for name, mine, most in zip(_DECISIVE, one, common, strict=True)
           if mine != most}  # fmt: skip
    text = (
        f"{', '.join(sorted(odd))} of {len(said) - count} of {len(said)} slices differ from the "
        "others; what most slices say was used"
    )
    doubt = Caveat(code="HEADERS_DIFFER", text=text)
    return headers[said.index(common)], (doubt,)


def _decisive(header: TolerantDataset) -> tuple[tuple[str, ...], ...]:
    drug = next(iter(header.items(_DRUG)), TolerantDataset(Dataset()))
    return tuple((drug if name.startswith("Radio") else header).texts(name) for name in _DECISIVE)


def _doubts_of_header(header: TolerantDataset) -> Iterator[Caveat]:
    if header.number("RescaleIntercept"):
        text = (
            f"(0028,1052) Rescale Intercept is {header.text('RescaleIntercept')}; PET must have 0 "
            "(PS3.3 C.8.9.4)"
        )
        yield Caveat(code="RESCALE_INTERCEPT", text=text)
    if has_no_date(header) and header.time("SeriesTime"):
        text = "all dates were taken away; times were read as those of one day"
        yield Caveat(code="DATES_ABSENT", text=text)


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
    """Element and mass number as in F-18, from code, meaning or the drug's own name.

    The meaning as it stands where it cannot be understood.
    """
    for code in drug.items("RadionuclideCodeSequence"):
        if code.text("CodeValue") in _F18_CODES:
            return "F-18"
        meaning = code.text("CodeMeaning") or ""
        mass = re.search(r"\d+", meaning)
        word = re.sub(r"[^a-z]", "", meaning.lower())
        symbols = (s for name, s in _ELEMENTS.items() if name in word or word == s.lower())
        symbol = next(symbols, None)
        return f"{symbol}-{mass.group()}" if symbol and mass else meaning or None
    is_named = _F18_IN_NAME.search(drug.text("Radiopharmaceutical") or "")
    return "F-18" if is_named else None


def _radiopharmaceutical(drug: TolerantDataset) -> str | None:
    """The drug's name; where that is a word that names none, what its code means."""
    name = drug.text("Radiopharmaceutical")
    if name and re.sub(r"[^a-z0-9]", "", name.lower()) not in _NO_DRUG:
        return name
    for code in drug.items("RadiopharmaceuticalCodeSequence"):
        if code.text("CodeValue") in _FDG_CODES:
            return "FDG"
        return code.text("CodeMeaning")
    return None


def _tags(header: TolerantDataset, drug: TolerantDataset) -> dict[str, str]:
    found = {}
    for source, keywords in ((header, (*_TOLD, *_TOLD_OF_SLICE)), (drug, _TOLD_OF_DRUG)):
        found.update(source.tagged(keywords))
    for group, creator, offset in _VENDORS:
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
