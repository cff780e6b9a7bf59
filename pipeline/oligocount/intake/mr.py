"""What an MR series is, by its tags: those that measure first, words of a description last."""

import re
from collections.abc import Sequence

import numpy as np

from oligocount.domain.mr import DixonPart, MrFacts, MrPlane, MrSequence
from oligocount.intake.headers import Header
from oligocount.intake.mr_region import region_of
from oligocount.intake.mr_timing import sequence_by_times

_I = re.IGNORECASE
_BY_WORDS = (
    (
        MrSequence.OTHER,
        re.compile(r"\b(eadc|exp\w* adc|fa map|perf\w*|swi|mra|tof|survey)\b", _I),
    ),
    (MrSequence.ADC, re.compile(r"\b(d?adc|apparent)\b", _I)),
    (MrSequence.DWI, re.compile(r"\b(dwi\w*|diff\w*|ep2d|trace\w*|b ?= ?\d+|b\d{3,4})\b", _I)),
    (MrSequence.FLAIR, re.compile(r"flair|dark.?fluid", _I)),
    (MrSequence.STIR, re.compile(r"\b(stir|tirm)\b", _I)),
    (MrSequence.T2, re.compile(r"\bt2\w*|\b(haste|ssfse)\b", _I)),
    (MrSequence.T1, re.compile(r"\b(t1\w*|mp-?rage|bravo|vibe|lava|thrive|dixon)\b", _I)),
)
_BY_CONTRAST = {  # (0008,9209) Acquisition Contrast, PS3.3 C.8.13.3.1.2
    "DIFFUSION": MrSequence.DWI, "FLUID_ATTENUATED": MrSequence.FLAIR, "T1": MrSequence.T1,
    "T2": MrSequence.T2, "STIR": MrSequence.STIR,
}  # fmt: skip
_DIXON = {
    DixonPart.WATER: {"W", "WATER"}, DixonPart.FAT: {"F", "FAT"},
    DixonPart.IN_PHASE: {"IP", "IN_PHASE", "INPHASE"},
    DixonPart.OUT_PHASE: {"OP", "OPP_PHASE", "OUT_PHASE", "OUTPHASE", "OPPPHASE"},
}  # fmt: skip
_DIXON_WORDS = (
    (DixonPart.WATER, re.compile(r"\b(water:|dixon.* w|w(?:ater)?$)", _I)),
    (DixonPart.FAT, re.compile(r"\b(fat:|dixon.* f$)", _I)),
    (DixonPart.IN_PHASE, re.compile(r"\b(in[- ]?phase|dixon.* in$)", _I)),
    (DixonPart.OUT_PHASE, re.compile(r"\b(out|opp)\w*[- ]?phase|dixon.* opp$", _I)),
)
_IS_DIXON = re.compile(r"dixon|ideal|lava.?flex|water:|fat:|phase", _I)
_WITH = re.compile(r"\+ ?c\b|\b(gd|gad\w*|post|contrast|km|ce)\b", _I)
_WITHOUT = re.compile(r"\b(pre|native?|nativ|w/?o|without|ohne|non)\b", _I)
_NO_AGENT = {"NO", "NONE", "N", "NIL", "WITHOUT", "NO CONTRAST", "0"}
_ADC_UNITS = (  # what one unit of the values is in um2/s; PS3.16 CID 7180, UCUM
    (1.0, re.compile(r"^(um2/s|10\*?-6\.?mm2/s|1e-6 ?mm2/s)$")),
    (1e6, re.compile(r"^mm2/s$")),
    (1e3, re.compile(r"^(10\*?-3\.?mm2/s|1e-3 ?mm2/s)$")),
)
_OBLIQUE = 0.8  # less of the normal along any axis: a plane that has no name


def mr_facts(headers: Sequence[Header]) -> MrFacts:
    """What the frames of one MR volume are, with the evidence in words."""
    first = headers[0]
    sequence, why = _sequence(first)
    plane = _plane(first)
    region, where = region_of(headers, sequence)
    contrast, agent = _contrast(first)
    b_values = tuple(sorted({one.b_value for one in headers if one.b_value is not None}))
    unit = _adc_unit(first) if sequence is MrSequence.ADC else None
    return MrFacts(
        sequence=sequence,
        plane=plane,
        region=region,
        contrast=contrast,
        b_values=b_values if sequence is MrSequence.DWI else (),
        dixon=_dixon(first) if sequence is not MrSequence.DWI else None,
        adc_um2_s=unit,
        evidence=tuple(each for each in (why, where, agent) if each),
    )


def _sequence(header: Header) -> tuple[MrSequence, str]:
    """Image type, diffusion weight, stated contrast, times; then words."""
    kinds = {each.upper() for each in header.image_type}
    if "ADC" in kinds:
        return MrSequence.ADC, "ADC by (0008,0008) Image Type"
    if kinds & {"EADC", "FA", "PHASE MAP", "P", "R2 MAP", "T2 MAP", "T1 MAP"}:
        return MrSequence.OTHER, "a map or phase image by (0008,0008) Image Type"
    if header.b_value is not None or kinds & {"DIFFUSION", "TRACEW"}:
        told = "" if header.b_value is None else f", b {header.b_value:g}"
        return MrSequence.DWI, f"diffusion by its tags{told}"
    stated = _BY_CONTRAST.get(header.mr.acquisition_contrast or "")
    if stated:
        return stated, "by (0008,9209) Acquisition Contrast"
    measured = sequence_by_times(header)
    worded = next((kind for kind, words in _BY_WORDS if words.search(header.words)), None)
    if measured is None:
        how = "by its description" if worded else "neither tags nor description say what it is"
        return worded or MrSequence.OTHER, how
    sequence, why = measured
    if worded in (MrSequence.ADC, MrSequence.DWI, MrSequence.OTHER):
        return worded, "by its description"  # their times are those of other sequences
    if worded and worded is not sequence:
        why = f"{why}, though its description says {worded.value}"
    return sequence, why


def _plane(header: Header) -> MrPlane | None:
    if len(header.orientation) != 6:
        return None
    normal = np.abs(np.cross(header.orientation[:3], header.orientation[3:]))
    axis = int(normal.argmax())
    if normal[axis] < _OBLIQUE:
        return MrPlane.OBLIQUE
    return (MrPlane.SAGITTAL, MrPlane.CORONAL, MrPlane.AXIAL)[axis]


def _contrast(header: Header) -> tuple[bool | None, str]:
    """Whether an agent was given. An absent tag says nothing: it is often left out."""
    agent = header.mr.agent
    if agent and agent.strip().upper() in _NO_AGENT:
        return False, "no agent by (0018,0010)"
    if agent or header.mr.has_agent_item:
        return True, "an agent by (0018,0010)"
    if _WITHOUT.search(header.words):
        return False, "no agent by its description"
    if _WITH.search(header.words):
        return True, "an agent by its description"
    return None, "contrast agent not stated"


def _dixon(header: Header) -> DixonPart | None:
    kinds = {each.upper() for each in header.image_type[2:]}
    for part, words in _DIXON.items():
        if kinds & words:
            return part
    if not _IS_DIXON.search(header.words):
        return None
    return next((part for part, words in _DIXON_WORDS if words.search(header.words)), None)


def _adc_unit(header: Header) -> float | None:
    """Micrometre squared a second for one unit of value, where the header states a unit."""
    stated = (header.mr.value_unit, _in_brackets(header.words))
    for text in stated:
        plain = (text or "").lower().replace("²", "2").replace("^2", "2").replace("^", "")
        plain = plain.replace("×", "").replace("x10", "10").replace(" ", "").replace("µ", "u")
        plain = plain.replace("10-6mm", "10-6.mm").replace("10-3mm", "10-3.mm")
        for factor, pattern in _ADC_UNITS:
            if pattern.match(plain):
                return factor
    return None


def _in_brackets(words: str) -> str | None:
    found = re.search(r"\(([^)]*mm[^)]*)\)", words)
    return found.group(1) if found else None
