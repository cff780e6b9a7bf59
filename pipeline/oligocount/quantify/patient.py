"""Dose, half-life, weight, height, drug: as stated, with the unit checked by magnitude."""

import re

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Tracer
from oligocount.errors import MissingTag, QuantificationError
from oligocount.quantify.body import SuvType, body_size_kg
from oligocount.quantify.nuclides import HALF_LIFE_S
from oligocount.quantify.step import Step
from oligocount.settings_quantify import MagnitudeSettings

_DOSE, _HALF_LIFE, _NUCLIDE = "0018,1074", "0018,1075", "0054,0300"
_NUCLIDE_IN_NAME = re.compile(r"\[?\^?(18\^?[- ]?f|f[- ]?\^?18)\^?(?![0-9])\]?")
_WEIGHT, _SIZE, _SEX = "0010,1030", "0010,1020", "0010,0040"


def dose_bq(tracer: Tracer, limits: MagnitudeSettings) -> Step[float]:
    """The injected activity in Bq; one that only makes sense in MBq is converted, and told.

    Raises MissingTag without a dose, QuantificationError for one that fits neither unit.
    """
    stated = tracer.injected_dose_bq
    if not stated or stated < 0:
        raise MissingTag(f"(0018,1074) Radionuclide Total Dose: found {stated}, expected Bq > 0")
    if stated >= limits.max_dose_mbq * 1e3:  # more than any dose in kBq
        return Step(value=stated, tags=(_DOSE,), caveats=_unusual_dose(stated, limits))
    if limits.min_dose_mbq <= stated <= limits.max_dose_mbq:
        text = f"(0018,1074) dose {stated:g} was read as MBq: in Bq it would be none"
        return Step(
            value=stated * 1e6,
            rule="dose in MBq",
            tags=(_DOSE,),
            caveats=(Caveat(code="DOSE_IN_MBQ", text=text),),
        )
    raise QuantificationError(
        f"(0018,1074) Radionuclide Total Dose {stated:g} is neither Bq nor MBq: expected "
        f"{limits.min_dose_mbq:g} to {limits.max_dose_mbq:g} MBq"
    )


def half_life_s(tracer: Tracer, limits: MagnitudeSettings) -> Step[float]:
    """The half-life in seconds; that of the nuclide where the header has no number.

    Raises MissingTag when neither is known, QuantificationError when they contradict.
    """
    stated, known = tracer.half_life_s, HALF_LIFE_S.get(tracer.radionuclide or "")
    if stated and stated > 0:
        if known is None or _percent(stated, known) <= limits.same_half_life_percent:
            return Step(value=stated, tags=(_HALF_LIFE,))
        raise QuantificationError(
            f"(0018,1075) half-life {stated:g} s does not fit {tracer.radionuclide}: "
            f"expected {known:g} s"
        )
    if known is None:
        raise MissingTag(
            f"(0018,1075) Radionuclide Half Life: found {stated}, and the nuclide "
            f"{tracer.radionuclide!r} is not known"
        )
    text = f"(0018,1075) half-life is absent; {known:g} s of {tracer.radionuclide} was used"
    return Step(
        value=known,
        rule="half-life of the nuclide",
        tags=(_NUCLIDE,),
        caveats=(Caveat(code="HALF_LIFE_OF_NUCLIDE", text=text),),
    )


def weight_kg(tracer: Tracer, limits: MagnitudeSettings) -> Step[float]:
    """Body weight in kg; one written in grams is converted, and told.

    Raises MissingTag when absent or zero, QuantificationError when it is no one's weight.
    """
    stated = tracer.patient_weight_kg
    if not stated or stated < 0:
        raise MissingTag(f"(0010,1030) Patient's Weight: found {stated}, expected kg > 0")
    if limits.min_weight_kg <= stated <= limits.max_weight_kg:
        return Step(value=stated, tags=(_WEIGHT,))
    if limits.min_weight_g < stated <= limits.max_weight_kg * 1000:
        text = f"(0010,1030) weight {stated:g} was read as grams"
        return Step(
            value=stated / 1000,
            rule="weight in grams",
            tags=(_WEIGHT,),
            caveats=(Caveat(code="WEIGHT_IN_GRAMS", text=text),),
        )
    raise QuantificationError(
        f"(0010,1030) Patient's Weight {stated:g} is no body weight: expected "
        f"{limits.min_weight_kg:g} to {limits.max_weight_kg:g} kg"
    )


def size_cm(tracer: Tracer, limits: MagnitudeSettings) -> Step[float]:
    """Body height in cm; one written in cm instead of metres is told.

    Raises MissingTag when absent or zero, QuantificationError when it is no one's height.
    """
    stated = tracer.patient_size_m
    if not stated or stated < 0:
        raise MissingTag(f"(0010,1020) Patient's Size: found {stated}, expected metres > 0")
    if limits.min_size_m <= stated <= limits.max_size_m:
        return Step(value=stated * 100, tags=(_SIZE,))
    if limits.min_size_m <= stated / 100 <= limits.max_size_m:
        text = f"(0010,1020) height {stated:g} was read as centimetres"
        return Step(
            value=stated,
            rule="height in cm",
            tags=(_SIZE,),
            caveats=(Caveat(code="HEIGHT_IN_CM", text=text),),
        )
    raise QuantificationError(
        f"(0010,1020) Patient's Size {stated:g} is no body height: expected "
        f"{limits.min_size_m:g} to {limits.max_size_m:g} m"
    )


def share_of_weight(kind: SuvType, tracer: Tracer, limits: MagnitudeSettings) -> Step[float]:
    """What SUVbw is multiplied by to become `kind`: its body size over body weight.

    Raises MissingTag or QuantificationError where weight, height or sex are not known.
    """
    weight, height, sex = weight_kg(tracer, limits), size_cm(tracer, limits), tracer.patient_sex
    if sex not in ("M", "F", "O"):
        raise MissingTag(f"(0010,0040) Patient's Sex: found {sex!r}, expected M, F or O")
    size = body_size_kg(kind, weight_kg=weight.value, height_cm=height.value, sex=sex)
    scale = 10.0 if kind is SuvType.BSA else 1.0  # m2 to cm2 against kg to g: 1e4 / 1e3
    is_mean = sex == "O" and kind not in (SuvType.BW, SuvType.BSA)
    text = f"sex O: the mean of both sexes' {kind.value} was used"
    mean = (Caveat(code="SEX_OTHER", text=text),) if is_mean else ()
    return Step(
        value=size / weight.value * scale,
        tags=(_SEX, *weight.tags, *height.tags),
        caveats=(*weight.caveats, *height.caveats, *mean),
    )


def check_drug(tracer: Tracer, allowed: tuple[str, ...]) -> tuple[Caveat, ...]:
    """No caveat where the drug's name holds an allowed name; "*" allows any.

    Raises QuantificationError for another drug or nuclide. A drug that is not named is a caveat.
    """
    if "*" in allowed:
        return ()
    name, nuclide = tracer.radiopharmaceutical, tracer.radionuclide
    if name is None and nuclide in (None, "F-18"):
        text = "the header names no radiopharmaceutical; FDG was taken for granted"
        return (Caveat(code="TRACER_NOT_NAMED", text=text),)
    is_allowed = any(_names(name or "", each) for each in allowed)
    if not is_allowed or nuclide not in (None, "F-18"):
        raise QuantificationError(
            f"radiopharmaceutical {name!r} with nuclide {nuclide!r}: expected F-18 with one of "
            f"{', '.join(allowed)}; name it in quantify.allowed_radiopharmaceuticals to use it"
        )
    return ()


def _names(text: str, allowed: str) -> bool:
    """Whether a word of the name ends in `allowed`, nuclide and punctuation aside.

    18F-FDG, FDG_F18, FluorodeoxyglucoseF18 and 2-deoxy-2-[F-18]fluoro-D-glucose are names of FDG.
    """
    plain = _NUCLIDE_IN_NAME.sub(" ", text.lower())
    words = re.findall(r"[a-z0-9]+", plain)
    chemical = "".join(each for each in words if not each.isdigit())
    wanted = re.sub(r"[^a-z0-9]", "", allowed.lower())
    return chemical == wanted or any(word.endswith(wanted) for word in words)


def _percent(one: float, other: float) -> float:
    return abs(one / other - 1) * 100


def _unusual_dose(stated_bq: float, limits: MagnitudeSettings) -> tuple[Caveat, ...]:
    low, high = limits.min_dose_mbq, limits.max_dose_mbq
    if low <= stated_bq / 1e6 <= high:
        return ()
    text = f"(0018,1074) dose {stated_bq / 1e6:g} MBq: expected {low:g} to {high:g} MBq"
    return (Caveat(code="DOSE_UNUSUAL", text=text),)
